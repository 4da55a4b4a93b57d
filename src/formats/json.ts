// JSON as crictl prints it, and without its loss: integers beyond 2^53 inside a runtime's info text keep their digits.

export type JsonValue = string | number | bigint | boolean | null | JsonValue[] | {[key: string]: JsonValue}

const bigMark = '\u0000big:'

/** Like JSON.parse, but an integer too large for a number comes as a bigint. Throws SyntaxError. */
export function parseJson(text: string): JsonValue {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"\\u0000big:${token}"`,
  )
  return JSON.parse(marked, (_, value) =>
    typeof value === 'string' && value.startsWith(bigMark) ? BigInt(value.slice(bigMark.length)) : value,
  )
}

/** Two-space JSON text, ending in a newline. What a terminal might act on is escaped, as in `printable`. */
export function jsonText(value: unknown, indent = 2): string {
  const text = JSON.stringify(
    value,
    (_, item) => (typeof item === 'bigint' ? `${bigMark}${item}` : item),
    indent,
  )
  return `${escapeUnprintable(text.replace(/"\\u0000big:(-?\d+)"/g, '$1'))}\n`
}

const entriesOfPiece = 100

/** The JSON text of `{[name]: [...items]}`, whose items hold no bigint, in pieces. */
export function* jsonListPieces(name: string, items: Iterable<unknown>): Generator<string> {
  const head = `{\n  ${JSON.stringify(name)}: [\n`
  const tail = '\n  ]\n}'
  let before = head
  let piece: unknown[] = []
  const textOf = () => {
    const text = JSON.stringify({[name]: piece}, undefined, 2)
    const entries = before + escapeUnprintable(text.slice(head.length, -tail.length))
    before = ',\n'
    piece = []
    return entries
  }
  for (const item of items) {
    piece.push(item)
    if (piece.length === entriesOfPiece) yield textOf()
  }
  if (piece.length > 0) yield textOf()
  yield before === head ? jsonText({[name]: []}) : `${tail}\n`
}

function escapeUnprintable(text: string): string {
  return text.replace(/[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, escapeUnit)
}

/** As JSON has it. */
export function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** The value with every object's keys in byte order, as Go prints a map. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]))
}
