import {existsSync} from 'node:fs'
import {dirname} from 'node:path'
import type * as cri from '../../generated/cri.js'
import {AttachedClients} from '../processes/attached-clients.js'
import {
  checkCommand,
  endCreated,
  graceMsIn,
  removeContainer,
  startContainer,
  stopContainer,
} from '../processes/container-life.js'
import {loggedWords, startWords} from '../processes/runc-words.js'
import type {Call, Handlers} from '../server/rpc.js'
import {notFound, unknown} from '../server/statuses.js'
import {nowNs} from '../state/clock.js'
import type {StoredImage} from '../state/image-store.js'
import {pathInside, requireOwnPlace} from '../state/own-paths.js'
import type {Container, Pod, Runtime} from '../state/runtime.js'
import {newId} from '../state/store.js'
import {requireUserOfGroup} from './account.js'
import {announce} from './announcements.js'
import {filteredContainers, inChunks} from './filters.js'
import {containerInfo} from './info.js'
import {containerRecord, containerStatus} from './records.js'

export function containerHandlers(runtime: Runtime) {
  const {behaviour} = runtime
  const record = (container: Container) => containerRecord(container, behaviour)
  return {
    async createContainer({podSandboxId, config, sandboxConfig}: cri.CreateContainerRequest) {
      if (!config?.metadata) throw unknown('the container config has no metadata')
      const pod = runtime.pods.get(podSandboxId)
      requireReady(pod)
      const image = runtime.images.find(config.image?.image ?? '')
      if (!image) throw notFound(`image "${config.image?.image ?? ''}" is not on this node: pull it first`)
      const command = commandOf(config, image)
      requireUserOfGroup(config.linux?.securityContext)
      if (behaviour.wantsUserSpecifiedImage && !config.image?.userSpecifiedImage)
        throw unknown('image.user_specified_image is not set')
      const id = newId()
      const logPath = await logPathOf(runtime, pod, {
        id,
        asked: sandboxConfig?.logDirectory,
        path: config.logPath,
      })
      // It may have been stopped meanwhile.
      requireReady(pod)
      const name = nameOf(config.metadata, pod)
      const owner = runtime.containerNames.owner(name)
      if (owner !== undefined) return {containerId: owner}
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
        endedPid: 0,
        cpu: {totalNs: 0, atMs: 0},
        log: undefined,
        exited: undefined,
      }
      if (behaviour.commandLookedUpBy === 'CreateContainer') await lookUpCommand(runtime, container)
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
      if (container && behaviour.podEnds === 'created too') endCreated(runtime, container)
      if (container) await stopContainer(container, Number(timeout) * 1000, signal)
      return {}
    },

    async removeContainer({containerId}: cri.RemoveContainerRequest, call?: Call) {
      const container = runtime.containers.find(containerId)
      if (!container) return {}
      if (container.pod.ready) await stopContainer(container, graceMsIn(runtime, call), call?.signal)
      await removeContainer(runtime, container)
      return {}
    },

    listContainers({filter}: cri.ListContainersRequest) {
      return {containers: filteredContainers(runtime, filter).map(record)}
    },

    async *streamContainers({filter}: cri.StreamContainersRequest) {
      for (const containers of inChunks(filteredContainers(runtime, filter)))
        yield {containers: containers.map(record)}
    },

    containerStatus({containerId, verbose}: cri.ContainerStatusRequest) {
      const container = runtime.containers.get(containerId)
      return {
        status: containerStatus(container, behaviour),
        info: verbose ? containerInfo(runtime, container) : {},
      }
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

async function logPathOf(
  {behaviour}: Runtime,
  pod: Pod,
  {id, asked, path}: {id: string; asked: string | undefined; path: string},
): Promise<string> {
  const directory = behaviour.logsBelowPod ? pod.logDirectory : asked || pod.logDirectory
  const name = path === '' && behaviour.logsBelowPod ? `${id}.log` : path
  if (directory === '' || name === '') return ''
  await requireOwnPlace(directory, 'log directory')
  const logPath = pathInside(directory, name, 'log path')
  // In the words of CRI-O, whose monitor could say more and does not.
  if (!behaviour.makesLogFolders && !existsSync(dirname(logPath))) throw unknown('exit status 1')
  return logPath
}

/** Fails as CRI-O does, and leaves nothing. */
async function lookUpCommand(runtime: Runtime, container: Container): Promise<void> {
  try {
    await checkCommand(runtime, container)
  } catch (error) {
    runtime.containerNames.release(container.name)
    const words = loggedWords(`runc create failed: ${startWords(error)}`)
    throw unknown(`container create failed: ${words}`)
  }
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
