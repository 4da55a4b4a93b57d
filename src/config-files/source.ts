import type {Readable} from 'node:stream'
import {type FileKind, UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {readFileBytes, readStream, UnreadableFile} from '../node/read-file.js'

/** Far above any real one; a runtime's own limit for a request is 16 MiB. */
const maxBytes = 4 * 1024 * 1024

export interface SourceText {
  /** For messages: the path as typed, or `stdin`. */
  name: string
  text: string
}

/** What reading takes. */
export interface Reading {
  /** Asked only where `-` is read: to look at it already opens it. */
  stdin: () => Readable
  signal: AbortSignal
}

/** YAML or JSON, or lines of NAME=VALUE. */
type Holds = FileKind | 'variables'

const nouns: Readonly<Record<FileKind, string>> = {
  configuration: 'pod or container configuration',
  plan: 'plan',
  request: 'request',
  lesson: 'lesson',
}

/** The text of a file, or of standard input for `-`. Throws UserError for what is no text. */
export async function readSource(
  path: string,
  reading: Reading,
  holds: Holds = 'configuration',
): Promise<SourceText> {
  const name = path === '-' ? 'stdin' : printable(path)
  const bytes = await readBytes(path, name, reading, holds)
  try {
    const text = new TextDecoder('utf-8', {fatal: true}).decode(bytes)
    if (text.includes('\0')) throw new TypeError()
    return {name, text}
  } catch {
    const why = holds === 'variables' ? '' : ', so neither YAML nor JSON'
    throw new UserError(`${name}: not text in UTF-8${why}`)
  }
}

async function readBytes(
  path: string,
  name: string,
  {stdin, signal}: Reading,
  holds: Holds,
): Promise<Uint8Array> {
  try {
    if (path === '-') return await readStream(stdin(), {signal, maxBytes})
    return await readFileBytes(path, {signal, maxBytes})
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error
    const {code, message} = error
    if (holds === 'variables') throw new UserError(`${name}: ${message}`, {cause: error})
    const kind = code === 'EFBIG' ? `, which no ${nouns[holds]} is` : ''
    throw new UserError(`${name}: ${message}${kind}`, {
      facts: {about: 'configuration file', holds, code},
      cause: error,
    })
  }
}
