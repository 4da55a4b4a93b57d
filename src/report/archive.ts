import {constants} from 'node:fs'
import {type FileHandle, lstat, open, unlink} from 'node:fs/promises'
import {Readable, type Writable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {createGzip} from 'node:zlib'
import {UserError} from '../errors/errors.js'
import {paddingOf} from '../sessions/cp/entry.js'
import {rawName} from '../sessions/cp/raw-name.js'
import {endOfArchive, headerOf} from '../sessions/cp/tar-write.js'

export interface ArchivedFile {
  /** Below the folder that everything in the archive is in. */
  name: string
  content: Buffer
}

/** The bytes of a .tar with these files in one folder, which only their owner may read. */
async function* tarOf(folder: string, files: readonly ArchivedFile[], nowMs: number): AsyncGenerator<Buffer> {
  for (const {name, content} of files) {
    yield headerOf({
      path: rawName(`${folder}/${name}`),
      kind: 'file',
      mode: 0o600,
      uid: 0,
      gid: 0,
      sizeBytes: content.length,
      mtimeSeconds: nowMs / 1000,
    })
    // A stream of bytes waits for ever for what comes after nothing.
    if (content.length > 0) yield Buffer.concat([content, Buffer.alloc(paddingOf(content.length))])
  }
  yield endOfArchive
}

function archive(folder: string, files: readonly ArchivedFile[], nowMs: number): Readable {
  return Readable.from(tarOf(folder, files, nowMs), {objectMode: false})
}

/** Writes a .tar.gz to a stream that others write to as well: it stays open. */
export async function writeArchive(
  target: Writable,
  folder: string,
  files: readonly ArchivedFile[],
  nowMs: number,
): Promise<void> {
  await pipeline(archive(folder, files, nowMs), createGzip(), target, {end: false})
}

/**
 * A file that was not there before, which nobody else may read. Made before anything is asked, so that it is known to be
 * possible. Throws UserError.
 */
export class NewFile {
  readonly path: string
  readonly #handle: FileHandle

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  static async make(path: string): Promise<NewFile> {
    const {O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW} = constants
    try {
      return new NewFile(path, await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600))
    } catch (error) {
      const {code, message} = error as NodeJS.ErrnoException
      throw new UserError(
        code === 'EEXIST'
          ? `${path} is there already: name another file`
          : `cannot write ${path}: ${message}`,
        {cause: error},
      )
    }
  }

  async write(folder: string, files: readonly ArchivedFile[], nowMs: number): Promise<void> {
    await pipeline(archive(folder, files, nowMs), createGzip(), (chunks) => this.fill(chunks))
  }

  /** With what is packed already. */
  async fill(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of chunks) await this.#handle.writeFile(chunk)
    await this.#handle.sync()
  }

  /** It stays. */
  close(): Promise<void> {
    return this.#handle.close()
  }

  /** It goes, unless its name is another's by now. */
  async remove(): Promise<void> {
    const own = await this.#handle.stat({bigint: true})
    await this.#handle.close()
    const named = await lstat(this.path, {bigint: true}).catch(() => undefined)
    if (named?.dev === own.dev && named.ino === own.ino) await unlink(this.path)
  }
}
