import type {CriClient} from '../client/connect.js'
import {containerName, podName} from '../client/names.js'
import type {PodSandbox} from '../generated/cri.js'
import {type Owned, type Owner, ownedProcesses} from './host/owned.js'
import {
  type HostProcess,
  type IdRange,
  idInside,
  idRanges,
  isOneToOne,
  type ProcOptions,
  readProcesses,
  ticksPerSecond,
  uptimeSeconds,
} from './host/processes.js'
import {byCreation, findContainerOrPod, type NodeView} from './view.js'

/** A process of a container, in the terms of the node and in the container's own. */
export interface ContainerProcess extends HostProcess {
  /** Undefined where the container has the node's processes. */
  insidePid: number | undefined
  /** Its user as the container numbers it; undefined for one that its user namespace does not have. */
  insideUid: number | undefined
  /** How many processes of the container stand between it and the first. */
  depth: number
  ageSeconds: number
  /** Between two looks; undefined where there was one. */
  cores: number | undefined
}

export interface ProcessGroup {
  owner: Owner
  /** `namespace/pod/container`; of a pod's own processes `namespace/pod`. */
  name: string
  namespace: string
  pod: string
  /** Each under its parent. */
  processes: ContainerProcess[]
  /** The container numbers its users otherwise than the node. */
  userNamespace: boolean
  /** As `Owned` has it. */
  byGroups: boolean
}

export interface ProcessLook extends ProcOptions {
  /** Resolves after the time between two looks; left out for one look alone. */
  pause?: (() => Promise<void>) | undefined
}

/** The processes of containers and of pods themselves, in the order of these. */
export async function lookAtProcesses(
  client: CriClient,
  owners: readonly Owner[],
  view: NodeView,
  {pause, ...options}: ProcessLook,
): Promise<ProcessGroup[]> {
  const owned = await ownedProcesses(client, owners, view, options)
  const coresOf = pause ? await measure(owned, pause, options) : () => undefined
  const uptime = await uptimeSeconds(options)
  return Promise.all(
    owned.map(async ({owner, processes, byGroups}) => {
      const ordered = inTreeOrder(processes)
      const [first] = ordered
      const ranges = first ? await idRanges(first.process.pid, 'uid', options) : []
      const identity = owner.container ? view.identityOf(owner.container) : owner.pod.metadata
      return {
        owner,
        ...namesOf(owner, view),
        namespace: identity?.namespace ?? '',
        processes: ordered.map(({process, depth}) => ({
          ...process,
          ...insideTerms(process, first?.process, ranges),
          depth,
          ageSeconds: Math.max(0, uptime - process.startedTicks / ticksPerSecond),
          cores: coresOf(process),
        })),
        userNamespace: !isOneToOne(ranges),
        byGroups,
      }
    }),
  )
}

function namesOf({container, pod}: Owner, view: NodeView): {name: string; pod: string} {
  if (pod) return {name: podName(pod), pod: pod.metadata?.name ?? ''}
  const identity = view.identityOf(container)
  return {name: containerName(container.id, identity), pod: identity.pod}
}

function insideTerms(
  {pids, uid}: HostProcess,
  first: HostProcess | undefined,
  ranges: readonly IdRange[],
): Pick<ContainerProcess, 'insidePid' | 'insideUid'> {
  const level = (first?.pids.length ?? 1) - 1
  return {insidePid: level > 0 ? pids[level] : undefined, insideUid: idInside(ranges, uid)}
}

/** How many cores each process has had between two looks. */
async function measure(
  owned: readonly Owned[],
  pause: () => Promise<void>,
  options: ProcOptions,
): Promise<(process: HostProcess) => number | undefined> {
  const startedMs = performance.now()
  await pause()
  const pids = owned.flatMap(({processes}) => processes.map(({pid}) => pid))
  const later = new Map((await readProcesses(pids, options)).map((process) => [process.pid, process]))
  const seconds = (performance.now() - startedMs) / 1000
  return ({pid, startedTicks, cpuTicks}) => {
    const now = later.get(pid)
    // Its number may be another process's by now.
    if (now?.startedTicks !== startedTicks) return undefined
    return (now.cpuTicks - cpuTicks) / ticksPerSecond / seconds
  }
}

interface Placed {
  process: HostProcess
  depth: number
}

/** Parents before their children, the earliest first; whose parent is not among them stands at the top. */
export function inTreeOrder(processes: readonly HostProcess[]): Placed[] {
  const earliestFirst = [...processes].sort((a, b) => a.startedTicks - b.startedTicks || a.pid - b.pid)
  const pids = new Set(processes.map(({pid}) => pid))
  const children = new Map<number, HostProcess[]>()
  for (const process of earliestFirst) {
    const parent = pids.has(process.parent) && process.parent !== process.pid ? process.parent : 0
    children.set(parent, [...(children.get(parent) ?? []), process])
  }
  const placed: Placed[] = []
  const waiting: Placed[] = (children.get(0) ?? []).map((process) => ({process, depth: 0})).reverse()
  children.delete(0)
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    placed.push(next)
    const {process, depth} = next
    const below = children.get(process.pid) ?? []
    children.delete(process.pid)
    for (const child of below.reverse()) waiting.push({process: child, depth: depth + 1})
  }
  // Where a number was given to another process while they were read, two may be each other's parents.
  const lost = [...children.values()].flat()
  return [...placed, ...lost.map((process) => ({process, depth: 0}))]
}

/** What a word means: a container, or a pod with all of its containers that run. Throws NotFoundError. */
export function ownersNamed(reference: string, view: NodeView): Owner[] {
  const {container, pod} = findContainerOrPod(reference, view)
  return container ? [{container}] : ownersInPod(pod, view)
}

function ownersInPod(pod: PodSandbox, view: NodeView): Owner[] {
  const containers = view.containers
    .filter(({podSandboxId, state}) => podSandboxId === pod.id && state === 'CONTAINER_RUNNING')
    .sort(byCreation)
  return [{pod}, ...containers.map((container) => ({container}))]
}
