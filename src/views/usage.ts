import {protoJson} from '../client/proto-json.js'
import {coresUsed} from '../client/usage.js'
import type {ContainerStats, ContainerStatus, PodSandboxStats} from '../generated/cri.js'
import {shortId} from '../text/short-id.js'
import {type Column, type TableStyle, table} from '../text/table.js'
import {bytesText, type Units} from '../text/units.js'
import type {View} from './output.js'

export type UsageOrder = 'cpu' | 'mem' | 'disk' | 'name' | 'id'

export interface UsageContext {
  width?: number | undefined
  style?: TableStyle | undefined
  units: Units
  order: UsageOrder
  /** Only so many rows; all by default. */
  limit?: number | undefined
  /** Rows that use neither CPU nor memory too. */
  idleToo?: boolean
  /** By container ID, for the limits in the wide table. */
  statuses?: ReadonlyMap<string, ContainerStatus>
}

/** What every row is sorted by, whatever it shows. */
interface Row {
  name: string
  cores: number
  memoryBytes: number
  diskBytes: number
  cells: string[]
}

const unknown = '-'

export function containerUsageView(
  stats: readonly ContainerStats[],
  before: readonly ContainerStats[],
  context: UsageContext,
): View {
  return {
    document: () => ({stats: stats.map((item) => protoJson('ContainerStats', item))}),
    items: () => stats.map((item) => protoJson('ContainerStats', item)),
    names: () => stats.map(({attributes}) => attributes?.id ?? ''),
    table: (wide) => {
      const earlier = new Map(before.map((item) => [item.attributes?.id, item]))
      const rows = stats.flatMap((item) => {
        const previous = earlier.get(item.attributes?.id)
        return before.length > 0 && !previous ? [] : [containerRow(item, previous, context, wide)]
      })
      return usageTable(wide ? [...containerColumns, ...limitColumns] : containerColumns, rows, context)
    },
  }
}

const containerColumns: readonly Column[] = [
  {title: 'CONTAINER'},
  {title: 'NAME', min: 12},
  {title: 'CPU %'},
  {title: 'MEM'},
  {title: 'DISK', drop: 3},
  {title: 'INODES', drop: 1},
  {title: 'SWAP', drop: 2},
]
const limitColumns: readonly Column[] = [
  {title: 'CPU LIMIT'},
  {title: 'CPU % OF LIMIT', drop: 4},
  {title: 'MEM LIMIT'},
  {title: 'MEM % OF LIMIT', drop: 5},
  {title: 'POD', min: 12},
  {title: 'NAMESPACE', min: 9},
]

function containerRow(
  stats: ContainerStats,
  before: ContainerStats | undefined,
  {units, statuses}: UsageContext,
  wide: boolean,
): Row {
  const {attributes, cpu, memory, writableLayer, swap} = stats
  const cores = coresUsed(cpu, before?.cpu)
  const memoryBytes = Number(memory?.workingSetBytes?.value ?? 0)
  const diskBytes = Number(writableLayer?.usedBytes?.value ?? 0)
  const name = attributes?.metadata?.name ?? ''
  const cells = [
    shortId(attributes?.id ?? ''),
    name,
    percent(cores),
    bytesText(memoryBytes, units),
    bytesText(diskBytes, units),
    writableLayer?.inodesUsed?.value ?? '0',
    bytesText(Number(swap?.swapUsageBytes?.value ?? 0), units),
  ]
  if (wide) cells.push(...limitCells(stats, {cores, memoryBytes}, units, statuses))
  return {name, cores: cores ?? 0, memoryBytes, diskBytes, cells}
}

/** Use against the limits that the container's status tells, and where it belongs. */
function limitCells(
  {attributes}: ContainerStats,
  {cores, memoryBytes}: {cores: number | undefined; memoryBytes: number},
  units: Units,
  statuses: UsageContext['statuses'],
): string[] {
  const labels = attributes?.labels ?? {}
  const limits = limitsOf(statuses?.get(attributes?.id ?? ''))
  return [
    limits.cores === undefined ? unknown : `${limits.cores}`,
    limits.cores === undefined || cores === undefined ? unknown : percent(cores / limits.cores),
    limits.memoryBytes === undefined ? unknown : bytesText(limits.memoryBytes, units),
    limits.memoryBytes === undefined ? unknown : percent(memoryBytes / limits.memoryBytes),
    labels['io.kubernetes.pod.name'] ?? unknown,
    labels['io.kubernetes.pod.namespace'] ?? unknown,
  ]
}

function limitsOf(status: ContainerStatus | undefined): {cores?: number; memoryBytes?: number} {
  const {cpuQuota = '0', cpuPeriod = '0', memoryLimitInBytes = '0'} = status?.resources?.linux ?? {}
  return {
    ...(Number(cpuQuota) > 0 && Number(cpuPeriod) > 0 ? {cores: Number(cpuQuota) / Number(cpuPeriod)} : {}),
    ...(Number(memoryLimitInBytes) > 0 ? {memoryBytes: Number(memoryLimitInBytes)} : {}),
  }
}

export function podUsageView(
  stats: readonly PodSandboxStats[],
  before: readonly PodSandboxStats[],
  context: UsageContext,
): View {
  return {
    document: () => ({stats: stats.map((item) => protoJson('PodSandboxStats', item))}),
    items: () => stats.map((item) => protoJson('PodSandboxStats', item)),
    names: () => stats.map(({attributes}) => attributes?.id ?? ''),
    table: (wide) => {
      const earlier = new Map(before.map((item) => [item.attributes?.id, item]))
      const rows = stats.flatMap((item) => {
        const previous = earlier.get(item.attributes?.id)
        return before.length > 0 && !previous ? [] : [podRow(item, previous, context, wide)]
      })
      return usageTable(wide ? [...podColumns, ...podWideColumns] : podColumns, rows, {
        ...context,
        idleToo: true,
      })
    },
  }
}

const podColumns: readonly Column[] = [
  {title: 'POD', min: 12},
  {title: 'POD ID'},
  {title: 'CPU %'},
  {title: 'MEM'},
]
const podWideColumns: readonly Column[] = [
  {title: 'NAMESPACE', min: 9},
  {title: 'RX'},
  {title: 'TX'},
  {title: 'PROCESSES', drop: 1},
  {title: 'CONTAINERS', drop: 2},
]

function podRow(
  stats: PodSandboxStats,
  before: PodSandboxStats | undefined,
  {units}: UsageContext,
  wide: boolean,
): Row {
  const {attributes, linux, windows} = stats
  const cores = coresUsed(linux?.cpu, before?.linux?.cpu)
  const memoryBytes = Number(
    linux?.memory?.workingSetBytes?.value ?? windows?.memory?.workingSetBytes?.value ?? 0,
  )
  const name = attributes?.metadata?.name ?? ''
  const cells = [name, shortId(attributes?.id ?? ''), percent(cores), bytesText(memoryBytes, units)]
  if (wide) {
    const network = linux?.network?.defaultInterface
    cells.push(
      attributes?.metadata?.namespace ?? '',
      network ? bytesText(Number(network.rxBytes?.value ?? 0), units) : unknown,
      network ? bytesText(Number(network.txBytes?.value ?? 0), units) : unknown,
      linux?.process?.processCount?.value ?? unknown,
      String(linux?.containers.length ?? 0),
    )
  }
  return {name, cores: cores ?? 0, memoryBytes, diskBytes: 0, cells}
}

function percent(part: number | undefined): string {
  return part === undefined ? unknown : (part * 100).toFixed(2)
}

function usageTable(
  columns: readonly Column[],
  rows: readonly Row[],
  {order, limit, idleToo, width, style}: UsageContext,
): string {
  const kept = rows.filter(({cores, memoryBytes}) => idleToo || cores !== 0 || memoryBytes !== 0)
  const sorted = order === 'id' ? kept : kept.sort(comparison(order))
  const shown = limit !== undefined && limit > 0 ? sorted.slice(0, limit) : sorted
  return table(
    columns,
    shown.map(({cells}) => cells),
    {width, style},
  )
}

function comparison(order: Exclude<UsageOrder, 'id'>): (a: Row, b: Row) => number {
  switch (order) {
    case 'cpu':
      return (a, b) => b.cores - a.cores
    case 'mem':
      return (a, b) => b.memoryBytes - a.memoryBytes
    case 'disk':
      return (a, b) => b.diskBytes - a.diskBytes
    case 'name':
      return (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  }
}
