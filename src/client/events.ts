import {RpcError, rpcCode, UnreachableError, UserError} from '../errors.js'
import type {
  Container,
  ContainerEventResponse,
  ContainerEventType,
  ContainerStatus,
  PodSandbox,
  PodSandboxStatus,
} from '../generated/cri.js'
import type {CriClient} from './connect.js'
import {listContainers, listPodSandboxes} from './lists.js'
import {retryDelayMs, waitMs} from './retries.js'

export interface EventOptions {
  /** Take the events of containerd 1.7 too, although every one taken is lost to the kubelet. */
  force?: boolean
  /** Never ask for events, compare lists instead. */
  poll?: boolean
  /** Between two lists where the runtime has no events, in milliseconds; 1,000 by default. */
  pollIntervalMs?: number
  signal?: AbortSignal | undefined
  /** Told in one line what a reader of the events should know: that they are polled, that some may be missing. */
  onNotice?: (text: string) => void
}

/**
 * What happens to containers and pods, from now on and until the signal or the end of the loop. A lost connection
 * is made again. Where the runtime has no events (containerd 1.6, CRI-O without enable_pod_events) lists are compared,
 * so that what lives shorter than the interval is missed. Throws UserError for containerd 1.7 without `force`, since
 * there all clients take from one queue and the kubelet is one of them.
 */
export async function* containerEvents(
  client: CriClient,
  options: EventOptions = {},
): AsyncGenerator<ContainerEventResponse> {
  if (!options.poll && !options.force) await refuseSharedQueue(client)
  for (let lost = 0; ; ) {
    try {
      const available = options.poll
        ? false
        : yield* runtimeEvents(client, () => {
            lost = 0
          })
      if (available) {
        options.onNotice?.('the runtime ended its stream of events: listening again')
        await waitMs(retryDelayMs(0), options.signal)
        continue
      }
      options.onNotice?.(
        'the runtime sends no events: lists are compared instead, very short lives may be missed',
      )
      return yield* polledEvents(client, options)
    } catch (error) {
      if (!isLost(error)) throw error
      if (lost === 0)
        options.onNotice?.('connection to the runtime lost: what happens until it is back is missing here')
      await waitMs(retryDelayMs(lost++), options.signal)
    }
  }
}

const quickEndMs = 1_000

/** False where there are no events: the call is unknown, or ends at once without any (CRI-O with events off). */
async function* runtimeEvents(
  client: CriClient,
  onEvent: () => void,
): AsyncGenerator<ContainerEventResponse, boolean> {
  const opened = performance.now()
  let any = false
  try {
    for await (const event of client.runtime.getContainerEvents()) {
      any = true
      onEvent()
      yield event
    }
  } catch (error) {
    if (error instanceof RpcError && error.code === rpcCode.unimplemented) return false
    throw error
  }
  return any || performance.now() - opened > quickEndMs
}

function isLost(error: unknown): boolean {
  return (
    error instanceof UnreachableError || (error instanceof RpcError && error.code === rpcCode.unavailable)
  )
}

/** Of containerd 1.7 all clients take events from one queue: each that is taken is lost to the kubelet. */
export async function hasSharedQueue(client: CriClient): Promise<string | undefined> {
  const {runtimeName, runtimeVersion} = await client.runtime.version()
  return runtimeName === 'containerd' && /^v?1\.7\./.test(runtimeVersion) ? runtimeVersion : undefined
}

async function refuseSharedQueue(client: CriClient): Promise<void> {
  const runtimeVersion = await hasSharedQueue(client)
  if (runtimeVersion !== undefined) {
    throw new UserError(
      `containerd ${runtimeVersion} has one queue of events for all clients: each event shown here is lost to the kubelet; --poll compares lists instead, --force takes them anyway`,
    )
  }
}

interface Node {
  containers: Map<string, Container>
  pods: Map<string, PodSandbox>
}

async function* polledEvents(
  client: CriClient,
  options: EventOptions,
): AsyncGenerator<ContainerEventResponse> {
  let before = await look(client)
  for (;;) {
    await waitMs(options.pollIntervalMs ?? 1_000, options.signal)
    let now: Node
    try {
      now = await look(client)
    } catch (error) {
      if (!isLost(error)) throw error
      options.onNotice?.('the runtime does not answer: looking again')
      continue
    }
    for (const change of changesBetween(before, now)) yield await eventOf(client, change)
    before = now
  }
}

async function look(client: CriClient): Promise<Node> {
  const [containers, pods] = await Promise.all([listContainers(client), listPodSandboxes(client)])
  return {
    containers: new Map(containers.map((container) => [container.id, container])),
    pods: new Map(pods.map((pod) => [pod.id, pod])),
  }
}

interface Change {
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

async function eventOf(
  client: CriClient,
  {type, id, pod, container}: Change,
): Promise<ContainerEventResponse> {
  const status = container && type === 'CONTAINER_STOPPED_EVENT' ? await statusOf(client, id) : undefined
  return {
    containerId: id,
    containerEventType: type,
    createdAt: status?.finishedAt ?? `${BigInt(Date.now()) * 1_000_000n}`,
    podSandboxStatus: pod ? podStatus(pod) : null,
    containersStatuses: container ? [status ?? containerStatus(container)] : [],
  }
}

async function statusOf(client: CriClient, containerId: string): Promise<ContainerStatus | undefined> {
  try {
    return (await client.runtime.containerStatus({containerId})).status ?? undefined
  } catch (error) {
    // Gone between the list and now.
    if (error instanceof RpcError && error.code === rpcCode.notFound) return undefined
    throw error
  }
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
