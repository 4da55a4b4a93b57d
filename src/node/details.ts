import type {CriClient} from '../client/connect.js'
import {listContainerRows} from '../client/list-rows.js'
import {RpcError, rpcCode} from '../errors/errors.js'
import type {Container, ContainerStatus, PodSandbox, PodSandboxStatus} from '../generated/cri.js'
import {concurrently} from './concurrently.js'

// What lists leave out and only a status call per object tells. containerd gains nothing from more at once.
const inFlight = 8

/** By container ID. One whose status is not to be had, as when it has gone meanwhile, is missing; `onFailure` is told why. */
export async function containerStatuses(
  client: CriClient,
  containers: readonly Pick<Container, 'id'>[],
  onFailure: (error: unknown) => void = () => undefined,
): Promise<Map<string, ContainerStatus>> {
  const outcomes = await concurrently(containers, inFlight, ({id}) =>
    client.runtime.containerStatus({containerId: id}),
  )
  for (const outcome of outcomes) if (outcome.status === 'rejected') onFailure(outcome.reason)
  return new Map(
    outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' && outcome.value.status
        ? [[outcome.value.status.id, outcome.value.status]]
        : [],
    ),
  )
}

export interface PodDetails {
  status: PodSandboxStatus | undefined
  running: number
  containers: number
}

/** By pod ID: its status, and how many of its containers run. */
export async function podDetails(
  client: CriClient,
  pods: readonly PodSandbox[],
): Promise<Map<string, PodDetails>> {
  const [containers, outcomes] = await Promise.all([
    listContainerRows(client),
    concurrently(pods, inFlight, ({id}) => client.runtime.podSandboxStatus({podSandboxId: id})),
  ])
  const details = new Map<string, PodDetails>()
  for (const [index, {id}] of pods.entries()) {
    const outcome = outcomes[index]
    const status = outcome?.status === 'fulfilled' ? (outcome.value.status ?? undefined) : undefined
    details.set(id, {status, running: 0, containers: 0})
  }
  for (const {podSandboxId, state} of containers) {
    const pod = details.get(podSandboxId)
    if (!pod) continue
    pod.containers++
    if (state === 'CONTAINER_RUNNING') pod.running++
  }
  return details
}

/** Undefined for a container that is not there. */
export async function containerStatus(
  client: CriClient,
  containerId: string,
): Promise<ContainerStatus | undefined> {
  return orGone(async () => (await client.runtime.containerStatus({containerId})).status)
}

/** Undefined for a pod that is not there. */
export async function podStatus(
  client: CriClient,
  podSandboxId: string,
): Promise<PodSandboxStatus | undefined> {
  return orGone(async () => (await client.runtime.podSandboxStatus({podSandboxId})).status)
}

async function orGone<Status>(ask: () => Promise<Status | null>): Promise<Status | undefined> {
  try {
    return (await ask()) ?? undefined
  } catch (error) {
    if (error instanceof RpcError && error.code === rpcCode.notFound) return undefined
    throw error
  }
}
