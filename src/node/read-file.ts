import {closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync} from 'node:fs'
import {devNull} from 'node:os'
import {addAbortSignal, type Readable} from 'node:stream'
import {isatty} from 'node:tty'
import {outOfFilesText} from '../errors/few-files.js'
import {bun} from '../text/standalone.js'

export interface ReadOptions {
  /** Ends the wait for a pipe. */
  signal: AbortSignal | undefined
  maxBytes?: number | undefined
}

/** Why a file cannot be read, in words that follow its name. */
export class UnreadableFile extends Error {
  /** As of a failed call of the system; EFBIG also for a file that is larger than was allowed. */
  readonly code: string | undefined

  constructor(message: string, code: string | undefined, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const mebibyte = 1024 * 1024
/** Far above any file that is written by hand. */
const usualMaxBytes = 16 * mebibyte

/** Why it cannot be read, or what it holds. */
export type GivenFile = Buffer | UnreadableFile

let given: ReadonlyMap<string, GivenFile> = new Map()

/** From now on these paths, as they are written, mean files of another machine, where the user is. */
export function giveFiles(files: ReadonlyMap<string, GivenFile>): void {
  given = files
}

export function isGiven(path: string): boolean {
  return given.has(path)
}

/**
 * The whole of a file, pipe or terminal that the user named, such as `<(…)` and /dev/stdin. Nothing else is opened, and
 * no opening blocks; a pipe without a writer is waited for. Throws UnreadableFile, or the signal's reason.
 */
export async function readFileBytes(
  path: string,
  {signal, maxBytes = usualMaxBytes}: ReadOptions,
): Promise<Buffer> {
  signal?.throwIfAborted()
  const there = given.get(path)
  if (there instanceof UnreadableFile) throw there
  if (there) {
    if (there.length > maxBytes) throw tooLarge(maxBytes)
    return there
  }
  try {
    const source = await open(path)
    if (typeof source !== 'number') return await readStream(source, {signal, maxBytes})
    try {
      return readAll(source, maxBytes)
    } finally {
      closeSync(source)
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof UnreadableFile) throw error
    const {code, message} = error as NodeJS.ErrnoException
    throw new UnreadableFile(problemOf(code) ?? message, code, {cause: error})
  }
}

/** To its end, which may never come: the signal ends it too. */
export async function readStream(
  stream: Readable,
  {signal, maxBytes = usualMaxBytes}: ReadOptions,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  if (signal) addAbortSignal(signal, stream)
  try {
    for await (const chunk of stream) {
      length += chunk.length
      if (length > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
  return Buffer.concat(chunks)
}

/** The descriptor of a file, or what else has bytes. */
async function open(path: string): Promise<number | Readable> {
  // Some devices do something as soon as they are opened.
  const there = statSync(path)
  const inherited = descriptorIn(path)
  // These two are not opened a second time: a terminal is ours, a socket has no way to.
  if (inherited !== undefined && isatty(inherited)) {
    const {ReadStream} = await import('node:tty')
    return new ReadStream(inherited)
  }
  if (inherited !== undefined && there.isSocket()) return await readEvents(inherited)
  refuseOthers(there)
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  try {
    const opened = fstatSync(descriptor)
    refuseOthers(opened)
    return opened.isFIFO() ? await readEvents(descriptor) : descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** The kernel tells when there is something to read, or the end; a pipe that had no writer yet has no end either. */
async function readEvents(fd: number): Promise<Readable> {
  // In a standalone file a socket of a descriptor gets no events.
  if (bun) return (await import('node:stream')).Readable.fromWeb(bun.file(fd).stream())
  const {Socket} = await import('node:net')
  return new Socket({fd, readable: true, writable: false})
}

function refuseOthers(there: Stats): void {
  if (there.isDirectory()) throw new UnreadableFile('is a directory, not a file', 'EISDIR')
  if (there.isSocket()) throw new UnreadableFile('is a socket, not a file', 'ENXIO')
  if (there.isBlockDevice() || (there.isCharacterDevice() && there.rdev !== statSync(devNull).rdev))
    throw new UnreadableFile('is a device, not a file', undefined)
}

/** The number of an open file of our own that a path stands for. */
function descriptorIn(path: string): number | undefined {
  const [, number] =
    /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(path === '/dev/stdin' ? '/dev/fd/0' : path) ?? []
  return number === undefined ? undefined : Number(number)
}

function readAll(descriptor: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = []
  for (let length = 0; ; ) {
    // Files such as those of /proc do not know their size; a sparse one has more than there is memory.
    const left = Math.min(fstatSync(descriptor).size, maxBytes) - length
    const chunk = Buffer.allocUnsafe(Math.max(left, 8192) + 1)
    const count = readSync(descriptor, chunk)
    if (count === 0) return Buffer.concat(chunks)
    length += count
    if (length > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk.subarray(0, count))
  }
}

function tooLarge(maxBytes: number): UnreadableFile {
  return new UnreadableFile(`is larger than ${maxBytes / mebibyte} MiB`, 'EFBIG')
}

function problemOf(code: string | undefined): string | undefined {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such file'
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'ELOOP':
      return 'its symbolic links lead round in a circle'
    case 'ENAMETOOLONG':
      return 'its name is too long for a file'
    case 'EMFILE':
    case 'ENFILE':
      return outOfFilesText
    default:
      return undefined
  }
}
