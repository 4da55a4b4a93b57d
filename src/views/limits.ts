import {printable} from '../errors/printable.js'
import {type Column, type TableOptions, table} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {ContainerLimits, Limit, NodeLimits} from '../node/limits.js'
import {bytesText, type Units} from '../text/units.js'

export interface LimitedContainer {
  id: string
  /** `namespace/pod/container` */
  name: string
}

export interface LimitsContext extends TableOptions {
  units: Units
  /** Makes a title stand out. */
  strong?: ((text: string) => string) | undefined
}

export function limitsView(
  containers: readonly LimitedContainer[],
  {limits, kubelet}: NodeLimits,
  context: LimitsContext,
): View {
  const items = () =>
    containers.map(({id, name}) => ({kind: 'container', id, name, ...limitsDocument(limits.get(id))}))
  const sources = ['CRI', 'host', ...(kubelet.files.length > 0 ? ['kubelet'] : [])]
  return {
    document: () => ({sources, kubeletFiles: kubelet.files, containers: items()}),
    items,
    names: () => containers.map(({name}) => name),
    table: () => containers.map(({id, name}) => limitsText(name, limits.get(id), context)).join('\n'),
  }
}

function limitsDocument(found: ContainerLimits | undefined): object {
  const {limits = [], cgroup} = found ?? {}
  return {
    ...(cgroup
      ? {
          cgroup: {
            version: cgroup.version,
            path: cgroup.path ?? null,
            usedMemoryBytes: cgroup.usedMemoryBytes ?? null,
            usedPids: cgroup.usedPids ?? null,
            oomKills: cgroup.oomKills ?? null,
            throttled: cgroup.throttled ?? null,
          },
        }
      : {}),
    limits: limits.map(({name, unit, asked, allocated, real, differs}) => ({
      name,
      unit,
      asked: amountJson(asked),
      kubelet: amountJson(allocated),
      cgroup: amountJson(real),
      differs,
    })),
  }
}

/** JSON has no infinity: the kernel's word for it. */
function amountJson(amount: Limit['asked']): number | string | null {
  return amount === Number.POSITIVE_INFINITY ? 'max' : (amount ?? null)
}

const columns: readonly Column[] = [
  {title: 'LIMIT'},
  {title: 'ASKED', min: 8},
  {title: 'KUBELET', min: 8},
  {title: 'CGROUP', min: 8},
  {title: 'DIFFERS'},
]

function limitsText(
  name: string,
  found: ContainerLimits | undefined,
  {units, strong = (text) => text, ...options}: LimitsContext,
): string {
  const {limits = [], cgroup} = found ?? {}
  const rows = limits.map(({name: title, unit, asked, allocated, real, differs}) => [
    title,
    ...[asked, allocated, real].map((amount) => amountText(amount, unit, units)),
    differs ? '≠' : '',
  ])
  const counters = [
    cgroup?.path ? `  ${printable(cgroup.path)}` : '',
    cgroup?.usedMemoryBytes === undefined ? '' : `  memory used ${bytesText(cgroup.usedMemoryBytes, units)}`,
    cgroup?.oomKills ? `  ${cgroup.oomKills} processes killed for want of memory` : '',
    cgroup?.throttled ? `  throttled ${cgroup.throttled} times` : '',
  ].filter((text) => text !== '')
  const shown =
    rows.length > 0
      ? table(columns, rows, options)
      : '  no limits: nobody has asked for any, and none are in force\n'
  const notes = counters.map((text) => `${text}\n`).join('')
  return `${strong(`container ${printable(name)}`)}\n${shown}${notes}`
}

function amountText(amount: Limit['asked'], unit: Limit['unit'], units: Units): string {
  if (amount === undefined) return '-'
  if (amount === Number.POSITIVE_INFINITY) return 'none'
  if (typeof amount === 'string') return amount
  return unit === 'bytes' ? bytesText(amount, units) : String(Number(amount.toFixed(3)))
}
