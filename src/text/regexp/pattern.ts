/** What a text is tested with. */
export interface Pattern {
  test(text: string): boolean
}
