import {randomBytes} from 'node:crypto'
import {constants} from 'node:fs'
import {type FileHandle, link, lstat, open, rename, symlink, unlink} from 'node:fs/promises'
import {bytesOf, type RawName, rawName} from './raw-name.js'
import {Obstacle} from './reasons.js'
import type {SafeDirectory} from './safe-directory.js'

const freshFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** A name beside others for what is not whole yet. */
export function passingName(): RawName {
  return rawName(`.crisp-${randomBytes(6).toString('hex')}`)
}

/** Writes a file, which gets its name, and takes the place of what has it, when it is whole. */
export async function replaceByFile(
  directory: SafeDirectory,
  name: RawName,
  fill: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const replaces = await mayReplace(directory, name)
  await throughPassingName(directory, name, async (path) => {
    const file = await open(path, freshFile, 0o600)
    try {
      await fill(file)
      // A name is on the disk sooner than what it names: after a crash the old content would be gone, the new not there.
      if (replaces) await file.sync()
    } finally {
      await file.close()
    }
  })
}

export async function replaceBySymlink(
  directory: SafeDirectory,
  name: RawName,
  target: RawName,
  finish: (path: Buffer) => Promise<void>,
): Promise<void> {
  await mayReplace(directory, name)
  await throughPassingName(directory, name, async (path) => {
    await symlink(bytesOf(target), path)
    await finish(path)
  })
}

export async function replaceByLink(
  directory: SafeDirectory,
  name: RawName,
  existing: Buffer,
): Promise<void> {
  await mayReplace(directory, name)
  await throughPassingName(directory, name, (path) => link(existing, path))
}

async function throughPassingName(
  directory: SafeDirectory,
  name: RawName,
  make: (path: Buffer) => Promise<void>,
): Promise<void> {
  const path = directory.at(passingName())
  try {
    await make(path)
    await rename(path, directory.at(name))
  } finally {
    // After a failure; and two names of one file are not renamed into each other.
    await unlink(path).catch(() => undefined)
  }
}

/** Whether there is something to replace. Throws for a directory, and for what is nothing to write over. */
async function mayReplace(directory: SafeDirectory, name: RawName): Promise<boolean> {
  try {
    const there = await lstat(directory.at(name))
    if (there.isDirectory()) throw new Obstacle('a directory is in its place')
    if (!there.isFile() && !there.isSymbolicLink())
      throw new Obstacle('a device, pipe or socket is in its place')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
