import {posix} from 'node:path'
import {readText} from './files.js'
import {type Mounted, mountsOf} from './mounts.js'
import type {ProcOptions} from './processes.js'

// Control groups of both versions. In version 1 every controller may have a tree of its own, in version 2 all share
// one, and a node may have both.

/** The group of each controller, `''` for that of version 2. */
export function parseCgroups(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
      return controllers === undefined || path === undefined
        ? []
        : controllers.split(',').map((controller) => [controller, path] as const)
    }),
  )
}

/** Where the trees of control groups are mounted. */
export class CgroupTrees {
  readonly #mounts: readonly Mounted[]

  constructor(mounts: readonly Mounted[]) {
    this.#mounts = mounts.filter(({type}) => type === 'cgroup' || type === 'cgroup2')
  }

  static async read(options: ProcOptions = {}): Promise<CgroupTrees> {
    return new CgroupTrees(await mountsOf('self', options))
  }

  /** 2 where nothing but the one tree of version 2 has controllers. */
  get version(): 1 | 2 | undefined {
    if (this.#mounts.some(({type, superOptions}) => type === 'cgroup' && isController(superOptions))) return 1
    return this.#mounts.some(({type}) => type === 'cgroup2') ? 2 : undefined
  }

  /** The directory of a group, for one controller of version 1, or for version 2; undefined where it is not shown here. */
  directory(controller: string, path: string): string | undefined {
    const mount = this.#mounts.find(({type, superOptions}) =>
      controller === '' ? type === 'cgroup2' : type === 'cgroup' && superOptions.includes(controller),
    )
    if (!mount) return undefined
    // Where a container has a tree of its own, a path from outside leads out of it.
    const below = posix.relative(mount.root, path)
    return path.startsWith('/') && !below.startsWith('..') ? posix.join(mount.path, below) : undefined
  }

  /** The directory in which a process, by its list of groups, finds the files of a controller. */
  directoryFor(controller: string, cgroups: ReadonlyMap<string, string>): string | undefined {
    const own = cgroups.get(controller)
    const first = own === undefined ? undefined : this.directory(controller, own)
    if (first !== undefined) return first
    const unified = cgroups.get('')
    return unified === undefined || this.version !== 2 ? undefined : this.directory('', unified)
  }
}

const controllers = ['cpu', 'cpuset', 'memory', 'pids', 'cpuacct', 'blkio', 'hugetlb']

function isController(superOptions: readonly string[]): boolean {
  return superOptions.some((option) => controllers.includes(option))
}

/** What a group is allowed and what it uses, as its files say; what they do not say is left out. */
export interface CgroupFacts {
  version: 1 | 2
  /** Where it is, of the memory controller. */
  path?: string
  /** Cores; Infinity where there is no limit. */
  cpuCores?: number
  /** In the words of version 1, into which weights of version 2 are reckoned as runtimes do. */
  cpuShares?: number
  cpus?: string
  memoryNodes?: string
  memoryBytes?: number
  memoryHighBytes?: number
  /** What is kept for it whatever happens. */
  memoryMinBytes?: number
  swapBytes?: number
  pids?: number
  usedMemoryBytes?: number
  usedPids?: number
  /** How many processes were killed in it for want of memory. */
  oomKills?: number
  /** How often it had to wait for its CPU quota. */
  throttled?: number
}

/** Of the group in which a process with this list of groups is. Undefined where none of its files is to be found. */
export async function readCgroup(
  cgroups: ReadonlyMap<string, string>,
  trees: CgroupTrees,
): Promise<CgroupFacts | undefined> {
  const {version} = trees
  if (version === undefined) return undefined
  const text = async (controller: string, name: string) => {
    const directory = trees.directoryFor(controller, cgroups)
    return directory === undefined ? undefined : (await readText(posix.join(directory, name)))?.trim()
  }
  const facts = version === 2 ? await unifiedFacts(text) : await separateFacts(text)
  const path = trees.directoryFor('memory', cgroups) ?? trees.directoryFor('cpu', cgroups)
  const found = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
  return Object.keys(found).length === 0 ? undefined : {version, ...(path ? {path} : {}), ...found}
}

type ReadGroupFile = (controller: string, name: string) => Promise<string | undefined>
type Facts = {[Name in Exclude<keyof CgroupFacts, 'version' | 'path'>]?: CgroupFacts[Name] | undefined}

async function unifiedFacts(text: ReadGroupFile): Promise<Facts> {
  const [quota, period] = ((await text('cpu', 'cpu.max')) ?? '').split(' ')
  const weight = numberOf(await text('cpu', 'cpu.weight'))
  return {
    cpuCores: coresOf(limitOf(quota), Number(period)),
    cpuShares: weight === undefined ? undefined : sharesOfWeight(weight),
    cpus: (await text('cpuset', 'cpuset.cpus')) || (await text('cpuset', 'cpuset.cpus.effective')),
    memoryNodes: (await text('cpuset', 'cpuset.mems')) || (await text('cpuset', 'cpuset.mems.effective')),
    memoryBytes: limitOf(await text('memory', 'memory.max')),
    memoryHighBytes: limitOf(await text('memory', 'memory.high')),
    memoryMinBytes: numberOf(await text('memory', 'memory.min')),
    swapBytes: limitOf(await text('memory', 'memory.swap.max')),
    pids: limitOf(await text('pids', 'pids.max')),
    usedMemoryBytes: numberOf(await text('memory', 'memory.current')),
    usedPids: numberOf(await text('pids', 'pids.current')),
    oomKills: keyed(await text('memory', 'memory.events'), 'oom_kill'),
    throttled: keyed(await text('cpu', 'cpu.stat'), 'nr_throttled'),
  }
}

async function separateFacts(text: ReadGroupFile): Promise<Facts> {
  const quota = numberOf(await text('cpu', 'cpu.cfs_quota_us'))
  const period = numberOf(await text('cpu', 'cpu.cfs_period_us')) ?? 0
  const memory = numberOf(await text('memory', 'memory.limit_in_bytes'))
  const withSwap = numberOf(await text('memory', 'memory.memsw.limit_in_bytes'))
  return {
    cpuCores: coresOf(quota === -1 ? Number.POSITIVE_INFINITY : quota, period),
    cpuShares: numberOf(await text('cpu', 'cpu.shares')),
    cpus: (await text('cpuset', 'cpuset.cpus')) || undefined,
    memoryNodes: (await text('cpuset', 'cpuset.mems')) || undefined,
    memoryBytes: unlimitedBeyond(memory),
    swapBytes:
      withSwap === undefined || memory === undefined
        ? undefined
        : withSwap >= noLimit
          ? Number.POSITIVE_INFINITY
          : withSwap - memory,
    pids: limitOf(await text('pids', 'pids.max')),
    usedMemoryBytes: numberOf(await text('memory', 'memory.usage_in_bytes')),
    usedPids: numberOf(await text('pids', 'pids.current')),
    oomKills: keyed(await text('memory', 'memory.oom_control'), 'oom_kill'),
    throttled: keyed(await text('cpu', 'cpu.stat'), 'nr_throttled'),
  }
}

/** Version 1 writes the largest number of whole pages for no limit. */
const noLimit = 2 ** 62

function unlimitedBeyond(bytes: number | undefined): number | undefined {
  return bytes !== undefined && bytes >= noLimit ? Number.POSITIVE_INFINITY : bytes
}

function coresOf(quota: number | undefined, period: number): number | undefined {
  return quota === undefined || !(period > 0) ? undefined : quota / period
}

function limitOf(text: string | undefined): number | undefined {
  return text === 'max' ? Number.POSITIVE_INFINITY : numberOf(text)
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text)
}

function keyed(text: string | undefined, key: string): number | undefined {
  const value = new RegExp(`^${key} (\\d+)$`, 'm').exec(text ?? '')?.[1]
  return value === undefined ? undefined : Number(value)
}

/** Backwards what the OCI runtimes reckon: shares of 2 to 262144 are a weight of 1 to 10000. */
function sharesOfWeight(weight: number): number {
  return Math.round(2 + ((weight - 1) * 262_142) / 9_999)
}
