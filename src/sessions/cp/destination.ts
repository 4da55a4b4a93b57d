import {constants, type Stats, write} from 'node:fs'
import {type FileHandle, lstat, mkdir, open, readlink, stat} from 'node:fs/promises'
import {basename, dirname, resolve} from 'node:path'
import type {Writable} from 'node:stream'
import {setTimeout} from 'node:timers/promises'
import {promisify} from 'node:util'
import {UserError} from '../../errors/errors.js'
import {placeFile} from './extract.js'
import {type RawName, rawName} from './raw-name.js'
import {Obstacle} from './reasons.js'
import {SafeDirectory} from './safe-directory.js'
import type {ArchivedFile} from './tar-read.js'

/** Where a copy goes on this machine. Whoever opens it closes the directory. */
export interface Destination {
  directory: SafeDirectory
  /** What the source becomes there; undefined: its contents go into the directory. */
  name: RawName | undefined
  /** Whether files end up on a disk, where they can have holes. */
  onDisk: boolean
  takeTop?: (file: ArchivedFile) => Promise<boolean>
}

/**
 * A directory that is there gets the source inside it; what is not there becomes the source. What the user named is the
 * user's: a file is written through a symlink or into a device of this name.
 */
export async function openDestination(
  path: string,
  sourceName: string | undefined,
  {owners, signal}: {owners: boolean; signal: AbortSignal},
): Promise<Destination> {
  const there = await lookAt(path)
  const name = sourceName === undefined ? undefined : rawName(sourceName)
  if (there?.isDirectory()) return {directory: await SafeDirectory.open(path), name, onDisk: true}
  if (path.endsWith('/')) throw new UserError(`${path}: no such directory here`)
  const directory = await openParent(path)
  const typed = rawName(basename(path))
  try {
    if (there && (!there.isFile() || descriptorIn(path) !== undefined)) {
      const takeTop = writingInto(path, there, signal)
      return {directory, name: typed, onDisk: false, takeTop}
    }
    if (name === undefined) {
      await mkdir(path)
      return {directory: await enterAndClose(directory, typed), name, onDisk: true}
    }
    const linked = await endOfLinks(path)
    if (linked === path) return {directory, name: typed, onDisk: true}
    const takeTop = async (file: ArchivedFile): Promise<boolean> => {
      if (file.entry.kind !== 'file') return false
      await using other = await openParent(linked)
      await placeFile(other, rawName(basename(linked)), file, owners)
      return true
    }
    return {directory, name: typed, onDisk: true, takeTop}
  } catch (error) {
    await directory.close()
    throw error
  }
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch {
    // Whatever is wrong with it, it is nothing to copy into.
    return undefined
  }
}

async function openParent(path: string): Promise<SafeDirectory> {
  const parent = dirname(path)
  if (!(await lookAt(parent))?.isDirectory()) throw new UserError(`${parent}: no such directory here`)
  return SafeDirectory.open(parent)
}

async function enterAndClose(directory: SafeDirectory, name: RawName): Promise<SafeDirectory> {
  await using _ = directory
  return await directory.enter(name)
}

const linkLimit = 40

/** What the symlinks of a path's last part lead to, be it there or not. */
async function endOfLinks(path: string): Promise<string> {
  let at = path
  for (let links = 0; links < linkLimit; links++) {
    const isLink = await lstat(at).then(
      (there) => there.isSymbolicLink(),
      () => false,
    )
    if (!isLink) return at
    at = resolve(dirname(at), await readlink(at))
  }
  throw new UserError(`${path}: too many symlinks`)
}

/** The number of an open file of our own that a path stands for: reopened or replaced it would be another one. */
function descriptorIn(path: string): number | undefined {
  const [, stream, number] =
    /^\/dev\/(stdin|stdout|stderr)$|^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(path) ?? []
  if (stream !== undefined) return ['stdin', 'stdout', 'stderr'].indexOf(stream)
  return number === undefined ? undefined : Number(number)
}

function writingInto(
  path: string,
  there: Stats,
  signal: AbortSignal,
): (file: ArchivedFile) => Promise<boolean> {
  let used = false
  return async ({entry, content}) => {
    if (entry.kind !== 'file' || used) throw new Obstacle(`only one file can be written to ${path}`)
    used = true
    const device = await openDevice(path, there, signal)
    try {
      let written = 0
      for await (const {offset, bytes} of content) {
        if (offset !== written) throw new Obstacle(`a file with holes cannot be written to ${path}`)
        await device.write(bytes)
        written += bytes.length
      }
    } finally {
      await device.close()
    }
    return true
  }
}

interface Device {
  write(bytes: Buffer): Promise<void>
  close(): Promise<void>
}

const writeTo = promisify(write)
const lookAgainMs = 20

async function openDevice(path: string, there: Stats, signal: AbortSignal): Promise<Device> {
  const descriptor = descriptorIn(path)
  const standard = ([undefined, process.stdout, process.stderr] as const)[descriptor ?? 0]
  if (standard) return {write: (bytes) => writeToStream(standard, bytes), close: async () => {}}
  // A regular file goes on where it is, which a second opening would not know.
  if (descriptor !== undefined && there.isFile())
    return {write: (bytes) => writeWhenReady(descriptor, bytes, signal), close: async () => {}}
  const file = await openWhenReady(path, signal)
  return {write: (bytes) => writeWhenReady(file.fd, bytes, signal), close: () => file.close()}
}

function writeToStream(stream: Writable, bytes: Buffer): Promise<void> {
  return new Promise((done, failed) => {
    stream.write(bytes, (error) => (error ? failed(error) : done()))
  })
}

/** A pipe may have no reader yet. To block in the kernel would be past every signal. */
async function openWhenReady(path: string, signal: AbortSignal): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error
      await setTimeout(lookAgainMs, undefined, {signal})
    }
  }
}

async function writeWhenReady(fd: number, bytes: Buffer, signal: AbortSignal): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += (await writeTo(fd, bytes, done, bytes.length - done, null)).bytesWritten
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await setTimeout(lookAgainMs, undefined, {signal})
    }
  }
}
