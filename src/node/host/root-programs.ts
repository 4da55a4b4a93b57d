import {accessSync, constants, realpathSync, statSync} from 'node:fs'
import {delimiter, dirname, isAbsolute, join} from 'node:path'

// Programs of the node that may run with all of its rights. Nothing of a container and nothing that another user could
// have put there is one.

/** Where only root puts programs; what an administrator has added comes first, as in root's own PATH. */
export const rootDirectories: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/run/current-system/sw/bin',
]

export type FoundProgram =
  | {path: string; why?: never}
  /** `foreign`: it is there, and others than root may change it, or it is of a container, an image or a volume. */
  | {path?: never; why: 'missing' | 'not executable' | 'foreign'}

/**
 * Where runtimes keep images' layers and containers' root file systems, wherever their stores are, and the kubelet its
 * volumes: what containerd's plugins have, the drivers of containers/storage and Docker by their IDs, Kata's shares.
 */
const ofContainers =
  /\/(?:io\.containerd\.[^/]+|(?:overlay2?|vfs\/dir|btrfs\/subvolumes|zfs\/graph|overlay-containers)\/[0-9a-f]{64}|kata-containers\/shared|volumes\/kubernetes\.io~[^/]+|volume-subpaths)\//

/** A program by its name, from root's own directories, or by its absolute path. */
export function findRootProgram(
  name: string,
  directories: readonly string[] = rootDirectories,
): FoundProgram {
  const paths = name.includes('/') ? [name] : directories.map((directory) => join(directory, name))
  const judged = paths.map(judgeProgram)
  return judged.find(({path}) => path !== undefined) ?? worstOf(judged)
}

/**
 * A program by its name, as the PATH has it. For root it is one that others cannot have put there or changed: whoever
 * becomes root may have kept the PATH of the user they were.
 */
export function findOnPath(
  name: string,
  {PATH = ''}: NodeJS.ProcessEnv,
  user: number | undefined,
): FoundProgram {
  return user === 0 ? findRootProgram(name, PATH.split(delimiter).filter(Boolean)) : {path: name}
}

function worstOf(judged: readonly FoundProgram[]): FoundProgram {
  const said = judged.find((each) => each.path === undefined && each.why !== 'missing')
  return said ?? {why: 'missing'}
}

function judgeProgram(path: string): FoundProgram {
  if (!isAbsolute(path)) return {why: 'foreign'}
  try {
    const named = statSync(path)
    if (!named.isFile()) return {why: 'not executable'}
    const file = realpathSync(path)
    const real = statSync(file, {throwIfNoEntry: false})
    // A path through /proc/PID/root leads elsewhere than its text: into a container.
    if (real?.ino !== named.ino || real.dev !== named.dev) return {why: 'foreign'}
    // Root's by its owner, and written by an image or a container all the same.
    if (ofContainers.test(path) || ofContainers.test(file)) return {why: 'foreign'}
    if (![...foldersOf(path), ...foldersOf(file), file].every(isOfRootAlone)) return {why: 'foreign'}
    accessSync(path, constants.X_OK)
    return {path}
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    return {why: code === 'EACCES' ? 'not executable' : 'missing'}
  }
}

/** Whether nobody but root can have put this here or change what the path leads to. */
export function isRootsOwn(path: string): boolean {
  try {
    const real = realpathSync(path)
    if (ofContainers.test(`${path}/`) || ofContainers.test(`${real}/`)) return false
    return [...foldersOf(path), ...foldersOf(real), real].every(isOfRootAlone)
  } catch {
    return false
  }
}

function foldersOf(path: string): string[] {
  const folder = dirname(path)
  return folder === path ? [] : [...foldersOf(folder), folder]
}

/** In a folder that is everybody's and sticky nobody replaces what is root's. */
function isOfRootAlone(path: string): boolean {
  const {uid, mode} = statSync(path)
  const sticky = (mode & 0o1000) !== 0 && statSync(path).isDirectory()
  return uid === 0 && ((mode & 0o022) === 0 || sticky)
}

const kept = /^(TERM|COLORTERM|NO_COLOR|LANG|LC_\w+|TZ|HOME|USER|LOGNAME|SHELL|COLUMNS|LINES)$/

/** What such a program is told of our surroundings: nothing that makes it load or start something else. */
export function rootEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const entries = Object.entries(env).filter(([name]) => kept.test(name))
  return {...Object.fromEntries(entries), PATH: rootDirectories.join(':')}
}
