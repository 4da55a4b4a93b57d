import {type FileHandle, open} from 'node:fs/promises'
import {addAbortSignal, type Readable} from 'node:stream'
import {UserError} from '../errors.js'
import {printable} from '../text/printable.js'
import {messageFrom} from './message.js'
import {type Node, parseTree, TreeError} from './tree.js'

/** Far above any real one; a runtime's own limit for a request is 16 MiB. */
const maxBytes = 4 * 1024 * 1024

export interface SourceText {
  /** For messages: the path as typed, or `stdin`. */
  name: string
  text: string
}

/** The text of a file, or of standard input for `-`. Throws UserError for what is no text. */
export async function readSource(path: string, signal?: AbortSignal): Promise<SourceText> {
  const name = path === '-' ? 'stdin' : printable(path)
  const bytes =
    path === '-' ? await readAll(process.stdin, name, signal) : await readFileBytes(path, name, signal)
  try {
    const text = new TextDecoder('utf-8', {fatal: true}).decode(bytes)
    if (text.includes('\0')) throw new TypeError()
    return {name, text}
  } catch {
    throw new UserError(`${name}: not text in UTF-8, so neither YAML nor JSON`)
  }
}

async function readFileBytes(path: string, name: string, signal?: AbortSignal): Promise<Uint8Array> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path)
    return await readAll(handle.createReadStream({autoClose: false}), name, signal)
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof UserError ? error : new UserError(`${name}: ${fileProblem(error)}`, {cause: error})
  } finally {
    await handle?.close()
  }
}

/** To the end, which may never come: the signal ends it too. */
async function readAll(stream: Readable, name: string, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (signal) addAbortSignal(signal, stream)
  try {
    for await (const chunk of stream) {
      length += chunk.length
      if (length > maxBytes)
        throw new UserError(`${name}: larger than 4 MiB, which no pod or container configuration is`)
      chunks.push(chunk)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
  return Buffer.concat(chunks)
}

function fileProblem(error: unknown): string {
  const {code, message} = error as {code?: string; message: string}
  switch (code) {
    case 'ENOENT':
      return 'no such file; crisp init pod and crisp init container write one to start from'
    case 'EACCES':
      return 'permission denied; try sudo'
    case 'EISDIR':
      return 'is a directory, not a file'
    default:
      return message
  }
}

/** The documents of a source. Throws UserError that names the file and the line. */
export function documentsOf(source: SourceText): Node[] {
  return naming(source, () => {
    const documents = parseTree(source.text)
    if (documents.length === 0) throw new TreeError('is empty')
    return documents
  })
}

/** The one message that a source holds. */
export function parseMessage(message: string, source: SourceText): Record<string, unknown> {
  const [node, ...more] = documentsOf(source)
  return naming(source, () => {
    if (more[0]) throw new TreeError(`holds ${more.length + 1} documents: one is wanted`, more[0].line)
    if (isKubernetes(node as Node))
      throw new TreeError(
        'is a manifest for Kubernetes; the CRI has its own form, which crisp init pod and crisp init container write',
        node?.line,
      )
    return messageFrom(message, node as Node)
  })
}

function isKubernetes(node: Node): boolean {
  const keys = node.kind === 'mapping' ? node.entries.map(({key}) => key) : []
  return keys.includes('apiVersion') && keys.includes('kind')
}

/** Runs `work` and turns its TreeError into a UserError that names the source. */
export function naming<Value>(source: SourceText, work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TreeError)) throw error
    const place = error.line === undefined ? source.name : `${source.name}:${error.line}`
    throw new UserError(`${place}: ${printable(error.message)}`, {cause: error})
  }
}
