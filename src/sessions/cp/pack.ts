import type {FileHandle} from 'node:fs/promises'
import {Readable} from 'node:stream'
import {UserError} from '../../errors/errors.js'
import {type Entry, type Part, paddingOf} from './entry.js'
import {isKernelFileSystem, isProcesses} from './kernel-files.js'
import {joinRaw, printableName, type RawName} from './raw-name.js'
import {Obstacle, reasonOf} from './reasons.js'
import type {Found, SafeDirectory} from './safe-directory.js'
import type {Source, Symlink} from './source.js'
import {endOfArchive, headerOf} from './tar-write.js'

export interface Packing {
  /** The source, as the user wrote it. */
  shown: string
  /** What is archived, with all that is below it; stays open. */
  source: Source
  /** What it is called in the archive; undefined: a directory's contents without itself. */
  name: RawName | undefined
  /** Archives what a symlink points to; without this the symlink. */
  follow?: ((symlink: Symlink) => Promise<Source>) | undefined
  /** Keep the owners' numbers; else everything is root's. */
  owners: boolean
  /** Whether it is another's: what the kernel says of whoever reads is not for it. */
  foreign: boolean
  /** Asked at the first file with holes: whether who unpacks knows of them. */
  takesHoles: () => Promise<boolean>
  /** Told of what cannot be archived, such as a socket. The rest is. */
  onProblem: (text: string) => void
  /** Told of what is left out because nobody would want it. */
  onNote: (text: string) => void
}

/**
 * A tar stream of a file, or of a directory with everything below it. The tree is walked by descriptors: each directory
 * is opened in the one above it without following, so that whoever exchanges paths meanwhile leads nowhere else.
 */
export function pack(packing: Packing): Readable {
  return Readable.from(new Packer(packing).pack(), {objectMode: false})
}

interface Step {
  directory: SafeDirectory
  identity: string
  /** Names that are still to be taken, the next one last. */
  names: RawName[]
  /** In the archive. */
  archived: RawName
  /** Where it is. */
  path: RawName
  device: bigint
}

/** Up to here a file is read before its size is told: the kernel's own files do not know it. */
const smallBytes = 256 * 1024
/** What says it is empty and is not. */
const longestUnsized = 16 * 1024 * 1024
const chunkBytes = 256 * 1024
const holeBytes = 4096
const mostParts = 100_000

class Packer {
  readonly #packing: Packing
  readonly #steps: Step[] = []
  /** Paths in the archive of files with several names. */
  readonly #linked = new Map<string, RawName>()
  #inProcesses = false

  constructor(packing: Packing) {
    this.#packing = packing
  }

  async *pack(): AsyncGenerator<Buffer> {
    const {shown, source, name, foreign} = this.#packing
    try {
      this.#inProcesses =
        foreign && source.found.kind !== 'symlink' && isProcesses(await source.found.fileSystem())
      try {
        yield* this.#thing(source, name ?? ('.' as RawName))
      } catch (error) {
        throw new UserError(`${shown}: ${reasonOf(error)}`, {cause: error})
      }
      for (let step = this.#steps.at(-1); step; step = this.#steps.at(-1)) {
        const next = step.names.pop()
        if (next === undefined) {
          this.#steps.pop()
          await step.directory.close()
        } else yield* this.#named(step, next)
      }
      yield endOfArchive
    } finally {
      for (const {directory} of this.#steps) await directory.close()
    }
  }

  async *#named(step: Step, name: RawName): AsyncGenerator<Buffer> {
    const archived = joinRaw(step.archived, name)
    let source: Source | undefined
    try {
      source = await this.#look(step, name)
      yield* this.#thing(source, archived)
    } catch (error) {
      this.#leaveOut(archived, error)
    } finally {
      await source?.found.close()
    }
  }

  async #look({directory, path: above, identity}: Step, name: RawName): Promise<Source> {
    const path = joinRaw(above, name)
    if (this.#inProcesses && name === 'sys' && identity.endsWith(':1'))
      throw new Obstacle('its values are those of whoever reads them')
    const found = await directory.look(name)
    if (found.kind !== 'symlink') return {found, path}
    const {follow} = this.#packing
    try {
      if (!follow) return {found, path, target: await symlinkText(directory, name)}
    } catch (error) {
      await found.close()
      throw error
    }
    await found.close()
    try {
      return await follow({directory, name, path: above})
    } catch {
      throw new Obstacle('what it points to cannot be reached')
    }
  }

  async *#thing(source: Source, archived: RawName): AsyncGenerator<Buffer> {
    const {found} = source
    switch (found.kind) {
      case 'directory':
        return yield* this.#directory(source, archived)
      case 'file':
        return yield* this.#file(found, archived)
      case 'symlink':
        if (source.target === undefined) throw new Obstacle('what it points to cannot be reached')
        return yield headerOf({...this.#entryOf(found, archived), kind: 'symlink', target: source.target})
      default:
        throw new Obstacle('it is neither file, directory nor symlink')
    }
  }

  async *#directory({found, path}: Source, archived: RawName): AsyncGenerator<Buffer> {
    if (this.#steps.some(({identity}) => identity === found.identity))
      throw new Obstacle('it is the same as a directory above it')
    const above = this.#steps.at(-1)
    const {dev} = found.stats
    const unwanted =
      above !== undefined && above.device !== dev && isKernelFileSystem(await found.fileSystem())
    const directory = await found.enter()
    try {
      const names = unwanted ? [] : (await directory.list()).reverse()
      this.#steps.push({directory, identity: found.identity, names, archived, path, device: dev})
    } catch (error) {
      await directory.close()
      throw error
    }
    if (unwanted)
      this.#packing.onNote(`${printableName(archived)}: its contents are left out: the kernel makes them up`)
    yield headerOf({...this.#entryOf(found, archived), kind: 'directory'})
  }

  async *#file(found: Found, archived: RawName): AsyncGenerator<Buffer> {
    const entry = this.#entryOf(found, archived)
    const earlier = this.#linked.get(found.identity)
    if (earlier !== undefined) return yield headerOf({...entry, kind: 'link', target: earlier})
    await using file = await found.open()
    const {size, blocks} = found.stats
    if (size <= smallBytes) yield* this.#small(file, entry, Number(size))
    else if (blocks * 512n < size && (await this.#packing.takesHoles()))
      yield* this.#withHoles(file, entry, Number(size))
    else yield* this.#large(file, {...entry, sizeBytes: Number(size)})
    if (found.stats.nlink > 1n) this.#linked.set(found.identity, archived)
    const now = await file.stat({bigint: true})
    if (size > 0n && (now.size !== size || now.mtimeNs !== found.stats.mtimeNs))
      this.#packing.onProblem(`${printableName(archived)}: it changed while it was read`)
  }

  async *#small(file: FileHandle, entry: Entry, size: number): AsyncGenerator<Buffer> {
    const chunks: Buffer[] = []
    let length = 0
    for (;;) {
      const room = size > 0 ? size - length : chunkBytes
      const chunk = await readAt(file, length, room)
      chunks.push(chunk)
      length += chunk.length
      if (chunk.length === 0 || (size > 0 && length === size)) break
      if (length > longestUnsized) throw new Obstacle('it says that it is empty, and has no end')
    }
    yield headerOf({...entry, sizeBytes: length})
    yield* chunks
    yield Buffer.alloc(paddingOf(length))
  }

  async *#large(file: FileHandle, entry: Entry): AsyncGenerator<Buffer> {
    yield headerOf(entry)
    yield* this.#content(file, entry, [{offset: 0, sizeBytes: entry.sizeBytes}])
  }

  async *#withHoles(file: FileHandle, entry: Entry, sizeBytes: number): AsyncGenerator<Buffer> {
    const parts = await partsOfFile(file, sizeBytes)
    if (parts === undefined) return yield* this.#large(file, {...entry, sizeBytes})
    yield headerOf({...entry, sizeBytes, parts})
    yield* this.#content(file, entry, parts)
  }

  /** What cannot be read any more is filled up: the archive has already said how much there is. */
  async *#content(file: FileHandle, entry: Entry, parts: readonly Part[]): AsyncGenerator<Buffer> {
    let failed = false
    for (const {offset, sizeBytes} of parts)
      for (let done = 0; done < sizeBytes; ) {
        const wanted = Math.min(chunkBytes, sizeBytes - done)
        let chunk: Buffer = Buffer.alloc(0)
        try {
          if (!failed) chunk = await readAt(file, offset + done, wanted)
        } catch (error) {
          failed = true
          this.#packing.onProblem(`${printableName(entry.path)}: not whole, ${reasonOf(error)}`)
        }
        const bytes = chunk.length > 0 ? chunk : Buffer.alloc(wanted)
        yield bytes
        done += bytes.length
      }
    yield Buffer.alloc(paddingOf(parts.reduce((sum, part) => sum + part.sizeBytes, 0)))
  }

  #entryOf({stats}: Found, archived: RawName): Entry {
    const {owners} = this.#packing
    return {
      path: archived,
      kind: 'file',
      mode: Number(stats.mode & 0o7777n),
      uid: owners ? Number(stats.uid) : 0,
      gid: owners ? Number(stats.gid) : 0,
      sizeBytes: 0,
      mtimeSeconds: Number(stats.mtimeNs) / 1e9,
    }
  }

  #leaveOut(archived: RawName, error: unknown): void {
    const {code} = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'it has gone meanwhile' : reasonOf(error)
    this.#packing.onProblem(`${printableName(archived)}: left out, ${why}`)
  }
}

async function symlinkText(directory: SafeDirectory, name: RawName): Promise<RawName> {
  const target = await directory.linkTarget(name)
  if (target === undefined) throw new Obstacle('it was exchanged while it was read')
  return target
}

/** Less than was asked for only at the end. */
async function readAt(file: FileHandle, offset: number, count: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(count)
  let length = 0
  while (length < count) {
    const {bytesRead} = await file.read(buffer, length, count - length, offset + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

/** Where a file is not nothing but zeros; undefined where that would take too many words. */
async function partsOfFile(file: FileHandle, sizeBytes: number): Promise<Part[] | undefined> {
  const zeros = Buffer.alloc(chunkBytes)
  const parts: Part[] = []
  for (let at = 0; at < sizeBytes; at += chunkBytes) {
    const chunk = await readAt(file, at, Math.min(chunkBytes, sizeBytes - at))
    if (chunk.equals(zeros.subarray(0, chunk.length))) continue
    for (let from = 0; from < chunk.length; from += holeBytes) {
      const piece = chunk.subarray(from, from + holeBytes)
      if (piece.equals(zeros.subarray(0, piece.length))) continue
      const last = parts.at(-1)
      if (last && last.offset + last.sizeBytes === at + from) last.sizeBytes += piece.length
      else parts.push({offset: at + from, sizeBytes: piece.length})
    }
    if (parts.length > mostParts) return undefined
  }
  // GNU tar takes the size from the last part.
  const last = parts.at(-1)
  if (!last || last.offset + last.sizeBytes < sizeBytes) parts.push({offset: sizeBytes, sizeBytes: 0})
  return parts
}
