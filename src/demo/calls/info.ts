import {join} from 'node:path'
import {workingDirectoryOf} from '../processes/container-life.js'
import {directoryOf} from '../processes/environment.js'
import type {StoredImage} from '../state/image-store.js'
import type {Container, Pod, Runtime} from '../state/runtime.js'
import {goJson} from './go-json.js'

// The keys are those of containerd or CRI-O, so that what reads them there reads them here.

type Info = Record<string, string>

export function containerInfo(runtime: Runtime, container: Container): Info {
  const {pod, config, command, process: child, removing} = container
  const pid = child?.pid ?? (runtime.behaviour.tellsEndedPid ? container.endedPid : 0)
  const process = {
    terminal: config.tty,
    args: command,
    env: config.envs.map(({key, value}) => `${key}=${Buffer.from(value)}`),
    cwd: workingDirectoryOf(runtime, container),
  }
  if (runtime.behaviour.info === 'cri-o') {
    const annotations = {...config.annotations, ...crioAnnotations(pod, container.logPath)}
    const root = {path: directoryOf(runtime, container)}
    const runtimeSpec = {ociVersion: '1.2.0', hostname: pod.config.hostname, process, root, annotations}
    return info({sandboxID: pod.id, pid, runtimeSpec, privileged: false})
  }
  return info({
    sandboxID: pod.id,
    pid,
    removing: removing !== undefined,
    snapshotter: 'none',
    runtimeType: 'crisp.demo.process',
    config: goJson('ContainerConfig', config),
    runtimeSpec: {
      ociVersion: '1.2.0',
      hostname: pod.config.hostname,
      process,
      annotations: config.annotations,
    },
  })
}

/** A pod has no process of its own here: what a real one's pause process holds is the host's. */
export function podInfo({behaviour}: Runtime, pod: Pod): Info {
  const {config, metadata, ready, ip, runtimeHandler, overhead, resources} = pod
  if (behaviour.info === 'cri-o') {
    const logPath = join(pod.logDirectory, `${pod.id}.log`)
    const annotations = {...config.annotations, ...crioAnnotations(pod, logPath)}
    return info({runtimeSpec: {ociVersion: '1.2.0', hostname: config.hostname || metadata.name, annotations}})
  }
  return info({
    pid: 0,
    processStatus: ready ? 'running' : 'deleted',
    netNamespaceClosed: !ready,
    snapshotter: 'none',
    runtimeHandler,
    runtimeType: 'crisp.demo.process',
    config: goJson('PodSandboxConfig', config),
    runtimeSpec: {
      ociVersion: '1.2.0',
      hostname: config.hostname || metadata.name,
      annotations: config.annotations,
    },
    cniResult: ip === '' ? null : {Interfaces: {eth0: {IPConfigs: [{IP: ip, Gateway: '10.88.0.1'}]}}},
    ...(overhead ? {overhead: goJson('LinuxContainerResources', overhead)} : {}),
    ...(resources ? {resources: goJson('LinuxContainerResources', resources)} : {}),
  })
}

function crioAnnotations({id, config}: Pod, logPath: string): Record<string, string> {
  return {
    'io.kubernetes.cri-o.SandboxID': id,
    'io.kubernetes.cri-o.LogPath': logPath,
    'io.kubernetes.cri-o.CgroupParent': config.linux?.cgroupParent ?? '',
  }
}

export function imageInfo({definition}: StoredImage): Info {
  const {createdAt, entrypoint, command, labels} = definition
  return info({
    chainID: definition.digest,
    imageSpec: {
      created: createdAt,
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: process.platform,
      config: {
        Entrypoint: entrypoint,
        Cmd: command,
        Env: [],
        Labels: labels,
      },
      rootfs: {type: 'layers', diff_ids: []},
    },
  })
}

function info(content: object): Info {
  return {info: JSON.stringify(content)}
}
