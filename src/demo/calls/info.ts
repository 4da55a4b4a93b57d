import type {ContainerConfig} from '../../generated/cri.js'
import {workingDirectoryOf} from '../processes/container-life.js'
import type {StoredImage} from '../state/image-store.js'
import type {Container, Pod, Runtime} from '../state/runtime.js'
import {goJson} from './go-json.js'

// The keys are containerd's, so that what reads them there reads them here.

type Info = Record<string, string>

export function containerInfo(runtime: Runtime, container: Container): Info {
  const {pod, config, command, process: child, removing} = container
  return info({
    sandboxID: pod.id,
    pid: child?.pid ?? 0,
    removing: removing !== undefined,
    snapshotter: 'none',
    runtimeType: 'crisp.demo.process',
    config: goJson('ContainerConfig', config),
    runtimeSpec: {
      ociVersion: '1.2.0',
      hostname: pod.config.hostname,
      process: {
        terminal: config.tty,
        args: command,
        env: environmentText(config),
        cwd: workingDirectoryOf(runtime, container),
      },
      annotations: config.annotations,
    },
  })
}

/** A pod has no process of its own here: what a real one's pause process holds is the host's. */
export function podInfo({config, metadata, ready, ip, runtimeHandler, overhead, resources}: Pod): Info {
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

export function imageInfo({definition}: StoredImage): Info {
  const {createdAt, entrypoint, command, env, labels, stopSignal} = definition
  return info({
    chainID: definition.digest,
    imageSpec: {
      created: createdAt,
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: process.platform,
      config: {
        Entrypoint: entrypoint,
        Cmd: command,
        Env: env,
        Labels: labels,
        ...(stopSignal === '' ? {} : {StopSignal: stopSignal}),
      },
      rootfs: {type: 'layers', diff_ids: []},
    },
  })
}

function info(content: object): Info {
  return {info: JSON.stringify(content)}
}

function environmentText({envs}: ContainerConfig): string[] {
  return envs.map(({key, value}) => `${key}=${Buffer.from(value)}`)
}
