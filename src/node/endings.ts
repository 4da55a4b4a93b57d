import type {CriClient} from '../client/connect.js'
import {listContainerRows, listPodSandboxRows} from '../client/list-rows.js'
import {containerIdentities, containerKey, newestOfEach} from '../client/names.js'
import {RpcError, rpcCode} from '../errors/errors.js'
import type {Container, ContainerStatus, PodSandbox} from '../generated/cri.js'
import {concurrently} from './concurrently.js'
import {crashLoops} from './crash-loop.js'

// How containers have ended, which lists leave out and a status call for each tells.

/** What is known of it, by container ID. */
export interface Endings {
  statuses: ReadonlyMap<string, ContainerStatus>
  /** How often those have failed that do so again and again, by their newest attempt. */
  loops: ReadonlyMap<string, number>
}

/** Of those that have ended, as far as the runtime tells it in so much time. Never rejects. */
export async function endingsOf(
  client: CriClient,
  containers: readonly Container[],
  {withinMs, nowMs, pods}: {withinMs: number; nowMs: number; pods?: readonly PodSandbox[] | undefined},
): Promise<Endings> {
  const left = countDown(withinMs)
  const statuses = await statusesOfEnded(client, containers, left)
  const anyFailed = [...statuses.values()].some(({exitCode}) => exitCode !== 0)
  if (!anyFailed) return {statuses, loops: new Map()}
  // Without the pods a loop is found all the same where the runtime still knows enough attempts.
  const known = pods ?? (await listPodSandboxRows(client, {}, {timeoutMs: left()}).catch(() => []))
  return {statuses, loops: crashLoops(containers, statuses, known, nowMs)}
}

/** The same again and again: each that has ended is asked for once. */
export class KnownEndings {
  #statuses = new Map<string, ContainerStatus>()

  async of(
    client: CriClient,
    {containers, pods}: {containers: readonly Container[]; pods: readonly PodSandbox[]},
    {withinMs, nowMs}: {withinMs: number; nowMs: number},
  ): Promise<Endings> {
    const unknown = containers.filter(({id}) => !this.#statuses.has(id))
    const told = await statusesOfEnded(client, unknown, countDown(withinMs))
    const statuses = new Map<string, ContainerStatus>()
    for (const {id} of containers) {
      const status = told.get(id) ?? this.#statuses.get(id)
      if (status) statuses.set(id, status)
    }
    this.#statuses = statuses
    return {statuses, loops: crashLoops(containers, statuses, pods, nowMs)}
  }
}

/** What is to say of a pod: its containers that fail, or how they have ended. */
export interface PodEnding {
  failures?: number
  status?: ContainerStatus
}

/** By pod ID, of these pods: the worst of their containers' newest attempts. Never rejects, and takes no more than so long. */
export async function podEndings(
  client: CriClient,
  pods: readonly PodSandbox[],
  {withinMs, nowMs}: {withinMs: number; nowMs: number},
): Promise<Map<string, PodEnding>> {
  const left = countDown(withinMs)
  const ids = new Set(pods.map(({id}) => id))
  const containers = await listContainerRows(
    client,
    {},
    {keep: ({podSandboxId}) => ids.has(podSandboxId), timeoutMs: left()},
  ).catch(() => [])
  const {statuses, loops} = await endingsOf(client, containers, {withinMs: left(), nowMs, pods})
  const endings = new Map<string, PodEnding>()
  for (const container of newestAttempts(containers, pods)) {
    const {id, podSandboxId} = container
    const worst = endings.get(podSandboxId)
    const failures = loops.get(id)
    const status = statuses.get(id)
    if (failures !== undefined && failures > (worst?.failures ?? 0)) endings.set(podSandboxId, {failures})
    else if (status && worst?.failures === undefined && isWorse(status, worst?.status))
      endings.set(podSandboxId, {status})
  }
  return endings
}

function isWorse(status: ContainerStatus, than: ContainerStatus | undefined): boolean {
  return !than || (than.exitCode === 0 && status.exitCode !== 0)
}

/** Told why the runtime does not say how a container has ended. */
export type OnUnknownEnding = (error: unknown) => void

/** How long a runtime may take for one status where others are to be looked at all the same. */
const patienceMs = 10_000

/** Those that have ended with another exit code than 0. */
export async function keepFailed(
  client: CriClient,
  containers: readonly Container[],
  onUnknown: OnUnknownEnding,
): Promise<Container[]> {
  const ended = containers.filter(({state}) => state === 'CONTAINER_EXITED')
  const outcomes = await concurrently(ended, inFlight, ({id}) =>
    client.runtime.containerStatus({containerId: id}, {timeoutMs: patienceMs}),
  )
  return ended.filter((_, index) => {
    const outcome = outcomes[index]
    if (outcome?.status === 'fulfilled') return (outcome.value.status?.exitCode ?? 0) !== 0
    const isGone = outcome?.reason instanceof RpcError && outcome.reason.code === rpcCode.notFound
    if (!isGone) onUnknown(outcome?.reason)
    return false
  })
}

/** Those with a container whose newest attempt has failed. */
export async function keepFailedPods(
  client: CriClient,
  pods: readonly PodSandbox[],
  onUnknown: OnUnknownEnding,
): Promise<PodSandbox[]> {
  const ids = new Set(pods.map(({id}) => id))
  const containers = await listContainerRows(client, {}, {keep: ({podSandboxId}) => ids.has(podSandboxId)})
  const failed = await keepFailed(client, newestAttempts(containers, pods), onUnknown)
  const failedIds = new Set(failed.map(({podSandboxId}) => podSandboxId))
  return pods.filter(({id}) => failedIds.has(id))
}

function newestAttempts(containers: readonly Container[], pods: readonly PodSandbox[]): Container[] {
  const identityOf = containerIdentities(pods)
  return newestOfEach(containers, (container) => containerKey(container, identityOf))
}

/** How many of these have failed, as far as the runtime tells it in so much time; `all` where it has told of each. */
export async function countFailed(
  client: CriClient,
  containers: readonly Container[],
  withinMs: number,
): Promise<{failed: number; all: boolean}> {
  const statuses = await statusesOfEnded(client, containers, countDown(withinMs))
  const failed = [...statuses.values()].filter(({exitCode}) => exitCode !== 0).length
  return {failed, all: statuses.size === containers.length}
}

const inFlight = 8

async function statusesOfEnded(
  client: CriClient,
  containers: readonly Container[],
  left: () => number,
): Promise<Map<string, ContainerStatus>> {
  const statuses = new Map<string, ContainerStatus>()
  const ended = containers.filter(({state}) => state === 'CONTAINER_EXITED')
  await concurrently(ended, inFlight, async ({id}) => {
    const timeoutMs = left()
    if (timeoutMs <= 1) return
    const {status} = await client.runtime.containerStatus({containerId: id}, {timeoutMs})
    if (status) statuses.set(id, status)
  })
  return statuses
}

/** What is left of a time, 1 at the least. */
function countDown(withinMs: number): () => number {
  const endMs = performance.now() + withinMs
  return () => Math.max(1, Math.ceil(endMs - performance.now()))
}
