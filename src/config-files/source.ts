import {type FileHandle, open} from 'node:fs/promises'
import {addAbortSignal, type Readable} from 'node:stream'
import {UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'

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

/** The text of a file, or of standard input for `-`. Throws UserError for what is no text. */
export async function readSource(path: string, {stdin, signal}: Reading): Promise<SourceText> {
  const name = path === '-' ? 'stdin' : printable(path)
  const bytes = path === '-' ? await readAll(stdin(), name, signal) : await readFileBytes(path, name, signal)
  try {
    const text = new TextDecoder('utf-8', {fatal: true}).decode(bytes)
    if (text.includes('\0')) throw new TypeError()
    return {name, text}
  } catch {
    throw new UserError(`${name}: not text in UTF-8, so neither YAML nor JSON`)
  }
}

async function readFileBytes(path: string, name: string, signal: AbortSignal): Promise<Uint8Array> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path)
    return await readAll(handle.createReadStream({autoClose: false}), name, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof UserError) throw error
    const {code} = error as NodeJS.ErrnoException
    throw new UserError(`${name}: ${fileProblem(error)}`, {
      facts: {about: 'configuration file', name, code},
      cause: error,
    })
  } finally {
    await handle?.close()
  }
}

/** To the end, which may never come: the signal ends it too. */
async function readAll(stream: Readable, name: string, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  addAbortSignal(signal, stream)
  try {
    for await (const chunk of stream) {
      length += chunk.length
      if (length > maxBytes)
        throw new UserError(`${name}: larger than 4 MiB, which no pod or container configuration is`)
      chunks.push(chunk)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  return Buffer.concat(chunks)
}

function fileProblem(error: unknown): string {
  const {code, message} = error as {code?: string; message: string}
  switch (code) {
    case 'ENOENT':
      return 'no such file'
    case 'EACCES':
      return 'permission denied'
    case 'EISDIR':
      return 'is a directory, not a file'
    default:
      return message
  }
}
