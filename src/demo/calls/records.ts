import type * as cri from '../../generated/cri.js'
import type {Behaviour} from '../server/behaviour.js'
import type {StoredImage} from '../state/image-store.js'
import type {Container, Pod} from '../state/runtime.js'

// A release that does not know a field yet, or leaves it out, says nothing in it.

export function podRecord(pod: Pod, {unset, labelsPods}: Behaviour): cri.Input<cri.PodSandbox> {
  const {id, metadata, createdAt} = pod
  const {annotations} = pod.config
  const labels = labelsPods
    ? {...pod.config.labels, 'io.kubernetes.container.name': 'POD'}
    : pod.config.labels
  const runtimeHandler = unset.has('podRuntimeHandler') ? '' : pod.runtimeHandler
  return {id, metadata, state: podState(pod), createdAt, labels, annotations, runtimeHandler}
}

export function podStatus(pod: Pod, behaviour: Behaviour): cri.Input<cri.PodSandboxStatus> {
  const options = pod.config.linux?.securityContext?.namespaceOptions
  return {
    ...podRecord(pod, behaviour),
    // A pod that was stopped has given its address back.
    network: {ip: pod.ready ? pod.ip : ''},
    linux: {namespaces: {options: options ?? {}}},
  }
}

function podState({ready}: Pod): cri.PodSandboxState {
  return ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY'
}

export function containerRecord(container: Container, {unset}: Behaviour): cri.Input<cri.Container> {
  const {id, pod, config, image, state, createdAt} = container
  return {
    id,
    podSandboxId: pod.id,
    metadata: config.metadata ?? {},
    image: imageSpec(container),
    imageRef: image.id,
    ...(unset.has('imageId') ? {} : {imageId: image.id}),
    state,
    createdAt,
    labels: config.labels,
    annotations: config.annotations,
  }
}

export function containerStatus(container: Container, {unset}: Behaviour): cri.Input<cri.ContainerStatus> {
  const {id, config, image, state, createdAt, startedAt, finishedAt, exitCode, reason, message} = container
  return {
    id,
    metadata: config.metadata ?? {},
    state,
    createdAt,
    startedAt,
    finishedAt,
    exitCode,
    reason,
    message,
    image: imageSpec(container),
    imageRef: [...image.digests][0] ?? image.id,
    ...(unset.has('imageId') ? {} : {imageId: image.id}),
    labels: config.labels,
    annotations: config.annotations,
    mounts: config.mounts,
    logPath: container.logPath,
    ...(container.resources ? {resources: {linux: container.resources}} : {}),
    ...(unset.has('user')
      ? {}
      : {user: {linux: {uid: String(process.getuid?.() ?? 0), gid: String(process.getgid?.() ?? 0)}}}),
    ...(unset.has('stopSignal') ? {} : {stopSignal: stopSignalOf(config)}),
  }
}

function stopSignalOf({stopSignal}: cri.ContainerConfig): cri.Signal {
  return stopSignal === 'SIGNAL_RUNTIME_DEFAULT' ? 'SIGNAL_SIGTERM' : stopSignal
}

function imageSpec({config, image}: Container): cri.Input<cri.ImageSpec> {
  return {...config.image, image: [...image.tags][0] ?? config.image?.image ?? image.id}
}

export function imageRecord({id, tags, digests, definition}: StoredImage): cri.Input<cri.Image> {
  return {
    id,
    repoTags: [...tags],
    repoDigests: [...digests],
    size: String(definition.sizeBytes),
    spec: {image: ''},
    pinned: definition.pinned,
  }
}
