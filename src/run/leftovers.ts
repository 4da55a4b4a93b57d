import {readdir, rm, rmdir} from 'node:fs/promises'
import {basename, join} from 'node:path'
import type {CriClient} from '../client/connect.js'
import type {Input, PodSandboxConfig} from '../generated/cri.js'
import {cgroupParents} from './host.js'
import {podConfigOf} from './pod-config-of.js'

// What the runtime leaves of a pod that `run` has made, and what no kubelet takes away: its empty cgroup and its logs.

/** The configuration of a pod that `run` made from flags, which its cgroup tells; undefined for every other. */
export async function configMadeFromFlags(
  client: CriClient,
  podSandboxId: string,
): Promise<Input<PodSandboxConfig> | undefined> {
  const config = await podConfigOf(client, podSandboxId)
  const parents = Object.values(cgroupParents(config.metadata?.uid ?? ''))
  return parents.includes(config.linux?.cgroupParent ?? '') ? config : undefined
}

/** When the runtime has removed the pod. What does not bear the pod's own `uid` is not touched, nor what is elsewhere. */
export async function removeLeftovers(pod: Input<PodSandboxConfig>): Promise<void> {
  const {uid = '', name, namespace} = pod.metadata ?? {}
  const {logDirectory = '', linux} = pod
  if (uid !== '' && basename(logDirectory) === `${namespace}_${name}_${uid}`)
    await rm(logDirectory, {recursive: true, force: true}).catch(() => undefined)
  if (/^\/crisp\/pod[\da-f-]+$/.test(linux?.cgroupParent ?? '')) await removeCgroup(linux?.cgroupParent ?? '')
}

async function removeCgroup(parent: string): Promise<void> {
  const root = '/sys/fs/cgroup'
  const controllers = await readdir(root).catch(() => [])
  const places = [root, ...controllers.map((name) => join(root, name))]
  // rmdir refuses one that is in use, and most of these places are none.
  await Promise.all(places.map((place) => rmdir(join(place, parent)).catch(() => undefined)))
}
