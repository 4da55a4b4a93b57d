import {readdir, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {epochMs} from '../../text/time.js'
import {directoryOf} from '../processes/environment.js'
import {type ProcessRow, processesByOwner, readProcesses} from '../processes/process-table.js'
import {nowNs} from '../state/clock.js'
import type {Container, Runtime} from '../state/runtime.js'

/** What a container's processes take at this moment, and what they have taken. */
export interface Usage {
  atNs: string
  cpuNs: number
  /** Since the last reading; undefined for the first. */
  nanoCores: number | undefined
  residentBytes: number
  pageFaults: number
  majorPageFaults: number
  processes: number
}

export interface DiskUsage {
  atNs: string
  bytes: number
  inodes: number
}

/** One look at the process table for all of them. A container that does not run has no usage. */
export async function usageOf(
  containers: readonly Container[],
): Promise<(container: Container) => Usage | undefined> {
  const leaders = new Map<number, Container>()
  for (const container of containers) {
    for (const child of [container.process, ...container.execs])
      if (child) leaders.set(child.leaderPid, container)
  }
  if (leaders.size === 0) return () => undefined
  const atNs = nowNs()
  const processes = processesByOwner(await readProcesses(), leaders)
  const usages = new Map(
    [...processes].map(([container, rows]) => [container, measure(container, rows, atNs)]),
  )
  return (container) => usages.get(container)
}

function measure(container: Container, rows: readonly ProcessRow[], atNs: string): Usage {
  const sum = (value: (row: ProcessRow) => number): number =>
    rows.reduce((total, row) => total + value(row), 0)
  const last = container.cpu
  // What an ended exec has used is no longer in the table, and a counter must not run backwards.
  const cpuNs = Math.max(
    last.totalNs,
    sum(({cpuWithChildrenNs}) => cpuWithChildrenNs),
  )
  const atMs = epochMs(atNs)
  const passedMs = atMs - last.atMs
  container.cpu = {totalNs: cpuNs, atMs}
  return {
    atNs,
    cpuNs,
    nanoCores: last.atMs === 0 || passedMs <= 0 ? undefined : ((cpuNs - last.totalNs) * 1000) / passedMs,
    residentBytes: sum(({residentBytes}) => residentBytes),
    pageFaults: sum(({pageFaults}) => pageFaults),
    majorPageFaults: sum(({majorPageFaults}) => majorPageFaults),
    processes: rows.length,
  }
}

// Enough for a container of this kind; a bound, because stats must not take seconds.
const filesLimit = 10_000

/** The files in the container's own directory. */
export async function diskUsageOf(runtime: Runtime, container: Container): Promise<DiskUsage> {
  const usage = {atNs: nowNs(), bytes: 0, inodes: 0}
  if (container.startedAt === '0') return usage
  const pending = [directoryOf(runtime, container)]
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const entry of await entriesOf(directory)) {
      if (usage.inodes++ >= filesLimit) return usage
      const path = join(directory, entry.name)
      if (entry.isDirectory()) pending.push(path)
      else usage.bytes += await sizeOf(path)
    }
  }
  return usage
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, {withFileTypes: true})
  } catch {
    // Removed while we look.
    return []
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    // Removed while we look, or a link to nowhere.
    return 0
  }
}
