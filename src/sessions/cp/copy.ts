import {lstat, mkdir, stat} from 'node:fs/promises'
import {basename, dirname, posix} from 'node:path'
import type {Readable, Writable} from 'node:stream'
import {finished, pipeline} from 'node:stream/promises'
import {UserError} from '../../errors/errors.js'
import {archiveFrom, type CopyContext, isContainerDirectory, NoTarError, unpackInto} from './container.js'
import {createExtractor} from './extract.js'
import {nodeRootOf, openInRoot} from './node-root.js'
import {pack} from './pack.js'
import {splitPath} from './places.js'

export interface Copy extends CopyContext {
  /** Copy what symlinks point to. */
  follow: boolean
  /** Keep owners' numbers and setuid bits. */
  owners: boolean
  /** Told of each file that was left out, in one line; the others are copied. */
  onProblem: (text: string) => void
  /** Told which way the files went. */
  onWay: (text: string) => void
}

/** Copies a path of the container to one here, or as a tar stream to a Writable, which stays open. */
export function copyOut(copy: Copy, path: string, destination: string | Writable): Promise<void> {
  const source = splitPath(path)
  return throughTarOrNode(copy, async (root) => {
    const archive = (output: Writable): Promise<void> =>
      root === undefined
        ? archiveFrom(copy, {...source, follow: copy.follow}, output)
        : archiveFromRoot(copy, root, source, output)
    if (typeof destination !== 'string') return archive(destination)
    const {input} = await createExtractor({
      ...(await targetHere(destination, source.name)),
      owners: copy.owners && process.getuid?.() === 0,
      onProblem: copy.onProblem,
    })
    try {
      await archive(input)
      await finished(input.end())
    } finally {
      input.destroy()
    }
  })
}

/** Copies a path here, or a tar stream, to a path of the container. */
export async function copyIn(copy: Copy, source: string | Readable, path: string): Promise<void> {
  if (typeof source === 'string') await mustExist(source, copy.follow)
  await throughTarOrNode(copy, async (root) => {
    const isDirectory =
      root === undefined ? await isContainerDirectory(copy, path) : await isRootDirectory(root, path)
    const {directory, name} = targetInside(copy, path, isDirectory, source)
    const archive = typeof source === 'string' ? await pack({...copy, source, name}) : source
    if (root === undefined) await unpackInto(copy, directory, archive)
    else await unpackIntoRoot(copy, root, directory, archive)
  })
}

/** Tries the container's tar; where there is none, its files by way of the node. */
async function throughTarOrNode(
  copy: Copy,
  work: (root: string | undefined) => Promise<void>,
): Promise<void> {
  try {
    await work(undefined)
    copy.onWay('copied through tar in the container')
  } catch (error) {
    if (!(error instanceof NoTarError)) throw error
    const root = await nodeRootOf(copy.client, copy.containerId)
    if (root === undefined)
      throw new UserError(`${copy.reference} has no tar to copy with`, {
        facts: {about: 'no tar', container: copy.reference},
        cause: error,
      })
    await work(root)
    copy.onWay(`copied through ${root}: the container has no tar`)
  }
}

/** A directory that is there gets the source inside it; what is not there becomes the source. */
async function targetHere(
  destination: string,
  sourceName: string | undefined,
): Promise<{directory: string; name: string | undefined}> {
  if (await isDirectoryHere(destination)) return {directory: destination, name: sourceName}
  if (destination.endsWith('/')) throw new UserError(`${destination}: no such directory here`)
  const parent = dirname(destination)
  if (!(await isDirectoryHere(parent))) throw new UserError(`${parent}: no such directory here`)
  if (sourceName !== undefined) return {directory: parent, name: basename(destination)}
  await mkdir(destination)
  return {directory: destination, name: undefined}
}

function targetInside(
  {reference}: Copy,
  path: string,
  isDirectory: boolean,
  source: string | Readable,
): {directory: string; name: string | undefined} {
  if (isDirectory)
    return {directory: path, name: typeof source === 'string' ? splitPath(source).name : undefined}
  if (path.endsWith('/') || typeof source !== 'string')
    throw new UserError(`${reference}:${path}: no such directory in the container`)
  return {directory: posix.dirname(path), name: posix.basename(path)}
}

async function isDirectoryHere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Whatever is wrong with it, it is no directory to copy into.
    return false
  }
}

async function mustExist(path: string, follow: boolean): Promise<void> {
  try {
    await (follow ? stat : lstat)(path)
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    throw new UserError(`${path}: ${code === 'ENOENT' ? 'no such file here' : code}`, {cause: error})
  }
}

async function isRootDirectory(root: string, path: string): Promise<boolean> {
  try {
    await (await openInRoot(root, path)).close()
    return true
  } catch {
    // As above.
    return false
  }
}

async function archiveFromRoot(
  copy: Copy,
  root: string,
  {directory, name}: {directory: string; name: string | undefined},
  output: Writable,
): Promise<void> {
  const place = await openInRoot(root, directory).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${copy.reference}:${directory}: ${error.code}`, {cause: error})
  })
  try {
    const target = copy.follow && name !== undefined ? await place.linkTarget(name) : undefined
    if (target !== undefined) {
      const linked = splitPath(posix.resolve(directory, target))
      return await archiveFromRoot(copy, root, {...linked, name: linked.name ?? '.'}, output)
    }
    const archive = await pack({
      source: place.at(name ?? '.'),
      name,
      // A symlink in the container would lead to a file of the node.
      follow: false,
      owners: true,
      onProblem: copy.onProblem,
    })
    await pipeline(archive, output, {signal: copy.signal, end: false})
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new UserError(
        `${copy.reference}:${posix.join(directory, name ?? '')}: no such file in the container`,
      )
    throw error
  } finally {
    await place.close()
  }
}

async function unpackIntoRoot(copy: Copy, root: string, directory: string, archive: Readable): Promise<void> {
  const place = await openInRoot(root, directory).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${copy.reference}:${directory}: no such directory in the container`, {cause: error})
  })
  try {
    const {input} = await createExtractor({
      directory: place.at('.'),
      name: undefined,
      owners: true,
      onProblem: copy.onProblem,
    })
    await pipeline(archive, input, {signal: copy.signal})
  } finally {
    await place.close()
  }
}
