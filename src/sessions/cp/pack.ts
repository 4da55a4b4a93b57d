import {lstatSync, Stats, statSync} from 'node:fs'
import {lstat, stat} from 'node:fs/promises'
import {basename, dirname, posix, resolve} from 'node:path'
import {Readable} from 'node:stream'
import {create, type WriteEntry} from 'tar'
import {UserError} from '../../errors/errors.js'

export interface Packing {
  /** A file or directory that is there. */
  source: string
  /** What it is called in the archive; undefined: a directory's contents without itself. */
  name: string | undefined
  /** Archive what symlinks point to. */
  follow: boolean
  /** Keep the owners' numbers; else everything is root's. */
  owners: boolean
  /** Told of what cannot be archived, such as a socket. */
  onProblem: (text: string) => void
}

/** A tar stream of a file, or of a directory with everything below it. Rejects when there is no such file. */
export async function pack(packing: Packing): Promise<Readable> {
  const {name, follow} = packing
  const source = resolve(packing.source)
  const isDirectory = (await (follow || name === undefined ? stat : lstat)(source)).isDirectory()
  const archived = (path: string): string => {
    const below = isDirectory ? posix.relative('.', path) : ''
    return posix.join(name ?? '.', below)
  }
  const archive = create(
    {
      cwd: isDirectory ? source : dirname(source),
      follow,
      statCache: new Looks(follow),
      filter(path, info) {
        const problem = info instanceof Stats ? problemWith(info, follow) : undefined
        if (problem !== undefined) packing.onProblem(`${archived(path)}: left out, ${problem}`)
        return problem === undefined
      },
      onWriteEntry(entry: WriteEntry) {
        entry.path = archived(entry.path)
        if (entry.type === 'Link') entry.linkpath = archived(String(entry.linkpath))
        if (!packing.owners && entry.stat) Object.assign(entry.stat, {uid: 0, gid: 0})
      },
      onwarn: (code, message) => {
        if (code !== 'TAR_ENTRY_INFO') packing.onProblem(String(message))
      },
    },
    // The dot keeps a name that begins with @ from being read as an archive.
    [isDirectory ? '.' : `./${basename(source)}`],
  )
  const stream = Readable.from(archive, {objectMode: false})
  archive.on('error', (error) => stream.destroy(unreadable(error)))
  return stream
}

function unreadable(error: unknown): Error {
  const {path, code, message} = error as NodeJS.ErrnoException
  if (path === undefined) return error as Error
  const why = code === 'EACCES' ? 'may not be read; try sudo' : (code ?? message)
  return new UserError(`${path}: ${why}`, {cause: error})
}

/** Stands for a file that was listed and that cannot be looked at. */
const gone = Object.assign(Object.create(Stats.prototype) as Stats, {mode: 0})

/** What tar asks before it looks at a file itself, which ends the whole archive at the first one that is not there. */
class Looks extends Map<string, Stats> {
  readonly #follow: boolean

  constructor(follow: boolean) {
    super()
    this.#follow = follow
  }

  override get(path: string): Stats {
    if (this.#follow) {
      try {
        return statSync(path)
      } catch {
        // What it points to is not there; the symlink itself tells so.
      }
    }
    try {
      return lstatSync(path)
    } catch {
      return gone
    }
  }
}

function problemWith(info: Stats, follow: boolean): string | undefined {
  if (info === gone) return 'it has gone meanwhile, or may not be looked at'
  if (info.isSymbolicLink()) return follow ? 'what it points to cannot be reached' : undefined
  // tar stops for ever at anything else.
  return info.isFile() || info.isDirectory() ? undefined : 'it is neither file, directory nor symlink'
}
