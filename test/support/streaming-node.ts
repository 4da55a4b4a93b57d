import {
  type PortHandler,
  type SessionKind,
  type StreamHandler,
  startStreamingServer,
} from '../../src/demo/server/streaming-server.js'
import type * as cri from '../../src/generated/cri.js'
import {
  type Answer,
  type FakeRuntime,
  id,
  kubeletContainer,
  secondsAgo,
  startFakeRuntime,
} from './fake-runtime.js'

export const webId = id('1a')

export interface StreamingNode extends AsyncDisposable {
  endpoint: string
  runtime: FakeRuntime
}

export interface NodeBehaviour {
  exec?: StreamHandler
  attach?: StreamHandler
  port?: PortHandler
  /** Of the streaming server. */
  statusFirst?: ReadonlySet<SessionKind>
  /** Over and above: other calls, other containers. */
  answers?: Record<string, Answer>
}

/** A fake runtime with a running container default/web-0/web, whose sessions do what the test says. */
export async function startStreamingNode({
  exec,
  attach,
  port,
  statusFirst,
  answers,
}: NodeBehaviour): Promise<StreamingNode> {
  const server = await startStreamingServer(statusFirst ? {statusFirst} : {})
  const refused: StreamHandler = async () => ({failure: 'not part of this test'})
  const runtime = await startFakeRuntime({
    ListContainers: {
      containers: [
        kubeletContainer('default', 'web-0', 'web', {
          id: webId,
          podSandboxId: id('b1'),
          createdAt: secondsAgo(200),
        }),
      ],
    },
    ListPodSandbox: {
      items: [
        {
          id: id('b1'),
          metadata: {name: 'web-0', namespace: 'default', uid: 'uid-web-0', attempt: 0},
          state: 'SANDBOX_READY',
          createdAt: secondsAgo(201),
        },
      ],
    },
    PodSandboxStatus: {status: {id: id('b1'), state: 'SANDBOX_READY'}},
    ContainerStatus: {status: {id: webId, state: 'CONTAINER_RUNNING'}},
    Exec: (request: cri.ExecRequest) => ({url: server.execUrl(request, exec ?? refused)}),
    Attach: (request: cri.AttachRequest) => ({url: server.attachUrl(request, attach ?? refused)}),
    PortForward: (request: cri.PortForwardRequest) => ({
      url: server.portForwardUrl(
        request.port,
        port ?? (() => Promise.reject(new Error('connection refused'))),
      ),
    }),
    ...answers,
  })
  return {
    endpoint: runtime.endpoint,
    runtime,
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
