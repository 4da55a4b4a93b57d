import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import type {Units} from '../../text/units.js'
import type {UsageOrder} from '../../views/usage.js'
import {containerLabelFlag, idFlag, labelFlag, noTruncFlag, outputFlags, unitsFlag} from './common.js'
import {choiceFlag, integerFlag, regexpFlag} from './types.js'

export const namespaceFlag = regexpFlag({
  helpGroup: 'FILTER',
  description: 'only namespaces that match this regular expression',
})

/** What `stats` and `statsp` share. */
export const usageFlags = (thing: 'container' | 'pod') => ({
  id: idFlag(thing),
  namespace: namespaceFlag,
  label: thing === 'container' ? containerLabelFlag : labelFlag,
  seconds: integerFlag({
    char: 's',
    description: 'seconds between two samples, 1 by default; with it, crisp always measures CPU % itself',
  }),
  watch: Flags.boolean({char: 'w', description: 'repeat until Ctrl-C'}),
  limit: integerFlag({helpGroup: 'OUTPUT', description: 'only the first N rows'}),
  units: unitsFlag,
  'no-trunc': noTruncFlag,
  ...outputFlags('table'),
})

export const containerOrders = {
  cpu: 'cpu',
  mem: 'mem',
  memory: 'mem',
  disk: 'disk',
  name: 'name',
  id: 'id',
} as const satisfies Record<string, UsageOrder>

export const podOrders = {...containerOrders, net: 'net', network: 'net'} as const

export const sortFlag = (columns: string, orders: Readonly<Record<string, UsageOrder>>) =>
  choiceFlag(orders)({
    helpGroup: 'OUTPUT',
    helpValue: 'COLUMN',
    description: `by ${columns}, name or id`,
    default: 'id',
  })

type UsageChoiceFlags = Interfaces.InferredFlags<ReturnType<typeof usageFlags>> & {sort: UsageOrder}

/** How the rows stand, and whose they are. */
export function usageChoices(flags: UsageChoiceFlags, units: Units) {
  const {sort: order, limit, 'no-trunc': fullIds, label: labels = {}, namespace} = flags
  return {shape: {order, units, limit, fullIds}, selection: {labels, namespace}}
}
