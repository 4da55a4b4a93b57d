import {readFile} from 'node:fs/promises'
import type {CriClient} from '../client/connect.js'
import {RpcError, rpcCode} from '../errors/errors.js'
import type {DNSConfig, Input} from '../generated/cri.js'
import {cgroupDriverIn} from '../node/runtimes.js'

// What a pod made by hand needs to know of its node, as the kubelet does.

/** A cgroup of the pod's own, in the spelling that the runtime's cgroup driver takes: pod statistics need one. */
export async function cgroupParentFor(client: CriClient, uid: string): Promise<string> {
  const {systemd, cgroupfs} = cgroupParents(uid)
  return (await usesSystemd(client)) ? systemd : cgroupfs
}

/** What `cgroupParentFor` gives, and nobody else names a cgroup. */
export function cgroupParents(uid: string): {systemd: string; cgroupfs: string} {
  return {systemd: `crisp-pod${uid.replaceAll('-', '_')}.slice`, cgroupfs: `/crisp/pod${uid}`}
}

export async function usesSystemd(client: CriClient): Promise<boolean> {
  try {
    const {linux} = await client.runtime.runtimeConfig()
    return linux?.cgroupDriver === 'SYSTEMD'
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== rpcCode.unimplemented) throw error
  }
  const {info} = await client.runtime.status({verbose: true})
  return cgroupDriverIn(info) === 'SYSTEMD'
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
