import {constants} from 'node:fs'
import {type FileHandle, open, readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {UserError} from '../../errors/errors.js'
import {elsewhere} from '../../text/elsewhere.js'
import {concurrently} from '../concurrently.js'
import {attempt, type OnDenied, readText} from './files.js'

// What /proc says of each process. One may end at any moment, and its number be given to another: the directory of a
// process is opened once, and what is open stays that process's for ever.

export interface HostProcess {
  pid: number
  parent: number
  /** By which it is known in each PID namespace that it is in, the node's first. */
  pids: readonly number[]
  /** The name that it has given itself, at most 15 bytes of anything. */
  name: string
  /** None for a thread of the kernel, and for one that waits for a disk, whose arguments may not come. */
  command: readonly string[]
  /** R, S, D, Z, T, … */
  state: string
  /** Effective ones, as the node numbers them. */
  uid: number
  gid: number
  threads: number
  residentBytes: number
  /** In hundredths of a second: since when, counted from the start of the machine, and how long it has had a processor. */
  startedTicks: number
  cpuTicks: number
  /** The kernel's list of its control groups. */
  cgroup: string
}

/** USER_HZ, which is the same on every architecture that Node runs on. */
export const ticksPerSecond = 100

/** Reading is mostly system calls, and Node has four threads for them. */
const atOnce = 4
/** Of a command line, as much as anybody looks at. */
const mostArgumentBytes = 16_384

export interface ProcOptions {
  root?: string
  onDenied?: OnDenied
}

export async function listPids({root = '/proc'}: ProcOptions = {}): Promise<number[]> {
  const machine = elsewhere()
  if (machine !== undefined) throw new UserError(`the processes are on ${machine}, not on this machine`)
  return (await readdir(root)).filter((name) => /^\d+$/.test(name)).map(Number)
}

/** Those that are still there, in the order of their numbers. */
export async function readProcesses(
  pids: readonly number[],
  options: ProcOptions = {},
): Promise<HostProcess[]> {
  const outcomes = await concurrently(pids, atOnce, (pid) => readProcess(pid, options))
  return outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value ?? []
  })
}

/** Undefined where there is no such process any more. */
export async function readProcess(
  pid: number,
  {root = '/proc', onDenied}: ProcOptions = {},
): Promise<HostProcess | undefined> {
  const path = join(root, String(pid))
  const held = await attempt(
    path,
    () => open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW),
    onDenied,
  )
  if (!held) return undefined
  try {
    const inside = (name: string) => `/proc/self/fd/${held.fd}/${name}`
    const [stat, status, cgroup] = [
      await readText(inside('stat'), onDenied),
      await readText(inside('status'), onDenied),
      await readText(inside('cgroup'), onDenied),
    ]
    const facts = stat === undefined ? undefined : parseStat(stat)
    if (!facts || status === undefined) return undefined
    const command = facts.state === 'D' ? [] : await readCommand(inside('cmdline'), onDenied)
    return {...facts, ...parseStatus(status, facts.pid), command, cgroup: cgroup ?? ''}
  } finally {
    await held.close()
  }
}

/** When the process was started, in ticks since the machine was: another one of this number has another time. */
export async function startedTicks(pid: number, options: ProcOptions = {}): Promise<number | undefined> {
  const stat = await readText(join(options.root ?? '/proc', String(pid), 'stat'), options.onDenied)
  return stat === undefined ? undefined : parseStat(stat)?.startedTicks
}

/** Seconds since the machine was started. */
export async function uptimeSeconds({root = '/proc'}: ProcOptions = {}): Promise<number> {
  return Number.parseFloat(await readFile(join(root, 'uptime'), 'utf8'))
}

type StatFacts = Pick<
  HostProcess,
  'pid' | 'parent' | 'name' | 'state' | 'threads' | 'startedTicks' | 'cpuTicks'
>

/** A line of /proc/PID/stat. Its name may hold brackets, blanks and line ends, the figures behind it do not. */
export function parseStat(text: string): StatFacts | undefined {
  const [opened, closed] = [text.indexOf('('), text.lastIndexOf(')')]
  if (opened < 0 || closed < opened) return undefined
  const fields = text.slice(closed + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  return {
    pid: Number.parseInt(text, 10),
    name: text.slice(opened + 1, closed),
    state: fields[0] ?? '?',
    parent: field(4),
    cpuTicks: field(14) + field(15),
    threads: field(20),
    startedTicks: field(22),
  }
}

/** What /proc/PID/status adds. */
export function parseStatus(
  text: string,
  pid: number,
): Pick<HostProcess, 'pids' | 'uid' | 'gid' | 'residentBytes'> {
  const numbers = (key: string) =>
    (new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '')
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number)
  const [, uid = 0] = numbers('Uid')
  const [, gid = 0] = numbers('Gid')
  const [kibibytes = 0] = numbers('VmRSS')
  const pids = numbers('NSpid')
  return {pids: pids.length > 0 ? pids : [pid], uid, gid, residentBytes: kibibytes * 1024}
}

async function readCommand(path: string, onDenied: OnDenied | undefined): Promise<string[]> {
  const bytes = await attempt(path, () => readBeginning(path), onDenied)
  const text = bytes?.toString() ?? ''
  return text === '' ? [] : text.replace(/\0+$/, '').split('\0')
}

async function readBeginning(path: string): Promise<Buffer> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY)
    const {buffer, bytesRead} = await file.read(Buffer.alloc(mostArgumentBytes), 0, mostArgumentBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file?.close()
  }
}

/** How a user namespace numbers its users: `inside` and the `count - 1` after it are `outside` and so on around it. */
export interface IdRange {
  inside: number
  outside: number
  count: number
}

/** Of the user namespace that a process is in, as seen from here. */
export async function idRanges(
  pid: number,
  kind: 'uid' | 'gid',
  {root = '/proc', onDenied}: ProcOptions = {},
): Promise<IdRange[]> {
  return parseIdMap((await readText(join(root, String(pid), `${kind}_map`), onDenied)) ?? '')
}

export function parseIdMap(text: string): IdRange[] {
  return text.split('\n').flatMap((line) => {
    const [inside, outside, count] = line.trim().split(/\s+/).map(Number)
    return inside === undefined || outside === undefined || count === undefined || line.trim() === ''
      ? []
      : [{inside, outside, count}]
  })
}

const allIds = 4_294_967_295

/** Whether users have the same numbers inside as outside. */
export function isOneToOne(ranges: readonly IdRange[]): boolean {
  return (
    ranges.length === 0 ||
    (ranges.length === 1 && ranges[0]?.inside === 0 && ranges[0].outside === 0 && ranges[0].count === allIds)
  )
}

/** What a number of the node is inside; undefined where no user of the namespace has it. */
export function idInside(ranges: readonly IdRange[], outside: number): number | undefined {
  if (isOneToOne(ranges)) return outside
  const range = ranges.find((each) => outside >= each.outside && outside < each.outside + each.count)
  return range && range.inside + outside - range.outside
}
