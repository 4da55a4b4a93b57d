import {posix} from 'node:path'
import type {Check, Finding} from '../check.js'
import {NotChecked} from '../not-checked.js'
import {youngMs} from '../runtime-processes.js'
import type {Subject} from '../subject.js'

const folder = '/run/netns'
/** As containerd and CRI-O name what they make; people's own have other names. */
const runtimesName = /^(?:cni-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const namespaces: Check = {
  name: 'namespaces',
  about: 'network namespaces that no pod has any more',
  sources: ['CRI', 'host'],
  severity: 'warning',
  explanation:
    "A pod's network is a namespace that the runtime makes before anything runs in it, and keeps by a file in /run/netns. Where removing a pod failed half-way, often since a network plugin was not there, the namespace stays, and with it an address of the node's range and one end of a cable. Enough of them, and there are no addresses left for new pods. Named here is what no pod of the runtime has and no process is in.",
  run: async (subject: Subject) => {
    const {host} = subject
    const names = ((await host.names(folder)) ?? []).filter((name) => runtimesName.test(name))
    if (names.length === 0) return []
    const [asked, processes] = await Promise.all([subject.podStatuses(), host.processes()])
    if (asked.some(({answer}) => answer === undefined))
      throw new NotChecked('not every pod tells which network it has')
    const used = new Set(asked.flatMap(({answer}) => networkOf(answer?.info ?? {})))
    const unknown = names.filter((name) => !used.has(name))
    if (unknown.length === 0) return []
    const inhabited = new Set(
      await Promise.all(processes.map(({pid}) => host.link(`/proc/${pid}/ns/net`).catch(() => undefined))),
    )
    const left = await Promise.all(
      unknown.map(async (name) => {
        const facts = await host.facts(posix.join(folder, name))
        const isEmpty = facts !== undefined && !inhabited.has(`net:[${facts.inode}]`)
        return isEmpty && subject.nowMs - facts.modifiedMs > youngMs ? [name] : []
      }),
    )
    return left.flat().map(
      (name): Finding => ({
        severity: 'warning',
        what: `network namespace ${name} belongs to no pod`,
        object: posix.join(folder, name),
        evidence: ['no pod of the runtime names it, and no process is in it'],
        fix: `ip netns exec ${name} ip address shows what it has; ip netns delete ${name} removes it`,
      }),
    )
  },
}

/** The last part of its path, by which runtimes name it. */
function networkOf({info = ''}: Readonly<Record<string, string>>): string[] {
  try {
    const {runtimeSpec, sandboxMetadata} = JSON.parse(info) as PodInfo
    const paths = [
      ...(runtimeSpec?.linux?.namespaces ?? []).map(({type, path}) =>
        type === 'network' ? path : undefined,
      ),
      sandboxMetadata?.Metadata?.NetNSPath,
      sandboxMetadata?.NetNSPath,
    ]
    return paths.flatMap((path) => (typeof path === 'string' && path !== '' ? [posix.basename(path)] : []))
  } catch {
    return []
  }
}

interface PodInfo {
  runtimeSpec?: {linux?: {namespaces?: {type?: unknown; path?: unknown}[] | null} | null} | null
  sandboxMetadata?: {NetNSPath?: unknown; Metadata?: {NetNSPath?: unknown} | null} | null
}
