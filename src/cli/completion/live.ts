import {type CriClient, connect} from '../../client/connect.js'
import {listContainerRows, listImageRows, listPodSandboxRows} from '../../client/list-rows.js'
import type {Settings} from '../settings/settings.js'
import {containerCandidates, imageCandidates, namespaceCandidates, podCandidates} from './names.js'
import type {Candidate, Position} from './position.js'

/** Names of what runs on the node. Rejects as every call does, and with the signal's reason. */
export async function liveCandidates(
  lookup: NonNullable<Position['lookup']>,
  part: string,
  settings: Settings,
  signal: AbortSignal,
): Promise<Candidate[]> {
  using client = connect({
    endpoint: await endpointOf(settings.endpoint),
    imageEndpoint: await endpointOf(settings.imageEndpoint),
    maxRetries: 0,
    signal,
  })
  switch (lookup) {
    case 'container':
      return await containers(client, part)
    case 'container-or-pod':
      return await containersAndPods(client, part)
    case 'running-container':
      return await containers(client, part, 'CONTAINER_RUNNING')
    case 'container-path':
      return (await containers(client, part, 'CONTAINER_RUNNING')).map((one) => ({
        ...one,
        word: `${one.word}:`,
      }))
    case 'created-container':
      return await containers(client, part, 'CONTAINER_CREATED')
    case 'pod':
      return podCandidates(await listPodSandboxRows(client), part)
    case 'ready-pod':
      return podCandidates(await listPodSandboxRows(client), part, 'SANDBOX_READY')
    case 'image':
      return imageCandidates(await listImageRows(client), part)
    case 'namespace':
      return namespaceCandidates(await listPodSandboxRows(client), part)
    case 'file':
    case 'socket':
      return []
  }
}

/** A Tab does not start the embedded runtime. */
async function endpointOf(endpoint: string | undefined): Promise<string | undefined> {
  if (endpoint !== 'demo') return endpoint
  const {demoSocketPath} = await import('../../demo/state/home.js')
  return `unix://${demoSocketPath()}`
}

/** A word that is a container's and a pod's means the container. */
async function containersAndPods(client: CriClient, part: string): Promise<Candidate[]> {
  const [all, pods] = await Promise.all([listContainerRows(client), listPodSandboxRows(client)])
  const named = containerCandidates(all, pods, part)
  const taken = new Set(named.map(({word}) => word))
  return [...named, ...podCandidates(pods, part).filter(({word}) => !taken.has(word))]
}

/** All states are asked for: whether a name is enough depends on those that are not wanted, too. */
async function containers(
  client: CriClient,
  part: string,
  state?: 'CONTAINER_RUNNING' | 'CONTAINER_CREATED',
): Promise<Candidate[]> {
  const [all, pods] = await Promise.all([listContainerRows(client), listPodSandboxRows(client)])
  return containerCandidates(all, pods, part, state)
}
