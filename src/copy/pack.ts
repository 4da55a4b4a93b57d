import {Stats} from 'node:fs'
import {lstat, stat} from 'node:fs/promises'
import {basename, dirname, posix, resolve} from 'node:path'
import {Readable} from 'node:stream'
import {create, type WriteEntry} from 'tar'

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
      filter(path, info) {
        // tar stops for ever at one of these.
        const plain = !(info instanceof Stats) || info.isFile() || info.isDirectory() || info.isSymbolicLink()
        if (!plain)
          packing.onProblem(`${archived(path)}: left out, it is neither file, directory nor symlink`)
        return plain
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
  return Readable.from(archive, {objectMode: false})
}
