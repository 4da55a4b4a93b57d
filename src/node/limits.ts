import type {CriClient} from '../client/connect.js'
import type {Container, ContainerStatus} from '../generated/cri.js'
import {type CgroupFacts, CgroupTrees, parseCgroups, readCgroup} from './host/cgroups.js'
import {ownedProcesses} from './host/owned.js'
import type {ProcOptions} from './host/processes.js'
import {type Allocation, type KubeletAllocations, readKubeletAllocations} from './kubelet-files.js'
import type {NodeView} from './view.js'

// What a container was to get (asked of the runtime), what the kubelet has given it, and what the kernel holds it to.

export type LimitUnit = 'cores' | 'bytes' | 'count' | 'set'

/** Infinity: there is no limit. */
type Amount = number | string | undefined

export interface Limit {
  name: string
  unit: LimitUnit
  /** Through the CRI. */
  asked: Amount
  /** By the kubelet's own files. */
  allocated: Amount
  /** In the files of the control group. */
  real: Amount
  differs: boolean
}

export interface ContainerLimits {
  limits: Limit[]
  /** Of the control group; undefined where none was found. */
  cgroup: CgroupFacts | undefined
}

export interface NodeLimits {
  /** By container ID. */
  limits: ReadonlyMap<string, ContainerLimits>
  kubelet: KubeletAllocations
  /** Whether the node could be looked at: it has control groups. */
  hasCgroups: boolean
}

export interface LimitsOptions extends ProcOptions {
  signal: AbortSignal
  kubeletFolder?: string | undefined
}

/** `asked` has the status of each with the runtime's verbose info. */
export async function lookAtLimits(
  client: CriClient,
  containers: readonly {
    container: Container
    status: ContainerStatus
    info: Readonly<Record<string, string>>
  }[],
  view: NodeView,
  {signal, kubeletFolder, ...options}: LimitsOptions,
): Promise<NodeLimits> {
  const owners = containers.map(({container}) => ({container}))
  const [owned, trees, kubelet] = await Promise.all([
    ownedProcesses(client, owners, view, options),
    CgroupTrees.read(options),
    readKubeletAllocations(signal, kubeletFolder),
  ])
  const limits = new Map<string, ContainerLimits>()
  for (const [index, {container, status, info}] of containers.entries()) {
    const {processes = [], byGroups = false} = owned[index] ?? {}
    const [first] = processes
    const groups = first && byGroups ? ownGroups(first.cgroup, container.id) : undefined
    const cgroup = groups && (await readCgroup(groups, trees))
    const {uid} = view.identityOf(container)
    const allocated = kubelet.of(uid, container.metadata?.name ?? '')
    limits.set(container.id, {limits: compare(askedOf(status, info), allocated, cgroup), cgroup})
  }
  return {limits, kubelet, hasCgroups: trees.version !== undefined}
}

/** The groups that the runtime has made, where a process is in one that the container has made below. */
export function ownGroups(text: string, id: string): Map<string, string> {
  return new Map(
    [...parseCgroups(text)].map(([controller, path]) => {
      const parts = path.split('/')
      const last = parts.findIndex((part) => part.includes(id))
      return [controller, last < 0 ? path : parts.slice(0, last + 1).join('/')]
    }),
  )
}

interface Asked {
  cpuQuota?: number | undefined
  cpuPeriod?: number | undefined
  cpuShares?: number | undefined
  cpus?: string | undefined
  memoryNodes?: string | undefined
  memoryBytes?: number | undefined
  /** With the memory. */
  swapBytes?: number | undefined
  pids?: number | undefined
  memoryHighBytes?: number | undefined
  memoryMinBytes?: number | undefined
}

/** From the status, else from what the runtime made of it, which containerd 1.6 and the PIDs' limit have alone. */
function askedOf(status: ContainerStatus, info: Readonly<Record<string, string>>): Asked {
  const spec = specResources(info)
  const linux = status.resources?.linux
  const positive = (text: string | number | undefined) => (Number(text ?? 0) !== 0 ? Number(text) : undefined)
  const unified = {...spec.unified, ...linux?.unified}
  return {
    cpuQuota: positive(linux?.cpuQuota) ?? positive(spec.cpu?.quota),
    cpuPeriod: positive(linux?.cpuPeriod) ?? positive(spec.cpu?.period),
    cpuShares: positive(linux?.cpuShares) ?? positive(spec.cpu?.shares),
    cpus: linux?.cpusetCpus || spec.cpu?.cpus || undefined,
    memoryNodes: linux?.cpusetMems || spec.cpu?.mems || undefined,
    memoryBytes: positive(linux?.memoryLimitInBytes) ?? positive(spec.memory?.limit),
    swapBytes: positive(linux?.memorySwapLimitInBytes) ?? positive(spec.memory?.swap),
    pids: positive(spec.pids?.limit),
    memoryHighBytes: positive(unified['memory.high']),
    memoryMinBytes: positive(unified['memory.min']),
  }
}

interface SpecResources {
  cpu?: {quota?: number; period?: number; shares?: number; cpus?: string; mems?: string}
  memory?: {limit?: number; swap?: number}
  pids?: {limit?: number}
  unified?: Record<string, string>
}

function specResources({info = ''}: Readonly<Record<string, string>>): SpecResources {
  try {
    const known = JSON.parse(info) as {
      runtimeSpec?: {linux?: {resources?: SpecResources | null} | null} | null
    } | null
    const resources = known?.runtimeSpec?.linux?.resources
    return typeof resources === 'object' && resources !== null ? resources : {}
  } catch {
    return {}
  }
}

/** The same for every runtime and release; a limit that nobody speaks of is left out. */
export function compare(
  asked: Asked,
  allocated: Allocation | undefined,
  real: CgroupFacts | undefined,
): Limit[] {
  const {limits = {}, requests = {}} = allocated ?? {}
  const quota = asked.cpuQuota
  const all: Limit[] = [
    limit(
      'CPU',
      'cores',
      quota && (quota < 0 ? unlimited : quota / (asked.cpuPeriod ?? 100_000)),
      limits.cpu,
      real?.cpuCores,
      {
        near: 0.001,
      },
    ),
    limit(
      'CPU shares',
      'count',
      asked.cpuShares,
      requests.cpu === undefined ? undefined : Math.max(2, Math.floor(requests.cpu * 1024)),
      real?.cpuShares,
      {same: real?.version === 2 ? sameWeight : undefined},
    ),
    limit('CPUs', 'set', asked.cpus, allocated?.cpus, real?.cpus),
    limit('Memory', 'bytes', asked.memoryBytes, limits.memory, real?.memoryBytes, {near: pageBytes}),
    limit(
      'Memory high',
      'bytes',
      asked.memoryHighBytes,
      undefined,
      asked.memoryHighBytes && real?.memoryHighBytes,
      {
        near: pageBytes,
      },
    ),
    limit(
      'Memory kept',
      'bytes',
      asked.memoryMinBytes,
      undefined,
      asked.memoryMinBytes && real?.memoryMinBytes,
      {
        near: pageBytes,
      },
    ),
    limit('Memory nodes', 'set', asked.memoryNodes, allocated?.memoryNodes, real?.memoryNodes),
    limit(
      'Swap',
      'bytes',
      asked.swapBytes === undefined || asked.memoryBytes === undefined
        ? undefined
        : asked.swapBytes < 0
          ? unlimited
          : asked.swapBytes - asked.memoryBytes,
      undefined,
      real?.swapBytes,
      {near: pageBytes},
    ),
    limit('PIDs', 'count', asked.pids && (asked.pids < 0 ? unlimited : asked.pids), undefined, real?.pids),
  ]
  return all.filter(({asked: a, allocated: b, real: c}) => [a, b, c].some((each) => each !== undefined))
}

/** The kernel counts memory in pages, of 64 KiB at most. */
const pageBytes = 65_536
const unlimited = Number.POSITIVE_INFINITY

interface Comparison {
  /** Amounts that are no farther apart are the same. */
  near?: number
  same?: ((a: number, b: number) => boolean) | undefined
}

function limit(
  name: string,
  unit: LimitUnit,
  asked: Amount,
  allocated: Amount,
  real: Amount,
  comparison: Comparison = {},
): Limit {
  const known = [asked, allocated, real].filter((each) => each !== undefined)
  const differs = known.some((each) => !isSame(known[0], each, comparison))
  return {name, unit, asked, allocated, real, differs}
}

function isSame(a: Amount, b: Amount, {near = 0, same}: Comparison): boolean {
  if (typeof a === 'string' && typeof b === 'string') return membersOf(a).join() === membersOf(b).join()
  if (typeof a !== 'number' || typeof b !== 'number') return a === b
  return a === b || Math.abs(a - b) <= near || (same?.(a, b) ?? false)
}

/** `0-2,4` as its numbers. */
function membersOf(set: string): number[] {
  return set
    .split(',')
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split('-').map(Number)
      // No machine has more CPUs, and a text from elsewhere may say anything.
      const count = Math.min(65_536, last - first + 1)
      return Array.from(
        {length: Number.isFinite(count) && count > 0 ? count : 0},
        (_, index) => first + index,
      )
    })
    .sort((x, y) => x - y)
}

/** Shares become a weight of version 2, which is coarser, by either of the two formulas that OCI runtimes have had. */
function sameWeight(a: number, b: number): boolean {
  const [shares, found] = [Math.min(a, b), Math.max(a, b)]
  return [shares, found].some((asked) => {
    const other = asked === shares ? found : shares
    const weight = weightOf(other)
    return Math.abs(weightOf(asked) - weight) <= 1 || Math.abs(newWeightOf(asked) - weight) <= 1
  })
}

function weightOf(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9_999) / 262_142)
}

/** Which gives 1024 shares the weight of 100. */
function newWeightOf(shares: number): number {
  const power = Math.log2(shares)
  return Math.ceil(10 ** ((power * power + 125 * power) / 612 - 7 / 34))
}
