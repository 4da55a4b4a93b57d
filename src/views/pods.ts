import {podReferences} from '../client/names.js'
import {protoJson} from '../client/proto-json.js'
import {type Column, type TableStyle, tablePieces} from '../formats/table.js'
import {listOf, type View} from '../formats/view.js'
import type {PodSandbox} from '../generated/cri.js'
import type {PodDetails} from '../node/details.js'
import {agoText} from '../text/age.js'
import {mapLazily} from '../text/map-lazily.js'
import {shortId} from '../text/short-id.js'
import {stateWord} from '../text/state.js'
import {isTime, rfc3339} from '../text/time.js'
import {blocks, labelLines} from './blocks.js'

export interface PodsContext {
  nowMs: number
  width?: number | undefined
  style?: TableStyle | undefined
  fullIds?: boolean
  /** By pod ID, for the wide table. */
  details?: ReadonlyMap<string, PodDetails>
}

export function podsView(pods: readonly PodSandbox[], context: PodsContext): View {
  return {
    ...listOf('items', pods, (item) => protoJson('PodSandbox', item)),
    names: () => podReferences(pods),
    table: (wide) => podsTable(pods, context, wide),
  }
}

const columns: readonly Column[] = [
  {title: 'POD ID'},
  {title: 'CREATED', drop: 3},
  {title: 'STATE'},
  {title: 'NAME', min: 12},
  {title: 'NAMESPACE', min: 9, drop: 6},
  {title: 'ATTEMPT', drop: 2},
  {title: 'RUNTIME', drop: 1},
]
const detailColumns: readonly Column[] = [
  {title: 'CONTAINERS', drop: 4},
  {title: 'IP', min: 15, drop: 5},
  {title: 'UID', min: 12, drop: 2},
]

function podsTable(pods: readonly PodSandbox[], context: PodsContext, wide: boolean): Iterable<string> {
  const rows = mapLazily(pods, (pod) => [
    ...podCells(pod, context),
    ...(wide ? detailCells(pod, context) : []),
  ])
  return tablePieces(wide ? [...columns, ...detailColumns] : columns, rows, context)
}

function podCells(pod: PodSandbox, {nowMs, fullIds}: PodsContext): string[] {
  return [
    fullIds ? pod.id : shortId(pod.id),
    agoText(pod.createdAt, nowMs),
    stateWord(pod.state),
    pod.metadata?.name ?? '',
    pod.metadata?.namespace ?? '',
    String(pod.metadata?.attempt ?? 0),
    pod.runtimeHandler || '(default)',
  ]
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
