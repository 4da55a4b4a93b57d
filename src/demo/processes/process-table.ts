import {execFile} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {promisify} from 'node:util'

// /proc is read synchronously: it is memory, and a promise for each of some hundred tiny files costs ten times more.

/** A process as the operating system counts it. */
export interface ProcessRow {
  pid: number
  parentPid: number
  session: number
  cpuNs: number
  /** The command's own and that of its ended children. */
  cpuWithChildrenNs: number
  residentBytes: number
  pageFaults: number
  majorPageFaults: number
  /** Tells the process from a later one with the same ID. */
  startedAt: string
}

// Fixed in Linux's user interface for every architecture that Node runs on.
const ticksPerSecond = 100
const pageBytes = 4096

/** Every process of this machine that can be seen and has not ended; from /proc on Linux, from `ps` elsewhere. */
export async function readProcesses(): Promise<ProcessRow[]> {
  if (process.platform !== 'linux') return readWithPs([])
  return processIds()
    .map(readStat)
    .filter((row) => row !== undefined)
}

/** undefined when there is no such process. */
export async function readProcess(pid: number): Promise<ProcessRow | undefined> {
  if (process.platform !== 'linux') return (await readWithPs(['-p', String(pid)]))[0]
  return readStat(pid)
}

function readStat(pid: number): ProcessRow | undefined {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

/** See proc(5). The name before the state may hold anything, parentheses included. */
export function parseStat(pid: number, stat: string): ProcessRow | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z') return undefined
  // Numbered as in proc(5), where the state is field 3.
  const field = (number: number): number => Number(fields[number - 3])
  const cpuTicks = field(14) + field(15)
  return {
    pid,
    parentPid: field(4),
    session: field(6),
    cpuNs: nanoseconds(cpuTicks),
    cpuWithChildrenNs: nanoseconds(cpuTicks + field(16) + field(17)),
    residentBytes: field(24) * pageBytes,
    pageFaults: field(10),
    majorPageFaults: field(12),
    startedAt: fields[22 - 3] ?? '',
  }
}

function nanoseconds(ticks: number): number {
  return (ticks * 1_000_000_000) / ticksPerSecond
}

async function readWithPs(selection: readonly string[]): Promise<ProcessRow[]> {
  const columns = ['pid', 'ppid', 'pgid', 'time', 'rss', 'stat', 'lstart']
    .map((column) => `${column}=`)
    .join(',')
  try {
    const {stdout} = await promisify(execFile)(
      'ps',
      [...(selection.length > 0 ? selection : ['-ax']), '-o', columns],
      // A start is told in the words and the zone of whoever asks: two shells must be told the same of one server.
      {env: {...process.env, LC_ALL: 'C', TZ: 'UTC'}},
    )
    return stdout
      .trim()
      .split('\n')
      .map(parsePsLine)
      .filter((row) => row !== undefined)
  } catch {
    // ps fails when it finds nothing.
    return []
  }
}

export function parsePsLine(line: string): ProcessRow | undefined {
  const [pid = '', parentPid = '', group = '', time = '', residentKib = '', state = '', ...started] = line
    .trim()
    .split(/\s+/)
  if (started.length === 0 || state.startsWith('Z')) return undefined
  const seconds = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0)
  return {
    pid: Number(pid),
    parentPid: Number(parentPid),
    session: Number(group),
    cpuNs: seconds * 1_000_000_000,
    cpuWithChildrenNs: seconds * 1_000_000_000,
    residentBytes: Number(residentKib) * 1024,
    pageFaults: 0,
    majorPageFaults: 0,
    startedAt: started.join(' '),
  }
}

/**
 * Which processes are whose: an owner's are those of the sessions that its leaders lead, and all that descends from
 * them. Owners without any are left out.
 */
export function processesByOwner<Owner>(
  rows: readonly ProcessRow[],
  owners: ReadonlyMap<number, Owner>,
): Map<Owner, ProcessRow[]> {
  const byPid = new Map(rows.map((row) => [row.pid, row]))
  const ownerOf = (row: ProcessRow): Owner | undefined => {
    let current: ProcessRow | undefined = row
    // A table that is read in pieces can hold a circle.
    for (let steps = 0; current && steps < rows.length; steps++) {
      const owner = owners.get(current.pid) ?? owners.get(current.session)
      if (owner !== undefined) return owner
      current = byPid.get(current.parentPid)
    }
    return undefined
  }
  const found = new Map<Owner, ProcessRow[]>()
  for (const row of rows) {
    const owner = ownerOf(row)
    if (owner === undefined) continue
    const known = found.get(owner)
    if (known) known.push(row)
    else found.set(owner, [row])
  }
  return found
}

/** How long processes that are just becoming other programs are waited for: a moment, but long where many want the CPU. */
const longestExecMs = 5_000

/**
 * Kills every process that has one of these words in the environment it was started with, `others` aside. What a
 * container's processes start inherits theirs, whatever sessions and groups it makes for itself. Linux only: elsewhere
 * it does nothing.
 */
export function killMarked(words: readonly string[], others: ReadonlySet<number> = new Set()): void {
  if (process.platform !== 'linux') return
  const until = Date.now() + longestExecMs
  for (let pids = processIds(); ; ) {
    const looks = pids
      .filter((pid) => pid !== process.pid && !others.has(pid))
      .map((pid) => ({pid, mark: markIn(pid, words)}))
    const those = (wanted: Mark) => looks.filter(({mark}) => mark === wanted).map(({pid}) => pid)
    const marked = those('there')
    for (const pid of marked) signalProcess(pid, 'SIGKILL')
    const unknown = those('unknown')
    if (marked.length + unknown.length === 0 || Date.now() > until) return
    if (marked.length === 0) sleep(1)
    // What was killed may have started others before.
    pids = marked.length > 0 ? processIds() : unknown
  }
}

/** Asks every process to end that has this word in the environment it was started with. Linux only. */
export function endMarked(word: string): void {
  if (process.platform !== 'linux') return
  for (const pid of processIds())
    if (pid !== process.pid && markIn(pid, [word]) === 'there') signalProcess(pid, 'SIGTERM')
}

type Mark = 'there' | 'missing' | 'unknown'

/** `unknown` inside of an exec, when the old environment is gone and the new one is not there. */
function markIn(pid: number, words: readonly string[]): Mark {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`)
    if (environment.length > 0) return words.some((word) => environment.includes(word)) ? 'there' : 'missing'
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const row = parseStat(pid, stat)
    if (!row || pid === 2 || row.parentPid === 2) return 'missing'
    return !environmentIsEmpty(stat) && Number(row.startedAt) >= ownStart() ? 'unknown' : 'missing'
  } catch {
    // Another user's, or ended.
    return 'missing'
  }
}

/**
 * Whether the process was started with none: its place ends where it begins. The kernel writes that too while it loads
 * a program, whose code it places last.
 */
export function environmentIsEmpty(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [code, start, end] = [26, 50, 51].map((number) => fields[number - 3])
  return code !== '0' && start === end
}

/** When this process was started, in the clock of `startedAt`. What it has not started is never waited for. */
function ownStart(): number {
  return Number(readStat(process.pid)?.startedAt)
}

/** Blocks this thread. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** A negative ID is a process group. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended already, or has become another user's.
  }
}

/** Kills what runs in a session, on Linux also the process groups of a shell's jobs. */
export function killSession(leaderPid: number): void {
  signalProcess(-leaderPid, 'SIGKILL')
  if (process.platform !== 'linux') return
  for (const pid of processIds()) if (readStat(pid)?.session === leaderPid) signalProcess(pid, 'SIGKILL')
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}
