import type * as cri from '../../generated/cri.js'
import type {StoredImage} from '../state/image-store.js'
import type {Container, Pod} from '../state/runtime.js'

export function podRecord(pod: Pod): cri.Input<cri.PodSandbox> {
  const {id, metadata, createdAt, runtimeHandler} = pod
  const {labels, annotations} = pod.config
  return {id, metadata, state: podState(pod), createdAt, labels, annotations, runtimeHandler}
}

export function podStatus(pod: Pod): cri.Input<cri.PodSandboxStatus> {
  const options = pod.config.linux?.securityContext?.namespaceOptions
  return {
    ...podRecord(pod),
    // A pod that was stopped has given its address back.
    network: {ip: pod.ready ? pod.ip : ''},
    linux: {namespaces: {options: options ?? {}}},
  }
}

function podState({ready}: Pod): cri.PodSandboxState {
  return ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY'
}

export function containerRecord(container: Container): cri.Input<cri.Container> {
  const {id, pod, config, image, state, createdAt} = container
  return {
    id,
    podSandboxId: pod.id,
    metadata: config.metadata ?? {},
    image: imageSpec(container),
    imageRef: image.id,
    imageId: image.id,
    state,
    createdAt,
    labels: config.labels,
    annotations: config.annotations,
  }
}

export function containerStatus(container: Container): cri.Input<cri.ContainerStatus> {
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
    imageId: image.id,
    labels: config.labels,
    annotations: config.annotations,
    mounts: config.mounts,
    logPath: container.logPath,
    ...(container.resources ? {resources: {linux: container.resources}} : {}),
    user: {linux: {uid: String(process.getuid?.() ?? 0), gid: String(process.getgid?.() ?? 0)}},
    stopSignal: config.stopSignal === 'SIGNAL_RUNTIME_DEFAULT' ? 'SIGNAL_SIGTERM' : config.stopSignal,
  }
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
