import {join} from 'node:path'
import type {CriClient} from '../../client/connect.js'
import type {Container, PodSandbox} from '../../generated/cri.js'
import {epochMs} from '../../text/time.js'
import {concurrently} from '../concurrently.js'
import {idsIn} from '../owner/proc.js'
import {processInfo} from '../process-info.js'
import type {NodeView} from '../view.js'
import {readText} from './files.js'
import {
  type HostProcess,
  listPids,
  type ProcOptions,
  parseStat,
  readProcesses,
  ticksPerSecond,
  uptimeSeconds,
} from './processes.js'

// Whose a process is. Its control groups say so, as the runtime named them; a container can make groups of its own with
// any name, but only below that one, so that of a path the first ID counts that the runtime knows.

/** The container or pod, of those that the runtime knows, whose groups these are. */
export function ownerInCgroups(text: string, known: ReadonlySet<string>): string | undefined {
  for (const line of text.split('\n')) {
    const id = idsIn(line).find((each) => known.has(each))
    if (id !== undefined) return id
  }
  return undefined
}

const atOnce = 8

/** The PIDs of this moment by the container or pod that their groups name. */
export async function pidsByOwner(
  known: ReadonlySet<string>,
  options: ProcOptions = {},
): Promise<Map<string, number[]>> {
  const {root = '/proc', onDenied} = options
  const owners = new Map<string, number[]>()
  await concurrently(await listPids(options), atOnce, async (pid) => {
    const groups = await readText(join(root, String(pid), 'cgroup'), onDenied)
    const id = ownerInCgroups(groups ?? '', known)
    if (id === undefined) return
    const pids = owners.get(id)
    if (pids) pids.push(pid)
    else owners.set(id, [pid])
  })
  for (const pids of owners.values()) pids.sort((a, b) => a - b)
  return owners
}

/** What a process descends from, and what descends from it, of a runtime that makes no groups. */
async function descendantsOf(first: number, options: ProcOptions): Promise<number[]> {
  const {root = '/proc', onDenied} = options
  const children = new Map<number, number[]>()
  await concurrently(await listPids(options), atOnce, async (pid) => {
    const stat = await readText(join(root, String(pid), 'stat'), onDenied)
    const parent = stat === undefined ? undefined : parseStat(stat)?.parent
    if (parent === undefined) return
    const siblings = children.get(parent)
    if (siblings) siblings.push(pid)
    else children.set(parent, [pid])
  })
  const found = [first]
  for (const pid of found) found.push(...(children.get(pid) ?? []))
  return found.sort((a, b) => a - b)
}

/** The container, or the pod's own: its pause process. */
export type Owner = {container: Container; pod?: never} | {container?: never; pod: PodSandbox}

export interface Owned {
  owner: Owner
  processes: HostProcess[]
  /** Whether control groups told whose they are; else it was the process that the runtime names, and who descends from it. */
  byGroups: boolean
}

/** How far a process's start may be from what the runtime says of its container's: clocks are read one after another. */
const startSlackMs = 3_000

/** The processes of each of these, none for what does not run. Rejects as the runtime's calls do. */
export async function ownedProcesses(
  client: CriClient,
  owners: readonly Owner[],
  {containers, pods}: Pick<NodeView, 'containers' | 'pods'>,
  options: ProcOptions = {},
): Promise<Owned[]> {
  const known = new Set([...containers, ...pods].map(({id}) => id))
  const byOwner = await pidsByOwner(known, options)
  const outcomes = await concurrently(owners, atOnce, async (owner) => {
    const {id} = owner.container ?? owner.pod
    const pids = byOwner.get(id) ?? (await pidsWithoutGroups(client, owner, options))
    const processes = await readProcesses(pids, options)
    // A number may be another process's by now, whose groups were read with it.
    const byGroups = byOwner.has(id)
    const own = byGroups ? processes.filter(({cgroup}) => ownerInCgroups(cgroup, known) === id) : processes
    return {owner, processes: own, byGroups}
  })
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

/** By the process that the runtime names, if it was started when the container was: a number alone could be anyone's. */
async function pidsWithoutGroups(
  client: CriClient,
  {container}: Owner,
  options: ProcOptions,
): Promise<number[]> {
  if (container?.state !== 'CONTAINER_RUNNING') return []
  const {status, info} = await client.runtime.containerStatus({containerId: container.id, verbose: true})
  const {pid = 0} = processInfo(info)
  if (status?.state !== 'CONTAINER_RUNNING' || pid <= 0) return []
  const [first] = await readProcesses([pid], options)
  if (!first || idsIn(first.cgroup).length > 0) return []
  const startedMs = Date.now() - ((await uptimeSeconds(options)) - first.startedTicks / ticksPerSecond) * 1000
  const isItsOwn =
    startedMs >= epochMs(status.createdAt) - startSlackMs &&
    startedMs <= epochMs(status.startedAt) + startSlackMs
  return isItsOwn ? descendantsOf(pid, options) : []
}
