import {type RpcCode, rpcCode} from '../../errors/errors.js'
import type {ContainerState} from '../../generated/cri.js'
import type {SessionKind} from '../streaming/stream-io.js'

/** Where runtimes differ from one another: a field for each difference, and below a row of them for each release. */
export interface Behaviour {
  /** What `Version` says; where it is not there, the embedded runtime's own name and version. */
  readonly version?: {readonly name: string; readonly release: string}
  /** Answered with Unimplemented. */
  readonly missing: ReadonlySet<string>
  /** Calls that say Unknown where others say more. */
  readonly vague: ReadonlySet<string>

  /** For metadata that is in use already: a status, or the ID of what has it as if it had been made just now. */
  readonly nameInUse: RpcCode | 'existing'
  /** Whether a container without `image.user_specified_image` is refused. */
  readonly wantsUserSpecifiedImage: boolean
  /** The call that finds out that a container's command is not there. */
  readonly commandLookedUpBy: 'CreateContainer' | 'StartContainer'
  /** Whether a log's folders are made, or only the pod's log directory is there for it. */
  readonly makesLogFolders: boolean
  /** Whether a container's log is below the pod's directory, whatever the request says of it. */
  readonly logsBelowPod: boolean
  /** `systemd` takes a slice as the parent of a pod's cgroup, and nothing else. */
  readonly cgroupDriver: 'CGROUPFS' | 'SYSTEMD'

  /** What ends with a pod: what runs in it, or what is only created as well, which has a process already. */
  readonly podEnds: 'running' | 'created too'
  /** How long containers have when their pod is stopped or they are removed: nothing, or as long as the call may take. */
  readonly grace: 'none' | 'deadline'
  /** Who says that a pod which was stopped takes no connections: PortForward, or the stream that it leads to. */
  readonly stoppedPodToldBy: 'PortForward' | 'stream'

  /** The states of a container that exec takes, and the code for one that has exited. */
  readonly execStates: readonly ContainerState[]
  readonly execInExited: RpcCode
  /** ExecSync over its time: a status, or an answer with exit code -1. */
  readonly execTimeout: 'status' | 'answer'
  /** A command that is not there: plain words in a failure, or escaped ones, and for a stream exit code 255 with them on stderr. */
  readonly missingCommand: 'failure' | 'exit255'
  /** What a terminal session begins with. */
  readonly terminalStart: string
  /** Which streamed sessions tell their end before the ends of their outputs. */
  readonly statusFirst: ReadonlySet<SessionKind>
  /** Protocols of exec and attach over WebSocket. */
  readonly webSocketProtocols: readonly string[]

  /** Whether IDs of images stand without their algorithm; with it they are then short names. */
  readonly bareImageIds: boolean
  /** Whether a name without a registry that is not there is refused, and not only unknown. */
  readonly refusesShortNames: boolean
  /** Whether RemoveImage refuses an image that a container uses, and takes one name only. */
  readonly keepsImagesInUse: boolean
  /** Whether the filter of ListImages looks up one image, or is ignored. */
  readonly filtersImages: boolean
  /** What PullImage answers with. */
  readonly pullAnswer: 'id' | 'digest'
  /** Whether ImageFsInfo tells of the containers' file system too. */
  readonly containerFilesystem: boolean

  /** Who gets events: every reader all of them, one reader each, or nobody, whose stream ends at once. */
  readonly events: 'all' | 'shared' | 'none'
  /** Whether an event has the statuses of its pod always, or only where the labels of the kubelet lead to it. */
  readonly eventStatuses: 'always' | 'labelled'
  /** Whether there are metrics without asking for them in a configuration. */
  readonly metrics: boolean
  /** Whether pods have figures of processor and memory, as they have none on CRI-O with cgroupfs. */
  readonly podUsage: boolean
  /** The keys of verbose answers. */
  readonly info: 'containerd' | 'cri-o'
  /** Whether the process ID of a container that has exited is still told. */
  readonly tellsEndedPid: boolean
  /** Fields of containers that the release does not know yet. */
  readonly unset: ReadonlySet<'user' | 'stopSignal' | 'imageId' | 'podRuntimeHandler'>
  /** Whether a pod is labelled as the container `POD`. */
  readonly labelsPods: boolean
  /** How log lines look: the length of their pieces, nine digits of the second always, a carriage return kept. */
  readonly log: 'containerd' | 'conmon'
}

const streamedLists = [
  'StreamPodSandboxes',
  'StreamContainers',
  'StreamContainerStats',
  'StreamPodSandboxStats',
  'StreamPodSandboxMetrics',
  'StreamImages',
]
const metrics = ['ListMetricDescriptors', 'ListPodSandboxMetrics']
const before20 = ['CheckpointContainer', 'RuntimeConfig']
const podResize = 'UpdatePodSandboxResources'

const webSocket4 = [
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
]
const webSocket5 = 'v5.channel.k8s.io'

/** Nothing missing, and otherwise what the newest containerd does; with both generations of WebSocket protocols. */
export const wholeApi: Behaviour = {
  missing: new Set(),
  vague: new Set(),
  nameInUse: rpcCode.failedPrecondition,
  wantsUserSpecifiedImage: false,
  commandLookedUpBy: 'StartContainer',
  makesLogFolders: true,
  logsBelowPod: false,
  cgroupDriver: 'CGROUPFS',
  podEnds: 'running',
  grace: 'none',
  stoppedPodToldBy: 'PortForward',
  execStates: ['CONTAINER_RUNNING'],
  execInExited: rpcCode.unknown,
  execTimeout: 'status',
  missingCommand: 'failure',
  terminalStart: '',
  statusFirst: new Set(),
  webSocketProtocols: [webSocket5, ...webSocket4],
  bareImageIds: false,
  refusesShortNames: false,
  keepsImagesInUse: false,
  filtersImages: false,
  pullAnswer: 'id',
  containerFilesystem: false,
  events: 'all',
  eventStatuses: 'always',
  metrics: true,
  podUsage: true,
  info: 'containerd',
  tellsEndedPid: false,
  unset: new Set(),
  labelsPods: false,
  log: 'containerd',
}

function containerd(release: string, differing: Partial<Behaviour>): Behaviour {
  return {
    ...wholeApi,
    version: {name: 'containerd', release: `v${release}`},
    webSocketProtocols: webSocket4,
    ...differing,
  }
}

function crio(release: string, differing: Partial<Behaviour>): Behaviour {
  return {
    ...wholeApi,
    version: {name: 'cri-o', release},
    vague: new Set([
      'ContainerStats',
      'PodSandboxStats',
      'UpdateContainerResources',
      'ReopenContainerLog',
      'Exec',
      'Attach',
      'CreateContainer',
      'PullImage',
    ]),
    nameInUse: 'existing',
    wantsUserSpecifiedImage: true,
    commandLookedUpBy: 'CreateContainer',
    makesLogFolders: false,
    logsBelowPod: true,
    cgroupDriver: 'SYSTEMD',
    podEnds: 'created too',
    grace: 'deadline',
    stoppedPodToldBy: 'stream',
    execStates: ['CONTAINER_RUNNING', 'CONTAINER_CREATED'],
    execInExited: rpcCode.notFound,
    execTimeout: 'answer',
    missingCommand: 'exit255',
    terminalStart: '\0\0',
    statusFirst: new Set(['exec', 'attach']),
    bareImageIds: true,
    refusesShortNames: true,
    keepsImagesInUse: true,
    filtersImages: true,
    containerFilesystem: true,
    // Both take a setting that is off by default.
    events: 'none',
    eventStatuses: 'labelled',
    metrics: false,
    info: 'cri-o',
    tellsEndedPid: true,
    unset: new Set(['stopSignal', 'podRuntimeHandler']),
    labelsPods: true,
    log: 'conmon',
    ...differing,
  }
}

const older = rpcCode.unknown

/** Releases that the embedded runtime can take on, as read in their sources and seen on machines. */
const releases: Readonly<Record<string, Behaviour>> = {
  'containerd-1.6': containerd('1.6.39', {
    nameInUse: older,
    unset: new Set(['user', 'stopSignal', 'imageId']),
    missing: new Set([...streamedLists, ...metrics, ...before20, 'GetContainerEvents', podResize]),
  }),
  'containerd-1.7': containerd('1.7.34', {
    nameInUse: older,
    events: 'shared',
    unset: new Set(['user', 'stopSignal', 'imageId']),
    missing: new Set([...streamedLists, ...metrics, ...before20, podResize]),
  }),
  'containerd-2.0': containerd('2.0.11', {
    nameInUse: older,
    unset: new Set(['stopSignal', 'imageId']),
    missing: new Set([...streamedLists, ...metrics, podResize]),
  }),
  'containerd-2.1': containerd('2.1.8', {
    unset: new Set(['stopSignal', 'imageId']),
    missing: new Set([...streamedLists, ...metrics, podResize]),
  }),
  'containerd-2.2': containerd('2.2.7', {
    unset: new Set(['stopSignal', 'imageId']),
    missing: new Set([...streamedLists, podResize]),
  }),
  'containerd-2.3': containerd('2.3.4', {
    webSocketProtocols: [webSocket5],
    missing: new Set(streamedLists),
  }),
  'crio-1.30': crio('1.30.14', {
    pullAnswer: 'digest',
    unset: new Set(['user', 'stopSignal', 'podRuntimeHandler']),
    webSocketProtocols: webSocket4,
    missing: new Set([...streamedLists, podResize]),
  }),
  'crio-1.33': crio('1.33.13', {
    pullAnswer: 'digest',
    webSocketProtocols: webSocket4,
    missing: new Set(streamedLists),
  }),
  // As it is with cgroupfs.
  'crio-1.36': crio('1.36.3', {cgroupDriver: 'CGROUPFS', podUsage: false}),
  // With enable_pod_events = true.
  'crio-1.36-events': crio('1.36.3', {events: 'all'}),
  'cri-dockerd-0.4': {
    ...wholeApi,
    version: {name: 'docker', release: '28.0.0'},
    webSocketProtocols: webSocket4,
    statusFirst: new Set(['portforward']),
    missing: new Set([
      ...streamedLists,
      ...metrics,
      'CheckpointContainer',
      'GetContainerEvents',
      'PodSandboxStats',
      'ListPodSandboxStats',
      podResize,
    ]),
  },
}

export const releaseNames: readonly string[] = Object.keys(releases)

export function behaviourLike(release: string): Behaviour | undefined {
  return Object.hasOwn(releases, release) ? releases[release] : undefined
}
