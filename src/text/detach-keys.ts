import {UsageError} from '../errors/errors.js'

/** `ctrl-p,ctrl-q` or `a,b` as the bytes that a terminal sends for them; nothing means no keys at all. */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return new Uint8Array()
  return Uint8Array.from(text.split(','), (key) => {
    const [, control] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? []
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0)
    throw new UsageError(
      `"${key}" is no key: write ctrl-a to ctrl-z, ctrl-@ [ \\ ] ^ _ or one character, with commas between`,
    )
  })
}
