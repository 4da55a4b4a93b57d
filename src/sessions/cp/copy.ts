import {posix} from 'node:path'
import {addAbortSignal, PassThrough, Readable, type Writable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {UserError} from '../../errors/errors.js'
import {StreamError} from '../../streaming/index.js'
import {
  archiveFrom,
  type CopyContext,
  endOfContainerLinks,
  isContainerDevice,
  isContainerDirectory,
  NoTarError,
  readFrom,
  takesHoles,
  unpackFile,
  unpackInto,
} from './container.js'
import {splitPath} from './copy-path.js'
import {openDestination} from './destination.js'
import {paddingOf} from './entry.js'
import {extract} from './extract.js'
import {isKernelPath, isSettingsPath} from './kernel-files.js'
import {type NodeRoot, openInRoot, openNodeRoot, resolveInRoot} from './node-root.js'
import {pack} from './pack.js'
import {type RawName, rawName} from './raw-name.js'
import {reasonOf} from './reasons.js'
import type {SafeDirectory} from './safe-directory.js'
import {followHere, followInRoot, lookAtEnd, lookHere, lookInRoot} from './source.js'
import {endOfArchive, headerOf} from './tar-write.js'

export interface Copy extends CopyContext {
  /** Copy what symlinks point to. */
  follow: boolean
  /** Keep owners' numbers and setuid bits. */
  owners: boolean
  /** Told of each file that was left out, in one line; the others are copied. */
  onProblem: (text: string) => void
  /** Told of what is as it should be, and may still surprise. */
  onNote: (text: string) => void
  /** Told which way the files went. */
  onWay: (text: string) => void
}

/** Copies a path of the container to one here, or as a tar stream to a Writable, which stays open. */
export async function copyOut(copy: Copy, path: string, destination: string | Writable): Promise<void> {
  const source = splitPath(path)
  if (typeof destination !== 'string')
    return throughTarOrNode(
      copy,
      () => archiveByTar(copy, path, destination),
      (root) =>
        withArchiveFromRoot(copy, root, path, true, (archive) =>
          pipeline(archive, destination, {signal: copy.signal, end: false}),
        ),
    )
  const owners = copy.owners && process.getuid?.() === 0
  const {directory, name, onDisk, takeTop} = await openDestination(destination, source.name, {
    ...copy,
    owners,
  })
  await using _ = directory
  const {onProblem} = copy
  const unpack = (archive: Readable) =>
    extract(archive, {directory, name, owners, onProblem, ...(takeTop ? {takeTop} : {})})
  await throughTarOrNode(
    copy,
    () => unpackWhile(copy, (output) => archiveByTar(copy, path, output), unpack),
    (root) => withArchiveFromRoot(copy, root, path, onDisk, unpack),
  )
}

/** What is to go into a container. */
export interface LocalSource extends AsyncDisposable {
  /** As the user wrote it. */
  path: string
  isFile: boolean
  /** A tar stream of it under this name; undefined: a directory's contents without itself. */
  archive: (name: RawName | undefined, takesHoles: () => Promise<boolean>) => Readable
}

/** A file or directory of this machine. Throws UserError. */
export async function openLocalSource(
  copy: Pick<Copy, 'follow' | 'owners' | 'onProblem' | 'onNote'>,
  path: string,
): Promise<LocalSource> {
  const {name} = splitPath(path)
  const here = await lookHere(path, copy.follow || name === undefined).catch(
    (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'no such file here' : reasonOf(error)
      throw new UserError(`${path}: ${why}`, {cause: error})
    },
  )
  return {
    path,
    isFile: here.found.kind === 'file',
    archive: (archived, takesHoles) =>
      pack({
        ...copy,
        shown: path,
        source: here,
        name: archived,
        follow: copy.follow ? followHere : undefined,
        foreign: false,
        takesHoles,
      }),
    [Symbol.asyncDispose]: () => here.found[Symbol.asyncDispose](),
  }
}

/** Unpacks what was archived of that path of a container elsewhere. */
export async function unpackHere(
  archive: Readable,
  path: string,
  destination: string,
  copy: Pick<Copy, 'owners' | 'onProblem' | 'signal'>,
): Promise<void> {
  const owners = copy.owners && process.getuid?.() === 0
  const {directory, name, takeTop} = await openDestination(destination, splitPath(path).name, {
    ...copy,
    owners,
  })
  await using _ = directory
  const {onProblem} = copy
  await extract(archive, {directory, name, owners, onProblem, ...(takeTop ? {takeTop} : {})})
}

/** Copies a path here, or a tar stream, to a path of the container. */
export async function copyIn(
  copy: Copy,
  source: string | Readable | LocalSource,
  path: string,
): Promise<void> {
  if (typeof source === 'string') {
    await using local = await openLocalSource(copy, source)
    return await copyIn(copy, local, path)
  }
  if (!('archive' in source)) return copyArchiveIn(copy, source, path)
  const {isFile} = source
  await throughTarOrNode(
    copy,
    async () => {
      const target = await targetInside(copy, path, source.path, isFile)
      const holes = once(() => holesByTar(copy))
      const archive = (archived: string | undefined) =>
        source.archive(archived === undefined ? undefined : rawName(archived), holes)
      if (target.name === undefined || !isFile)
        return unpackInto(copy, target.directory, archive(target.name))
      return unpackFile(copy, {...target, name: target.name}, archive)
    },
    async (root) => {
      const target = await targetInRoot(copy, root, path, source.path, isFile)
      await using _ = target.directory
      const archive = addAbortSignal(
        copy.signal,
        source.archive(target.name, async () => true),
      )
      await extract(archive, {...target, owners: true, onProblem: copy.onProblem})
    },
  )
}

async function copyArchiveIn(copy: Copy, archive: Readable, path: string): Promise<void> {
  const noDirectory = new UserError(`${copy.reference}:${path}: no such directory in the container`)
  await throughTarOrNode(
    copy,
    async () => {
      if (!(await isContainerDirectory(copy, path))) throw noDirectory
      await unpackInto(copy, path, archive)
    },
    async (root) => {
      const {directory} = await openInRoot(root, rawName(path)).catch((cause) => {
        throw new UserError(noDirectory.message, {cause})
      })
      await using _ = directory
      addAbortSignal(copy.signal, archive)
      await extract(archive, {directory, name: undefined, owners: true, onProblem: copy.onProblem})
    },
  )
}

/** Tries the container's tar; where none can run, its files by way of the node. */
async function throughTarOrNode(
  copy: Copy,
  byTar: () => Promise<void>,
  byNode: (root: SafeDirectory) => Promise<void>,
): Promise<void> {
  try {
    await byTar()
    copy.onWay('copied through tar in the container')
  } catch (error) {
    if (!(error instanceof NoTarError)) throw error
    const root = await openNodeRoot(copy.client, copy.containerId)
    if (root === undefined) throw withoutNode(copy, error)
    await using _ = root.directory
    await byNode(root.directory)
    copy.onWay(wayThrough(root, error))
  }
}

function wayThrough({path}: NodeRoot, {cause}: NoTarError): string {
  const why = isMissingProgram(cause) ? 'the container has no tar' : 'tar cannot run in the container'
  return `copied through ${path}: ${why}`
}

function withoutNode({reference}: Copy, error: NoTarError): unknown {
  if (error.message === '' && !isMissingProgram(error.cause)) return error.cause
  return new UserError(error.message || `${reference} has no tar to copy with`, {
    facts: {about: 'no tar', container: reference},
    cause: error,
  })
}

function isMissingProgram(cause: unknown): boolean {
  return cause instanceof StreamError && cause.startFailure !== undefined
}

/** Unpacks what is archived meanwhile. What has come is finished also where the container's tar then fails. */
async function unpackWhile(
  copy: Copy,
  archive: (output: Writable) => Promise<void>,
  unpack: (archive: Readable) => Promise<void>,
): Promise<void> {
  const stream = new PassThrough()
  const archived = archive(stream).then(
    () => void stream.end(),
    (error) => {
      if (error instanceof UserError && !copy.signal.aborted) stream.end()
      else stream.destroy(error)
      throw error
    },
  )
  const unpacked = unpack(stream).catch((error) => {
    stream.destroy(error)
    throw error
  })
  const outcomes = await Promise.allSettled([archived, unpacked])
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

async function archiveByTar(copy: Copy, path: string, output: Writable): Promise<void> {
  if (!isKernelPath(path)) return archiveFrom(copy, {...splitPath(path), follow: copy.follow}, output)
  if (await isContainerDirectory(copy, path))
    throw new NoTarError(`${copy.reference}:${path}: its files do not know their size, which tar believes`)
  const bytes = await readFrom(copy, path)
  const about = {kind: 'file', mode: 0o444, uid: 0, gid: 0, mtimeSeconds: Date.now() / 1000} as const
  const header = headerOf({...about, path: rawName(posix.basename(path)), sizeBytes: bytes.length})
  const archive = [header, bytes, Buffer.alloc(paddingOf(bytes.length)), endOfArchive]
  await pipeline(Readable.from(archive, {objectMode: false}), output, {signal: copy.signal, end: false})
}

async function withArchiveFromRoot(
  copy: Copy,
  root: SafeDirectory,
  path: string,
  holes: boolean,
  work: (archive: Readable) => Promise<void>,
): Promise<void> {
  const {name} = splitPath(path)
  const source = await lookInRoot(root, path, copy.follow).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'no such file in the container' : reasonOf(error)
    throw new UserError(`${copy.reference}:${path}: ${why}`, {cause: error})
  })
  await using _ = source.found
  if (isSettingsPath(`/${source.path}`))
    throw new UserError(`${copy.reference}:${path}: its values are those of whoever reads them`, {
      facts: {about: 'values of the reader', container: copy.reference},
    })
  const archive = pack({
    ...copy,
    shown: `${copy.reference}:${path}`,
    source,
    name: name === undefined ? undefined : rawName(name),
    follow: copy.follow ? (symlink) => followInRoot(root, symlink) : undefined,
    owners: true,
    foreign: true,
    takesHoles: async () => holes,
  })
  await work(addAbortSignal(copy.signal, archive))
}

async function targetInside(
  copy: Copy,
  path: string,
  source: string,
  isFile: boolean,
): Promise<{directory: string; name: string | undefined}> {
  const [isDirectory, isDevice, end] = await Promise.all([
    isContainerDirectory(copy, path),
    isContainerDevice(copy, path),
    endOfContainerLinks(copy, path),
  ])
  if (isDirectory) return {directory: path, name: splitPath(source).name}
  refuseAsTarget(copy, path, isDevice)
  const {directory, name} = splitPath(isFile ? end : path)
  return {directory, name}
}

async function targetInRoot(
  copy: Copy,
  root: SafeDirectory,
  path: string,
  source: string,
  isFile: boolean,
): Promise<{directory: SafeDirectory; name: RawName | undefined}> {
  const {name: sourceName} = splitPath(source)
  const end = await lookAtEnd(root, rawName(path)).catch(() => undefined)
  const kind = end?.found.kind
  await end?.found.close()
  try {
    if (kind === 'directory')
      return {
        ...(await openInRoot(root, rawName(path))),
        name: sourceName === undefined ? undefined : rawName(sourceName),
      }
    refuseAsTarget(copy, path, kind === 'other')
    if (isFile) {
      const {directory, name} = await resolveInRoot(root, rawName(path))
      return {directory, name}
    }
    return {
      ...(await openInRoot(root, rawName(posix.dirname(path)))),
      name: rawName(posix.basename(path)),
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`${copy.reference}:${posix.dirname(path)}: no such directory in the container`, {
      cause,
    })
  }
}

function refuseAsTarget({reference}: Copy, path: string, isDevice: boolean): void {
  if (path.endsWith('/')) throw new UserError(`${reference}:${path}: no such directory in the container`)
  if (isDevice)
    throw new UserError(`${reference}:${path}: it is a device, pipe or socket`, {
      facts: {about: 'device in a container', container: reference, path},
    })
}

async function holesByTar(copy: Copy): Promise<boolean> {
  const takes = await takesHoles(copy)
  if (!takes) copy.onNote("the container's tar knows no holes: files that have some grow to their full size")
  return takes
}

function once<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let answer: Promise<Value> | undefined
  return () => {
    answer ??= ask()
    return answer
  }
}
