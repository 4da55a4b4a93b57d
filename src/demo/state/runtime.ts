import type {
  ContainerConfig,
  ContainerState,
  LinuxContainerResources,
  PodSandboxConfig,
  PodSandboxMetadata,
} from '../../generated/cri.js'
import type {AttachedClients} from '../processes/attached-clients.js'
import type {Children} from '../processes/children.js'
import type {ContainerLog, LogRotation} from '../processes/container-log.js'
import type {Child} from '../processes/processes.js'
import type {Behaviour} from '../server/behaviour.js'
import type {StreamingServer} from '../server/streaming-server.js'
import type {Events} from './events.js'
import type {ImageStore, StoredImage} from './image-store.js'
import type {Names} from './names.js'
import type {Store} from './store.js'

export interface Pod {
  readonly id: string
  /** What keeps another pod from the same metadata. */
  readonly name: string
  readonly metadata: PodSandboxMetadata
  readonly config: PodSandboxConfig
  /** Where its containers' logs go that say nothing else; empty for nowhere. */
  readonly logDirectory: string
  readonly runtimeHandler: string
  readonly createdAt: string
  /** Empty on the host's network. */
  readonly ip: string
  readonly containers: Set<Container>
  ready: boolean
  resources: LinuxContainerResources | null
  overhead: LinuxContainerResources | null
}

export interface Container {
  readonly id: string
  readonly pod: Pod
  readonly name: string
  readonly config: ContainerConfig
  readonly image: StoredImage
  readonly command: readonly string[]
  /** Absolute; empty for a container without a log. */
  readonly logPath: string
  readonly createdAt: string
  readonly clients: AttachedClients
  /** What exec runs in it at the moment. */
  readonly execs: Set<Child>
  state: ContainerState
  /** While it is being started. */
  starting: Promise<void> | undefined
  /** From the moment on that it is being removed. */
  removing: Promise<void> | undefined
  stopSignalled: boolean
  /** Why it is being killed, where that is not the client's wish. */
  killReason: string | undefined
  /** Why some of its log is missing. */
  logFailure: string | undefined
  startedAt: string
  finishedAt: string
  exitCode: number
  reason: string
  message: string
  resources: LinuxContainerResources | null
  process: Child | undefined
  /** Of its process when it has ended; 0 for none. */
  endedPid: number
  /** As measured last; a reading never falls below it. */
  cpu: CpuReading
  log: ContainerLog | undefined
  /** Settles when the container is in state exited. */
  exited: Promise<void> | undefined
}

export interface CpuReading {
  totalNs: number
  atMs: number
}

/** Everything the handlers share. */
export interface Runtime {
  /** For files of its own; gone with the server. */
  readonly directory: string
  readonly behaviour: Behaviour
  readonly rotation: LogRotation
  readonly pods: Store<Pod>
  readonly podNames: Names
  readonly containers: Store<Container>
  readonly containerNames: Names
  readonly images: ImageStore
  readonly events: Events
  readonly children: Children
  readonly streaming: StreamingServer
}

export function containersOf({containers}: Pod): Container[] {
  return [...containers]
}
