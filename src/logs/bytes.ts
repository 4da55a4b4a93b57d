import {
  type BigIntStats,
  close,
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  read,
  readSync,
  realpathSync,
} from 'node:fs'
import type {Readable} from 'node:stream'
import {createGunzip} from 'node:zlib'
import {UserError} from '../errors/errors.js'
import {elsewhere} from '../text/elsewhere.js'
import {fileAt, identityOf, type LogFile, refuseOtherThanFiles, unreadable} from './files.js'

/** An open file's bytes from an offset on, decompressed where it is compressed. Closed by whoever opened it. */
export interface OpenLog extends Disposable {
  /** How far it has been read, in bytes of the log. */
  readonly offset: number
  /** Fills as much as it can; 0 at the end, where later calls may find more in a file that grows. */
  read(into: Uint8Array): number | Promise<number>
  close(): void
}

/** Never waits for a writer, should there be a FIFO by now. */
function openFile(path: string): {descriptor: number; status: BigIntStats} {
  const machine = elsewhere()
  if (machine !== undefined) throw new UserError(`${path} is on ${machine}`)
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw unreadable(path, error)
  }
  try {
    const status = fstatSync(descriptor, {bigint: true})
    refuseOtherThanFiles(path, status)
    return {descriptor, status}
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** As `fs.open`, for a stream: a file that cannot be opened is then one that cannot be read. */
function openForStream(
  path: string,
  _flags: unknown,
  _mode: unknown,
  done: (error: Error | null, descriptor?: number) => void,
): void {
  try {
    done(null, openFile(path).descriptor)
  } catch (error) {
    done(error as Error)
  }
}

export class PlainLog implements OpenLog {
  readonly descriptor: number
  readonly identity: string
  readonly path: string
  offset: number

  constructor(path: string, offset: number) {
    this.path = path
    this.offset = offset
    const {descriptor, status} = openFile(path)
    this.descriptor = descriptor
    this.identity = identityOf(status)
  }

  read(into: Uint8Array): number {
    const count = this.readAt(into, this.offset)
    this.offset += count
    return count
  }

  readAt(into: Uint8Array, position: number): number {
    try {
      return readSync(this.descriptor, into, 0, into.length, position)
    } catch (error) {
      throw unreadable(this.path, error)
    }
  }

  sizeBytes(): number {
    return fstatSync(this.descriptor).size
  }

  close(): void {
    closeSync(this.descriptor)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

export class CompressedLog implements OpenLog {
  offset: number
  readonly #path: string
  /** Bytes before the offset that are still to be decompressed. */
  #skip: number
  readonly #stream: Readable
  readonly #chunks: AsyncIterator<Buffer>
  #left: Buffer = Buffer.alloc(0)

  constructor(path: string, offset: number) {
    this.#path = path
    this.offset = offset
    this.#skip = offset
    const file = createReadStream(path, {fs: {open: openForStream, read, close}})
    const gunzip = createGunzip({chunkSize: 256 * 1024})
    file.on('error', (error) => gunzip.destroy(error))
    gunzip.on('close', () => file.destroy())
    this.#stream = file.pipe(gunzip)
    this.#chunks = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** Throws UserError where the file is not what gzip wrote, or cut short; what came before stays read. */
  async read(into: Uint8Array): Promise<number> {
    while (this.#left.length === 0) {
      let step: IteratorResult<Buffer>
      try {
        step = await this.#chunks.next()
      } catch (error) {
        throw error instanceof UserError ? error : unreadable(this.#path, error)
      }
      if (step.done) return 0
      const skipped = Math.min(step.value.length, this.#skip)
      this.#skip -= skipped
      this.#left = step.value.subarray(skipped)
    }
    const count = Math.min(into.length, this.#left.length)
    into.set(this.#left.subarray(0, count))
    this.#left = this.#left.subarray(count)
    this.offset += count
    return count
  }

  close(): void {
    this.#stream.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

export function openLog(file: LogFile, offset = 0): OpenLog {
  return file.compressed ? new CompressedLog(file.path, offset) : new PlainLog(file.path, offset)
}

/** The first bytes of a file's log, at most `count`. */
export async function headOf(file: LogFile, count: number): Promise<Buffer> {
  const head = Buffer.alloc(count)
  using log = openLog(file)
  let filled = 0
  while (filled < count) {
    const more = await log.read(head.subarray(filled))
    if (more === 0) break
    filled += more
  }
  return head.subarray(0, filled)
}

/** Whether a log holds Docker's JSON lines; one that is empty is known by its name. */
export function isDockerLog(path: string): boolean {
  if (!fileAt(path)) return false
  using log = new PlainLog(path, 0)
  const first = Buffer.alloc(1)
  return log.read(first) === 1 ? first[0] === 0x7b : realpathSync(path).endsWith('-json.log')
}
