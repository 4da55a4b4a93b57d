import {lstatSync, mkdirSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {UserError} from '../errors/errors.js'

/** What is said where a folder cannot be made, for that reason. */
type Refusal = (reason: string) => string

const openToOthers = 0o077
const writableByOthers = 0o022

/** The user's folder for what lasts as long as the session on this machine; nobody else can look into it. Throws UserError. */
export function ownFolder(environment: NodeJS.ProcessEnv, uid: number, refusal: Refusal): string {
  const {XDG_RUNTIME_DIR = ''} = environment
  const folder =
    XDG_RUNTIME_DIR !== '' && isOwnFolder(XDG_RUNTIME_DIR, uid)
      ? join(XDG_RUNTIME_DIR, 'crisp')
      : join(tmpdir(), `crisp-${uid}`)
  makePrivateFolder(folder, refusal)
  if (!isOwnFolder(folder, uid) || (lstatSync(folder).mode & openToOthers) !== 0)
    throw new UserError(
      `${folder} is not yours alone: remove it, or set XDG_RUNTIME_DIR to a directory of yours`,
    )
  return folder
}

/** One that is there stays as it is. Throws UserError. */
export function makePrivateFolder(path: string, refusal: Refusal): void {
  try {
    mkdirSync(path, {recursive: true, mode: 0o700})
  } catch (error) {
    throw new UserError(refusal((error as Error).message), {cause: error})
  }
}

/** Whether it is there, and nobody but root and the user could have put a file into it. */
export function isTrustedFolder(path: string, user: number | undefined): boolean {
  const found = statSync(path, {throwIfNoEntry: false})
  return found !== undefined && [0, user].includes(found.uid) && (found.mode & writableByOthers) === 0
}

export function isOwnFolder(path: string, uid: number): boolean {
  try {
    const entry = lstatSync(path)
    return entry.isDirectory() && entry.uid === uid
  } catch {
    // Not there, or closed to us: not ours in either case.
    return false
  }
}
