import {type CriClient, connect} from '../../client/connect.js'
import {listContainerRows, listImageRows, listPodSandboxRows} from '../../client/list-rows.js'
import type {Settings} from '../settings/settings.js'
import {type Kept, keepLists, keptLists} from './kept-lists.js'
import {
  containerCandidates,
  imageCandidates,
  type NodeLists,
  namespaceCandidates,
  podCandidates,
} from './names.js'
import type {Candidate, Position} from './position.js'

export type Lookup = NonNullable<Position['lookup']>

/**
 * Names of what runs on the node; those of a short while ago where the runtime does not bring them in time. Rejects as
 * every call does, and with the signal's reason.
 */
export async function liveCandidates(
  lookup: Lookup,
  part: string,
  settings: Settings,
  signal: AbortSignal,
): Promise<Candidate[]> {
  const kept = {endpoint: settings.endpoint, imageEndpoint: settings.imageEndpoint, list: listFor(lookup)}
  return candidatesFrom(lookup, part, await listsOrKept(kept, signal, () => askRuntime(kept, signal)))
}

/** As it answers; what was kept where it does not in time. */
export async function listsOrKept(
  kept: Kept,
  signal: AbortSignal,
  ask: () => Promise<NodeLists>,
): Promise<NodeLists> {
  try {
    const lists = await ask()
    keepLists(kept, lists)
    return lists
  } catch (error) {
    const lists = signal.aborted ? keptLists(kept) : undefined
    if (!lists) throw error
    return lists
  }
}

type List = 'containers' | 'images' | 'pods'

/** Rejects as every call does, and with the signal's reason. */
export async function askRuntime(
  {endpoint, imageEndpoint, list}: Pick<Settings, 'endpoint' | 'imageEndpoint'> & {list: string},
  signal: AbortSignal,
): Promise<NodeLists> {
  using client = connect({
    endpoint: await endpointOf(endpoint),
    imageEndpoint: await endpointOf(imageEndpoint),
    maxRetries: 0,
    signal,
  })
  return await askLists(client, list)
}

export function listFor(lookup: Lookup): List {
  if (lookup === 'image') return 'images'
  return lookup.includes('container') ? 'containers' : 'pods'
}

/** Of all states: whether a name is enough depends on those that are not wanted, too. */
async function askLists(client: CriClient, list: string): Promise<NodeLists> {
  switch (list) {
    case 'images':
      return {containers: [], pods: [], images: await listImageRows(client)}
    case 'pods':
      return {containers: [], pods: await listPodSandboxRows(client), images: []}
    default: {
      const [containers, pods] = await Promise.all([listContainerRows(client), listPodSandboxRows(client)])
      return {containers, pods, images: []}
    }
  }
}

export function candidatesFrom(
  lookup: Lookup,
  part: string,
  {containers, pods, images}: NodeLists,
): Candidate[] {
  switch (lookup) {
    case 'container':
      return containerCandidates(containers, pods, part)
    case 'container-or-pod': {
      // A word that is a container's and a pod's means the container.
      const named = containerCandidates(containers, pods, part)
      const taken = new Set(named.map(({word}) => word))
      return [...named, ...podCandidates(pods, part).filter(({word}) => !taken.has(word))]
    }
    case 'running-container':
      return containerCandidates(containers, pods, part, 'CONTAINER_RUNNING')
    case 'container-path':
      return containerCandidates(containers, pods, part, 'CONTAINER_RUNNING').map((one) => ({
        ...one,
        word: `${one.word}:`,
      }))
    case 'created-container':
      return containerCandidates(containers, pods, part, 'CONTAINER_CREATED')
    case 'pod':
      return podCandidates(pods, part)
    case 'ready-pod':
      return podCandidates(pods, part, 'SANDBOX_READY')
    case 'image':
      return imageCandidates(images, part)
    case 'namespace':
      return namespaceCandidates(pods, part)
    case 'file':
    case 'socket':
    case 'known-node':
    case 'node':
    case 'request-field':
      return []
  }
}

/** A Tab does not start the embedded runtime. */
async function endpointOf(endpoint: string | undefined): Promise<string | undefined> {
  if (endpoint !== 'demo') return endpoint
  const {demoSocketPath} = await import('../../demo/state/home.js')
  return `unix://${demoSocketPath()}`
}
