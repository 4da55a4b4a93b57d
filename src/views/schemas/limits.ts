import {documentSchema, list, number, oneOf, optional, orNull, text, truth} from './parts.js'

const amount = (description: string) => ({
  schema: {
    type: ['number', 'string', 'null'],
    description: `${description}; "max" for no limit, null where it is not known`,
  },
})

export const limitsSchema = documentSchema('What crisp describe --limits shows', {
  sources: list(oneOf('CRI', 'host', 'kubelet'), 'whom it asks'),
  kubeletFiles: list(text(''), 'the files of the kubelet that were there'),
  containers: list(
    {
      kind: oneOf('container'),
      id: text(''),
      name: text('namespace/pod/container'),
      cgroup: optional({
        version: number('1 or 2'),
        path: orNull(text('of the memory controller')),
        usedMemoryBytes: orNull(number('')),
        usedPids: orNull(number('')),
        oomKills: orNull(number('processes killed in it for want of memory')),
        throttled: orNull(number('how often it had to wait for its CPU quota')),
      }),
      limits: list(
        {
          name: text('CPU, CPU shares, CPUs, Memory, Memory high, Memory kept, Memory nodes, Swap, PIDs'),
          unit: oneOf('cores', 'bytes', 'count', 'set'),
          asked: amount('through the CRI'),
          kubelet: amount("by the kubelet's own files"),
          cgroup: amount('in force, by the files of the control group'),
          differs: truth('not all that is known is the same'),
        },
        'those that anybody speaks of',
      ),
    },
    '',
  ),
})
