import {
  type PortHandler,
  type SessionKind,
  type StreamHandler,
  startStreamingServer,
} from '../../src/demo/server/streaming-server.js'
import type * as cri from '../../src/generated/cri.js'
import {
  type Answer,
  container,
  type FakeRuntime,
  id,
  restarts,
  secondsAgo,
  startFakeRuntime,
  status,
} from './fake-runtime.js'
import {type LogDirectory, logDirectory} from './log-files.js'

export const webId = id('1a')

export interface TestContainer {
  pod: string
  name: string
  attempt?: number
  namespace?: string
  /** Made of the names if left out, as the pod's. */
  id?: string
  podId?: string
  createdAt?: string
  /** Below the directory; the kubelet's form if left out. */
  logPath?: string
  state?: cri.ContainerState
  exitCode?: number
  reason?: string
  startedAtMs?: number
  /** Made by hand, without the kubelet's annotations. */
  madeByHand?: boolean
  /** Made by hand, without the labels that crisp sets as the kubelet does. */
  unlabelled?: boolean
}

export interface NodeBehaviour {
  /** A running default/web-0/web if left out. */
  containers?: TestContainer[]
  exec?: StreamHandler
  attach?: StreamHandler
  port?: PortHandler
  /** Of the streaming server. */
  statusFirst?: ReadonlySet<SessionKind>
  /** Over and above: other calls, or other answers to these. */
  answers?: Record<string, Answer>
}

/**
 * A node whose containers are only entries in lists, with logs in a directory and sessions that do what the test says.
 * Lists and logs may be changed at any time.
 */
export interface FakeNode extends AsyncDisposable {
  runtime: FakeRuntime
  endpoint: string
  logs: LogDirectory
  containers: TestContainer[]
  /** By name; all others are ready. */
  endedPods: Set<string>
  podLabels: Record<string, Record<string, string>>
  logOf(container: TestContainer): string
}

export async function startFakeNode({
  containers = [{pod: 'web-0', name: 'web', id: webId, podId: id('b1'), createdAt: secondsAgo(200)}],
  exec,
  attach,
  port,
  statusFirst,
  answers,
}: NodeBehaviour = {}): Promise<FakeNode> {
  const logs = logDirectory()
  const sessions = await startStreamingServer(statusFirst ? {statusFirst} : {})
  const runtime = await startFakeRuntime({
    ListContainers: () => ({containers: node.containers.map(listed)}),
    ListPodSandbox: () => ({items: pods().map(pod)}),
    PodSandboxStatus: ({podSandboxId}: cri.PodSandboxStatusRequest) => ({
      status:
        pods()
          .map(pod)
          .find((one) => one.id === podSandboxId) ?? missing(),
    }),
    ContainerStatus: ({containerId}: cri.ContainerStatusRequest) => {
      const index = node.containers.findIndex((one) => containerIdOf(one) === containerId)
      return {status: statusOf(node.containers[index] ?? missing(), index)}
    },
    ReopenContainerLog: {},
    Exec: (request: cri.ExecRequest) => ({url: sessions.execUrl(request, exec ?? refused)}),
    Attach: (request: cri.AttachRequest) => ({url: sessions.attachUrl(request, attach ?? refused)}),
    PortForward: (request: cri.PortForwardRequest) => ({
      url: sessions.portForwardUrl(request.port, port ?? nobodyListens),
    }),
    ...answers,
  })
  const node: FakeNode = {
    runtime,
    endpoint: runtime.endpoint,
    logs,
    containers,
    endedPods: new Set(),
    podLabels: {},
    logOf: (one) => `${logs.path}/${one.logPath ?? kubeletLogPath(one)}`,
    [Symbol.asyncDispose]: async () => {
      await runtime[Symbol.asyncDispose]()
      await sessions[Symbol.asyncDispose]()
      logs[Symbol.dispose]()
    },
  }
  const pods = () => [...new Map(node.containers.map((one) => [one.pod, one])).values()]
  const pod = (one: TestContainer) => ({
    id: podIdOf(one),
    metadata: {name: one.pod, namespace: one.namespace ?? 'default', uid: `uid-${one.pod}`, attempt: 0},
    state: node.endedPods.has(one.pod) ? ('SANDBOX_NOTREADY' as const) : ('SANDBOX_READY' as const),
    ...(one.createdAt === undefined ? {} : {createdAt: one.createdAt}),
    labels: node.podLabels[one.pod] ?? {},
  })
  const statusOf = (one: TestContainer, index: number): cri.Input<cri.ContainerStatus> => ({
    ...listed(one, index),
    logPath: node.logOf(one),
    exitCode: one.exitCode ?? 0,
    reason: one.reason ?? '',
    startedAt: `${BigInt(one.startedAtMs ?? 0) * 1_000_000n}`,
  })
  return node
}

const refused: StreamHandler = async () => ({failure: 'not part of this test'})
const nobodyListens: PortHandler = () => Promise.reject(new Error('connection refused'))

function missing(): never {
  throw status(5, 'no such object')
}

function listed(one: TestContainer, index: number): cri.Input<cri.Container> {
  const {pod, name, attempt = 0, namespace = 'default'} = one
  return container({
    id: containerIdOf(one),
    podSandboxId: podIdOf(one),
    metadata: {name, attempt},
    state: one.state ?? 'CONTAINER_RUNNING',
    createdAt: one.createdAt ?? `${1_700_000_000_000_000_000n + BigInt(index)}`,
    labels: one.unlabelled
      ? {}
      : {
          'io.kubernetes.container.name': name,
          'io.kubernetes.pod.name': pod,
          'io.kubernetes.pod.namespace': namespace,
          'io.kubernetes.pod.uid': `uid-${pod}`,
        },
    annotations: one.madeByHand ? {} : restarts(attempt),
  })
}

function containerIdOf({id: given, pod, name, attempt = 0}: TestContainer): string {
  return given ?? idOf(`${pod}${name}${attempt}`)
}

function podIdOf({podId, pod}: TestContainer): string {
  return podId ?? idOf(pod)
}

function idOf(word: string): string {
  return id(Buffer.from(word).toString('hex').padStart(40, 'f').slice(-40))
}

function kubeletLogPath({pod, name, attempt = 0, namespace = 'default'}: TestContainer): string {
  return `${namespace}_${pod}_uid-${pod}/${name}/${attempt}.log`
}
