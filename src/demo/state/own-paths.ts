import type {Stats} from 'node:fs'
import {lstat, readlink, stat} from 'node:fs/promises'
import {dirname, isAbsolute, join, relative} from 'node:path'
import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'
import {invalidArgument} from '../server/statuses.js'

/** Joins a path that must not leave its directory. */
export function pathInside(directory: string, path: string, what: string): string {
  const joined = join(directory, path)
  const inside = relative(directory, joined)
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside))
    throw invalidArgument(`${what} "${path}" leads out of ${directory}`)
  return joined
}

/**
 * Refuses a place that belongs to somebody else. The system does that for an ordinary user; root would be let in
 * everywhere, and nobody wants a toy to write there.
 */
export async function requireOwnPlace(path: string, what: string): Promise<void> {
  if (!isAbsolute(path)) throw invalidArgument(`${what} "${path}" is not an absolute path`)
  const foreign = await findForeignLink(path)
  if (foreign !== undefined)
    throw new StatusError(
      rpcCode.permissionDenied,
      `${what} "${path}" leads over the link of another user (${foreign})`,
    )
  for (let place = path; ; place = dirname(place)) {
    const owner = await ownerOf(place)
    if (!owner) continue
    const sharedMode = 0o1002
    const shared = (owner.mode & sharedMode) === sharedMode
    if (owner.uid !== process.getuid?.() && !shared)
      throw new StatusError(rpcCode.permissionDenied, `${what} "${path}" belongs to another user (${place})`)
    return
  }
}

/** The kernel's own limit. */
const mostLinks = 40

/** A symlink on the way that belongs neither to this user nor to root: whoever made it would choose the place. */
async function findForeignLink(path: string): Promise<string | undefined> {
  let place = '/'
  let links = 0
  for (const rest = path.split('/'); rest.length > 0; ) {
    const next = join(place, rest.shift() ?? '')
    const entry = await lstatIfThere(next)
    if (!entry) return undefined
    if (!entry.isSymbolicLink()) {
      place = next
      continue
    }
    if (entry.uid !== process.getuid?.() && entry.uid !== 0) return next
    if (++links > mostLinks) return next
    const target = await readlink(next)
    rest.unshift(...target.split('/'))
    if (isAbsolute(target)) place = '/'
  }
  return undefined
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

async function ownerOf(path: string): Promise<{uid: number; mode: number} | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    // What does not exist yet will belong to whoever makes it, which the directory above decides.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
