import {type RpcCode, rpcCode} from '../../errors/errors.js'

/** Where runtimes differ from one another. */
export interface Behaviour {
  /** Answered with Unimplemented. */
  readonly missing: ReadonlySet<string>
  /** For metadata that is in use already. */
  readonly reservedName: RpcCode
  /** ExecSync over its time: a status, or an answer with exit code -1. */
  readonly execTimeout: 'status' | 'answer'
  /** Whether RemoveImage refuses an image that a container uses. */
  readonly keepsImagesInUse: boolean
  /** Who gets events: every reader all of them, one reader each, or nobody, whose stream ends at once. */
  readonly events: 'all' | 'shared' | 'none'
  /** Whether there are metrics without asking for them in a configuration. */
  readonly metrics: boolean
  /** Calls that say Unknown where others say more. */
  readonly vague: ReadonlySet<string>
  /** Whether the filter of ListImages looks up one image, or is ignored. */
  readonly filtersImages: boolean
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

const containerd: Omit<Behaviour, 'missing'> = {
  reservedName: rpcCode.failedPrecondition,
  execTimeout: 'status',
  keepsImagesInUse: false,
  filtersImages: false,
  events: 'all',
  metrics: true,
  vague: new Set(),
}
const olderContainerd = {...containerd, reservedName: rpcCode.unknown}
const crio: Omit<Behaviour, 'missing'> = {
  ...containerd,
  execTimeout: 'answer',
  keepsImagesInUse: true,
  filtersImages: true,
  // Both take a setting that is off by default.
  events: 'none',
  metrics: false,
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
}

const podResize = 'UpdatePodSandboxResources'

/** Releases whose gaps the embedded runtime can take on, read in their sources. */
const releases: Readonly<Record<string, Behaviour>> = {
  'containerd-1.6': {
    ...olderContainerd,
    missing: new Set([...streamedLists, ...metrics, ...before20, 'GetContainerEvents', podResize]),
  },
  'containerd-1.7': {
    ...olderContainerd,
    events: 'shared',
    missing: new Set([...streamedLists, ...metrics, ...before20, podResize]),
  },
  'containerd-2.0': {...olderContainerd, missing: new Set([...streamedLists, ...metrics, podResize])},
  'containerd-2.1': {...containerd, missing: new Set([...streamedLists, ...metrics, podResize])},
  'containerd-2.2': {...containerd, missing: new Set([...streamedLists, podResize])},
  'containerd-2.3': {...containerd, missing: new Set(streamedLists)},
  'crio-1.30': {...crio, missing: new Set([...streamedLists, podResize])},
  'crio-1.33': {...crio, missing: new Set(streamedLists)},
  'crio-1.36': {...crio, missing: new Set()},
  'cri-dockerd-0.4': {
    ...containerd,
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

/** Nothing missing, and the newest containerd's answers otherwise. */
export const wholeApi: Behaviour = {...containerd, missing: new Set()}

export function behaviourLike(release: string): Behaviour | undefined {
  return Object.hasOwn(releases, release) ? releases[release] : undefined
}
