import {stateWord} from '../text/state.js'
import type {TopContainer, TopPod} from './node.js'

export type TopMode = 'containers' | 'pods'
export type TopOrder = 'cpu' | 'mem' | 'disk' | 'name' | 'age' | 'restarts'

/** What is on the screen, as far as the user chooses it. */
export interface TopChoice {
  mode: TopMode
  order: TopOrder
  /** The other way round than the order's own: most first for figures, a to z for names. */
  reversed: boolean
  /** Found anywhere in `namespace/pod/container`, in any case. */
  filter: string
  /** What does not run too. */
  all: boolean
  /** IDs of pods whose containers are shown below them. */
  expanded: ReadonlySet<string>
}

export interface TopRow {
  kind: 'pod' | 'container'
  id: string
  /** Below its pod. */
  nested: boolean
  expanded: boolean
  name: string
  namespace: string
  pod: string
  podId: string
  state: string
  runs: boolean
  /** It fails although it should run: it is always shown, and first. */
  fails: boolean
  restarts: number
  createdAtMs: number
  cores: number | undefined
  memoryBytes: number
  diskBytes: number
  history: readonly number[]
}

export function topRows(pods: readonly TopPod[], choice: TopChoice): TopRow[] {
  const word = choice.filter.toLowerCase()
  const matches = (...parts: string[]) => word === '' || parts.join('/').toLowerCase().includes(word)
  const compare = comparison(choice)
  if (choice.mode === 'containers') {
    return pods
      .flatMap(({containers}) => containers)
      .filter(({namespace, pod, name}) => matches(namespace, pod, name))
      .map((container) => containerRow(container, false))
      .filter(({runs, fails}) => choice.all || runs || fails)
      .sort(compare)
  }
  return pods
    .filter(
      ({namespace, name, containers}) =>
        matches(namespace, name) || containers.some((container) => matches(namespace, name, container.name)),
    )
    .map((pod) => ({pod, row: podRow(pod, choice.expanded.has(pod.id))}))
    .filter(({row}) => choice.all || row.runs || row.fails)
    .sort((a, b) => compare(a.row, b.row))
    .flatMap(({pod, row}) => [
      row,
      ...(row.expanded ? pod.containers.map((container) => containerRow(container, true)).sort(compare) : []),
    ])
}

function containerRow(container: TopContainer, nested: boolean): TopRow {
  const {id, name, namespace, pod, podId, attempt, state, failure} = container
  const {createdAtMs, cores, memoryBytes, diskBytes, history} = container
  // Field by field: a copy of all of them takes more than twenty times as long.
  return {
    kind: 'container',
    id,
    nested,
    expanded: false,
    name,
    namespace,
    pod,
    podId,
    state: failure ?? stateWord(state),
    runs: state === 'CONTAINER_RUNNING',
    fails: failure !== undefined,
    restarts: attempt,
    createdAtMs,
    cores,
    memoryBytes,
    diskBytes,
    history,
  }
}

function podRow(pod: TopPod, expanded: boolean): TopRow {
  const {containers} = pod
  const known = containers.flatMap(({cores}) => (cores === undefined ? [] : [cores]))
  const failure = containers.find((container) => container.failure !== undefined)?.failure
  const longest = Math.max(0, ...containers.map(({history}) => history.length))
  return {
    kind: 'pod',
    id: pod.id,
    nested: false,
    expanded,
    name: pod.name,
    namespace: pod.namespace,
    pod: pod.name,
    podId: pod.id,
    state: failure ?? stateWord(pod.state),
    runs: pod.state === 'SANDBOX_READY',
    fails: failure !== undefined,
    restarts: total(containers.map(({attempt}) => attempt)),
    createdAtMs: pod.createdAtMs,
    cores: known.length === 0 ? undefined : total(known),
    memoryBytes: total(containers.map(({memoryBytes}) => memoryBytes)),
    diskBytes: total(containers.map(({diskBytes}) => diskBytes)),
    history: Array.from({length: longest}, (_, index) =>
      total(containers.map(({history}) => history[history.length - longest + index] ?? 0)),
    ),
  }
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** What fails stands first. Equal rows stand in the order of their names, so that they do not dance. */
function comparison({order, reversed}: TopChoice): (a: TopRow, b: TopRow) => number {
  const sign = reversed ? -1 : 1
  const compare = comparisons[order]
  return (a, b) => Number(b.fails) - Number(a.fails) || sign * compare(a, b) || compareNames(a, b)
}

const comparisons: Readonly<Record<TopOrder, (a: TopRow, b: TopRow) => number>> = {
  cpu: (a, b) => (b.cores ?? -1) - (a.cores ?? -1),
  mem: (a, b) => b.memoryBytes - a.memoryBytes,
  disk: (a, b) => b.diskBytes - a.diskBytes,
  restarts: (a, b) => b.restarts - a.restarts,
  age: (a, b) => b.createdAtMs - a.createdAtMs,
  name: compareNames,
}

function compareNames(a: TopRow, b: TopRow): number {
  return compareTexts(fullName(a), fullName(b)) || compareTexts(a.id, b.id)
}

function fullName({namespace, pod, name}: TopRow): string {
  return `${namespace}/${pod}/${name}`
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
