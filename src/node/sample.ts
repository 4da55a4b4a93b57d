import type {CriClient} from '../client/connect.js'
import {listContainers, listPodSandboxes} from '../client/lists.js'
import {RpcError} from '../errors/errors.js'
import type {
  Container,
  ContainerStats,
  FilesystemUsage,
  PodSandbox,
  RuntimeCondition,
  VersionResponse,
} from '../generated/cri.js'
import {isRuntimeLost, isSlowCall} from './lost-runtime.js'
import {listContainerStats} from './usage.js'

interface NodeLists {
  pods: PodSandbox[]
  containers: Container[]
}

/** What a node runs and uses at one moment. */
export interface NodeSample extends NodeLists {
  /** By container ID. */
  stats: Map<string, ContainerStats>
}

export async function sampleNode(client: CriClient): Promise<NodeSample> {
  const [lists, stats] = await Promise.all([listsOf(client), statsOf(client)])
  return {...lists, stats}
}

/** Statistics of other containers than before ask for new lists; else only every so many samples do. */
const listEvery = 3

/**
 * Samples a node again and again. What is started and what ends is in the next sample, since most runtimes give
 * figures of running containers alone; what is only created, and a pod without containers, within three of them. The
 * lists with all their labels are most of what a sample costs.
 */
export class NodeSampler {
  readonly #client: CriClient
  #last: NodeSample | undefined
  #sinceLists = 0

  constructor(client: CriClient) {
    this.#client = client
  }

  /** Rejects as the client's calls do. */
  async sample(): Promise<NodeSample> {
    const last = this.#last
    if (!last || ++this.#sinceLists >= listEvery) return this.#keep(await sampleNode(this.#client), 0)
    const stats = await statsOf(this.#client)
    const sameAsBefore = stats.size === last.stats.size && [...stats.keys()].every((id) => last.stats.has(id))
    if (sameAsBefore) return this.#keep({...last, stats}, this.#sinceLists)
    return this.#keep({...(await listsOf(this.#client)), stats}, 0)
  }

  #keep(sample: NodeSample, sinceLists: number): NodeSample {
    this.#last = sample
    this.#sinceLists = sinceLists
    return sample
  }
}

async function listsOf(client: CriClient): Promise<NodeLists> {
  const [pods, containers] = await Promise.all([listPodSandboxes(client), listContainers(client)])
  return {pods, containers}
}

async function statsOf(client: CriClient): Promise<NodeSample['stats']> {
  const stats = await listContainerStats(client)
  return new Map(stats.map((item) => [item.attributes?.id ?? '', item]))
}

/** What changes slowly: who the runtime is, how it is, what its images take. */
export interface NodeState {
  version: VersionResponse
  conditions: RuntimeCondition[]
  imageFilesystems: FilesystemUsage[]
}

export async function nodeState(client: CriClient): Promise<NodeState> {
  const [version, status, filesystems] = await Promise.all([
    client.runtime.version(),
    client.runtime.status({verbose: false}),
    imageFilesystems(client),
  ])
  return {version, conditions: status.status?.conditions ?? [], imageFilesystems: filesystems}
}

/** None where the image service does not tell: the rest of a node can be looked at all the same. */
export async function imageFilesystems(client: CriClient): Promise<FilesystemUsage[]> {
  try {
    return (await client.image.imageFsInfo()).imageFilesystems
  } catch (error) {
    // If nothing answered any more, the other calls would say so.
    if (isSlowCall(error) || (error instanceof RpcError && !isRuntimeLost(error))) return []
    throw error
  }
}
