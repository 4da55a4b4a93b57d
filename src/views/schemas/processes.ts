import {documentSchema, list, number, oneOf, optional, orNull, text, truth} from './parts.js'

export const processesSchema = documentSchema('What crisp processes shows', {
  sources: list(oneOf('CRI', 'host'), 'whom it asks: the runtime, and /proc of the node'),
  processes: list(
    {
      kind: oneOf('container', 'pod'),
      id: text('of the container or pod that it belongs to'),
      of: text('namespace/pod/container, or namespace/pod'),
      pid: number('on the node'),
      parentPid: number('on the node'),
      insidePid: orNull(number("in the container; null where that has the node's processes")),
      name: text('which it has given itself, at most 15 bytes of anything'),
      command: list(text(''), 'its arguments; none where they may not be read'),
      state: text('running, sleeping, waits for a disk, zombie, stopped, traced or idle'),
      uid: orNull(number('user in the container; null for one that its user namespace does not have')),
      nodeUid: number('user on the node'),
      userNamespace: truth('the container numbers its users otherwise than the node'),
      cores: orNull(number('in use between two looks, 1 for one core fully busy; null after one look')),
      cpuSeconds: number('in all'),
      residentBytes: number('of memory'),
      threads: number(''),
      ageSeconds: number(''),
      cgroup: list(text(''), 'control groups, as the kernel lists them'),
    },
    'each under its parent',
  ),
})

export const socketsSchema = documentSchema('What crisp sockets shows', {
  sources: list(oneOf('CRI', 'host'), 'whom it asks: the runtime, and /proc of the node'),
  sockets: list(
    {
      kind: oneOf('container', 'pod'),
      id: text('of the container or pod that was asked for'),
      of: text('namespace/pod/container, or namespace/pod'),
      nodeNetwork: truth("the network is the node's own"),
      protocol: oneOf('tcp', 'tcp6', 'udp', 'udp6', 'unix'),
      state: text('LISTEN, ESTABLISHED, UNCONNECTED, TIME_WAIT, …'),
      listening: truth('waits for whoever comes'),
      local: {address: text('of unix sockets the path'), port: optional(number(''))},
      remote: optional({address: text(''), port: number('0 where nobody is connected')}),
      receiveQueue: optional(number('bytes, or waiting connections')),
      sendQueue: optional(number('')),
      inode: text('by which the descriptors of its owners know it'),
      process: optional({pid: number('on the node, the first of several'), name: text('')}),
      container: optional(text('whose process that is')),
    },
    'those that listen first',
  ),
})
