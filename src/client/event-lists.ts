import type {
  Container,
  ContainerEventResponse,
  ContainerEventType,
  ContainerState,
  ContainerStatus,
  PodSandbox,
  PodSandboxStatus,
} from '../generated/cri.js'
import type {CriClient} from './connect.js'
import {containerStatuses} from './details.js'
import {listContainers, listPodSandboxes} from './lists.js'

// Events as lists tell them: what was looked at twice has changed in between.

/** What there is on a node, by ID. */
export interface Node {
  containers: Map<string, Container>
  pods: Map<string, PodSandbox>
}

export async function look(client: CriClient): Promise<Node> {
  const [containers, pods] = await Promise.all([listContainers(client), listPodSandboxes(client)])
  return {
    containers: new Map(containers.map((container) => [container.id, container])),
    pods: new Map(pods.map((pod) => [pod.id, pod])),
  }
}

export interface Change {
  type: ContainerEventType
  id: string
  pod: PodSandbox | undefined
  container: Container | undefined
}

/** In the order in which a node does things: pods begin before their containers and end after them. */
export function changesBetween(before: Node, now: Node): Change[] {
  const begun = [...now.pods.values()].flatMap((pod) =>
    steps(before.pods.get(pod.id)?.state, pod.state, podLife).map((type) => ({
      type,
      id: pod.id,
      pod,
      container: undefined,
    })),
  )
  const changed = [...now.containers.values()].flatMap((container) =>
    steps(before.containers.get(container.id)?.state, container.state, containerLife).map((type) => ({
      type,
      id: container.id,
      pod: now.pods.get(container.podSandboxId),
      container,
    })),
  )
  const gone = [...before.containers.values()]
    .filter(({id}) => !now.containers.has(id))
    .map(
      (container): Change => ({
        type: 'CONTAINER_DELETED_EVENT',
        id: container.id,
        pod: before.pods.get(container.podSandboxId),
        container,
      }),
    )
  const ended = [...before.pods.values()]
    .filter(({id}) => !now.pods.has(id))
    .map((pod): Change => ({type: 'CONTAINER_DELETED_EVENT', id: pod.id, pod, container: undefined}))
  const isStop = ({type}: Change) => type === 'CONTAINER_STOPPED_EVENT'
  return [
    ...begun.filter((change) => !isStop(change)),
    ...changed,
    ...begun.filter(isStop),
    ...gone,
    ...ended,
  ]
}

const life: readonly ContainerEventType[] = [
  'CONTAINER_CREATED_EVENT',
  'CONTAINER_STARTED_EVENT',
  'CONTAINER_STOPPED_EVENT',
]
const containerLife: Readonly<Record<string, number>> = {
  CONTAINER_CREATED: 1,
  CONTAINER_RUNNING: 2,
  CONTAINER_EXITED: 3,
  CONTAINER_UNKNOWN: 3,
}
const podLife: Readonly<Record<string, number>> = {SANDBOX_READY: 2, SANDBOX_NOTREADY: 3}

/** The steps of a life that lie between two states; from undefined, all up to now. */
function steps(
  from: string | number | undefined,
  to: string | number,
  places: Readonly<Record<string, number>>,
): ContainerEventType[] {
  return life.slice(from === undefined ? 0 : (places[from] ?? 0), places[to] ?? 0)
}

/** With the times and exit codes that only the status of a container tells. */
export async function eventsOf(
  client: CriClient,
  changes: readonly Change[],
): Promise<ContainerEventResponse[]> {
  const told = changes.filter(({type, container}) => container && type !== 'CONTAINER_DELETED_EVENT')
  const ids = [...new Set(told.map(({id}) => id))].map((id) => ({id}))
  const statuses = await containerStatuses(client, ids)
  return changes.map((change) => eventOf(change, statuses.get(change.id)))
}

const stateAfter: Readonly<Record<string, ContainerState>> = {
  CONTAINER_CREATED_EVENT: 'CONTAINER_CREATED',
  CONTAINER_STARTED_EVENT: 'CONTAINER_RUNNING',
  CONTAINER_STOPPED_EVENT: 'CONTAINER_EXITED',
}

function eventOf(
  {type, id, pod, container}: Change,
  status: ContainerStatus | undefined,
): ContainerEventResponse {
  const createdAt = (container ?? pod)?.createdAt ?? '0'
  const times: Readonly<Record<string, string | undefined>> = {
    CONTAINER_CREATED_EVENT: createdAt,
    CONTAINER_STARTED_EVENT: container ? status?.startedAt : createdAt,
    CONTAINER_STOPPED_EVENT: status?.finishedAt,
  }
  const time = times[type] ?? '0'
  const then = container && containerStatus({...container, state: stateAfter[type] ?? container.state})
  return {
    containerId: id,
    containerEventType: type,
    createdAt: time === '0' ? `${BigInt(Date.now()) * 1_000_000n}` : time,
    podSandboxStatus: pod ? podStatus(pod) : null,
    containersStatuses: then ? [type === 'CONTAINER_STOPPED_EVENT' && status ? status : then] : [],
  }
}

/**
 * Brings the lists to where they are after an event. A runtime that sends what happened before anybody listened tells
 * of states that are over already: nothing goes back.
 */
export function takeDown(node: Node, event: ContainerEventResponse): void {
  const {containerId: id, containerEventType: type, podSandboxStatus: pod, containersStatuses} = event
  const isPod = pod?.id === id || node.pods.has(id)
  if (type === 'CONTAINER_DELETED_EVENT') {
    node.pods.delete(id)
    node.containers.delete(id)
  } else if (isPod) {
    const sandbox = pod ?? node.pods.get(id)
    const state = type === 'CONTAINER_STOPPED_EVENT' ? 'SANDBOX_NOTREADY' : 'SANDBOX_READY'
    if (sandbox) node.pods.set(id, {...sandbox, state: later(node.pods.get(id)?.state, state, podLife)})
  } else {
    const before = node.containers.get(id)
    node.containers.set(id, {
      ...unknownContainer,
      ...before,
      ...containersStatuses.find((status) => status.id === id),
      id,
      podSandboxId: pod?.id ?? before?.podSandboxId ?? '',
      state: later(before?.state, stateAfter[type] ?? 'CONTAINER_UNKNOWN', containerLife),
    })
  }
}

function later<State extends string | number>(
  known: State | undefined,
  told: State,
  places: Readonly<Record<string, number>>,
): State {
  return known !== undefined && (places[`${known}`] ?? 0) > (places[`${told}`] ?? 0) ? known : told
}

const unknownContainer: Container = {
  id: '',
  podSandboxId: '',
  metadata: null,
  image: null,
  imageRef: '',
  imageId: '',
  state: 'CONTAINER_UNKNOWN',
  createdAt: '0',
  labels: {},
  annotations: {},
}

function podStatus({
  id,
  metadata,
  state,
  createdAt,
  labels,
  annotations,
  runtimeHandler,
}: PodSandbox): PodSandboxStatus {
  return {id, metadata, state, createdAt, network: null, linux: null, labels, annotations, runtimeHandler}
}

function containerStatus({
  id,
  metadata,
  state,
  createdAt,
  image,
  imageRef,
  imageId,
  labels,
  annotations,
}: Container): ContainerStatus {
  return {
    id,
    metadata,
    state,
    createdAt,
    startedAt: '0',
    finishedAt: '0',
    exitCode: 0,
    image,
    imageRef,
    reason: '',
    message: '',
    labels,
    annotations,
    mounts: [],
    logPath: '',
    resources: null,
    imageId,
    user: null,
    stopSignal: 'SIGNAL_RUNTIME_DEFAULT',
  }
}
