import type {ContainerState, ContainerStatus, Input} from '../../src/generated/cri.js'
import {type FakeRuntime, id, startFakeRuntime} from './fake-runtime.js'
import {type LogDirectory, logDirectory} from './log-files.js'

export interface TestContainer {
  pod: string
  name: string
  attempt?: number
  namespace?: string
  /** Below the directory; the kubelet's form if left out. */
  logPath?: string
  state?: ContainerState
  exitCode?: number
  reason?: string
  startedAtMs?: number
  /** Made by hand, without the kubelet's labels. */
  unlabelled?: boolean
}

/** A node whose containers are only entries in lists, with logs in a directory. Both may be changed at any time. */
export interface TestNode extends AsyncDisposable {
  runtime: FakeRuntime
  endpoint: string
  logs: LogDirectory
  containers: TestContainer[]
  /** By name; all others are ready. */
  endedPods: Set<string>
  podLabels: Record<string, Record<string, string>>
  logOf(container: TestContainer): string
}

export async function startNode(containers: TestContainer[]): Promise<TestNode> {
  const logs = logDirectory()
  const pods = () => [...new Map(node.containers.map((one) => [one.pod, one])).values()]
  const idOf = (word: string) => id(Buffer.from(word).toString('hex').padStart(40, 'f').slice(-40))
  const containerId = ({pod, name, attempt = 0}: TestContainer) => idOf(`${pod}${name}${attempt}`)
  const described = (container: TestContainer, index: number) => ({
    id: containerId(container),
    podSandboxId: idOf(container.pod),
    metadata: {name: container.name, attempt: container.attempt ?? 0},
    state: container.state ?? ('CONTAINER_RUNNING' as const),
    createdAt: `${1_700_000_000_000_000_000n + BigInt(index)}`,
    labels: container.unlabelled
      ? {}
      : {
          'io.kubernetes.container.name': container.name,
          'io.kubernetes.pod.name': container.pod,
          'io.kubernetes.pod.namespace': container.namespace ?? 'default',
          'io.kubernetes.pod.uid': `uid-${container.pod}`,
        },
  })
  const statusOf = (container: TestContainer, index: number): Input<ContainerStatus> => ({
    ...described(container, index),
    logPath: node.logOf(container),
    exitCode: container.exitCode ?? 0,
    reason: container.reason ?? '',
    startedAt: `${BigInt(container.startedAtMs ?? 0) * 1_000_000n}`,
  })
  const runtime = await startFakeRuntime({
    ListContainers: () => ({containers: node.containers.map(described)}),
    ListPodSandbox: () => ({
      items: pods().map(({pod, namespace = 'default'}) => ({
        id: idOf(pod),
        metadata: {name: pod, namespace, uid: `uid-${pod}`, attempt: 0},
        state: node.endedPods.has(pod) ? 'SANDBOX_NOTREADY' : 'SANDBOX_READY',
        labels: node.podLabels[pod] ?? {},
      })),
    }),
    ContainerStatus: ((request: {containerId: string}) => {
      const index = node.containers.findIndex((one) => containerId(one) === request.containerId)
      const container = node.containers[index]
      if (!container) throw Object.assign(new Error('not found'), {code: 5, details: 'no such container'})
      return {status: statusOf(container, index)}
    }) as never,
    ReopenContainerLog: {},
  })
  const node: TestNode = {
    runtime,
    endpoint: runtime.endpoint,
    logs,
    containers,
    endedPods: new Set(),
    podLabels: {},
    logOf: ({pod, name, attempt = 0, namespace = 'default', logPath}) =>
      `${logs.path}/${logPath ?? `${namespace}_${pod}_uid-${pod}/${name}/${attempt}.log`}`,
    [Symbol.asyncDispose]: async () => {
      await runtime[Symbol.asyncDispose]()
      logs[Symbol.dispose]()
    },
  }
  return node
}
