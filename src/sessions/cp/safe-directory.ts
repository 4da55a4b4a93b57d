import {type BigIntStats, constants} from 'node:fs'
import {type FileHandle, lstat, mkdir, open, readdir, readlink, stat, statfs} from 'node:fs/promises'
import {bytesOf, type RawName, rawName} from './raw-name.js'
import {Obstacle} from './reasons.js'

const byDescriptor = process.platform === 'linux'
const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** Linux's O_PATH, which Node does not name: the thing itself, without what opening a device would start. */
const asPlace = 0o10000000
const asFile = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

export type Kind = 'file' | 'directory' | 'symlink' | 'other'

/** Something that is held, whatever becomes of its name meanwhile. Whoever looked closes it. */
export class Found implements AsyncDisposable {
  readonly stats: BigIntStats
  readonly #handle: FileHandle | undefined
  readonly #path: Buffer

  constructor(path: Buffer, stats: BigIntStats, handle: FileHandle | undefined) {
    this.#path = path
    this.stats = stats
    this.#handle = handle
  }

  /** What a path of the user's is, `follow` through a symlink at its end. */
  static async at(path: string | Buffer, follow: boolean): Promise<Found> {
    const bytes = Buffer.from(path)
    if (!byDescriptor)
      return new Found(bytes, await (follow ? stat : lstat)(bytes, {bigint: true}), undefined)
    const handle = await open(bytes, asPlace | (follow ? 0 : constants.O_NOFOLLOW))
    try {
      return new Found(bytes, await handle.stat({bigint: true}), handle)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  get kind(): Kind {
    const {stats} = this
    if (stats.isFile()) return 'file'
    if (stats.isDirectory()) return 'directory'
    return stats.isSymbolicLink() ? 'symlink' : 'other'
  }

  /** Which one it is, by all its names. */
  get identity(): string {
    return `${this.stats.dev}:${this.stats.ino}`
  }

  /** A file, for reading. */
  async open(): Promise<FileHandle> {
    if (this.#handle) return open(this.#place, asFile)
    const file = await open(this.#path, asFile | constants.O_NOFOLLOW)
    const {dev, ino} = await file.stat({bigint: true})
    if (`${dev}:${ino}` === this.identity) return file
    await file.close()
    throw new Obstacle('it was exchanged while it was read')
  }

  async enter(): Promise<SafeDirectory> {
    if (!this.#handle) return new SafeDirectory(this.#path, undefined)
    return new SafeDirectory(this.#path, await open(this.#place, constants.O_RDONLY | constants.O_DIRECTORY))
  }

  /** The number that says of which kind its file system is. */
  async fileSystem(): Promise<number> {
    return (await statfs(this.#place)).type
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #place(): string | Buffer {
    return this.#handle ? `/proc/self/fd/${this.#handle.fd}` : this.#path
  }
}

/**
 * A directory that is open, so that whatever happens to its path meanwhile, a name in it is in it. Linux alone has
 * the paths for that; elsewhere each step is looked at before it is taken.
 */
export class SafeDirectory implements AsyncDisposable {
  readonly #handle: FileHandle | undefined
  readonly #path: Buffer

  constructor(path: Buffer, handle: FileHandle | undefined) {
    this.#path = path
    this.#handle = handle
  }

  /** Opens a directory that the user named, through symlinks. */
  static async open(path: string | Buffer): Promise<SafeDirectory> {
    const handle = byDescriptor ? await open(path, constants.O_RDONLY | constants.O_DIRECTORY) : undefined
    return new SafeDirectory(Buffer.from(path), handle)
  }

  /** The path of a name in this directory, which is for calls that follow no symlink there. */
  at(name: RawName): Buffer {
    return Buffer.concat([this.#place, Buffer.from('/'), bytesOf(name)])
  }

  /** The path of this directory itself. */
  get self(): Buffer {
    return Buffer.concat([this.#place, Buffer.from('/.')])
  }

  async list(): Promise<RawName[]> {
    return (await readdir(this.self, {encoding: 'buffer'})).map(rawName)
  }

  /** What is in this directory under a name; a symlink itself unless `follow`, which leads wherever it says. */
  look(name: RawName, follow = false): Promise<Found> {
    return Found.at(this.at(name), follow)
  }

  /** A directory in this one. Rejects with ENOTDIR or ELOOP for anything else, a symlink to a directory too. */
  async enter(name: RawName): Promise<SafeDirectory> {
    const path = this.at(name)
    if (byDescriptor) return new SafeDirectory(path, await open(path, asDirectory))
    if (!(await lstat(path)).isDirectory())
      throw Object.assign(new Error('not a directory'), {code: 'ENOTDIR'})
    return new SafeDirectory(path, undefined)
  }

  /** The same directory once more, with an end of its own. */
  async reopen(): Promise<SafeDirectory> {
    return SafeDirectory.open(this.self)
  }

  /** A directory in it, made when it is not there. */
  async enterOrMake(name: RawName): Promise<SafeDirectory> {
    try {
      await mkdir(this.at(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    return this.enter(name)
  }

  /** Where a symlink of this name points to; undefined when it is none. */
  async linkTarget(name: RawName): Promise<RawName | undefined> {
    try {
      return rawName(await readlink(this.at(name), {encoding: 'buffer'}))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return undefined
      throw error
    }
  }

  async fileSystem(): Promise<number> {
    return (await statfs(this.self)).type
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #place(): Buffer {
    return this.#handle ? Buffer.from(`/proc/self/fd/${this.#handle.fd}`) : this.#path
  }
}
