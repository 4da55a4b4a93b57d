/** What a command shows, in every form it can be asked for. Only the form that is asked for is made. */
export interface View {
  /** The whole answer, as `-o json`, `-o yaml` and templates see it. */
  document: () => unknown
  /** For people; `wide` asks for more columns, where there are more. */
  table: (wide: boolean) => string
  /** One reference a line, each accepted by every other command; what has none is named by what tells it apart. */
  names: () => readonly string[]
  /** What the document lists, for one line of JSON each and for custom columns. Left out where it is one thing. */
  items?: () => readonly unknown[]
  /** Forms that only this view has, by the word that asks for each. */
  own?: Readonly<Record<string, () => string>>
}

export function itemsOf({document, items}: View): readonly unknown[] {
  return items?.() ?? [document()]
}
