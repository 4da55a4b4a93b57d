import {mkdir, rm} from 'node:fs/promises'
import {join} from 'node:path'
import type * as cri from '../../generated/cri.js'
import {endCreated, graceMsIn, removeContainer, stopContainer} from '../processes/container-life.js'
import {portsDirectoryOf} from '../processes/environment.js'
import type {Call, Handlers} from '../server/rpc.js'
import {unknown} from '../server/statuses.js'
import {nowNs} from '../state/clock.js'
import {requireOwnPlace} from '../state/own-paths.js'
import {podAddress} from '../state/pod-address.js'
import {containersOf, type Pod, type Runtime} from '../state/runtime.js'
import {runtimeHandlers} from '../state/runtime-handlers.js'
import {newId} from '../state/store.js'
import {requireUserOfGroup} from './account.js'
import {announce} from './announcements.js'
import {filteredPods, inChunks} from './filters.js'
import {podInfo} from './info.js'
import {podRecord, podStatus} from './records.js'

export function podHandlers(runtime: Runtime) {
  const {behaviour} = runtime
  return {
    async runPodSandbox({config, runtimeHandler}: cri.RunPodSandboxRequest) {
      if (!config?.metadata) throw unknown('the sandbox config has no metadata')
      const {metadata} = config
      if (!runtimeHandlers.includes(runtimeHandler))
        throw unknown(`no runtime handler "${runtimeHandler}" is configured`)
      requireUserOfGroup(config.linux?.securityContext)
      requireSlice(runtime, config.linux?.cgroupParent ?? '')
      const name = [metadata.name, metadata.namespace, metadata.uid, metadata.attempt].join('_')
      const owner = runtime.podNames.owner(name)
      if (owner !== undefined) return {podSandboxId: owner}
      const id = newId()
      runtime.podNames.reserve(name, id)
      const onHostNetwork = config.linux?.securityContext?.namespaceOptions?.network === 'NODE'
      const pod: Pod = {
        id,
        name,
        metadata,
        config,
        logDirectory:
          config.logDirectory || (behaviour.logsBelowPod ? join(runtime.directory, 'logs', id) : ''),
        runtimeHandler,
        createdAt: nowNs(),
        ip: onHostNetwork ? '' : podAddress(),
        containers: new Set(),
        ready: true,
        resources: config.linux?.resources ?? null,
        overhead: config.linux?.overhead ?? null,
      }
      if (behaviour.logsBelowPod) await makeLogDirectory(runtime, pod)
      runtime.pods.add(pod)
      announce(runtime, pod, pod, 'CONTAINER_CREATED_EVENT')
      announce(runtime, pod, pod, 'CONTAINER_STARTED_EVENT')
      return {podSandboxId: id}
    },

    async stopPodSandbox({podSandboxId}: cri.StopPodSandboxRequest, call?: Call) {
      const pod = runtime.pods.find(podSandboxId)
      if (pod) await stopPod(runtime, pod, call)
      return {}
    },

    async removePodSandbox({podSandboxId}: cri.RemovePodSandboxRequest, call?: Call) {
      const pod = runtime.pods.find(podSandboxId)
      if (!pod) return {}
      await stopPod(runtime, pod, call)
      await Promise.all(containersOf(pod).map((container) => removeContainer(runtime, container)))
      // Somebody else may have removed it at the same time.
      if (runtime.pods.find(pod.id) !== pod) return {}
      runtime.pods.delete(pod.id)
      runtime.podNames.release(pod.name)
      announce(runtime, pod, pod, 'CONTAINER_DELETED_EVENT')
      await rm(portsDirectoryOf(runtime, pod), {recursive: true, force: true})
      return {}
    },

    podSandboxStatus({podSandboxId, verbose}: cri.PodSandboxStatusRequest) {
      const pod = runtime.pods.get(podSandboxId)
      return {status: podStatus(pod, behaviour), info: verbose ? podInfo(runtime, pod) : {}}
    },

    listPodSandbox({filter}: cri.ListPodSandboxRequest) {
      return {items: filteredPods(runtime, filter).map((pod) => podRecord(pod, behaviour))}
    },

    async *streamPodSandboxes({filter}: cri.StreamPodSandboxesRequest) {
      for (const pods of inChunks(filteredPods(runtime, filter)))
        yield {podSandboxes: pods.map((pod) => podRecord(pod, behaviour))}
    },

    updatePodSandboxResources(request: cri.UpdatePodSandboxResourcesRequest) {
      const pod = runtime.pods.get(request.podSandboxId)
      pod.overhead = request.overhead ?? pod.overhead
      pod.resources = request.resources ?? pod.resources
      return {}
    },
  } satisfies Partial<Handlers>
}

/** As CRI-O, which writes what it says of a pod itself into the same place as its containers' logs. */
async function makeLogDirectory(runtime: Runtime, pod: Pod): Promise<void> {
  try {
    await requireOwnPlace(pod.logDirectory, 'log directory')
    await mkdir(pod.logDirectory, {recursive: true})
  } catch (error) {
    runtime.podNames.release(pod.name)
    throw error
  }
}

function requireSlice({behaviour}: Runtime, cgroupParent: string): void {
  if (behaviour.cgroupDriver === 'SYSTEMD' && cgroupParent !== '' && !cgroupParent.endsWith('.slice'))
    throw unknown(`the cgroup driver is systemd, and the cgroup parent "${cgroupParent}" is no slice`)
}

/** Ends the containers and gives the pod's address back. */
async function stopPod(runtime: Runtime, pod: Pod, call: Call | undefined): Promise<void> {
  const wasReady = pod.ready
  pod.ready = false
  const graceMs = graceMsIn(runtime, call)
  try {
    await Promise.all(
      containersOf(pod).map(async (container) => {
        if (runtime.behaviour.podEnds === 'created too') endCreated(runtime, container)
        await stopContainer(container, graceMs, call?.signal)
      }),
    )
  } catch (error) {
    // The client has gone during the grace period.
    pod.ready = wasReady
    throw error
  }
  if (wasReady) announce(runtime, pod, pod, 'CONTAINER_STOPPED_EVENT')
}
