import {type Column, type TableOptions, table} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {ContainerSocket, SocketGroup} from '../node/container-sockets.js'
import type {HostSocket} from '../node/host/sockets.js'

export function socketsView(groups: readonly SocketGroup[], context: TableOptions): View {
  const items = () => groups.flatMap((group) => group.sockets.map((socket) => socketItem(socket, group)))
  return {
    document: () => ({sources: ['CRI', 'host'], sockets: items()}),
    items,
    names: () => groups.map(({name}) => name),
    table: (wide) => socketsTable(groups, context, wide),
  }
}

function socketItem(socket: ContainerSocket, {name, owner, nodeNetwork}: SocketGroup): object {
  const {protocol, state, listening, local, remote, receiveQueue, sendQueue, inode, process} = socket
  return {
    kind: owner.container ? 'container' : 'pod',
    id: (owner.container ?? owner.pod).id,
    of: name,
    nodeNetwork,
    protocol,
    state,
    listening,
    local,
    ...(remote ? {remote} : {}),
    ...(receiveQueue === undefined ? {} : {receiveQueue, sendQueue}),
    inode,
    ...(process
      ? {
          process: {pid: process.pid, name: process.name},
          ...(socket.owner?.container ? {container: socket.owner.container.metadata?.name ?? ''} : {}),
        }
      : {}),
  }
}

const columns: readonly Column[] = [
  {title: 'OF', min: 12, drop: 1},
  {title: 'PROTOCOL'},
  {title: 'STATE'},
  {title: 'RECV-Q', drop: 2},
  {title: 'SEND-Q', drop: 2},
  {title: 'LOCAL', min: 15, keep: 'end'},
  {title: 'REMOTE', min: 15, drop: 5},
  {title: 'PID', drop: 4, varies: true},
  {title: 'PROCESS', min: 8, drop: 6},
  {title: 'CONTAINER', min: 8, drop: 3, varies: true},
]
const onlyWide = ['RECV-Q', 'SEND-Q']

function socketsTable(groups: readonly SocketGroup[], context: TableOptions, wide: boolean): string {
  const isShown = ({title}: Column) =>
    (wide || !onlyWide.includes(title)) && (groups.length > 1 || title !== 'OF')
  const rows = groups.flatMap((group) => group.sockets.map((socket) => cells(socket, group)))
  return table(
    columns.filter(isShown),
    rows.map((row) => row.filter((_, column) => isShown(columns[column] as Column))),
    context,
  )
}

function cells(socket: ContainerSocket, {name}: SocketGroup): string[] {
  const {protocol, state, local, remote, receiveQueue, sendQueue, process, owner} = socket
  return [
    name,
    protocol,
    state,
    String(receiveQueue ?? ''),
    String(sendQueue ?? ''),
    placeText(local),
    remote && remote.port !== 0 ? placeText(remote) : '',
    String(process?.pid ?? ''),
    process?.name ?? '',
    owner?.container?.metadata?.name ?? '',
  ]
}

function placeText({address, port}: HostSocket['local']): string {
  if (port === undefined) return address
  return `${address.includes(':') ? `[${address}]` : address}:${port === 0 ? '*' : port}`
}
