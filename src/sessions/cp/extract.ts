import {chmod, type FileHandle, lchown, lutimes, utimes} from 'node:fs/promises'
import type {Readable} from 'node:stream'
import type {Entry} from './entry.js'
import {partsOf, printableName, type RawName} from './raw-name.js'
import {Obstacle, reasonOf} from './reasons.js'
import {replaceByFile, replaceByLink, replaceBySymlink} from './replace.js'
import type {SafeDirectory} from './safe-directory.js'
import {type ArchivedFile, DamagedArchiveError, type Piece, readTar} from './tar-read.js'

export interface Extraction {
  /** Where it goes. Stays open. */
  directory: SafeDirectory
  /** A name for the archive's one top-level entry instead of its own. */
  name: RawName | undefined
  /** Owners' numbers and setuid bits as in the archive; else files are ours and these bits are left out. */
  owners: boolean
  /** Told of each entry that was left out, in one line. */
  onProblem: (text: string) => void
  /** Takes the one top-level entry somewhere else, if it says true. */
  takeTop?: ((file: ArchivedFile) => Promise<boolean>) | undefined
}

/**
 * Unpacks a tar stream that may be hostile, since a container made it. Names with `..` or a root are refused; no
 * symlink below the destination is ever followed, be it of the archive or there before; devices are left out.
 * Resolves when all is on the disk, rejects when the stream does.
 */
export async function extract(archive: Readable, extraction: Extraction): Promise<void> {
  const directories: {path: RawName[]; entry: Entry}[] = []
  try {
    for await (const file of readTar(archive)) {
      try {
        const path = safePath(file.entry.path, extraction.name)
        if (path?.length === 1 && extraction.name !== undefined && (await extraction.takeTop?.(file)))
          continue
        if (path) await place(file, path, extraction)
        else extraction.onProblem(`refused ${quoteName(file.entry.path)}: it is outside of the destination`)
        if (path && file.entry.kind === 'directory') directories.push({path, entry: file.entry})
      } catch (error) {
        if (archive.errored || error instanceof DamagedArchiveError) throw error
        extraction.onProblem(`${quoteName(file.entry.path)}: ${reasonOf(error)}`)
      }
    }
  } catch (error) {
    if (!(error instanceof DamagedArchiveError)) throw error
    extraction.onProblem(`the archive is damaged: ${error.message}`)
    // Whoever sends the rest would wait for its being read.
    archive.resume()
  }
  // Last, for a directory that may not be written to, and because writing into one changes its time.
  for (const {path, entry} of directories.reverse())
    await finishDirectory(path, entry, extraction).catch((error) =>
      extraction.onProblem(`${quoteName(entry.path)}: ${reasonOf(error)}`),
    )
}

async function place(file: ArchivedFile, path: RawName[], extraction: Extraction): Promise<void> {
  const {directory: root, name: renamed, owners} = extraction
  const {entry} = file
  if (entry.kind === 'directory') return inDirectory(root, path, async () => {})
  const name = path.at(-1)
  if (name === undefined) throw new Obstacle('the destination is a directory')
  await inDirectory(root, path.slice(0, -1), async (directory) => {
    switch (entry.kind) {
      case 'file':
        return placeFile(directory, name, file, owners)
      case 'symlink':
        return replaceBySymlink(directory, name, entry.target ?? ('' as RawName), async (made) => {
          if (owners) await lchown(made, entry.uid, entry.gid)
          await lutimes(made, entry.mtimeSeconds, entry.mtimeSeconds)
        })
      case 'link': {
        const existing = safePath(entry.target ?? ('' as RawName), renamed)
        const linked = existing?.at(-1)
        if (!existing || linked === undefined) throw new Obstacle('a link to outside of the destination')
        return inDirectory(root, existing.slice(0, -1), (other) =>
          replaceByLink(directory, name, other.at(linked)),
        )
      }
      default:
        throw new Obstacle(`a ${entry.what}, which is left out`)
    }
  })
}

/** Puts a file of an archive under a name, in place of the file or symlink that has it. */
export function placeFile(
  directory: SafeDirectory,
  name: RawName,
  {entry, content}: ArchivedFile,
  owners: boolean,
): Promise<void> {
  return replaceByFile(directory, name, async (file) => {
    await writeWithHoles(file, content)
    await file.truncate(entry.sizeBytes)
    if (owners) await file.chown(entry.uid, entry.gid)
    await file.chmod(modeOf(entry, owners))
    await file.utimes(entry.mtimeSeconds, entry.mtimeSeconds)
  })
}

const holeBytes = 16 * 1024
const zeros = Buffer.alloc(holeBytes)

/** Most archives say nothing of a file's holes: what is nothing but zeros becomes one. */
async function writeWithHoles(file: FileHandle, content: AsyncIterable<Piece>): Promise<void> {
  for await (const {offset, bytes} of content) {
    let from = 0
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + holeBytes - ((offset + at) % holeBytes))
      if (bytes.subarray(at, end).equals(zeros.subarray(0, end - at))) {
        await writeAll(file, bytes.subarray(from, at), offset + from)
        from = end
      }
      at = end
    }
    await writeAll(file, bytes.subarray(from), offset + from)
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
}

async function finishDirectory(
  path: RawName[],
  entry: Entry,
  {directory, owners}: Extraction,
): Promise<void> {
  // The destination itself keeps what it has.
  if (path.length === 0) return
  await inDirectory(directory, path, async ({self}) => {
    if (owners) await lchown(self, entry.uid, entry.gid)
    // The time first: the mode may be one that keeps its owner out.
    await utimes(self, entry.mtimeSeconds, entry.mtimeSeconds)
    await chmod(self, modeOf(entry, owners))
  })
}

/** Goes into a directory below `root`, made where it is missing, for the time of `work`. */
async function inDirectory(
  root: SafeDirectory,
  path: readonly RawName[],
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

function modeOf({mode}: Entry, owners: boolean): number {
  return mode & (owners ? 0o7777 : 0o777)
}

/** The parts of a name in the archive, with the first one replaced; undefined where it would lead out. */
function safePath(path: RawName, name: RawName | undefined): RawName[] | undefined {
  const parts = partsOf(path)
  if (path.startsWith('/') || parts.includes('..' as RawName)) return undefined
  return name === undefined ? parts : [...partsOf(name), ...parts.slice(1)]
}

function quoteName(path: RawName): string {
  return JSON.stringify(printableName(path))
}
