import {type BigIntStats, lstatSync, readdirSync, realpathSync, type Stats, statSync} from 'node:fs'
import {basename, dirname, join} from 'node:path'
import {UserError, type UserErrorOptions} from '../errors/errors.js'
import {elsewhere} from '../text/elsewhere.js'

/** One file of a container's log. */
export interface LogFile {
  path: string
  /** The path of the log that it belongs to: its own, unless it was rotated. */
  log: string
  /** As part of the path a rotated file keeps it when it is compressed; empty for the file that is written to. */
  rotation: string
  /** Of the file that is written to: the newest rotation when it was listed. What is newer came since. */
  after?: string | undefined
  compressed: boolean
  sizeBytes: number
  /** Which file it is whatever its name becomes. */
  identity: string
  /** Of the container, where several attempts are read as one. */
  attempt?: number | undefined
}

/**
 * The files that make up the log at a path, oldest first, the one that is written to last. Rotated ones are those
 * the kubelet leaves (`0.log.20260102-030405`, then `….gz`), and Docker's (`….log.1`, higher is older) beside the
 * file that the path links to. Throws UserError where there is nothing that could be read.
 */
export function listLogFiles(path: string): LogFile[] {
  const rotated = listRotatedFiles(path)
  const live = fileAt(path)
  if (live) return [...rotated, {...live, after: newestRotation(rotated)}]
  if (rotated.length > 0) return rotated
  throw unreadable(path, Object.assign(new Error(`no such file: ${path}`), {code: 'ENOENT'}))
}

/** Empty where none was rotated. */
export function newestRotation(files: readonly LogFile[]): string {
  const rotations = files.flatMap(({rotation, after = ''}) => [rotation, after])
  return rotations.sort().at(-1) ?? ''
}

export function listRotatedFiles(path: string): LogFile[] {
  if (elsewhere() !== undefined) return []
  return placesOf(path)
    .flatMap(listRotated)
    .map((file) => ({...file, log: path}))
}

/** The path, and what it is a link to. */
function placesOf(path: string): string[] {
  try {
    return [...new Set([path, realpathSync(path)])]
  } catch {
    // Between a rotation's two steps there is no such file; its rotated siblings are there all the same.
    return [path]
  }
}

const kubeletRotation = /^\.(\d{8}-\d{6})(\.gz)?$/
const numberedRotation = /^\.(\d{1,3})(\.gz)?$/

/** What a file's name says beside the log of a name: its rotation; undefined where it belongs to another log. */
function rotationIn(name: string, file: string): {rotation: string; compressed: boolean} | undefined {
  if (!file.startsWith(`${name}.`)) return undefined
  const suffix = file.slice(name.length)
  const [, rotation, gz] = kubeletRotation.exec(suffix) ?? numberedRotation.exec(suffix) ?? []
  return rotation === undefined ? undefined : {rotation, compressed: gz !== undefined}
}

/** Whether a file is the log of this name or one of those that were rotated, by its name in the same directory. */
export function isOfLog(name: string, file: string): boolean {
  return file === name || rotationIn(name, file) !== undefined
}

function listRotated(path: string): LogFile[] {
  const directory = dirname(path)
  const name = basename(path)
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw unreadable(directory, error)
  }
  const byRotation = new Map<string, {file: string; compressed: boolean}>()
  // While a file is compressed both are there: the plain one, which sorts first, is surely whole.
  for (const file of names.sort()) {
    const rotated = rotationIn(name, file)
    if (rotated && !byRotation.has(rotated.rotation))
      byRotation.set(rotated.rotation, {file, compressed: rotated.compressed})
  }
  const oldestFirst = [...byRotation.entries()].sort(([a], [b]) => compareRotations(a, b))
  return oldestFirst.flatMap(([rotation, {file, compressed}]) => {
    const found = fileAt(join(directory, file))
    return found ? [{...found, log: path, rotation, compressed}] : []
  })
}

/** Stamps rise with time, numbers fall. */
function compareRotations(a: string, b: string): number {
  const isNumber = (text: string) => /^\d{1,3}$/.test(text)
  if (isNumber(a) && isNumber(b)) return Number(b) - Number(a)
  return a < b ? -1 : a > b ? 1 : 0
}

/** Undefined where there is none. Throws UserError for something that cannot be read as a file. */
export function fileAt(path: string): LogFile | undefined {
  if (elsewhere() !== undefined) return undefined
  let status: BigIntStats
  try {
    status = statSync(path, {bigint: true})
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw unreadable(path, error)
  }
  refuseOtherThanFiles(path, status)
  return {
    path,
    log: path,
    rotation: '',
    compressed: false,
    sizeBytes: Number(status.size),
    identity: identityOf(status),
  }
}

/**
 * A file's number is given to a new file as soon as it is free, so its birth counts as well. Where a file system
 * keeps none, Node gives the last change instead; right after birth the two are the same in any case.
 */
export function identityOf({dev, ino, birthtimeNs, ctimeNs}: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs === ctimeNs ? '' : birthtimeNs}`
}

/** Whether two identities are of one file. Without both births the number has to do. */
export function isSameFile(a: string, b: string): boolean {
  if (a === b) return true
  const [aAt, bAt] = [a.lastIndexOf(':'), b.lastIndexOf(':')]
  const bothBorn = aAt < a.length - 1 && bAt < b.length - 1
  return !bothBorn && a.slice(0, aAt) === b.slice(0, bAt)
}

export function refuseOtherThanFiles(path: string, status: Stats | BigIntStats): void {
  if (status.isFile()) return
  const kind = status.isDirectory()
    ? 'a directory'
    : status.isFIFO()
      ? 'a FIFO'
      : status.isSocket()
        ? 'a socket'
        : 'a device'
  throw new UserError(`the log ${path} is ${kind}, not a file: it can't be read`)
}

/** The attempts that have files beside the log of one of them (`0.log`, `1.log`, …), in their order. */
export function listAttempts(path: string): Map<number, string> {
  const [, extension] = /^\d+(\.[^/]*)$/.exec(basename(path)) ?? []
  const attempts = new Map<number, string>()
  if (extension === undefined) return attempts
  const directory = dirname(path)
  for (const name of namesIn(directory)) {
    const [, digits, after = ''] = /^(\d+)(\..*)$/.exec(name) ?? []
    if (digits === undefined || !after.startsWith(extension)) continue
    const rotation = after.slice(extension.length)
    if (rotation === '' || kubeletRotation.test(rotation))
      attempts.set(Number(digits), join(directory, `${digits}${extension}`))
  }
  return new Map([...attempts].sort(([a], [b]) => a - b))
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw unreadable(directory, error)
  }
}

/** The path of another attempt's log, as the kubelet names it; undefined where this one is named otherwise. */
export function pathOfAttempt(path: string, attempt: number): string | undefined {
  const [, extension] = /^\d+(\.[^/]*)?$/.exec(basename(path)) ?? []
  if (!/^\d+/.test(basename(path))) return undefined
  return join(dirname(path), `${attempt}${extension ?? ''}`)
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')
}

/** Between its listing and its opening a file may be renamed: then all is done once more. */
export async function despiteRotation<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!hasCode((error as Error).cause, 'ENOENT')) throw error
    return await work()
  }
}

/** Why a log can't be read. */
export function unreadable(path: string, cause: unknown): UserError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  const options: UserErrorOptions = {cause, facts: {about: 'log file', path, code}}
  switch (code) {
    case 'ENOENT':
      return new UserError(
        isDanglingLink(path)
          ? `the log ${path} is a link to a file that is not there`
          : `there is no log at ${path}: it was removed, or the container runs on another machine`,
        options,
      )
    case 'EACCES':
    case 'EPERM':
      return new UserError(`the log ${path} may not be read: it belongs to root`, options)
    case 'ELOOP':
      return new UserError(`the log ${path} is a link that leads back to itself`, options)
    case 'EMFILE':
    case 'ENFILE':
      return new UserError(`too many open files at ${path}`, options)
    // Of zlib.
    case 'Z_BUF_ERROR':
      return new UserError(`the log ${path} is cut short`, options)
    case 'Z_DATA_ERROR':
      return new UserError(`the log ${path} is damaged`, options)
    default:
      return new UserError(`the log ${path} can't be read: ${code ?? (cause as Error).message}`, options)
  }
}

function isDanglingLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    // Not even a link.
    return false
  }
}
