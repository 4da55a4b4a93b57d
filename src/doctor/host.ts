import {constants, watch} from 'node:fs'
import {access, lstat, open, readdir, readlink, stat, statfs} from 'node:fs/promises'
import {join} from 'node:path'
import {CgroupTrees} from '../node/host/cgroups.js'
import {attempt as attemptTo} from '../node/host/files.js'
import {type HostProcess, listPids, readProcesses, ticksPerSecond} from '../node/host/processes.js'
import {NotChecked} from './not-checked.js'
import {once} from './once.js'

/** As statfs has it. */
export interface FileSystem {
  blockBytes: number
  blocks: number
  /** Also for those who are not root. */
  availableBlocks: number
  files: number
  freeFiles: number
}

export interface HostOptions {
  /** Where the node's own `/` is: below it every path is looked for. */
  root?: string
  statfs?: (path: string) => Promise<FileSystem>
  /** Begins to watch a folder, and ends that at once. Throws as the system does. */
  tryWatch?: () => void
}

/** Far above any file of the kernel, the kubelet or a network plugin. */
const mostBytes = 4 * 1024 * 1024

/** The node's own files, by the paths that they have there. What is absent is undefined; what may not be read throws NotChecked. */
export class Host {
  readonly root: string
  readonly #statfs: (path: string) => Promise<FileSystem>
  readonly #tryWatch: () => void

  /** All that run, as far as they may be looked at. */
  readonly processes = once(async (): Promise<readonly HostProcess[]> => {
    const options = {root: this.path('/proc')}
    const pids = await attempt('/proc', () => listPids(options))
    if (!pids || pids.length === 0) throw new NotChecked('there is no /proc here')
    return readProcesses(pids, options)
  })
  readonly cgroupTrees = once(() => CgroupTrees.read({root: this.path('/proc')}))

  constructor({root = '/', statfs = systemStatfs, tryWatch = watchOnce}: HostOptions = {}) {
    this.root = root
    this.#statfs = statfs
    this.#tryWatch = tryWatch
  }

  /** Where a path of the node is to be found from here; one that was found there already stays. */
  path(path: string): string {
    return path.startsWith(join(this.root, '/')) ? path : join(this.root, path)
  }

  /** A text; undefined also for what is no file. Never waits for a pipe. */
  text(path: string): Promise<string | undefined> {
    return attempt(path, async () => {
      const file = await open(this.path(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
      try {
        if (!(await file.stat()).isFile()) return undefined
        const {buffer, bytesRead} = await readUpTo(file, mostBytes)
        return buffer.toString('utf8', 0, bytesRead)
      } finally {
        await file.close()
      }
    })
  }

  /** A whole number that is alone in its file. */
  async number(path: string): Promise<number | undefined> {
    const text = (await this.text(path))?.trim()
    return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
  }

  /** What is in a directory, by name. */
  async names(path: string): Promise<string[] | undefined> {
    return (await attempt(path, () => readdir(this.path(path))))?.sort()
  }

  /** The directories in a directory. */
  async folders(path: string): Promise<string[]> {
    const entries = await attempt(path, () => readdir(this.path(path), {withFileTypes: true}))
    return (entries ?? []).filter((entry) => entry.isDirectory()).map(({name}) => name)
  }

  /** When a process was started; undefined where the node does not tell when it was itself. */
  async startedMs({startedTicks}: HostProcess): Promise<number | undefined> {
    const boot = /^btime (\d+)$/m.exec((await this.text('/proc/stat')) ?? '')?.[1]
    return boot === undefined ? undefined : Number(boot) * 1000 + (startedTicks / ticksPerSecond) * 1000
  }

  link(path: string): Promise<string | undefined> {
    return attempt(path, () => readlink(this.path(path)))
  }

  /** When it was last written, and by what it is known; of a link, those of what it leads to. */
  facts(
    path: string,
  ): Promise<{modifiedMs: number; inode: number; isFolder: boolean; isFile: boolean} | undefined> {
    return attempt(path, async () => {
      const found = await stat(this.path(path))
      return {
        modifiedMs: found.mtimeMs,
        inode: found.ino,
        isFolder: found.isDirectory(),
        isFile: found.isFile(),
      }
    })
  }

  /** Of the files right inside a folder; links are left aside. */
  async sizeOfFiles(path: string): Promise<number> {
    const sizes = await Promise.all(
      ((await this.names(path)) ?? []).map((name) =>
        attempt(path, async () => {
          const found = await lstat(join(this.path(path), name))
          return found.isFile() ? found.size : 0
        }),
      ),
    )
    return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  }

  async isThere(path: string): Promise<boolean> {
    return (await attempt(path, () => lstat(this.path(path)))) !== undefined
  }

  async isProgram(path: string): Promise<boolean> {
    if (!(await this.facts(path))?.isFile) return false
    return access(this.path(path), constants.X_OK).then(
      () => true,
      () => false,
    )
  }

  /** Why inotify has nothing more to give: EMFILE, that there are too many instances; ENOSPC, too many watches. */
  watchProblem(): 'EMFILE' | 'ENOSPC' | undefined {
    try {
      this.#tryWatch()
      return undefined
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException
      return code === 'EMFILE' || code === 'ENOSPC' ? code : undefined
    }
  }

  fileSystem(path: string): Promise<FileSystem | undefined> {
    return attempt(path, () => this.#statfs(this.path(path)))
  }
}

function attempt<Value>(path: string, read: () => Promise<Value>): Promise<Value | undefined> {
  return attemptTo(path, read, () => {
    throw new NotChecked(`${path} is not for us to read: run it as root`)
  })
}

function watchOnce(): void {
  const watcher = watch('/')
  watcher.on('error', () => undefined)
  watcher.close()
}

async function systemStatfs(path: string): Promise<FileSystem> {
  const {bsize, blocks, bavail, files, ffree} = await statfs(path)
  return {blockBytes: bsize, blocks, availableBlocks: bavail, files, freeFiles: ffree}
}

/** Files of /proc do not know their size. */
async function readUpTo(
  file: Awaited<ReturnType<typeof open>>,
  most: number,
): Promise<{buffer: Buffer; bytesRead: number}> {
  let buffer = Buffer.alloc(16 * 1024)
  let length = 0
  for (;;) {
    const {bytesRead} = await file.read(buffer, length, buffer.length - length)
    length += bytesRead
    if (bytesRead === 0 || length >= most) return {buffer, bytesRead: length}
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length)])
  }
}
