import {closeSync, constants, lstatSync, openSync, readdirSync, type Stats} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {isOfLog} from '../../logs/files.js'
import {sizeOnDisk} from './tree.js'

const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** A log has a handful of files; whoever makes more shall not take our time. */
const mostFiles = 10_000

/** One container's log, by the path that the runtime tells of it. */
export interface LogOf {
  /** Of the container. */
  id: string
  name: string
  path: string
}

/**
 * What the logs of containers take, rotated files too, by container ID. The kubelet gives the attempts of one container a
 * directory, whose files are all counted, those of attempts that are gone for the newest. Symbolic links and other things
 * than files are not counted: what they lead to is not the log's.
 */
export function measureLogs(
  logs: readonly LogOf[],
  left: (reason: string) => void,
  seen = new Set<string>(),
): Map<string, number> {
  const sizes = new Map<string, number>()
  const counted = new Set<string>()
  const add = (id: string, bytes: number) => sizes.set(id, (sizes.get(id) ?? 0) + bytes)
  // The newest first, as they are given: what is nobody's any more is theirs.
  const folders = new Map<string, LogOf[]>()
  for (const log of logs) {
    if (!log.path.startsWith('/')) continue
    const folder = dirname(log.path)
    folders.set(folder, [...(folders.get(folder) ?? []), log])
  }
  for (const [folder, own] of folders)
    forEachFile(folder, left, (file, stats) => {
      const path = join(folder, file)
      if (counted.has(path)) return
      const owner = own.find((log) => isOfLog(basename(log.path), file)) ?? ownerOfRest(folder, own)
      if (!owner) return
      counted.add(path)
      add(owner.id, sizeOnDisk(stats, seen))
    })
  return sizes
}

/** In a directory of its own, named for it, everything is the container's. */
function ownerOfRest(folder: string, [newest]: readonly LogOf[]): LogOf | undefined {
  return newest && basename(folder) === newest.name ? newest : undefined
}

function forEachFile(
  folder: string,
  left: (reason: string) => void,
  visit: (file: string, stats: Stats) => void,
): void {
  let descriptor: number | undefined
  try {
    descriptor = openSync(folder, asDirectory)
    const names = readdirSync(`/proc/self/fd/${descriptor}/.`)
    if (names.length > mostFiles) left(`what is beyond ${mostFiles} files in ${folder}`)
    for (const name of names.slice(0, mostFiles)) {
      const stats = statsIn(descriptor, name)
      if (stats?.isFile()) visit(name, stats)
    }
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    // None was written yet, or it is no directory any more.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return
    left(`the logs in ${folder} (${code})`)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function statsIn(descriptor: number, name: string): Stats | undefined {
  try {
    return lstatSync(`/proc/self/fd/${descriptor}/${name}`)
  } catch {
    // Rotated away meanwhile.
    return undefined
  }
}
