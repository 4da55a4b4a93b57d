import {lstatSync, mkdirSync, realpathSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {UserError} from '../errors/errors.js'

/** What is said where a folder cannot be made, for that reason. */
type Refusal = (reason: string) => string

const openToOthers = 0o077
const writableByOthers = 0o022
/** Entries are exchanged by their owner alone. */
const sticky = 0o1000

/** The user's folder for what lasts as long as the session on this machine; nobody else can look into it. Throws UserError. */
export function ownFolder(environment: NodeJS.ProcessEnv, uid: number, refusal: Refusal): string {
  const folder = folderOfSession(environment, uid) ?? join(tmpdir(), `crisp-${uid}`)
  makeOwnFolder(folder, uid, refusal)
  return folder
}

/**
 * The same for what is run as the user: not in a directory that all write to, since containers share those, and root of a
 * container counts as root. Root needs no session. Undefined where there is no such place. Throws UserError.
 */
export function ownFolderOfCode(environment: NodeJS.ProcessEnv, uid: number): string | undefined {
  const folder =
    folderOfSession(environment, uid) ?? (uid === 0 ? '/run/crisp' : join(tmpdir(), `crisp-${uid}`))
  if (!isClosed(dirname(folder), uid)) return undefined
  makeOwnFolder(folder, uid, String)
  return folder
}

function folderOfSession({XDG_RUNTIME_DIR = ''}: NodeJS.ProcessEnv, uid: number): string | undefined {
  return XDG_RUNTIME_DIR !== '' && isOwnFolder(XDG_RUNTIME_DIR, uid)
    ? join(XDG_RUNTIME_DIR, 'crisp')
    : undefined
}

function makeOwnFolder(folder: string, uid: number, refusal: Refusal): void {
  makePrivateFolder(folder, refusal)
  if (!isOwnFolder(folder, uid) || (lstatSync(folder).mode & openToOthers) !== 0)
    throw new UserError(
      `${folder} is not yours alone: remove it, or set XDG_RUNTIME_DIR to a directory of yours`,
    )
}

/** Whether nobody but root and the user can put something there, or exchange the directory or one above it. */
function isClosed(path: string, uid: number): boolean {
  let folder = realpathSync.native(path)
  if (!isTrustedFolder(folder, uid)) return false
  while (folder !== dirname(folder)) {
    folder = dirname(folder)
    const {uid: owner, mode} = statSync(folder)
    if (![0, uid].includes(owner) || ((mode & writableByOthers) !== 0 && (mode & sticky) === 0)) return false
  }
  return true
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
