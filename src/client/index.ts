export {NotFoundError, RpcError, rpcCode, UnreachableError, UsageError, UserError} from '../errors/errors.js'
export type * from '../generated/cri.js'
export type {
  CallEnding,
  CallObserver,
  CallOptions,
  CallWatch,
  ImageService,
  RuntimeService,
} from './call-options.js'
export {type ConnectOptions, type CriClient, connect} from './connect.js'
export {deadlineMs, defaultConnectTimeoutMs, defaultTimeoutMs} from './deadlines.js'
export {knownSockets} from './endpoints.js'
export {listContainers, listImages, listPodSandboxes} from './lists.js'
export {
  type ContainerIdentity,
  containerIdentities,
  containerReferences,
  findContainer,
  findImage,
  findPod,
  imageStatus,
  podReferences,
  resolveContainers,
  resolvePods,
} from './names.js'
export {protoJson} from './proto-json.js'
