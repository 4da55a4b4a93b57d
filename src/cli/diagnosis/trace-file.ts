import {closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, writeSync} from 'node:fs'
import {UserError} from '../../errors/errors.js'

/**
 * A file that only its owner reads, new or emptied. What stands there already has to be a plain file of the user's with
 * no other name: a link that somebody else has put there would lead root's words to any file. Throws UserError.
 */
export function openTraceFile(path: string): (text: string) => void {
  const refused = (reason: string, cause?: unknown) =>
    new UserError(`--trace-file: cannot write ${path}: ${reason}`, {cause})
  let descriptor: number
  try {
    const {O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_APPEND} = constants
    descriptor = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_APPEND, 0o600)
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException
    throw refused(code === 'ELOOP' ? 'it is a link, which is not followed' : message, error)
  }
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile()) throw refused('it is no plain file')
    if (status.uid !== process.geteuid?.()) throw refused('it belongs to somebody else')
    if (status.nlink !== 1) throw refused('it has another name')
    fchmodSync(descriptor, 0o600)
    ftruncateSync(descriptor)
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
  return (text) => {
    try {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    } catch (error) {
      throw refused((error as Error).message, error)
    }
  }
}

/** The same, which says once that it fails, and goes on without. */
export function untilItFails(
  write: (text: string) => void,
  note: (text: string) => void,
): (text: string) => void {
  let hasFailed = false
  return (text) => {
    if (hasFailed) return
    try {
      write(text)
    } catch (error) {
      hasFailed = true
      note((error as Error).message)
    }
  }
}
