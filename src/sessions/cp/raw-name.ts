import {isUtf8} from 'node:buffer'
import {printable} from '../../errors/printable.js'

declare const raw: unique symbol

/** A file's name or path by its bytes, one character each: it need not be UTF-8, and must come back as it was. */
export type RawName = string & {readonly [raw]: true}

export function rawName(source: string | Buffer): RawName {
  return (typeof source === 'string' ? Buffer.from(source) : source).toString('latin1') as RawName
}

export function bytesOf(name: RawName): Buffer {
  return Buffer.from(name, 'latin1')
}

/** For a message; a name that is not UTF-8 with its bytes as `\xff`. */
export function printableName(name: RawName): string {
  const bytes = bytesOf(name)
  if (isUtf8(bytes)) return printable(bytes.toString())
  return printable(name).replace(
    /[\x80-\xff]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

/** The parts of a path; `.` and empty ones mean nothing. */
export function partsOf(path: RawName): RawName[] {
  return path.split('/').filter((part) => part !== '' && part !== '.') as RawName[]
}

/** Names below one another; what is undefined or `.` adds nothing. */
export function joinRaw(...parts: (RawName | undefined)[]): RawName {
  return parts.filter((part) => part !== undefined && part !== '' && part !== '.').join('/') as RawName
}
