import type {ContainerIdentity} from '../client/names.js'
import {protoJson} from '../client/proto-json.js'
import {type Column, type TableStyle, table} from '../formats/table.js'
import {listOf, type SortKey, type View} from '../formats/view.js'
import type {ContainerStats, ContainerStatus, PodSandboxStats, PsiStats} from '../generated/cri.js'
import {coresUsed, limitsOf, podInterface, ratePerSecond} from '../node/usage.js'
import {shortId} from '../text/short-id.js'
import {bytesText, type Units} from '../text/units.js'

export type UsageOrder = 'cpu' | 'mem' | 'disk' | 'net' | 'name' | 'id'

export interface UsageContext {
  width?: number | undefined
  style?: TableStyle | undefined
  units: Units
  order: UsageOrder
  /** Only so many rows; all by default. */
  limit?: number | undefined
  fullIds?: boolean
}

export interface ContainerUsageContext extends UsageContext {
  /** Rows that use neither CPU nor memory too. */
  idleToo?: boolean
  /** By container ID, for the limits in the wide table. */
  statuses?: ReadonlyMap<string, ContainerStatus>
  /** For pod and namespace in the wide table. */
  identityOf?: (stats: ContainerStats) => ContainerIdentity
}

/** What every row is sorted by, whatever it shows. */
interface Row {
  name: string
  cores: number
  memoryBytes: number
  diskBytes: number
  networkBytes: number
  cells: string[]
}

const unknown = '-'

export function containerUsageView(
  stats: readonly ContainerStats[],
  before: readonly ContainerStats[],
  context: ContainerUsageContext,
): View {
  const rowsOf = (wide: boolean, pressure: boolean) =>
    pairSamples(stats, before)
      .map(([item, previous]) => containerRow(item, previous, context, {wide, pressure}))
      .filter(({cores, memoryBytes}) => context.idleToo || cores !== 0 || memoryBytes !== 0)
  return {
    ...listOf('stats', stats, (item) => protoJson('ContainerStats', item)),
    names: () => stats.map(({attributes}) => attributes?.id ?? ''),
    order: (shows) => (shows === 'table' ? orderOf(rowsOf(false, false), context) : undefined),
    table: (wide) => {
      const pressure = wide && stats.some(({cpu, memory, io}) => Boolean(cpu?.psi || memory?.psi || io?.psi))
      const rows = rowsOf(wide, pressure)
      const columns = [
        ...containerColumns,
        ...(wide ? limitColumns : []),
        ...(pressure ? pressureColumns : []),
        ...(wide ? placeColumns : []),
      ]
      return usageTable(columns, rows, context)
    },
  }
}

const containerColumns: readonly Column[] = [
  {title: 'CONTAINER', varies: true},
  {title: 'NAME', min: 12},
  {title: 'CPU %'},
  {title: 'MEM'},
  {title: 'DISK', drop: 6},
  {title: 'INODES', drop: 1},
  {title: 'SWAP', drop: 2},
]
const limitColumns: readonly Column[] = [
  {title: 'CPU LIMIT', drop: 7},
  {title: 'CPU % OF LIMIT', drop: 11},
  {title: 'MEM LIMIT', drop: 8},
  {title: 'MEM % OF LIMIT', drop: 12},
]
/** Share of the last ten seconds in which something waited for it. */
const pressureColumns: readonly Column[] = [
  {title: 'CPU PSI %', drop: 5},
  {title: 'MEM PSI %', drop: 4},
  {title: 'IO PSI %', drop: 3},
]
const placeColumns: readonly Column[] = [
  {title: 'POD', min: 12, drop: 10},
  {title: 'NAMESPACE', min: 9, drop: 9},
]

function containerRow(
  stats: ContainerStats,
  before: ContainerStats | undefined,
  {units, statuses, identityOf, fullIds}: ContainerUsageContext,
  {wide, pressure}: {wide: boolean; pressure: boolean},
): Row {
  const {attributes, cpu, memory, writableLayer, swap, io} = stats
  const cores = coresUsed(cpu, before?.cpu)
  const memoryBytes = Number(memory?.workingSetBytes?.value ?? 0)
  const diskBytes = Number(writableLayer?.usedBytes?.value ?? 0)
  const id = attributes?.id ?? ''
  const name = attributes?.metadata?.name ?? ''
  const cells = [
    fullIds ? id : shortId(id),
    name,
    percent(cores),
    memory?.workingSetBytes ? bytesText(memoryBytes, units) : unknown,
    bytesText(diskBytes, units),
    writableLayer?.inodesUsed?.value ?? '0',
    bytesText(Number(swap?.swapUsageBytes?.value ?? 0), units),
  ]
  if (wide) cells.push(...limitCells(statuses?.get(id), {cores, memoryBytes}, units))
  if (pressure) cells.push(...[cpu?.psi, memory?.psi, io?.psi].map(pressureCell))
  if (wide) {
    const identity = identityOf?.(stats)
    cells.push(identity?.pod || unknown, identity?.namespace || unknown)
  }
  return {name, cores: cores ?? 0, memoryBytes, diskBytes, networkBytes: 0, cells}
}

/** Use against the limits that the container's status tells. */
function limitCells(
  status: ContainerStatus | undefined,
  {cores, memoryBytes}: {cores: number | undefined; memoryBytes: number},
  units: Units,
): string[] {
  const limits = limitsOf(status)
  return [
    limits.cores === undefined ? unknown : `${limits.cores}`,
    limits.cores === undefined || cores === undefined ? unknown : percent(cores / limits.cores),
    limits.memoryBytes === undefined ? unknown : bytesText(limits.memoryBytes, units),
    limits.memoryBytes === undefined ? unknown : percent(memoryBytes / limits.memoryBytes),
  ]
}

function pressureCell(psi: PsiStats | null | undefined): string {
  return psi?.Some ? psi.Some.Avg10.toFixed(2) : unknown
}

export function podUsageView(
  stats: readonly PodSandboxStats[],
  before: readonly PodSandboxStats[],
  context: UsageContext,
): View {
  const rowsOf = (wide: boolean, pressure: boolean) =>
    pairSamples(stats, before).map(([item, previous]) => podRow(item, previous, context, {wide, pressure}))
  return {
    ...listOf('stats', stats, (item) => protoJson('PodSandboxStats', item)),
    names: () => stats.map(({attributes}) => attributes?.id ?? ''),
    order: (shows) => (shows === 'table' ? orderOf(rowsOf(false, false), context) : undefined),
    table: (wide) => {
      const pressure =
        wide && stats.some(({linux}) => Boolean(linux?.cpu?.psi || linux?.memory?.psi || linux?.io?.psi))
      const columns = [
        ...podColumns,
        ...(wide ? podWideColumns : []),
        ...(pressure ? pressureColumns : []),
        ...(wide ? podCountColumns : []),
      ]
      return usageTable(columns, rowsOf(wide, pressure), context)
    },
  }
}

const podColumns: readonly Column[] = [
  {title: 'POD', min: 12},
  {title: 'POD ID', drop: 12, varies: true},
  {title: 'CPU %'},
  {title: 'MEM'},
]
const podWideColumns: readonly Column[] = [
  {title: 'NAMESPACE', min: 9, drop: 11},
  {title: 'RX', drop: 10},
  {title: 'RX/S', drop: 9},
  {title: 'TX', drop: 10},
  {title: 'TX/S', drop: 8},
  {title: 'DISK', drop: 6},
  {title: 'INODES', drop: 1},
  {title: 'SWAP', drop: 2},
]
const podCountColumns: readonly Column[] = [
  {title: 'PROCESSES', drop: 7},
  {title: 'CONTAINERS', drop: 0},
]

function podRow(
  stats: PodSandboxStats,
  before: PodSandboxStats | undefined,
  {units, fullIds}: UsageContext,
  {wide, pressure}: {wide: boolean; pressure: boolean},
): Row {
  const {attributes, linux, windows} = stats
  const cores = coresUsed(linux?.cpu ?? windows?.cpu, before?.linux?.cpu ?? before?.windows?.cpu)
  const memory = linux?.memory?.workingSetBytes ?? windows?.memory?.workingSetBytes
  const memoryBytes = Number(memory?.value ?? 0)
  const layers = (linux ?? windows)?.containers ?? []
  const diskBytes = sum(layers.map(({writableLayer}) => writableLayer?.usedBytes?.value))
  const traffic = trafficOf(stats, before)
  const id = attributes?.id ?? ''
  const name = attributes?.metadata?.name ?? ''
  const cells = [
    name,
    fullIds ? id : shortId(id),
    percent(cores),
    memory ? bytesText(memoryBytes, units) : unknown,
  ]
  if (wide) {
    const inodes = linux?.containers.map(({writableLayer}) => writableLayer?.inodesUsed?.value)
    const swap = linux?.containers.map((container) => container.swap?.swapUsageBytes?.value)
    cells.push(
      attributes?.metadata?.namespace ?? '',
      ...trafficCells(traffic, units),
      bytesText(diskBytes, units),
      String(sum(inodes)),
      bytesText(sum(swap), units),
    )
  }
  if (pressure) cells.push(...[linux?.cpu?.psi, linux?.memory?.psi, linux?.io?.psi].map(pressureCell))
  if (wide) {
    const processes = linux?.process?.processCount ?? windows?.process?.processCount
    cells.push(processes?.value ?? unknown, String(layers.length))
  }
  return {name, cores: cores ?? 0, memoryBytes, diskBytes, networkBytes: orderOfTraffic(traffic), cells}
}

function trafficCells(traffic: Traffic | undefined, units: Units): string[] {
  if (!traffic) return [unknown, unknown, unknown, unknown]
  const perSecond = (rate: number | undefined) =>
    rate === undefined ? unknown : bytesText(Math.round(rate), units)
  return [
    bytesText(traffic.rxBytes, units),
    perSecond(traffic.rxRate),
    bytesText(traffic.txBytes, units),
    perSecond(traffic.txRate),
  ]
}

interface Traffic {
  rxBytes: number
  txBytes: number
  rxRate: number | undefined
  txRate: number | undefined
}

function trafficOf({linux}: PodSandboxStats, before: PodSandboxStats | undefined): Traffic | undefined {
  const now = podInterface(linux?.network)
  if (!now) return undefined
  const earlier = podInterface(before?.linux?.network)
  const rate = (counter: 'rxBytes' | 'txBytes') =>
    earlier?.name === now.name
      ? ratePerSecond(
          {value: now[counter]?.value ?? '0', timestampNs: networkTime(linux)},
          {value: earlier[counter]?.value ?? '0', timestampNs: networkTime(before?.linux)},
        )
      : undefined
  return {
    rxBytes: Number(now.rxBytes?.value ?? 0),
    txBytes: Number(now.txBytes?.value ?? 0),
    rxRate: rate('rxBytes'),
    txRate: rate('txBytes'),
  }
}

/** CRI-O leaves the network's own time 0. */
function networkTime(linux: PodSandboxStats['linux'] | undefined): string {
  const time = linux?.network?.timestamp ?? '0'
  return time === '0' ? (linux?.cpu?.timestamp ?? '0') : time
}

/** Traffic of now, or of the pod's life where one sample is all there is. */
function orderOfTraffic(traffic: Traffic | undefined): number {
  if (!traffic) return -1
  const {rxBytes, txBytes, rxRate, txRate} = traffic
  return rxRate === undefined || txRate === undefined ? rxBytes + txBytes : rxRate + txRate
}

function sum(values: readonly (string | undefined)[] = []): number {
  return values.reduce((total, value) => total + Number(value ?? 0), 0)
}

/** Each with its earlier self; those that are new since an earlier sample are left for the next one. */
function pairSamples<Stats extends {attributes: {id: string} | null}>(
  stats: readonly Stats[],
  before: readonly Stats[],
): [Stats, Stats | undefined][] {
  if (before.length === 0) return stats.map((item) => [item, undefined])
  const earlier = new Map(before.map((item) => [item.attributes?.id, item]))
  return stats.flatMap((item): [Stats, Stats | undefined][] => {
    const previous = earlier.get(item.attributes?.id)
    return previous ? [[item, previous]] : []
  })
}

function percent(part: number | undefined): string {
  return part === undefined ? unknown : (part * 100).toFixed(2)
}

function usageTable(
  columns: readonly Column[],
  rows: readonly Row[],
  {order, limit, width, style}: UsageContext,
): string {
  const shown = sortRows(rows, order)
  return table(
    columns,
    (limit !== undefined && limit > 0 ? shown.slice(0, limit) : shown).map(({cells}) => cells),
    {width, style},
  )
}

function sortRows(rows: readonly Row[], order: UsageOrder): readonly Row[] {
  return order === 'id' ? rows : rows.toSorted(comparisons[order])
}

/** By what the rows of a table are sorted, from the first on. */
function orderOf(rows: readonly Row[], {order}: UsageContext): SortKey[] | undefined {
  return order === 'id' ? undefined : sortRows(rows, order).map(sortKeys[order])
}

const sortKeys: Readonly<Record<Exclude<UsageOrder, 'id'>, (row: Row) => SortKey>> = {
  cpu: ({cores}) => -cores,
  mem: ({memoryBytes}) => -memoryBytes,
  disk: ({diskBytes}) => -diskBytes,
  net: ({networkBytes}) => -networkBytes,
  name: ({name}) => name,
}

const comparisons: Readonly<Record<Exclude<UsageOrder, 'id'>, (a: Row, b: Row) => number>> = {
  cpu: (a, b) => b.cores - a.cores,
  mem: (a, b) => b.memoryBytes - a.memoryBytes,
  disk: (a, b) => b.diskBytes - a.diskBytes,
  net: (a, b) => b.networkBytes - a.networkBytes,
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
}
