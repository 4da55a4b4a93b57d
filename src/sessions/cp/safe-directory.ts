import {constants} from 'node:fs'
import {type FileHandle, lstat, mkdir, open, readlink} from 'node:fs/promises'
import {join} from 'node:path'

const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * A directory that is open, so that whatever happens to its path meanwhile, a name in it is in it. Linux alone has
 * the paths for that; elsewhere each step is looked at before it is taken.
 */
export class SafeDirectory {
  readonly #handle: FileHandle | undefined
  readonly #path: string

  private constructor(path: string, handle: FileHandle | undefined) {
    this.#path = path
    this.#handle = handle
  }

  /** Opens a directory that the user named, through symlinks. */
  static async open(path: string): Promise<SafeDirectory> {
    if (process.platform !== 'linux') return new SafeDirectory(path, undefined)
    return new SafeDirectory(path, await open(path, constants.O_RDONLY | constants.O_DIRECTORY))
  }

  /** The path of a name in this directory, which is for calls that follow no symlink there. */
  at(name: string): string {
    return this.#handle ? `/proc/self/fd/${this.#handle.fd}/${name}` : join(this.#path, name)
  }

  /** A directory in this one. Rejects with ENOTDIR or ELOOP for anything else, a symlink to a directory too. */
  async enter(name: string): Promise<SafeDirectory> {
    const path = this.at(name)
    if (this.#handle) return new SafeDirectory(join(this.#path, name), await open(path, asDirectory))
    if (!(await lstat(path)).isDirectory())
      throw Object.assign(new Error(`not a directory: ${path}`), {code: 'ENOTDIR'})
    return new SafeDirectory(path, undefined)
  }

  /** The same, made when it is not there. */
  async enterOrMake(name: string): Promise<SafeDirectory> {
    try {
      await mkdir(this.at(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    return this.enter(name)
  }

  /** Where a symlink of this name points to; undefined when it is none. */
  async linkTarget(name: string): Promise<string | undefined> {
    try {
      return await readlink(this.at(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return undefined
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }
}
