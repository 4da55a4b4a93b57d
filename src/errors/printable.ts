// C0 and C1 controls, DEL, and the marks that turn the direction of the rest of the line.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text from the runtime for a terminal: control characters are shown as escapes (`\x1b`), never sent. */
export function printable(text: string): string {
  // The common case, many times faster than the search.
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code > 0x7e) return text.replace(unprintable, escapeOf)
  }
  return text
}

/** The same, for text whose line ends and tabs are its own. */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) =>
    character === '\n' || character === '\t' ? character : escapeOf(character),
  )
}

const shortEscapes: Readonly<Record<string, string>> = {'\n': '\\n', '\t': '\\t', '\r': '\\r'}

function escapeOf(character: string): string {
  const hex = character.charCodeAt(0).toString(16)
  return (
    shortEscapes[character] ?? (hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`)
  )
}
