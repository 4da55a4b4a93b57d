import {posix} from 'node:path'
import {isEmbedded} from '../../node/kubelet.js'
import {quoteForShell} from '../../text/shell-quote.js'
import type {Check, Finding} from '../check.js'
import {NotChecked} from '../not-checked.js'
import {youngMs} from '../runtime-processes.js'
import type {Subject} from '../subject.js'

/** As containerd and CRI-O name what they make; people's own have other names. */
const runtimesName = /^(?:cni-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

interface Kind {
  /** As /proc/PID/ns has it. */
  name: string
  /** In a message. */
  noun: string
}

/** All but the first are CRI-O's, which keeps every namespace of a pod by a file. */
const kinds: readonly Kind[] = [
  {name: 'net', noun: 'network'},
  {name: 'ipc', noun: 'IPC'},
  {name: 'uts', noun: 'UTS'},
  {name: 'user', noun: 'user'},
  {name: 'pid', noun: 'PID'},
]

export const namespaces: Check = {
  name: 'namespaces',
  about: 'namespaces, of networks above all, that no pod has any more',
  sources: ['CRI', 'host'],
  severity: 'warning',
  explanation:
    "A pod's network is a namespace that the runtime makes before anything runs in it, and keeps by a file: in /run/netns, with netns_mounts_under_state_dir in containerd's own folder; CRI-O keeps the others in /run/ipcns, /run/utsns, /run/userns and /run/pidns. Where removing a pod failed half-way, often since a network plugin was not there, the namespace stays, and with it an address of the node's range and one end of a cable. Enough of them, and there are no addresses left for new pods. Named here is what no pod of the runtime has and no process is in.",
  run: async (subject: Subject) => {
    if (await isEmbedded(subject.client, {timeoutMs: subject.limitMs}))
      throw new NotChecked('the embedded runtime makes no namespaces')
    const places = await filesOf(subject)
    if (places.length === 0) return []
    const [asked, processes] = await Promise.all([subject.podStatuses(), subject.host.processes()])
    if (asked.some(({answer}) => answer === undefined))
      throw new NotChecked('not every pod tells which namespaces it has')
    const used = new Set(asked.flatMap(({answer}) => namesUsed(answer?.info ?? {})))
    const pids = processes.map(({pid}) => pid)
    const left = await Promise.all(places.map((place) => leftAmong(subject, place, used, pids)))
    return left.flat()
  },
}

interface Place {
  kind: Kind
  folder: string
  names: readonly string[]
}

/** What the runtimes have made, wherever they keep it. */
async function filesOf({host, settings}: Subject): Promise<Place[]> {
  const {stateDir} = await settings()
  const folders = kinds.flatMap((kind) =>
    // The second is a link to the first on most nodes.
    [`/run/${kind.name}ns`, `/var/run/${kind.name}ns`].map((folder) => ({kind, folder})),
  )
  const [network] = kinds
  if (network && typeof stateDir === 'string' && stateDir !== '')
    folders.push({kind: network, folder: posix.join(stateDir, 'netns')})
  const places: Place[] = []
  const seen = new Set<number>()
  for (const {kind, folder} of folders) {
    const facts = await host.facts(folder)
    if (!facts?.isFolder || seen.has(facts.inode)) continue
    seen.add(facts.inode)
    const names = ((await host.names(folder)) ?? []).filter((name) => runtimesName.test(name))
    if (names.length > 0) places.push({kind, folder, names})
  }
  return places
}

async function leftAmong(
  {host, nowMs}: Subject,
  {kind, folder, names}: Place,
  used: ReadonlySet<string>,
  pids: readonly number[],
): Promise<Finding[]> {
  const unknown = names.filter((name) => !used.has(name))
  if (unknown.length === 0) return []
  const inhabited = new Set(
    await Promise.all(pids.map((pid) => host.link(`/proc/${pid}/ns/${kind.name}`).catch(() => undefined))),
  )
  const findings = await Promise.all(
    unknown.map(async (name): Promise<Finding[]> => {
      const path = posix.join(folder, name)
      const facts = await host.facts(path)
      const isEmpty = facts !== undefined && !inhabited.has(`${kind.name}:[${facts.inode}]`)
      if (!isEmpty || nowMs - facts.modifiedMs <= youngMs) return []
      const word = quoteForShell(path)
      const isOfIp = kind.name === 'net' && /^(\/var)?\/run\/netns$/.test(folder)
      return [
        {
          severity: 'warning',
          what: `${kind.noun} namespace ${name} belongs to no pod`,
          object: path,
          evidence: ['no pod of the runtime names it, and no process is in it'],
          fix: isOfIp
            ? `ip netns exec ${name} ip address shows what it has; ip netns delete ${name} removes it`
            : `${kind.name === 'net' ? `nsenter --net=${word} ip address shows what it has; ` : ''}umount ${word} && rm ${word} removes it`,
        },
      ]
    }),
  )
  return findings.flat()
}

/** The last parts of their paths, by which runtimes name them. */
function namesUsed({info = ''}: Readonly<Record<string, string>>): string[] {
  try {
    const {runtimeSpec, sandboxMetadata} = JSON.parse(info) as PodInfo
    const paths = [
      ...(runtimeSpec?.linux?.namespaces ?? []).map(({path}) => path),
      sandboxMetadata?.Metadata?.NetNSPath,
      sandboxMetadata?.NetNSPath,
    ]
    return paths.flatMap((path) => (typeof path === 'string' && path !== '' ? [posix.basename(path)] : []))
  } catch {
    return []
  }
}

interface PodInfo {
  runtimeSpec?: {linux?: {namespaces?: {path?: unknown}[] | null} | null} | null
  sandboxMetadata?: {NetNSPath?: unknown; Metadata?: {NetNSPath?: unknown} | null} | null
}
