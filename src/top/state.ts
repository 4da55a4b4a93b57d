import type {Key, Pointed} from '../terminal/keys.js'
import type {TopChoice, TopOrder, TopRow} from './rows.js'

export interface TopState extends TopChoice {
  selectedId: string | undefined
  /** The filter is being typed. */
  typing: boolean
  help: boolean
  pane: boolean
}

export type TopEffect =
  | {do: 'quit'}
  | {do: 'interrupt'}
  | {do: 'suspend'}
  | {do: 'redraw'}
  | {do: 'logs' | 'exec' | 'inspect' | 'describe'; row: TopRow}

export interface Step {
  state: TopState
  effect?: TopEffect
}

export const initialState: TopState = {
  mode: 'containers',
  order: 'cpu',
  reversed: false,
  filter: '',
  all: false,
  expanded: new Set(),
  selectedId: undefined,
  typing: false,
  help: false,
  pane: true,
}

const orderKeys: Readonly<Record<Key, TopOrder>> = {
  c: 'cpu',
  m: 'mem',
  D: 'disk',
  n: 'name',
  t: 'age',
  R: 'restarts',
}

/** What a key press makes of the state, with the rows as they stand and how many of them are visible at once. */
export function press(state: TopState, key: Key, rows: readonly TopRow[], page: number): Step {
  if (key === 'ctrl-c') return {state, effect: {do: 'interrupt'}}
  if (key === 'ctrl-z') return {state, effect: {do: 'suspend'}}
  if (key === 'ctrl-l') return {state, effect: {do: 'redraw'}}
  if (state.typing) return {state: typeKey(state, key)}
  if (state.help) return {state: {...state, help: false}}
  const order = orderKeys[key]
  if (order) return {state: orderBy(state, order)}
  return move(state, key, rows, page) ?? act(state, key, rows)
}

function orderBy(state: TopState, order: TopOrder): TopState {
  return {...state, order, reversed: order === state.order && !state.reversed}
}

/** What stands where the mouse points: a title that is sorted by, or a row. */
export type TopTarget = {order: TopOrder} | {row: TopRow}

const rowsOfWheel = 3

/** The wheel selects; a click does too, sorts on a title, and opens and closes the pod that is selected already. */
export function point(
  state: TopState,
  {mouse}: Pointed,
  target: TopTarget | undefined,
  rows: readonly TopRow[],
): TopState {
  if (state.help || state.typing) return state
  const selected = selectedIndex(rows, state.selectedId)
  if (mouse !== 'click') {
    const to = selected + (mouse === 'wheel-up' ? -rowsOfWheel : rowsOfWheel)
    return {...state, selectedId: rows[Math.max(0, Math.min(rows.length - 1, to))]?.id}
  }
  if (!target) return state
  if ('order' in target) return orderBy(state, target.order)
  const isSelected = rows[selected]?.id === target.row.id
  return isSelected && target.row.kind === 'pod'
    ? fold(state, 'enter', target.row)
    : {...state, selectedId: target.row.id}
}

/** A name is pasted with the end of its line; what follows that is no name. */
export function paste(state: TopState, text: string): TopState {
  const [line = ''] = text.trimStart().split(/[\r\n]/)
  return state.typing ? {...state, filter: state.filter + line.trimEnd()} : state
}

/** The row that is selected: the one of that ID, else the first. */
export function selectedIndex(rows: readonly TopRow[], selectedId: string | undefined): number {
  const index = rows.findIndex(({id}) => id === selectedId)
  return index === -1 ? 0 : index
}

/** After another look: on the same row, else on its next attempt, else where it stood. */
export function keepSelection(state: TopState, before: readonly TopRow[], now: readonly TopRow[]): TopState {
  const at = before.findIndex(({id}) => id === state.selectedId)
  const row = before[at]
  if (!row || now.length === 0 || now.some(({id}) => id === row.id)) return state
  const same = now.find(
    ({kind, podId, name}) => kind === row.kind && podId === row.podId && name === row.name,
  )
  return {...state, selectedId: (same ?? now[Math.min(at, now.length - 1)])?.id}
}

function typeKey(state: TopState, key: Key): TopState {
  switch (key) {
    case 'enter':
      return {...state, typing: false}
    case 'escape':
      return {...state, typing: false, filter: ''}
    case 'backspace':
      return {...state, filter: [...state.filter].slice(0, -1).join('')}
    case 'ctrl-u':
    case 'ctrl-w':
      return {...state, filter: ''}
    default:
      return [...key].length === 1 ? {...state, filter: state.filter + key} : state
  }
}

function move(state: TopState, key: Key, rows: readonly TopRow[], page: number): Step | undefined {
  const at = selectedIndex(rows, state.selectedId)
  const steps: Readonly<Record<Key, number>> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    'page-up': -page,
    'page-down': page,
    home: -rows.length,
    g: -rows.length,
    end: rows.length,
    G: rows.length,
  }
  const step = steps[key]
  if (step === undefined) return undefined
  const target = rows[Math.max(0, Math.min(rows.length - 1, at + step))]
  return {state: {...state, selectedId: target?.id}}
}

function act(state: TopState, key: Key, rows: readonly TopRow[]): Step {
  const row = rows[selectedIndex(rows, state.selectedId)]
  switch (key) {
    case 'q':
      return {state, effect: {do: 'quit'}}
    case '/':
      return {state: {...state, typing: true}}
    case 'escape':
      return {state: {...state, filter: ''}}
    case '?':
    case 'h':
      return {state: {...state, help: true}}
    case 'tab':
    case 'p':
      return {state: switchMode(state, row)}
    case 'a':
      return {state: {...state, all: !state.all}}
    case 'r':
      return {state: {...state, reversed: !state.reversed}}
    case 'v':
      return {state: {...state, pane: !state.pane}}
    case 'enter':
    case ' ':
    case 'right':
    case 'left':
      return {state: fold(state, key, row)}
    case 'l':
      return row ? {state, effect: {do: 'logs', row}} : {state}
    case 'e':
    case 's':
      return row?.kind === 'container' ? {state, effect: {do: 'exec', row}} : {state}
    case 'i':
      return row ? {state, effect: {do: 'inspect', row}} : {state}
    case 'd':
      return row ? {state, effect: {do: 'describe', row}} : {state}
    default:
      return {state}
  }
}

/** To the pods from a container means to its pod. */
function switchMode(state: TopState, row: TopRow | undefined): TopState {
  if (state.mode === 'pods') return {...state, mode: 'containers'}
  return {...state, mode: 'pods', selectedId: row?.podId}
}

function fold(state: TopState, key: Key, row: TopRow | undefined): TopState {
  if (!row || state.mode === 'containers') return state
  const open = key === 'right' || (key !== 'left' && !state.expanded.has(row.podId))
  const expanded = new Set(state.expanded)
  if (open) expanded.add(row.podId)
  else expanded.delete(row.podId)
  return {...state, expanded, selectedId: open ? row.id : row.podId}
}
