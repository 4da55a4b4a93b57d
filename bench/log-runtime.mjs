// A runtime that knows one container for each log file, and nothing else: enough for `crisp logs`.
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {loadPackageDefinition, Server, ServerCredentials} from '@grpc/grpc-js'
import {loadSync} from '@grpc/proto-loader'

const proto = fileURLToPath(new URL('../proto/runtime/v1/api.proto', import.meta.url))

/** `paths` by the container's name. The endpoint, and how to end it. */
export async function serveLogs(paths) {
  const api = loadPackageDefinition(loadSync(proto, {longs: String, enums: String})).runtime.v1
  const containers = Object.keys(paths).map((name, index) => ({
    id: (index + 1).toString(16).padStart(64, 'a'),
    podSandboxId: 'f'.repeat(64),
    metadata: {name},
    state: 'CONTAINER_RUNNING',
    createdAt: '1700000000000000000',
    labels: {
      'io.kubernetes.pod.name': 'bench',
      'io.kubernetes.pod.namespace': 'default',
      'io.kubernetes.pod.uid': 'u',
      'io.kubernetes.container.name': name,
    },
  }))
  const pod = {
    id: 'f'.repeat(64),
    metadata: {name: 'bench', namespace: 'default', uid: 'u'},
    state: 'SANDBOX_READY',
  }
  const server = new Server()
  server.addService(api.RuntimeService.service, {
    Version: (_, reply) => reply(null, {runtimeName: 'bench', runtimeApiVersion: 'v1'}),
    ListContainers: (_, reply) => reply(null, {containers}),
    ListPodSandbox: (_, reply) => reply(null, {items: [pod]}),
    ContainerStatus: ({request}, reply) => {
      const found = containers.find(({id}) => id === request.containerId)
      reply(null, {status: {...found, logPath: paths[found.metadata.name]}})
    },
  })
  const directory = mkdtempSync(join(tmpdir(), 'crisp-bench-'))
  const path = join(directory, 'cri.sock')
  await new Promise((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  )
  return {
    endpoint: `unix://${path}`,
    close: () => {
      server.forceShutdown()
      rmSync(directory, {recursive: true, force: true})
    },
  }
}
