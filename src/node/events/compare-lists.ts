import type {CriClient} from '../../client/connect.js'
import {listContainers, listPodSandboxes} from '../../client/lists.js'
import {RpcError} from '../../errors/errors.js'
import type {
  Container,
  ContainerEventResponse,
  ContainerEventType,
  ContainerState,
  ContainerStatus,
  PodSandbox,
} from '../../generated/cri.js'
import {isTime} from '../../text/time.js'
import {containerStatuses} from '../details.js'
import {isRuntimeLost} from '../lost-runtime.js'

// Events as lists tell them: what was looked at twice has changed in between.

/** What there is on a node, by ID. */
export interface Node {
  containers: Map<string, Container>
  pods: Map<string, PodSandbox>
}

/** The pods last, so that those of all containers are among them. */
export async function look(client: CriClient): Promise<Node> {
  const containers = await listContainers(client)
  const pods = await listPodSandboxes(client)
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

/**
 * In the order in which a node does things: pods begin before their containers and end after them, and what is gone
 * has stopped before.
 */
export function changesBetween(before: Node, now: Node): Change[] {
  const pods = [...now.pods.values()].flatMap((pod) =>
    podChanges(pod, steps(before.pods.get(pod.id)?.state, pod.state, podLife)),
  )
  const containers = [...now.containers.values()].flatMap((container) =>
    containerChanges(
      container,
      now.pods.get(container.podSandboxId) ?? before.pods.get(container.podSandboxId),
      steps(before.containers.get(container.id)?.state, container.state, containerLife),
    ),
  )
  const gonePods = [...before.pods.values()]
    .filter(({id}) => !now.pods.has(id))
    .flatMap((pod) =>
      podChanges({...pod, state: 'SANDBOX_NOTREADY'}, endEvents(pod.state === 'SANDBOX_READY')),
    )
  const goneContainers = [...before.containers.values()]
    .filter(({id}) => !now.containers.has(id))
    .flatMap((container) =>
      containerChanges(
        container,
        before.pods.get(container.podSandboxId),
        endEvents(container.state === 'CONTAINER_RUNNING'),
      ),
    )
  return [
    ...pods.filter((change) => !isStop(change)),
    ...containers,
    ...goneContainers.filter(isStop),
    ...pods.filter(isStop),
    ...gonePods.filter(isStop),
    ...goneContainers.filter(isDeletion),
    ...gonePods.filter(isDeletion),
  ]
}

function podChanges(pod: PodSandbox, types: readonly ContainerEventType[]): Change[] {
  return types.map((type) => ({type, id: pod.id, pod, container: undefined}))
}

function containerChanges(
  container: Container,
  pod: PodSandbox | undefined,
  types: readonly ContainerEventType[],
): Change[] {
  return types.map((type) => ({type, id: container.id, pod, container}))
}

function isStop({type}: Change): boolean {
  return type === 'CONTAINER_STOPPED_EVENT'
}

function isDeletion({type}: Change): boolean {
  return type === 'CONTAINER_DELETED_EVENT'
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

/** What was seen running and is gone has stopped; what never ran, as far as anybody saw, is only removed. */
function endEvents(ran: boolean): ContainerEventType[] {
  return ran ? ['CONTAINER_STOPPED_EVENT', 'CONTAINER_DELETED_EVENT'] : ['CONTAINER_DELETED_EVENT']
}

/**
 * With the times and exit codes that only the status of a container tells; what the runtime refuses is left out. To
 * insist means to throw where it goes away before it has told them all.
 */
export async function eventsOf(
  client: CriClient,
  changes: readonly Change[],
  {insist}: {insist: boolean},
): Promise<ContainerEventResponse[]> {
  const gone = new Set(changes.filter(isDeletion).map(({id}) => id))
  const there = changes.filter(({id, container}) => container && !gone.has(id))
  const ids = [...new Set(there.map(({id}) => id))].map((id) => ({id}))
  const statuses = await containerStatuses(client, ids, (error) => {
    if (isRuntimeLost(error) ? insist : !(error instanceof RpcError)) throw error
  })
  return changes.map((change) => eventOf(change, statuses.get(change.id)))
}

/** Without a status nobody knows with which code a container has exited, so that none may be told. */
const stateTold: Readonly<Record<string, ContainerState>> = {
  CONTAINER_CREATED_EVENT: 'CONTAINER_CREATED',
  CONTAINER_STARTED_EVENT: 'CONTAINER_RUNNING',
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
  const then = container && containerStatus({...container, state: stateTold[type] ?? 'CONTAINER_UNKNOWN'})
  return {
    containerId: id,
    containerEventType: type,
    createdAt: isTime(time) ? time : `${BigInt(Date.now()) * 1_000_000n}`,
    podSandboxStatus: pod ? {...pod, network: null, linux: null} : null,
    containersStatuses: then ? [type === 'CONTAINER_STOPPED_EVENT' && status ? status : then] : [],
  }
}

const stateAfter: Readonly<Record<string, ContainerState>> = {
  ...stateTold,
  CONTAINER_STOPPED_EVENT: 'CONTAINER_EXITED',
}

/**
 * Brings the lists to where they are after an event. A runtime that sends what happened before anybody listened tells
 * of states that are over already: nothing goes back.
 */
export function applyEvent(node: Node, event: ContainerEventResponse): void {
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

function containerStatus({podSandboxId: _, ...known}: Container): ContainerStatus {
  return {
    ...known,
    startedAt: '0',
    finishedAt: '0',
    exitCode: 0,
    reason: '',
    message: '',
    mounts: [],
    logPath: '',
    resources: null,
    user: null,
    stopSignal: 'SIGNAL_RUNTIME_DEFAULT',
  }
}
