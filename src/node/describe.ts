import type {CriClient} from '../client/connect.js'
import {containerName, podName} from '../client/names.js'
import {RpcError, rpcCode, UserError} from '../errors/errors.js'
import type {
  Container,
  ContainerStats,
  ContainerStatus,
  PodSandbox,
  PodSandboxStatus,
} from '../generated/cri.js'
import {containerStatuses} from './details.js'
import {whyNotReady} from './not-ready.js'
import {type ProcessInfo, processInfo} from './process-info.js'
import {attemptOf, attemptsOf, byCreation, findContainerOrPod, type NodeView} from './view.js'

// All there is to know about one container or pod, which takes several calls and the runtime's verbose info.

export interface ContainerDescription {
  kind: 'container'
  /** `namespace/pod/name` */
  name: string
  status: ContainerStatus
  process: ProcessInfo
  pod: PodSandbox | undefined
  /** Of the pod, where the runtime tells it: its namespaces. */
  podStatus?: PodSandboxStatus | undefined
  /** Those before it that the runtime still knows, the newest first. */
  earlier: readonly ContainerStatus[]
  /** Only while it runs, and where the runtime can measure it. */
  stats: ContainerStats | undefined
}

export interface PodDescription {
  kind: 'pod'
  /** `namespace/name` */
  name: string
  status: PodSandboxStatus
  process: ProcessInfo
  /** Why it is not ready; empty for one that is. */
  notReady: readonly string[]
  /** All attempts that the runtime still knows, in the order in which they were made. */
  containers: readonly ContainerStatus[]
}

/** Of the container, or else the pod, that the reference names. Throws NotFoundError, and RpcError where it is gone meanwhile. */
export async function describeThing(
  client: CriClient,
  reference: string,
  view: NodeView,
): Promise<ContainerDescription | PodDescription> {
  const {container, pod} = findContainerOrPod(reference, view)
  return container ? describeContainer(client, container, view) : describePod(client, pod, view)
}

async function describeContainer(
  client: CriClient,
  container: Container,
  view: NodeView,
): Promise<ContainerDescription> {
  const before = attemptsOf(container, view).filter((other) => attemptOf(other) < attemptOf(container))
  const [{status, info}, podStatus, earlier, stats] = await Promise.all([
    client.runtime.containerStatus({containerId: container.id, verbose: true}),
    podStatusIfTold(client, container.podSandboxId),
    containerStatuses(client, before),
    container.state === 'CONTAINER_RUNNING' ? statsIfMeasured(client, container.id) : undefined,
  ])
  const name = containerName(container.id, view.identityOf(container))
  if (!status) throw new UserError(`the runtime sent no status of container ${name}`)
  return {
    kind: 'container',
    name,
    status,
    process: processInfo(info),
    podStatus,
    pod: view.pods.find(({id}) => id === container.podSandboxId),
    earlier: before.flatMap(({id}) => earlier.get(id) ?? []).reverse(),
    stats,
  }
}

async function podStatusIfTold(
  client: CriClient,
  podSandboxId: string,
): Promise<PodSandboxStatus | undefined> {
  try {
    return (await client.runtime.podSandboxStatus({podSandboxId})).status ?? undefined
  } catch (error) {
    if (error instanceof RpcError && error.code !== rpcCode.cancelled) return undefined
    throw error
  }
}

async function statsIfMeasured(client: CriClient, containerId: string): Promise<ContainerStats | undefined> {
  try {
    return (await client.runtime.containerStats({containerId})).stats ?? undefined
  } catch (error) {
    if (error instanceof RpcError) return undefined
    throw error
  }
}

async function describePod(client: CriClient, pod: PodSandbox, view: NodeView): Promise<PodDescription> {
  const own = view.containers.filter(({podSandboxId}) => podSandboxId === pod.id).sort(byCreation)
  const [{status, info}, statuses] = await Promise.all([
    client.runtime.podSandboxStatus({podSandboxId: pod.id, verbose: true}),
    containerStatuses(client, own),
  ])
  const name = podName(pod)
  if (!status) throw new UserError(`the runtime sent no status of pod ${name}`)
  return {
    kind: 'pod',
    name,
    status,
    process: processInfo(info),
    notReady:
      status.state === 'SANDBOX_READY'
        ? []
        : whyNotReady({
            pod,
            pods: view.pods,
            containers: own.flatMap(({id}) => statuses.get(id) ?? []),
            info,
            ownNetwork: status.linux?.namespaces?.options?.network !== 'NODE',
          }),
    containers: own.flatMap(({id}) => statuses.get(id) ?? []),
  }
}
