import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'

const {O_NOFOLLOW, O_NONBLOCK, O_RDONLY} = constants

interface OwnFile {
  bytes: Buffer
  mtimeMs: number
}

/** Throws for what is no ordinary file of the user's; neither waits for a pipe's writer nor reads without an end. */
export function readOwnFile(path: string, uid: number, mostBytes: number): OwnFile {
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const found = fstatSync(descriptor)
    if (!found.isFile() || found.uid !== uid || (found.mode & 0o022) !== 0 || found.size > mostBytes)
      throw new Error('no such file')
    return {bytes: readFileSync(descriptor), mtimeMs: found.mtimeMs}
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Writes a file that only the user can read. Whoever reads meanwhile has all of the old content or all of the new one;
 * `beside` is where that lies until it is whole. Throws as the file system does.
 */
export function replaceFile(path: string, content: Buffer | string, beside: string): void {
  const descriptor = openSync(beside, 'wx', 0o600)
  try {
    writeFileSync(descriptor, content)
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, {force: true})
    throw error
  } finally {
    closeSync(descriptor)
  }
}
