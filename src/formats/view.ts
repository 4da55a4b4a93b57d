import {mapLazily} from '../text/map-lazily.js'

/** What is long comes in pieces, each of which is made when the one before it has been written. */
export type Text = string | Iterable<string>

export type SortKey = string | number

/** What a command shows, in every form it can be asked for. Only the form that is asked for is made. */
export interface View {
  /** The whole answer, as `-o json`, `-o yaml` and templates see it. */
  document: () => unknown
  /** For people; `wide` asks for more columns, where there are more. */
  table: (wide: boolean) => Text
  /** One reference a line, each accepted by every other command; what has none is named by what tells it apart. */
  names: () => readonly string[]
  /** What the document lists, for one line of JSON each and for custom columns. Left out where it is one thing. */
  items?: () => Iterable<unknown>
  /** The same for custom columns alone, where they find more in each. */
  rows?: () => Iterable<unknown>
  /** Where the document is those items and nothing else, under this name. */
  listName?: string
  /** What each entry is sorted by, in the order of the entries, from the least: how lists of several nodes become one. */
  order?: (shows: 'table' | 'names' | 'items' | 'text') => readonly SortKey[] | undefined
  /** Forms that only this view has, by the word that asks for each. */
  own?: Readonly<Record<string, () => string>>
}

export function piecesOf(text: Text): Iterable<string> {
  return typeof text === 'string' ? [text] : text
}

export function itemsOf({document, items}: View): Iterable<unknown> {
  return items?.() ?? [document()]
}

/** The document and items of a list whose every entry is made when it is written. */
export function listOf<Entry>(
  listName: string,
  entries: readonly Entry[],
  itemOf: (entry: Entry) => unknown,
): Pick<View, 'document' | 'items' | 'listName'> {
  return {
    document: () => ({[listName]: entries.map(itemOf)}),
    items: () => mapLazily(entries, itemOf),
    listName,
  }
}
