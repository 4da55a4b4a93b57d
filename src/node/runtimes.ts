import {dirname} from 'node:path'
import type {VersionResponse} from '../generated/cri.js'

// The one place that knows what runtimes do differently, as far as their name, their version or their settings tell.
// Known are containerd 1.6 to 2.4, CRI-O 1.30 to 1.36 and cri-dockerd 0.4, on Linux. What only their answers tell is
// read where the answer is.

/** As `Version` answers: `containerd`, `cri-o`, `docker`. */
export type Runtime = Pick<VersionResponse, 'runtimeName' | 'runtimeVersion'>

/** The first releases that answer a call which older ones do not; undefined for calls that all have. */
export function firstReleases(method: string): string | undefined {
  return method.startsWith('Stream') ? 'containerd 2.4 or CRI-O 1.36' : firstReleasesByMethod[method]
}

const firstReleasesByMethod: Readonly<Record<string, string>> = {
  GetContainerEvents: 'containerd 2.0 (1.7 with limits) or CRI-O 1.30 (enable_pod_events = true)',
  CheckpointContainer: 'containerd 2.0 or CRI-O 1.30, both with CRIU',
  RuntimeConfig: 'containerd 2.0 or CRI-O 1.30',
  ListMetricDescriptors: 'containerd 2.2 or CRI-O 1.30',
  ListPodSandboxMetrics: 'containerd 2.2 or CRI-O 1.30',
  UpdatePodSandboxResources: 'containerd 2.3 or CRI-O 1.33',
  PodSandboxStats: 'containerd 1.6 or CRI-O 1.30, not cri-dockerd',
  ListPodSandboxStats: 'containerd 1.6 or CRI-O 1.30, not cri-dockerd',
}

/** Of containerd 1.7 all clients take events from one queue: each that is taken is lost to the kubelet. */
export function sharesEventQueue({runtimeName, runtimeVersion}: Runtime): boolean {
  return runtimeName === 'containerd' && /^v?1\.7\./.test(runtimeVersion)
}

/** containerd takes an image with all its tags, whichever was named; CRI-O and cri-dockerd take only that tag. */
export function removesAllTags({runtimeName}: Runtime): boolean {
  return runtimeName !== 'cri-o' && runtimeName !== 'docker'
}

/**
 * CRI-O gives the containers of a pod that is stopped as long as the call may take, which is minutes; containerd kills
 * them at once.
 */
export function takesDeadlineForGrace({runtimeName}: Runtime): boolean {
  return runtimeName === 'cri-o'
}

/** CRI-O says Unknown of what is not there for many calls where others say NotFound; its status calls say the latter. */
export function tellsMissingAsUnknown({runtimeName}: Runtime): boolean {
  return runtimeName === 'cri-o'
}

/** containerd alone ends a command's stdin by itself; with others it was the command that wanted no more. */
export function endsStdinItself({runtimeName}: Runtime): boolean {
  return runtimeName === 'containerd'
}

/**
 * CRI-O gives an exec whatever the OCI runtime ended with: of a command that is not there that is exit code 255, and
 * the words are on the command's own stderr. Other runtimes answer with a failure.
 */
export function leavesStartFailuresToStderr({runtimeName}: Runtime): boolean {
  return runtimeName === 'cri-o'
}

/**
 * CRI-O with conmon-rs gives the URL of the container's monitor, which speaks WebSocket alone and whose tokens are
 * UUIDs. Other servers may have such tokens too: only together with the runtime does it tell.
 */
export function looksLikeMonitor(url: string): boolean {
  return /\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(url)
}

/** Whether a URL that looks like a monitor's is one; every other streaming server has SPDY. */
export function streamsByMonitor({runtimeName}: Runtime): boolean {
  return runtimeName === 'cri-o'
}

/** containerd before 2.0, which has no RuntimeConfig, shows its driver in the settings of its verbose status only. */
export function cgroupDriverIn({
  config = '{}',
}: Readonly<Record<string, string>>): 'SYSTEMD' | 'CGROUPFS' | undefined {
  let settings: ContainerdSettings | null
  try {
    settings = JSON.parse(config)
  } catch {
    // Settings that we cannot read are not containerd's.
    return undefined
  }
  const {defaultRuntimeName = 'runc', runtimes} = settings?.containerd ?? {}
  const handler = runtimes?.[defaultRuntimeName]
  if (handler?.options?.SystemdCgroup === true) return 'SYSTEMD'
  return handler?.runtimeType === 'io.containerd.runc.v2' ? 'CGROUPFS' : undefined
}

interface ContainerdSettings {
  containerd?: {
    defaultRuntimeName?: string
    runtimes?: Record<string, {runtimeType?: string; options?: {SystemdCgroup?: boolean} | null}>
  } | null
}

/**
 * CRI-O tells no configuration of a pod, but in annotations of the verbose status where its logs go and which cgroup is
 * its parent; empty for a runtime that does not.
 */
export function podPlacesIn({info = '{}'}: Readonly<Record<string, string>>): PodPlaces {
  let known: {runtimeSpec?: {annotations?: Readonly<Record<string, unknown>> | null} | null} | null
  try {
    known = JSON.parse(info)
  } catch {
    return {}
  }
  const annotations = known?.runtimeSpec?.annotations ?? {}
  const logPath = annotations['io.kubernetes.cri-o.LogPath']
  const cgroupParent = annotations['io.kubernetes.cri-o.CgroupParent']
  return {
    ...(typeof logPath === 'string' && logPath !== '' ? {logDirectory: dirname(logPath)} : {}),
    ...(typeof cgroupParent === 'string' && cgroupParent !== '' ? {cgroupParent} : {}),
  }
}

export interface PodPlaces {
  logDirectory?: string
  cgroupParent?: string
}
