import {constants} from 'node:fs'
import {chmod, lchown, link, lstat, open, symlink, unlink, utimes} from 'node:fs/promises'
import {posix} from 'node:path'
import {Writable} from 'node:stream'
import {Parser, type ReadEntry} from 'tar'
import {printable} from '../../errors/printable.js'
import {SafeDirectory} from './safe-directory.js'

export interface Extraction {
  /** Where it goes; a directory that is there. */
  directory: string
  /** A name for the archive's one top-level entry instead of its own. */
  name: string | undefined
  /** Owners' numbers and setuid bits as in the archive; else files are ours and these bits are left out. */
  owners: boolean
  /** Told of each entry that was left out, in one line. */
  onProblem: (text: string) => void
}

export interface Extractor {
  /** Takes the tar stream. Finished means on the disk; destroy it where it is not ended. */
  input: Writable
  /** How many entries have been written. */
  count(): number
}

const freshFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/**
 * Unpacks a tar stream that may be hostile, since a container made it. Names with `..` or a root are refused; no
 * symlink below the destination is ever followed, be it of the archive or there before; devices are left out.
 */
export async function createExtractor(extraction: Extraction): Promise<Extractor> {
  const {onProblem} = extraction
  const root = await SafeDirectory.open(extraction.directory)
  const directories: {path: string[]; mode: number; mtime: Date | undefined}[] = []
  let placed = Promise.resolve()
  let count = 0

  const take = async (entry: ReadEntry): Promise<void> => {
    const path = safePath(entry.path, extraction.name)
    if (!path) return onProblem(`refused ${shown(entry.path)}: it is outside of the destination`)
    try {
      await place(entry, path)
      count++
    } catch (error) {
      onProblem(`${shown(entry.path)}: ${problemOf(error)}`)
    }
  }
  const place = async (entry: ReadEntry, path: string[]): Promise<void> => {
    const mode = modeOf(entry, extraction.owners)
    if (entry.type === 'Directory' || entry.type === 'GNUDumpDir') {
      await inDirectory(root, path, async () => {})
      directories.push({path, mode, mtime: entry.mtime})
      return
    }
    const name = path.at(-1)
    if (name === undefined) throw new Error('the destination is a directory')
    await inDirectory(root, path.slice(0, -1), async (directory) => {
      const target = directory.at(name)
      switch (entry.type) {
        case 'File':
        case 'OldFile':
        case 'ContiguousFile':
          await clear(target)
          return writeFile(target, entry, mode, extraction.owners)
        case 'SymbolicLink':
          await clear(target)
          await symlink(String(entry.linkpath), target)
          if (extraction.owners) await lchown(target, entry.uid ?? 0, entry.gid ?? 0)
          return
        case 'Link': {
          const existing = safePath(String(entry.linkpath), extraction.name)
          const linked = existing?.at(-1)
          if (!existing || linked === undefined) throw new Error('a link to outside of the destination')
          return inDirectory(root, existing.slice(0, -1), async (other) => {
            await clear(target)
            await link(other.at(linked), target)
          })
        }
        default:
          throw new Error(`a ${kindOf(entry)}, which is left out`)
      }
    })
  }

  const parser = new Parser({
    onReadEntry(entry) {
      placed = placed.then(() => take(entry)).then(() => void entry.resume())
    },
    onwarn: (code, message) => {
      if (code !== 'TAR_ENTRY_INFO') onProblem(`the archive is damaged: ${message}`)
    },
  })
  const parsed = new Promise<void>((resolve) => parser.on('end', resolve))
  return {
    count: () => count,
    input: new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (parser.write(chunk)) done()
        else parser.once('drain', done)
      },
      final(done) {
        parser.end()
        parsed
          .then(() => placed)
          // Last, for a directory that may not be written to, and because writing into one changes its time.
          .then(() => finish(root, directories.reverse()))
          .then(() => done(), done)
      },
      // Also after the end.
      destroy(error, done) {
        root.close().then(() => done(error), done)
      },
    }),
  }
}

async function finish(
  root: SafeDirectory,
  directories: readonly {path: string[]; mode: number; mtime: Date | undefined}[],
): Promise<void> {
  for (const {path, mode, mtime} of directories) {
    // The destination itself keeps what it has.
    if (path.length === 0) continue
    await inDirectory(root, path, async (directory) => {
      // The time first: the mode may be one that keeps its owner out.
      if (mtime) await utimes(directory.at('.'), mtime, mtime)
      await chmod(directory.at('.'), mode)
    })
  }
}

/** Goes into a directory below `root`, made where it is missing, for the time of `work`. */
async function inDirectory(
  root: SafeDirectory,
  path: readonly string[],
  work: (directory: SafeDirectory) => Promise<void>,
): Promise<void> {
  let directory = root
  try {
    for (const name of path) {
      const next = await directory.enterOrMake(name)
      if (directory !== root) await directory.close()
      directory = next
    }
    await work(directory)
  } finally {
    if (directory !== root) await directory.close()
  }
}

async function writeFile(target: string, entry: ReadEntry, mode: number, owners: boolean): Promise<void> {
  const file = await open(target, freshFile, 0o600)
  try {
    for await (const chunk of entry) await file.writeFile(chunk as Buffer)
    if (owners) await file.chown(entry.uid ?? 0, entry.gid ?? 0)
    await file.chmod(mode)
    if (entry.mtime) await file.utimes(entry.mtime, entry.mtime)
  } finally {
    await file.close()
  }
}

/** Removes a file or symlink that is in the way; anything else, a device above all, is nothing to write over. */
async function clear(target: string): Promise<void> {
  try {
    const there = await lstat(target)
    if (!there.isFile() && !there.isSymbolicLink() && !there.isDirectory())
      throw new Error('a device, pipe or socket is in its place')
    await unlink(target)
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw error
  }
}

/** `character device` of tar's `CharacterDevice`. */
function kindOf({type}: ReadEntry): string {
  return String(type)
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase()
}

function modeOf({mode = 0o644}: ReadEntry, owners: boolean): number {
  return mode & (owners ? 0o7777 : 0o777)
}

/** The parts of a name in the archive, with the first one replaced; undefined where it would lead out. */
function safePath(path: string, name: string | undefined): string[] | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (posix.isAbsolute(path) || parts.includes('..')) return undefined
  return name === undefined ? parts : [...name.split('/').filter((part) => part !== ''), ...parts.slice(1)]
}

function shown(path: string): string {
  return JSON.stringify(printable(path))
}

function problemOf(error: unknown): string {
  const {code, message} = error as NodeJS.ErrnoException
  switch (code) {
    case 'ELOOP':
    case 'ENOTDIR':
      return 'a symlink or file is where a directory should be'
    case 'EISDIR':
    case 'EPERM':
      return 'a directory is in its place'
    case 'ENOSPC':
      return 'no space left on the disk'
    default:
      // Node names the path as we have it, by a descriptor: `EACCES: permission denied, open '/proc/self/fd/20/x'`.
      return message.replace(/^[A-Z\d]+: (.*), \w+ '.*$/s, '$1')
  }
}
