export function linesOf(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('')
}
