import {constants} from 'node:fs'
import {type FileHandle, lstat, open, unlink} from 'node:fs/promises'
import {UserError} from '../errors/errors.js'

/**
 * A file that was not there before, which nobody else may read. Made before anything is asked, so that it is known to be
 * possible. Throws UserError.
 */
export class NewFile implements AsyncDisposable {
  readonly path: string
  readonly handle: FileHandle
  #isKept = false

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.handle = handle
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

  /** Until all of it is on the disk. */
  async fill(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of chunks) await this.handle.writeFile(chunk)
    await this.handle.sync()
  }

  /** It goes, unless its name is another's by now. */
  async #remove(): Promise<void> {
    const own = await this.handle.stat({bigint: true})
    await this.handle.close()
    const named = await lstat(this.path, {bigint: true}).catch(() => undefined)
    if (named?.dev === own.dev && named.ino === own.ino) await unlink(this.path)
  }

  /** It is whole: what disposes of it lets it stay. */
  keep(): void {
    this.#isKept = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#isKept ? this.handle.close() : this.#remove()
  }
}
