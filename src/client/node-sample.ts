import {RpcError} from '../errors.js'
import type {
  Container,
  ContainerStats,
  FilesystemUsage,
  PodSandbox,
  RuntimeCondition,
  VersionResponse,
} from '../generated/cri.js'
import type {CriClient} from './connect.js'
import {listContainers, listPodSandboxes} from './lists.js'
import {isRuntimeLost} from './lost.js'
import {listContainerStats} from './usage.js'

/** What a node runs and uses at one moment. */
export interface NodeSample {
  pods: PodSandbox[]
  containers: Container[]
  /** By container ID. */
  stats: Map<string, ContainerStats>
}

export async function sampleNode(client: CriClient): Promise<NodeSample> {
  const [pods, containers, stats] = await Promise.all([
    listPodSandboxes(client),
    listContainers(client),
    listContainerStats(client),
  ])
  return {pods, containers, stats: new Map(stats.map((item) => [item.attributes?.id ?? '', item]))}
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
    if (error instanceof RpcError && !isRuntimeLost(error)) return []
    throw error
  }
}
