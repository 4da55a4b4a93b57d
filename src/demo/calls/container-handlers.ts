import type * as cri from '../../generated/cri.js'
import {AttachedClients} from '../processes/attached-clients.js'
import {removeContainer, startContainer, stopContainer} from '../processes/container-life.js'
import type {Call, Handlers} from '../server/rpc.js'
import {notFound, unknown} from '../server/status-error.js'
import {nowNs} from '../state/clock.js'
import type {StoredImage} from '../state/image-store.js'
import {pathInside, requireOwnPlace} from '../state/own-paths.js'
import type {Container, Pod, Runtime} from '../state/runtime.js'
import {newId} from '../state/store.js'
import {announce} from './announcements.js'
import {filteredContainers, inChunks} from './filters.js'
import {containerInfo} from './info.js'
import {containerRecord, containerStatus} from './records.js'

export function containerHandlers(runtime: Runtime) {
  return {
    async createContainer({podSandboxId, config, sandboxConfig}: cri.CreateContainerRequest) {
      if (!config?.metadata) throw unknown('the container config has no metadata')
      const pod = runtime.pods.get(podSandboxId)
      requireReady(pod)
      const image = runtime.images.find(config.image?.image ?? '')
      if (!image) throw notFound(`image "${config.image?.image ?? ''}" is not on this node: pull it first`)
      const command = commandOf(config, image)
      const logPath = await logPathOf(sandboxConfig?.logDirectory || pod.config.logDirectory, config.logPath)
      // It may have been stopped meanwhile.
      requireReady(pod)
      const id = newId()
      const name = nameOf(config.metadata, pod)
      runtime.containerNames.reserve(name, id)
      const container: Container = {
        id,
        pod,
        name,
        config,
        image,
        command,
        logPath,
        createdAt: nowNs(),
        clients: new AttachedClients(),
        execs: new Set(),
        state: 'CONTAINER_CREATED',
        starting: undefined,
        removing: undefined,
        logFailure: undefined,
        stopSignalled: false,
        killReason: undefined,
        startedAt: '0',
        finishedAt: '0',
        exitCode: 0,
        reason: '',
        message: '',
        resources: config.linux?.resources ?? null,
        process: undefined,
        cpu: {totalNs: 0, atMs: 0},
        log: undefined,
        exited: undefined,
      }
      runtime.containers.add(container)
      pod.containers.add(container)
      announce(runtime, pod, container, 'CONTAINER_CREATED_EVENT')
      return {containerId: id}
    },

    async startContainer({containerId}: cri.StartContainerRequest) {
      await startContainer(runtime, runtime.containers.get(containerId))
      return {}
    },

    async stopContainer({containerId, timeout}: cri.StopContainerRequest, {signal}: Call) {
      const container = runtime.containers.find(containerId)
      if (container) await stopContainer(container, Number(timeout) * 1000, signal)
      return {}
    },

    async removeContainer({containerId}: cri.RemoveContainerRequest) {
      const container = runtime.containers.find(containerId)
      if (container) await removeContainer(runtime, container)
      return {}
    },

    listContainers({filter}: cri.ListContainersRequest) {
      return {containers: filteredContainers(runtime, filter).map(containerRecord)}
    },

    async *streamContainers({filter}: cri.StreamContainersRequest) {
      for (const containers of inChunks(filteredContainers(runtime, filter)))
        yield {containers: containers.map(containerRecord)}
    },

    containerStatus({containerId, verbose}: cri.ContainerStatusRequest) {
      const container = runtime.containers.get(containerId)
      return {status: containerStatus(container), info: verbose ? containerInfo(runtime, container) : {}}
    },

    updateContainerResources({containerId, linux}: cri.UpdateContainerResourcesRequest) {
      const container = runtime.containers.get(containerId)
      if (container.state === 'CONTAINER_EXITED')
        throw unknown(`container "${container.id}" has exited: its resources cannot be changed`)
      container.resources = mergedResources(container.resources, linux)
      return {}
    },

    async reopenContainerLog({containerId}: cri.ReopenContainerLogRequest) {
      const container = runtime.containers.get(containerId)
      if (container.state !== 'CONTAINER_RUNNING') throw unknown(`container "${container.id}" is not running`)
      await container.log?.reopen()
      return {}
    },
  } satisfies Partial<Handlers>
}

function requireReady({id, ready}: Pod): void {
  if (!ready) throw unknown(`pod sandbox "${id}" is not running`)
}

/** The image's own words count where the container has none; a command of its own drops the image's arguments too. */
function commandOf({command, args}: cri.ContainerConfig, {definition}: StoredImage): string[] {
  const first = command.length > 0 ? command : definition.entrypoint
  const rest = args.length > 0 || command.length > 0 ? args : definition.command
  const whole = [...first, ...rest]
  if (whole.length === 0) throw unknown('no command: neither the container nor its image says what to run')
  return whole
}

async function logPathOf(directory: string, path: string): Promise<string> {
  if (directory === '' || path === '') return ''
  await requireOwnPlace(directory, 'log directory')
  return pathInside(directory, path, 'log path')
}

function nameOf({name, attempt}: cri.ContainerMetadata, {metadata}: Pod): string {
  return [name, metadata.name, metadata.namespace, metadata.uid, attempt].join('_')
}

/** Only what is set counts: a zero leaves the old value. */
function mergedResources(
  old: cri.LinuxContainerResources | null,
  changed: cri.LinuxContainerResources | null,
): cri.LinuxContainerResources | null {
  if (!old || !changed) return changed ?? old
  const set = Object.entries(changed).filter(([, value]) =>
    typeof value === 'object' ? Object.keys(value).length > 0 : value !== '' && value !== '0',
  )
  return {...old, ...Object.fromEntries(set)}
}
