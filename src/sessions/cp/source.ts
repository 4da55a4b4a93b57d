import {readlink} from 'node:fs/promises'
import {splitPath} from './copy-path.js'
import {openInRoot, resolveInRoot} from './node-root.js'
import {joinRaw, type RawName, rawName} from './raw-name.js'
import {Found, type SafeDirectory} from './safe-directory.js'

/** Something to archive. Whoever looked closes what was found. */
export interface Source {
  found: Found
  /** The symlink's own text, for one that is archived as such. */
  target?: RawName | undefined
  /** Where it is; in a container from its root and without symlinks, for its own to begin there. */
  path: RawName
}

export interface Symlink {
  directory: SafeDirectory
  name: RawName
  /** Of the directory. */
  path: RawName
}

/** What a path of the user's is. */
export async function lookHere(path: string, follow: boolean): Promise<Source> {
  const found = await Found.at(path, follow)
  try {
    const target = found.kind === 'symlink' ? rawName(await readlink(path, {encoding: 'buffer'})) : undefined
    return {found, target, path: rawName(path)}
  } catch (error) {
    await found.close()
    throw error
  }
}

export async function followHere({directory, name, path}: Symlink): Promise<Source> {
  return {found: await directory.look(name, true), path: joinRaw(path, name)}
}

/** What a path of a container is, by the container's own symlinks; the last one is followed if `follow`. */
export async function lookInRoot(root: SafeDirectory, path: string, follow: boolean): Promise<Source> {
  const {directory: above, name} = splitPath(path)
  if (name === undefined || follow) return lookAtEnd(root, rawName(path))
  const {directory, path: whole} = await openInRoot(root, rawName(above))
  await using _ = directory
  const found = await directory.look(rawName(name))
  const target = found.kind === 'symlink' ? await directory.linkTarget(rawName(name)) : undefined
  return {found, target, path: joinRaw(whole, rawName(name))}
}

export function followInRoot(root: SafeDirectory, {path, name}: Symlink): Promise<Source> {
  return lookAtEnd(root, joinRaw(path, name))
}

/** What the symlinks of a container's path lead to. */
export async function lookAtEnd(root: SafeDirectory, path: RawName): Promise<Source> {
  const {directory, name, path: whole} = await resolveInRoot(root, path)
  await using _ = directory
  return {
    found: await (name === undefined ? Found.at(directory.self, false) : directory.look(name)),
    path: whole,
  }
}
