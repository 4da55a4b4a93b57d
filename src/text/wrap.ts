/** Lines of so many columns at most, broken between words; a longer word stands alone. The text's own line breaks are blanks. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1
    const candidate = lines[last] === '' ? word : `${lines[last]} ${word}`
    if (candidate.length <= columns) lines[last] = candidate
    else lines.push(word)
  }
  return lines
}
