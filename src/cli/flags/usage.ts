import * as Flags from '@oclif/core/flags'
import {parseRegexp} from '../../text/regexp.js'
import {parseChoice, parseLabels} from '../../text/selectors.js'
import type {Units} from '../../text/units.js'
import type {UsageOrder} from '../../views/usage.js'
import {integerFlag, labelFlag, outputFlags} from './common.js'

export const namespaceFlag = Flags.string({
  helpGroup: 'FILTER',
  helpValue: 'REGEXP',
  description: 'only namespaces that match this regular expression',
})

const units: Readonly<Record<string, Units>> = {si: 'si', iec: 'iec'}

export const unitsFlag = Flags.string({
  helpGroup: 'OUTPUT',
  helpValue: 'UNITS',
  description: 'si (MB) or iec (MiB)',
  complete: Object.keys(units),
  default: 'si',
})

/** What `stats` and `statsp` share. */
export const usageFlags = (thing: 'container' | 'pod') => ({
  id: Flags.string({
    helpGroup: 'FILTER',
    helpValue: 'ID',
    description: 'only this one: ID or name',
    complete: thing,
  }),
  namespace: namespaceFlag,
  label: labelFlag,
  seconds: integerFlag({
    char: 's',
    description: 'between two samples, 1 by default; given, CPU % is never the rate that the runtime gives',
  }),
  watch: Flags.boolean({char: 'w', description: 'again and again, until Ctrl-C'}),
  limit: integerFlag({helpGroup: 'OUTPUT', description: 'only the first N rows'}),
  units: unitsFlag,
  'no-trunc': Flags.boolean({helpGroup: 'OUTPUT', description: 'full IDs, nothing cut to fit the terminal'}),
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

export const sortFlag = (columns: string, orders: Readonly<Record<string, unknown>>) =>
  Flags.string({
    helpGroup: 'OUTPUT',
    helpValue: 'COLUMN',
    description: `by ${columns}, name or id`,
    complete: Object.keys(orders),
    default: 'id',
  })

export function parseUnits(text: string): Units {
  return parseChoice('--units', text, units)
}

interface UsageChoiceFlags {
  sort: string
  units: string
  namespace?: string | undefined
  label?: string[] | undefined
  limit?: number | undefined
  'no-trunc'?: boolean
}

/** Throws UsageError for a word that is none of the choices. */
export function usageChoices(flags: UsageChoiceFlags, orders: Readonly<Record<string, UsageOrder>>) {
  return {
    shape: {
      order: parseChoice('--sort', flags.sort, orders),
      units: parseUnits(flags.units),
      limit: flags.limit,
      fullIds: flags['no-trunc'] ?? false,
    },
    selection: {
      labels: parseLabels(flags.label),
      namespace: flags.namespace === undefined ? undefined : parseRegexp('--namespace', flags.namespace),
    },
  }
}
