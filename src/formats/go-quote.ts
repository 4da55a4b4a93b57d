// Go's quoted strings, read and written: templates and kubectl's JSONPath have them.

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

const escapePattern =
  /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y

/** What stands between the quotes, with its escapes resolved; undefined where one of them is none of Go's. */
export function unquoteGo(body: string, quote: '"' | "'"): string | undefined {
  if (!body.includes('\\')) return body
  // `\x` and octal escapes are bytes, which together may be one character.
  const parts: Buffer[] = []
  for (let index = 0; index < body.length; ) {
    const backslash = body.indexOf('\\', index)
    if (backslash !== index) {
      const end = backslash === -1 ? body.length : backslash
      parts.push(Buffer.from(body.slice(index, end)))
      index = end
      continue
    }
    escapePattern.lastIndex = index
    const found = escapePattern.exec(body)
    const bytes = found && bytesOfEscape(found, quote)
    if (!bytes) return undefined
    parts.push(bytes)
    index = escapePattern.lastIndex
  }
  return Buffer.concat(parts).toString('utf8')
}

function bytesOfEscape(
  [, simple, hex, octal, short, long]: RegExpExecArray,
  quote: string,
): Buffer | undefined {
  if (simple === '"' || simple === "'") return simple === quote ? Buffer.from(simple) : undefined
  if (simple !== undefined) return Buffer.from(simpleEscapes[simple] ?? '')
  const byte = hex === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(hex, 16)
  if (!Number.isNaN(byte)) return byte < 256 ? Buffer.from([byte]) : undefined
  const code = Number.parseInt(short ?? long ?? '', 16)
  const isCharacter = code < 0x110000 && (code < 0xd800 || code > 0xdfff)
  return isCharacter ? Buffer.from(String.fromCodePoint(code)) : undefined
}

const escapeLetters: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

/** As Go's `%q` writes it; `ascii` escapes everything else too, as `%+q`. */
export function quoteGo(text: string, quote: '"' | "'" = '"', ascii = false): string {
  const inside = text.replace(/["'\\]|[^ -~]/gu, (character) => quoteCharacter(character, quote, ascii))
  return quote + inside + quote
}

function quoteCharacter(character: string, quote: string, ascii: boolean): string {
  const letter = character === quote ? `\\${quote}` : escapeLetters[character]
  if (letter !== undefined) return letter
  const code = character.codePointAt(0) ?? 0
  if (isPrintable(character) && !(ascii && code > 0x7e)) return character
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

/** Letters, marks, numbers, punctuation, symbols and the blank: what Go calls printable. */
export function isPrintable(character: string): boolean {
  return character === ' ' || !/[\p{C}\p{Z}]/u.test(character)
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
