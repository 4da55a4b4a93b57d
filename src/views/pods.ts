import {podReferences} from '../client/names.js'
import {protoJson} from '../client/proto-json.js'
import {type Column, type TableStyle, tablePieces} from '../formats/table.js'
import {listOf, type View} from '../formats/view.js'
import type {PodSandbox} from '../generated/cri.js'
import type {PodDetails} from '../node/details.js'
import type {PodEnding} from '../node/endings.js'
import {agoText} from '../text/age.js'
import {endedState, loopState} from '../text/exit.js'
import {mapLazily} from '../text/map-lazily.js'
import {shortId} from '../text/short-id.js'
import {stateWord} from '../text/state.js'
import {isTime, rfc3339} from '../text/time.js'
import {blocks, labelLines} from './blocks.js'
import {newestFirst} from './order.js'
import {cutState} from './state-column.js'

export interface PodsContext {
  nowMs: number
  width?: number | undefined
  style?: TableStyle | undefined
  fullIds?: boolean
  /** By pod ID, for the wide table. */
  details?: ReadonlyMap<string, PodDetails>
  /** By pod ID: what STATE says, for a person. */
  endings?: ReadonlyMap<string, PodEnding>
}

export function podsView(pods: readonly PodSandbox[], context: PodsContext): View {
  return {
    ...listOf('items', pods, (item) => protoJson('PodSandbox', item)),
    names: () => podReferences(pods),
    table: (wide) => podsTable(pods, context, wide),
    order: (shows) => (shows === 'text' ? undefined : pods.map(newestFirst)),
  }
}

const columns: readonly Column[] = [
  {title: 'POD ID', varies: true},
  {title: 'CREATED', drop: 2, varies: true},
  {title: 'STATE'},
  {title: 'NAME', min: 12},
  {title: 'NAMESPACE', min: 9, drop: 6},
  {title: 'ATTEMPT', drop: 3},
  {title: 'RUNTIME', drop: 1},
]
const detailColumns: readonly Column[] = [
  {title: 'CONTAINERS', drop: 4},
  {title: 'IP', min: 15, drop: 5, varies: true},
  {title: 'UID', min: 12, drop: 2, varies: true},
]

function podsTable(pods: readonly PodSandbox[], context: PodsContext, wide: boolean): Iterable<string> {
  const rows = mapLazily(pods, (pod) => [
    ...podCells(pod, context),
    ...(wide ? detailCells(pod, context) : []),
  ])
  return tablePieces(cutState(wide ? [...columns, ...detailColumns] : columns, context.width), rows, context)
}

function podCells(pod: PodSandbox, {nowMs, fullIds, endings}: PodsContext): string[] {
  return [
    fullIds ? pod.id : shortId(pod.id),
    agoText(pod.createdAt, nowMs),
    podState(pod, endings?.get(pod.id)),
    pod.metadata?.name ?? '',
    pod.metadata?.namespace ?? '',
    String(pod.metadata?.attempt ?? 0),
    pod.runtimeHandler || '(default)',
  ]
}

/** `Ready, CrashLoop 6×`, `NotReady, Exited (0)`; of a pod that works no more than that. */
export function podState({state}: PodSandbox, {failures, status}: PodEnding = {}): string {
  const word = stateWord(state)
  if (failures !== undefined) return `${word}, ${loopState(failures)}`
  const isWorthAWord = status && (status.exitCode !== 0 || state !== 'SANDBOX_READY')
  return isWorthAWord ? `${word}, ${endedState(status)}` : word
}

function detailCells(pod: PodSandbox, {details}: PodsContext): string[] {
  const {running = 0, containers = 0, status} = details?.get(pod.id) ?? {}
  const network = status?.network
  const ips = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ip}) => ip)].filter(
    (ip) => ip !== '',
  )
  return [`${running}/${containers}`, ips.join(','), pod.metadata?.uid ?? '']
}

/** The blocks of `pods -v`. */
export function podBlocks(pods: readonly PodSandbox[]): string {
  return blocks(
    pods.map((pod) => [
      ['ID', pod.id],
      ...(pod.metadata?.name ? [['Name', pod.metadata.name] as const] : []),
      ...(pod.metadata?.uid ? [['UID', pod.metadata.uid] as const] : []),
      ...(pod.metadata?.namespace ? [['Namespace', pod.metadata.namespace] as const] : []),
      ...(pod.metadata?.attempt ? [['Attempt', String(pod.metadata.attempt)] as const] : []),
      ['Status', stateWord(pod.state)],
      ['Created', isTime(pod.createdAt) ? rfc3339(pod.createdAt) : 'unknown'],
      ...labelLines('Labels', pod.labels),
      ...labelLines('Annotations', pod.annotations),
      ['Runtime', pod.runtimeHandler || '(default)'],
    ]),
  )
}
