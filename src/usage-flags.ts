import * as Flags from '@oclif/core/flags'
import {integerFlag, labelFlag, outputFlags} from './flags.js'
import {parseChoice} from './text/selectors.js'
import type {Units} from './text/units.js'
import type {UsageOrder} from './views/usage.js'

const orders: Readonly<Record<string, UsageOrder>> = {
  cpu: 'cpu',
  mem: 'mem',
  memory: 'mem',
  disk: 'disk',
  name: 'name',
  id: 'id',
}
const units: Readonly<Record<string, Units>> = {si: 'si', iec: 'iec'}

/** What `stats` and `statsp` share. */
export const usageFlags = {
  id: Flags.string({helpGroup: 'FILTER', helpValue: 'ID', description: 'only this one: ID or name'}),
  label: labelFlag,
  seconds: integerFlag({
    char: 's',
    default: 1,
    description: 'between the two samples that CPU % is made from',
  }),
  watch: Flags.boolean({char: 'w', description: 'again and again, until Ctrl-C'}),
  sort: Flags.string({
    helpGroup: 'OUTPUT',
    helpValue: 'COLUMN',
    description: 'by cpu, mem, disk, name or id',
    complete: Object.keys(orders),
    default: 'id',
  }),
  limit: integerFlag({helpGroup: 'OUTPUT', description: 'only the first N rows'}),
  units: Flags.string({
    helpGroup: 'OUTPUT',
    helpValue: 'UNITS',
    description: 'si (MB) or iec (MiB)',
    complete: Object.keys(units),
    default: 'si',
  }),
  ...outputFlags('table', 'table, wide, json, yaml, jsonl, name, go-template, jsonpath=EXPRESSION'),
}

export function usageChoices(flags: {sort: string; units: string}): {order: UsageOrder; units: Units} {
  return {order: parseChoice('--sort', flags.sort, orders), units: parseChoice('--units', flags.units, units)}
}
