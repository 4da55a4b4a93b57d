import {podKey} from '../client/names.js'
import type {ContainerStatus, PodSandbox} from '../generated/cri.js'
import {exitText} from '../text/exit.js'
import {shortId} from '../text/short-id.js'

/** What is known of a pod that is not ready. */
export interface NotReadyPod {
  pod: PodSandbox
  /** All that the runtime still knows. */
  pods: readonly PodSandbox[]
  containers: readonly ContainerStatus[]
  /** The runtime's verbose info of it. */
  info: Readonly<Record<string, string>>
  /** Whether it has a network of its own. */
  ownNetwork: boolean
}

/** Why a pod is not ready, as far as the runtime's words lead: sentences, what led to it before what followed. */
export function whyNotReady({pod, pods, containers, info, ownNetwork}: NotReadyPod): string[] {
  const newer = pods.find(
    (other) => podKey(other) === podKey(pod) && BigInt(other.createdAt) > BigInt(pod.createdAt),
  )
  const nameOf = ({metadata, id}: ContainerStatus) => metadata?.name || id
  const running = containers.filter(({state}) => state === 'CONTAINER_RUNNING').map(nameOf)
  const ended = containers.filter(({state}) => state === 'CONTAINER_EXITED')
  const failed = ended.filter(({exitCode}) => exitCode !== 0)
  const allWell = ended.length > 0 && ended.length === containers.length && failed.length === 0
  return [
    ...sandboxEnding(info, ownNetwork),
    ...failed.map((status) => `${nameOf(status)} ${exitText({...status, message: ''})}`),
    ...(allWell ? ['all of its containers have ended well'] : []),
    ...(containers.length === 0 ? ['it has no containers'] : []),
    ...(running.length > 0 ? [`${running.join(', ')} still run without its sandbox`] : []),
    ...(newer ? [`a newer sandbox of the same pod has taken its place: ${shortId(newer.id)}`] : []),
  ]
}

/** containerd tells whether the network was taken down, as stopping does, or only the process has ended. */
function sandboxEnding({info = ''}: Readonly<Record<string, string>>, ownNetwork: boolean): string[] {
  let known: {processStatus?: unknown; netNamespaceClosed?: unknown} | null
  try {
    known = JSON.parse(info)
  } catch {
    return []
  }
  const {processStatus, netNamespaceClosed} = known ?? {}
  if (typeof processStatus !== 'string' || processStatus === 'running') return []
  if (!ownNetwork || typeof netNamespaceClosed !== 'boolean') return ['its sandbox process has ended']
  return netNamespaceClosed
    ? ['it was stopped: its sandbox process has ended and its network was taken down']
    : ['its sandbox process has ended without a stop: its network is still there']
}
