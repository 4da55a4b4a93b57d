import {fitText, shortAge, sparkline} from '../formats/fit.js'
import {widthOf} from '../formats/table.js'
import type {ContainerStatus, PodSandboxStatus} from '../generated/cri.js'
import type {NodeState} from '../node/sample.js'
import {limitsOf} from '../node/usage.js'
import {exitText} from '../text/exit.js'
import {cellMeaning, endingMeaning, type Meaning, nearLimit, type Paint, unpainted} from '../text/meaning.js'
import {epochMs, isTime} from '../text/time.js'
import {bytesText, type Units} from '../text/units.js'
import {historyLength, type TopPod} from './node.js'
import {type TopOrder, type TopRow, topRows, total} from './rows.js'
import {selectedIndex, type TopState, type TopTarget} from './state.js'

export interface TopStyle {
  strong: (text: string) => string
  selected: (text: string) => string
  paint: Paint
}

const plain = (text: string) => text
export const plainTopStyle: TopStyle = {strong: plain, selected: plain, paint: unpainted}

/** What the selected row's own calls have brought. */
export interface TopDetail {
  id: string
  container?: ContainerStatus | undefined
  pod?: PodSandboxStatus | undefined
  /** The last lines, the newest last; or why there are none. */
  log: readonly string[]
}

export interface TopFrame {
  node: NodeState
  /** Of the machine, where crisp runs on it. */
  machine: {cores: number; memoryBytes: number; imageDiskBytes?: number | undefined}
  pods: readonly TopPod[]
  /** Of these pods and this state; made here where they are left out. */
  rows?: readonly TopRow[]
  state: TopState
  detail?: TopDetail | undefined
  /** Something the user should know, such as a runtime that does not answer. */
  notice?: string | undefined
  units: Units
  nowMs: number
}

export interface TopSize {
  columns: number
  rows: number
}

/** How many rows of the table are visible at once. */
export function topPage({rows}: TopSize, state: TopState): number {
  return Math.max(1, rows - headerHeight(rows) - 2 - paneHeight(rows, state))
}

/** Exactly so many lines, each at most so many columns wide. */
export function topLines(frame: TopFrame, size: TopSize, style: TopStyle = plainTopStyle): string[] {
  const {state} = frame
  if (state.help) return helpLines(frame, size, style)
  const rows = frame.rows ?? topRows(frame.pods, state)
  const page = topPage(size, state)
  const table = tableLines(frame, rows, page, size.columns, style)
  const lines = [
    ...headerLines(frame, size, style),
    ...table,
    ...Array<string>(Math.max(0, page + 1 - table.length)).fill(''),
    ...paneLines(frame, rows[selectedIndex(rows, state.selectedId)], size, style),
  ].slice(0, Math.max(0, size.rows - 1))
  return [...lines, bottomLine(frame, rows.length, size.columns, style)]
}

/** All rows and no more than that, for a script; nothing is cut where no width is given. */
export function topText(frame: TopFrame, columns: number | undefined, limit: number | undefined): string {
  const rows = topRows(frame.pods, frame.state).slice(0, limit)
  const longestName = Math.max(10, ...rows.map((row) => widthOf(foldMark(row) + nameText(row, false))))
  const all = statesWhole(chooseColumns(Number.POSITIVE_INFINITY, frame.state.order), rows)
  const width = columns ?? Math.max(namespaceFrom, fixedWidth(all) + longestName)
  const lines = [
    ...headerLines(frame, {columns: width, rows: 24}, plainTopStyle),
    ...tableLines(frame, rows, Math.max(1, rows.length), width, plainTopStyle, false),
  ]
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

function headerHeight(rows: number): number {
  if (rows < 8) return 0
  return rows >= 16 ? 4 : 2
}

function paneHeight(rows: number, {pane}: TopState): number {
  return pane && rows >= 20 ? Math.floor((rows - 6) * 0.4) : 0
}

function headerLines(frame: TopFrame, {columns, rows}: TopSize, style: TopStyle): string[] {
  const {node, nowMs} = frame
  const title = `${node.version.runtimeName} ${node.version.runtimeVersion}`
  if (headerHeight(rows) === 0) return []
  const clock = new Date(nowMs).toTimeString().slice(0, 8)
  const first = `${fitText(title, Math.max(0, columns - 9))} ${clock}`
  if (headerHeight(rows) === 2) {
    const bad = node.conditions.some(({status}) => !status)
    return [
      bad ? conditionsLine(frame, columns, style) : style.strong(fitText(first, columns)),
      fitText(totalsText(frame), columns),
    ]
  }
  return [
    style.strong(fitText(first, columns)),
    conditionsLine(frame, columns, style),
    fitText(totalsText(frame), columns),
    fitText(imagesText(frame), columns),
  ]
}

function conditionsLine({node}: TopFrame, columns: number, style: TopStyle): string {
  const bad = node.conditions.filter(({status}) => !status)
  const good = node.conditions.filter(({status}) => status).map(({type}) => type)
  if (bad.length === 0) return fitText(good.join('  ') || 'no conditions', columns)
  const texts = bad.map(({type, reason, message}) =>
    [`NOT ${type}`, reason, message].filter((part) => part !== '').join(': '),
  )
  return style.paint('failed', fitText([...texts, ...good].join('  '), columns))
}

function totalsText({pods, machine, units}: TopFrame): string {
  const containers = pods.flatMap((pod) => pod.containers)
  const running = containers.filter(({state}) => state === 'CONTAINER_RUNNING').length
  const exited = containers.filter(({state}) => state === 'CONTAINER_EXITED').length
  const ready = pods.filter(({state}) => state === 'SANDBOX_READY').length
  const failing = containers.filter(({failure}) => failure !== undefined).length
  const cores = total(containers.map((container) => container.cores ?? 0))
  const memoryBytes = total(containers.map((container) => container.memoryBytes))
  return [
    ...(failing > 0 ? [`${failing} failing`] : []),
    `CPU ${percent(cores, 0)}% of ${machine.cores * 100}%`,
    `MEM ${bytesText(memoryBytes, units)} of ${bytesText(machine.memoryBytes, units)}`,
    `${running} running`,
    // What has ended well is worth less than that all stands on 80 columns.
    ...(exited > 0 && failing === 0 ? [`${exited} exited`] : []),
    `${ready} of ${pods.length} pods ready`,
  ].join('  ')
}

function imagesText({node, machine, units}: TopFrame): string {
  const [first] = node.imageFilesystems
  if (!first) return 'images: not known'
  const used = bytesText(Number(first.usedBytes?.value ?? 0), units)
  const of = machine.imageDiskBytes === undefined ? '' : ` of ${bytesText(machine.imageDiskBytes, units)}`
  return `images ${used}${of}  ${first.fsId?.mountpoint ?? ''}`
}

interface TopColumn {
  title: string
  order?: TopOrder
  width: number
  /** Shown from this terminal width on; the one that is sorted by where it leaves some room for names. */
  from: number
  align: 'left' | 'right'
  /** It may grow to as many: for its longest cell, or of the room that names leave. */
  most?: number
  cell: (row: TopRow, frame: TopFrame, width: number) => string
}

/** Narrower the namespace stands in front of the name. */
const namespaceFrom = 120
const sortedFrom = 40

const columnsOfTable: readonly TopColumn[] = [
  {title: 'NAMESPACE', width: 16, from: namespaceFrom, align: 'left', cell: ({namespace}) => namespace},
  {title: 'STATE', width: 8, from: 60, align: 'left', cell: ({state}) => state, most: 14},
  {
    title: 'CPU %',
    order: 'cpu',
    width: 7,
    from: 16,
    align: 'right',
    cell: ({cores}) => (cores === undefined ? '-' : percent(cores, 1)),
  },
  {
    title: 'HISTORY',
    width: 10,
    from: 72,
    align: 'right',
    most: historyLength,
    cell: ({history}, _, width) => sparkline(history, width, 0.05),
  },
  {
    title: 'MEM',
    order: 'mem',
    width: 9,
    from: 32,
    align: 'right',
    cell: ({memoryBytes}, {units}) => bytesText(memoryBytes, units),
  },
  {
    title: 'DISK',
    order: 'disk',
    width: 9,
    from: 90,
    align: 'right',
    cell: ({diskBytes}, {units}) => bytesText(diskBytes, units),
  },
  {
    title: 'RESTARTS',
    order: 'restarts',
    width: 9,
    from: 100,
    align: 'right',
    cell: ({restarts}) => String(restarts),
  },
  {
    title: 'AGE',
    order: 'age',
    width: 5,
    from: 50,
    align: 'right',
    cell: ({createdAtMs}, {nowMs}) => (createdAtMs > 0 ? shortAge(nowMs - createdAtMs) : '-'),
  },
]

const markerWidth = 2
/** Of a name at least so much before the history grows. */
const leastName = 24

function chooseColumns(columns: number, sortedBy: TopOrder): TopColumn[] {
  return columnsOfTable.filter(
    ({from, order}) => columns >= from || (order === sortedBy && columns >= sortedFrom),
  )
}

function fixedWidth(shown: readonly TopColumn[]): number {
  return markerWidth + total(shown.map(({width}) => width + 1))
}

/** Page after page, and the last one full. */
function firstRow(rows: readonly TopRow[], selected: number, page: number): number {
  return Math.max(0, Math.min(Math.floor(selected / page) * page, rows.length - page))
}

/** The columns at the widths that they have with these rows: names and the history share what is left over. */
function layOutColumns(
  frame: TopFrame,
  rows: readonly TopRow[],
  columns: number,
): {shown: readonly TopColumn[]; nameWidth: number} {
  const chosen = statesWhole(chooseColumns(columns, frame.state.order), rows)
  const names = rows.map((row) => widthOf(foldMark(row) + nameText(row, columns < namespaceFrom)))
  const left = columns - fixedWidth(chosen) - Math.max(leastName, ...names)
  const shown = chosen.map((column) =>
    column.title === 'HISTORY' ? {...column, width: grownWidth(column, column.width + left)} : column,
  )
  return {shown, nameWidth: Math.max(1, columns - fixedWidth(shown))}
}

/** How something fails is worth more than the beginning of a name. */
function statesWhole(columns: readonly TopColumn[], rows: readonly TopRow[]): TopColumn[] {
  const longest = rows.reduce((most, {state}) => Math.max(most, widthOf(state)), 0)
  return columns.map((column) =>
    column.title === 'STATE' ? {...column, width: grownWidth(column, longest)} : column,
  )
}

function grownWidth({width, most = width}: TopColumn, wanted: number): number {
  return Math.max(width, Math.min(wanted, most))
}

/** What stands there on the screen, the first column and row being 1. */
export function topTarget(
  frame: TopFrame,
  size: TopSize,
  {column, row}: {column: number; row: number},
): TopTarget | undefined {
  const {state} = frame
  const rows = frame.rows ?? topRows(frame.pods, state)
  const page = topPage(size, state)
  const first = firstRow(rows, selectedIndex(rows, state.selectedId), page)
  const line = row - 1 - headerHeight(size.rows)
  if (line > 0 && line <= page) {
    const target = rows[first + line - 1]
    return target && {row: target}
  }
  if (line !== 0) return undefined
  const {shown, nameWidth} = layOutColumns(frame, rows.slice(first, first + page), size.columns)
  let end = markerWidth + nameWidth
  if (column <= end) return {order: 'name'}
  for (const {width, order} of shown) {
    end += 1 + width
    if (column <= end) return order && {order}
  }
  return undefined
}

function tableLines(
  frame: TopFrame,
  rows: readonly TopRow[],
  page: number,
  columns: number,
  style: TopStyle,
  marked = true,
): string[] {
  const {state} = frame
  const withNamespace = columns < namespaceFrom
  const selected = selectedIndex(rows, state.selectedId)
  const first = firstRow(rows, selected, page)
  const shownRows = rows.slice(first, first + page)
  const {shown, nameWidth} = layOutColumns(frame, shownRows, columns)
  const arrow = (order: TopOrder | undefined) =>
    order === state.order ? ((order === 'name') === state.reversed ? '▼' : '▲') : ''
  const noun = `${state.mode === 'pods' ? 'POD' : 'CONTAINER'}${arrow('name')}`
  const place = `${noun} ${first + 1}-${first + shownRows.length} of ${rows.length}`
  const fits = rows.length > page && place.length <= nameWidth + markerWidth
  const title = [
    fitText(fits ? place : noun, nameWidth + markerWidth),
    ...shown.map(({title: text, order, width, align}) => fitText(text + arrow(order), width, {align})),
  ].join(' ')
  const body = shownRows.map((row, index) => {
    const isSelected = marked && first + index === selected
    const cells = shown.map(({title, width, align, cell}) => {
      const text = cell(row, frame, width)
      return style.paint(isSelected ? undefined : cellMeaning(title, text), fitText(text, width, {align}))
    })
    const fold = foldMark(row)
    const name = fold + fitText(nameText(row, withNamespace), nameWidth - fold.length, {keep: 'end'})
    const line = `${isSelected ? '> ' : '  '}${[name, ...cells].join(' ')}`
    if (isSelected) return style.selected(line)
    return row.runs || row.fails ? line : style.paint('ended', line)
  })
  return [style.strong(fitText(title, columns)), ...body]
}

function foldMark({kind, nested, expanded}: TopRow): string {
  if (kind === 'pod') return expanded ? '▾ ' : '▸ '
  return nested ? '    ' : ''
}

function nameText({kind, nested, namespace, pod, name}: TopRow, withNamespace: boolean): string {
  if (nested) return name
  if (kind === 'pod') return withNamespace ? `${namespace}/${name}` : name
  return `${pod}/${name}`
}

function paneLines(frame: TopFrame, row: TopRow | undefined, size: TopSize, style: TopStyle): string[] {
  const height = paneHeight(size.rows, frame.state)
  if (height === 0) return []
  const {columns} = size
  const name = row ? [row.namespace, row.pod, ...(row.kind === 'container' ? [row.name] : [])].join('/') : ''
  const title = `── ${name} `
  const detail = frame.detail && frame.detail.id === row?.id ? frame.detail : undefined
  const log = detail?.log.slice(-(height - 2)) ?? []
  return [
    style.strong(fitText(title + '─'.repeat(Math.max(0, columns - widthOf(title))), columns)),
    style.paint(
      detailMeaning(row, detail),
      fitText(row && detail ? detailText(frame, row, detail) : '', columns),
    ),
    ...Array.from({length: height - 2}, (_, index) => fitText(log[index] ?? '', columns)),
  ]
}

function detailMeaning(row: TopRow | undefined, detail: TopDetail | undefined): Meaning | undefined {
  const {container} = detail ?? {}
  if (container?.state === 'CONTAINER_EXITED') return endingMeaning(container)
  const {memoryBytes} = limitsOf(container)
  return row && memoryBytes !== undefined && row.memoryBytes >= nearLimit * memoryBytes
    ? 'warning'
    : undefined
}

function detailText({units, nowMs}: TopFrame, row: TopRow, {container, pod}: TopDetail): string {
  const since = (before: string, timeNs: string, after = '') =>
    isTime(timeNs) ? ` ${before}${shortAge(nowMs - epochMs(timeNs))}${after}` : ''
  if (container) {
    const limits = limitsOf(container)
    const ended = container.state === 'CONTAINER_EXITED'
    return [
      ended
        ? `${exitText(container)}${since('', container.finishedAt, ' ago')}`
        : container.state === 'CONTAINER_RUNNING'
          ? `running${since('for ', container.startedAt)}`
          : stateText(row),
      ...(row.fails && ended && row.state.startsWith('CrashLoop') ? [row.state] : []),
      ...(row.restarts > 0 ? [`restart ${row.restarts}`] : []),
      ...(limits.memoryBytes === undefined
        ? []
        : [
            `MEM ${percent(row.memoryBytes / limits.memoryBytes, 0)}% of ${bytesText(limits.memoryBytes, units)}`,
          ]),
      ...(limits.cores === undefined
        ? []
        : [`CPU ${percent((row.cores ?? 0) / limits.cores, 0)}% of ${limits.cores}`]),
      container.image?.userSpecifiedImage || container.image?.image || '',
    ].join('  ')
  }
  if (pod) {
    const address = pod.network?.ip || 'host network'
    return [stateText(row), address, pod.runtimeHandler].filter((part) => part !== '').join('  ')
  }
  return stateText(row)
}

function stateText({state, fails}: TopRow): string {
  return fails ? state : state.toLowerCase()
}

function bottomLine({state, notice}: TopFrame, count: number, columns: number, style: TopStyle): string {
  if (state.typing) return typingLine(state.filter, count, columns)
  if (notice !== undefined) return style.paint('failed', fitText(notice, columns))
  const filter = state.filter === '' ? '' : `filter "${state.filter}", Esc clears it  `
  const keys =
    columns < 60
      ? 'q quit  / filter  ? keys'
      : 'q quit  ? keys  / filter  Tab pods  c m D n t sort  l logs  s shell  d describe'
  return style.paint('ended', fitText(filter + keys, columns))
}

/** As much of an explanation as there is room for; of a long filter the end, where it grows. */
function typingLine(filter: string, count: number, columns: number): string {
  const typed = `/${filter}_`
  const hints = [`  (Enter keeps it, Esc clears it; ${count} found)`, `  (${count} found)`, '']
  const hint = hints.find((text) => widthOf(typed + text) <= columns) ?? ''
  return fitText(typed + hint, columns, {keep: 'end'})
}

/** The most important first: a small terminal has no room for the last. */
const keysInWords: readonly (readonly [string, string])[] = [
  ['q Ctrl-C', 'quit'],
  ['↑ ↓ k j g G', 'select (PgUp PgDn too)'],
  ['Tab', 'pods or containers'],
  ['Enter → ←', 'open and close a pod'],
  ['c m D', 'sort by CPU, memory, disk'],
  ['n t R', 'sort by name, age, restarts'],
  ['r', 'the other way round'],
  ['/', 'filter; Esc clears it'],
  ['l s', 'logs, shell (sh)'],
  ['d i', 'describe, inspect'],
  ['a', 'what does not run too'],
  ['v', 'the pane at the bottom'],
  ['mouse', 'select, sort; Shift marks'],
  ['Ctrl-Z', 'stop; fg goes on'],
  ['Ctrl-L', 'draw anew'],
]

function helpLines(frame: TopFrame, size: TopSize, style: TopStyle): string[] {
  const {columns, rows} = size
  const above = rows >= 20 ? [...headerLines(frame, size, style), style.strong(fitText('KEYS', columns))] : []
  const keys = keysInWords.map(([pressed, meaning]) => fitText(`${fitText(pressed, 12)} ${meaning}`, columns))
  const lines = [...above, ...keys].slice(0, Math.max(0, rows - 1))
  return [
    ...lines,
    ...Array<string>(Math.max(0, rows - 1 - lines.length)).fill(''),
    style.paint('ended', fitText('any key closes this', columns)),
  ]
}

function percent(part: number, digits: number): string {
  return (part * 100).toFixed(digits)
}
