import {closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, type Stats} from 'node:fs'

// What a tree takes on its disk, as du counts it: blocks of files and directories, what has several names once, and
// nothing beyond the file system in which it begins. Whoever writes in the tree may exchange its parts at any moment: each
// directory is held open while it is read, nothing but directories is ever opened, and no symbolic link is followed.

export interface Measured {
  bytes: number
  entries: number
  /** What was not counted, and why. */
  left: string[]
}

export interface MeasureOptions {
  signal: AbortSignal
  /** Files with several names that were counted already, by device and number. */
  seen?: Set<string>
}

const blockBytes = 512
const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** Each level holds a descriptor. */
const mostLevels = 200
const mostEntries = 5_000_000
/** So many at a time, then whoever else waits has a turn. */
const entriesAtOnce = 2_000

interface Level {
  descriptor: number
  names: Buffer[]
}

/** Of a directory; nothing where there is none. Rejects only as the signal does. */
export async function measureTree(
  path: string,
  {signal, seen = new Set()}: MeasureOptions,
): Promise<Measured> {
  const measured: Measured = {bytes: 0, entries: 0, left: []}
  const levels: Level[] = []
  const leave = (reason: string) => {
    if (!measured.left.includes(reason)) measured.left.push(reason)
  }
  const enter = (place: string | Buffer, device: number | undefined): number | undefined => {
    if (levels.length >= mostLevels) {
      leave(`what is more than ${mostLevels} directories deep in ${path}`)
      return undefined
    }
    let descriptor: number | undefined
    try {
      descriptor = openSync(place, asDirectory)
      const stats = fstatSync(descriptor)
      if (device !== undefined && stats.dev !== device) {
        closeSync(descriptor)
        return undefined
      }
      measured.bytes += stats.blocks * blockBytes
      levels.push({descriptor, names: readdirSync(`/proc/self/fd/${descriptor}/.`, {encoding: 'buffer'})})
      return stats.dev
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor)
      leaveUnless(error, leave, path)
      return undefined
    }
  }
  try {
    const device = enter(path, undefined)
    for (let level = levels.at(-1); level && device !== undefined; level = levels.at(-1)) {
      const name = level.names.pop()
      if (name === undefined) {
        closeSync(level.descriptor)
        levels.pop()
        continue
      }
      if (++measured.entries > mostEntries) {
        leave(`what is beyond ${mostEntries} files in ${path}`)
        break
      }
      if (measured.entries % entriesAtOnce === 0) {
        await new Promise((resolve) => setImmediate(resolve))
        signal.throwIfAborted()
      }
      const place = Buffer.concat([Buffer.from(`/proc/self/fd/${level.descriptor}/`), name])
      let stats: Stats
      try {
        stats = lstatSync(place)
      } catch (error) {
        leaveUnless(error, leave, path)
        continue
      }
      if (stats.dev !== device) continue
      if (stats.isDirectory()) enter(place, device)
      else measured.bytes += sizeOnDisk(stats, seen)
    }
    return measured
  } finally {
    for (const {descriptor} of levels) closeSync(descriptor)
  }
}

/** Of one file; 0 where another name of it was counted already. */
export function sizeOnDisk(stats: Stats, seen: Set<string>): number {
  if (stats.nlink > 1) {
    const identity = `${stats.dev}:${stats.ino}`
    if (seen.has(identity)) return 0
    seen.add(identity)
  }
  return stats.blocks * blockBytes
}

function leaveUnless(error: unknown, leave: (reason: string) => void, path: string): void {
  const {code = '', message} = error as NodeJS.ErrnoException
  // It has gone meanwhile, or was exchanged for something else.
  if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) return
  if (code === 'EACCES' || code === 'EPERM') leave(`what may not be read in ${path}`)
  else if (code === 'EMFILE' || code === 'ENFILE') leave(`what too few open files were left for in ${path}`)
  else leave(`what failed with ${code || message} in ${path}`)
}
