import {createHash, randomUUID} from 'node:crypto'
import {join} from 'node:path'
import type {MethodDefinition} from '@grpc/proto-loader'
import type * as cri from '../../generated/cri.js'
import {serviceDefinition} from '../server/definitions.js'
import type {Runtime} from '../state/runtime.js'
import type {SeedContainer, SeedPod} from '../state/seed.js'

// What the kubelet asks for: the configurations of its pods and containers.

/** The annotation that every container of a kubelet has. */
export const restartCount = 'io.kubernetes.container.restartCount'

/** Of the pod's first attempt. */
export function sandboxConfig(
  seed: SeedPod,
  {directory, behaviour}: Runtime,
): cri.Input<cri.PodSandboxConfig> {
  const {name, namespace = 'default', uid = randomUUID(), attempt = 0} = seed
  return {
    metadata: {name, namespace, uid, attempt},
    hostname: seed.hostNetwork ? '' : name,
    logDirectory: join(directory, 'logs', 'pods', `${namespace}_${name}_${uid}`),
    labels: {
      ...seed.labels,
      'io.kubernetes.pod.name': name,
      'io.kubernetes.pod.namespace': namespace,
      'io.kubernetes.pod.uid': uid,
    },
    annotations: {
      'kubernetes.io/config.seen': new Date().toISOString(),
      'kubernetes.io/config.source': seed.hostNetwork ? 'file' : 'api',
      ...seed.annotations,
    },
    linux: {
      cgroupParent:
        behaviour.cgroupDriver === 'SYSTEMD'
          ? `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`
          : `/kubepods/burstable/pod${uid}`,
      securityContext: {namespaceOptions: {network: seed.hostNetwork ? 'NODE' : 'POD'}},
    },
  }
}

export function containerConfig(
  seed: SeedContainer,
  attempt: number,
  {metadata}: cri.Input<cri.PodSandboxConfig>,
): cri.Input<cri.ContainerConfig> {
  const {name, image, command = [], args = [], env = {}} = seed
  return {
    metadata: {name, attempt},
    image: {image, userSpecifiedImage: image},
    command,
    args,
    envs: Object.entries(env).map(([key, value]) => ({key, value: Buffer.from(value)})),
    labels: {
      ...seed.labels,
      'io.kubernetes.container.name': name,
      'io.kubernetes.pod.name': metadata?.name ?? '',
      'io.kubernetes.pod.namespace': metadata?.namespace ?? '',
      'io.kubernetes.pod.uid': metadata?.uid ?? '',
    },
    annotations: {
      'io.kubernetes.container.hash': createHash('sha256')
        .update(JSON.stringify(command))
        .digest('hex')
        .slice(0, 8),
      [restartCount]: String(attempt),
      'io.kubernetes.container.terminationMessagePath': '/dev/termination-log',
      'io.kubernetes.container.terminationMessagePolicy': 'File',
      'io.kubernetes.pod.terminationGracePeriod': '30',
      ...seed.annotations,
    },
    logPath: join(name, `${attempt}.log`),
    tty: seed.tty ?? false,
    stdin: seed.stdin ?? false,
    linux: {resources: {cpuPeriod: '100000', cpuShares: '102', oomScoreAdj: '999'}},
  }
}

type Method = 'RunPodSandbox' | 'CreateContainer' | 'PullImage'

/** The request as it looks after it has come over the wire, with every field set. */
export function fillFields(
  method: 'RunPodSandbox',
  request: cri.Input<cri.RunPodSandboxRequest>,
): cri.RunPodSandboxRequest
export function fillFields(
  method: 'CreateContainer',
  request: cri.Input<cri.CreateContainerRequest>,
): cri.CreateContainerRequest
export function fillFields(
  method: 'PullImage',
  request: cri.Input<cri.PullImageRequest>,
): cri.PullImageRequest
export function fillFields(method: Method, request: object): object {
  const service = serviceDefinition(method === 'PullImage' ? 'ImageService' : 'RuntimeService')
  const {requestSerialize, requestDeserialize} = service[method] as MethodDefinition<object, object>
  return requestDeserialize(requestSerialize(request))
}
