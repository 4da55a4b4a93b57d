import {type CriClient, connect} from '../../src/client/connect.js'
import {RpcError, rpcCode} from '../../src/errors/errors.js'
import type {ContainerConfig, ContainerStatus, Input, PodSandboxConfig} from '../../src/generated/cri.js'
import {eventually} from './eventually.js'

export const shellImage = 'registry.crisp.demo/shell:1.0'

let pods = 0

/** A client and a pod, as a test needs them all the time. */
export async function podOn(client: CriClient, config: Input<PodSandboxConfig> = {}): Promise<string> {
  const name = `pod-${++pods}`
  const metadata = {name, namespace: 'test', uid: `uid-${name}`, attempt: 0}
  const {podSandboxId} = await client.runtime.runPodSandbox({config: {metadata, ...config}})
  return podSandboxId
}

export async function containerIn(
  client: CriClient,
  podSandboxId: string,
  command: readonly string[],
  config: Input<ContainerConfig> = {},
): Promise<string> {
  const {containerId} = await client.runtime.createContainer({
    podSandboxId,
    config: {
      metadata: {name: 'main', attempt: 0},
      image: {image: shellImage, userSpecifiedImage: shellImage},
      command: [...command],
      ...config,
    },
  })
  return containerId
}

export async function startIn(...given: Parameters<typeof containerIn>): Promise<string> {
  const containerId = await containerIn(...given)
  await given[0].runtime.startContainer({containerId})
  return containerId
}

/** The container's status once its process has ended. */
export async function ended(client: CriClient, containerId: string): Promise<ContainerStatus> {
  return eventually(async () => {
    const {status} = await client.runtime.containerStatus({containerId})
    if (status?.state !== 'CONTAINER_EXITED') throw new Error(`${containerId} is ${status?.state}`)
    return status
  })
}

/** The status code's name and nothing else; `OK` for a call that succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return Object.entries(rpcCode).find(([, code]) => code === error.code)?.[0] ?? String(error.code)
  }
}

export function clientOf({endpoint}: {endpoint: string}): CriClient {
  return connect({endpoint, maxRetries: 0})
}
