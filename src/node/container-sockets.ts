import type {CriClient} from '../client/connect.js'
import {containerName, podName} from '../client/names.js'
import {concurrently} from './concurrently.js'
import {type Owned, type Owner, ownedProcesses} from './host/owned.js'
import type {HostProcess, ProcOptions} from './host/processes.js'
import {type HostSocket, networkOf, readSockets, socketsHeldBy} from './host/sockets.js'
import type {NodeView} from './view.js'

export interface ContainerSocket extends HostSocket {
  /** Who holds it, as far as that may be seen; one that several processes share has its first here. */
  process: HostProcess | undefined
  /** Whose process that is. */
  owner: Owner | undefined
}

export interface SocketGroup {
  /** `namespace/pod/container`, `namespace/pod`. */
  name: string
  owner: Owner
  /** The network is the node's own: only what its processes hold is its. */
  nodeNetwork: boolean
  /** Whether it has a process here. */
  found: boolean
  /** Those that listen first. */
  sockets: ContainerSocket[]
}

export interface SocketLook extends ProcOptions {
  /** Of whoever looks, whose network is the node's. */
  selfPid: number
}

/**
 * The sockets of each of these: of a container those that its processes hold, of a pod all of its network. `pods` has
 * for each what belongs to it. Rejects as the runtime's calls do.
 */
export async function lookAtSockets(
  client: CriClient,
  wanted: readonly {owner: Owner; members: readonly Owner[]}[],
  view: NodeView,
  {selfPid, ...options}: SocketLook,
): Promise<SocketGroup[]> {
  const nodeNetwork = await networkOf(selfPid, options)
  const all = wanted.flatMap(({members}) => members)
  const owned = await ownedProcesses(client, all, view, options)
  const ownedOf = new Map(owned.map((each) => [idOf(each.owner), each]))
  const groups = await concurrently(wanted, 4, async ({owner, members}) => {
    const own = members.flatMap((member) => ownedOf.get(idOf(member)) ?? [])
    const first = own.flatMap(({processes}) => processes).at(0)
    const name = owner.container
      ? containerName(owner.container.id, view.identityOf(owner.container))
      : podName(owner.pod)
    if (!first) return {name, owner, nodeNetwork: false, found: false, sockets: []}
    const [network, sockets, holders] = await Promise.all([
      networkOf(first.pid, options),
      readSockets(first.pid, options),
      holdersOf(own, options),
    ])
    const shared = network !== undefined && network === nodeNetwork
    const found = sockets.map((socket) => ({...socket, ...(holders.get(socket.inode) ?? nobody)}))
    const kept = owner.container || shared ? found.filter(({process}) => process !== undefined) : found
    return {name, owner, nodeNetwork: shared, found: true, sockets: kept.sort(compareSockets)}
  })
  return groups.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

const nobody = {process: undefined, owner: undefined}

async function holdersOf(
  owned: readonly Owned[],
  options: ProcOptions,
): Promise<Map<string, {process: HostProcess; owner: Owner}>> {
  const holders = new Map<string, {process: HostProcess; owner: Owner}>()
  for (const {owner, processes} of owned)
    for (const process of processes)
      for (const inode of await socketsHeldBy(process, options))
        if (!holders.has(inode)) holders.set(inode, {process, owner})
  return holders
}

function idOf({container, pod}: Owner): string {
  return (container ?? pod).id
}

const order = ['tcp', 'tcp6', 'udp', 'udp6', 'unix']

function compareSockets(a: HostSocket, b: HostSocket): number {
  return (
    Number(b.listening) - Number(a.listening) ||
    order.indexOf(a.protocol) - order.indexOf(b.protocol) ||
    (a.local.port ?? 0) - (b.local.port ?? 0) ||
    (a.local.address < b.local.address ? -1 : a.local.address > b.local.address ? 1 : 0)
  )
}
