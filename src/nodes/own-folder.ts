import {lstatSync, mkdirSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {UserError} from '../errors/errors.js'

/** The user's folder for what lasts as long as the session on this machine; nobody else can look into it. */
export function ownFolder(environment: NodeJS.ProcessEnv, uid: number): string {
  const {XDG_RUNTIME_DIR = ''} = environment
  const folder =
    XDG_RUNTIME_DIR !== '' && isOwn(XDG_RUNTIME_DIR, uid)
      ? join(XDG_RUNTIME_DIR, 'crisp')
      : join(tmpdir(), `crisp-${uid}`)
  try {
    mkdirSync(folder, {recursive: true, mode: 0o700})
  } catch (error) {
    throw new UserError(`no folder for the connections to nodes: ${(error as Error).message}`, {cause: error})
  }
  if (!isOwn(folder, uid) || (lstatSync(folder).mode & 0o077) !== 0)
    throw new UserError(
      `${folder} is not yours alone: remove it, or set XDG_RUNTIME_DIR to a directory of yours`,
    )
  return folder
}

function isOwn(path: string, uid: number): boolean {
  try {
    const entry = lstatSync(path)
    return entry.isDirectory() && entry.uid === uid
  } catch {
    // Not there, or closed to us: not ours in either case.
    return false
  }
}
