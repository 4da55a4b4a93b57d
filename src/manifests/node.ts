import {readdir, readFile, rm, rmdir} from 'node:fs/promises'
import {basename, join} from 'node:path'
import type {CriClient} from '../client/connect.js'
import {RpcError, rpcCode} from '../errors.js'
import type {DNSConfig, Input, PodSandboxConfig} from '../generated/cri.js'
import {parseJson} from '../text/json.js'

// What a pod made by hand needs to know of its node, as the kubelet does.

/** A cgroup of the pod's own, in the spelling that the runtime's cgroup driver takes: pod statistics need one. */
export async function cgroupParentFor(client: CriClient, uid: string): Promise<string> {
  return (await usesSystemd(client)) ? `crisp-pod${uid.replaceAll('-', '_')}.slice` : `/crisp/pod${uid}`
}

export async function usesSystemd(client: CriClient): Promise<boolean> {
  try {
    const {linux} = await client.runtime.runtimeConfig()
    return linux?.cgroupDriver === 'SYSTEMD'
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== rpcCode.unimplemented) throw error
  }
  // containerd before 2.0 says it in its settings only.
  const {info} = await client.runtime.status({verbose: true})
  return containerdUsesSystemd(info.config)
}

export function containerdUsesSystemd(configJson = '{}'): boolean {
  try {
    const {containerd} = parseJson(configJson) as {
      containerd?: {
        defaultRuntimeName?: string
        runtimes?: Record<string, {options?: {SystemdCgroup?: boolean}}>
      }
    }
    const runtime = containerd?.runtimes?.[containerd.defaultRuntimeName ?? 'runc']
    return runtime?.options?.SystemdCgroup === true
  } catch {
    // Settings that we cannot read are not containerd's.
    return false
  }
}

/**
 * Name servers for a pod, where those of the node cannot serve it: a resolver on the node's loopback address, such
 * as systemd's, is out of a pod's reach. undefined where the runtime's own copy of the node's file will do.
 */
export async function nodeDns(
  read = (path: string) => readFile(path, 'utf8'),
): Promise<Input<DNSConfig> | undefined> {
  const own = await read('/etc/resolv.conf').then(parseResolvConf, () => undefined)
  if (!own?.servers.length || !own.servers.every((server) => /^127\.|^::1$/.test(server))) return undefined
  // Where systemd-resolved keeps what it was told; the kubelet reads it for the same reason.
  return read('/run/systemd/resolve/resolv.conf').then(parseResolvConf, () => undefined)
}

export function parseResolvConf(text: string): {servers: string[]; searches: string[]; options: string[]} {
  const config = {servers: [] as string[], searches: [] as string[], options: [] as string[]}
  for (const line of text.split('\n')) {
    const [word, ...values] = line.trim().split(/\s+/)
    if (word === 'nameserver') config.servers.push(...values.slice(0, 1))
    else if (word === 'search') config.searches = values
    else if (word === 'options') config.options.push(...values)
  }
  return config
}

/**
 * Takes away what is left of a pod made by `run` when the runtime has removed it, and what nobody else would: its
 * empty cgroup and its logs. What does not bear the pod's own `uid` is not touched, nor what is elsewhere.
 */
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
