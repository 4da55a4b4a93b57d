/** Words in lines of so many columns at most, with one blank between two of them; one that is longer stands alone. */
export function fillLines<Word>(
  words: readonly Word[],
  columns: number,
  widthOf: (word: Word) => number,
): Word[][] {
  const lines: Word[][] = [[]]
  let used = -1
  for (const word of words) {
    const width = widthOf(word)
    if (used + 1 + width > columns && lines.at(-1)?.length) {
      lines.push([])
      used = -1
    }
    lines.at(-1)?.push(word)
    used += 1 + width
  }
  return lines
}

/** The same of a text of narrow characters. Its own line breaks are blanks. */
export function wrapText(text: string, columns: number): string[] {
  return fillLines(text.split(/\s+/), columns, ({length}) => length).map((words) => words.join(' '))
}
