import {type ContainerIdentity, containerReferences} from '../client/names.js'
import {protoJson} from '../client/proto-json.js'
import {type Column, type TableStyle, tablePieces} from '../formats/table.js'
import {listOf, type View} from '../formats/view.js'
import type {Container, ContainerStatus} from '../generated/cri.js'
import type {Endings} from '../node/endings.js'
import {agoText} from '../text/age.js'
import {endedState, loopState, reasonText} from '../text/exit.js'
import {mapLazily} from '../text/map-lazily.js'
import {shortId, shortImage} from '../text/short-id.js'
import {stateWord} from '../text/state.js'
import {blocks, labelLines} from './blocks.js'
import {newestFirst} from './order.js'
import {cutState} from './state-column.js'

export interface ContainersContext {
  nowMs: number
  width?: number | undefined
  style?: TableStyle | undefined
  fullIds?: boolean
  identityOf: (container: Container) => ContainerIdentity
  /** By container ID, for the wide table, and for columns of the user's own that ask for it. */
  statuses?: ReadonlyMap<string, ContainerStatus>
  /** What STATE says, for a person. */
  endings?: Endings | undefined
  /** What the IMAGE cell shows instead of the image as the container's creator named it. */
  imageName?: (container: Container) => string | undefined
}

export function containersView(containers: readonly Container[], context: ContainersContext): View {
  return {
    ...listOf('containers', containers, (item) => protoJson('Container', item)),
    rows: () =>
      mapLazily(containers, (item) => ({...protoJson('Container', item), ...endingOf(item, context)})),
    names: () => containerReferences(containers, context.identityOf),
    table: (wide) => containersTable(containers, context, wide),
    order: (shows) => (shows === 'text' ? undefined : containers.map(newestFirst)),
  }
}

const columns: readonly Column[] = [
  {title: 'CONTAINER', varies: true},
  {title: 'IMAGE', min: 14, keep: 'end', drop: 2},
  {title: 'CREATED', drop: 3, varies: true},
  {title: 'STATE'},
  {title: 'NAME', min: 10},
  {title: 'ATTEMPT', drop: 4},
  {title: 'POD ID', drop: 1, varies: true},
  {title: 'POD', min: 12, drop: 7},
  {title: 'NAMESPACE', min: 9, drop: 6},
]
const exitColumns: readonly Column[] = [
  {title: 'EXIT'},
  {title: 'REASON', min: 9, drop: 5},
  {title: 'FINISHED', drop: 2, varies: true},
]

function containersTable(
  containers: readonly Container[],
  context: ContainersContext,
  wide: boolean,
): Iterable<string> {
  const rows = mapLazily(containers, (container) => [
    ...containerCells(container, context, wide),
    ...(wide ? exitCells(container, context) : []),
  ])
  return tablePieces(cutState(wide ? [...columns, ...exitColumns] : columns, context.width), rows, context)
}

function containerCells(
  container: Container,
  {nowMs, fullIds, identityOf, imageName, endings}: ContainersContext,
  wide: boolean,
): string[] {
  const id = (text: string) => (fullIds ? text : shortId(text))
  const image = container.image?.image ?? ''
  const identity = identityOf(container)
  return [
    id(container.id),
    imageName?.(container) ?? (fullIds ? image : shortImage(image)),
    agoText(container.createdAt, nowMs),
    containerState(container, endings, wide),
    container.metadata?.name ?? '',
    String(container.metadata?.attempt ?? 0),
    id(container.podSandboxId),
    identity.pod || 'unknown',
    identity.namespace || 'unknown',
  ]
}

/** In the wide table the columns at the end say more of it. */
export function containerState({id, state}: Container, endings: Endings | undefined, wide = false): string {
  const failures = endings?.loops.get(id)
  const status = endings?.statuses.get(id)
  if (state !== 'CONTAINER_EXITED') return stateWord(state)
  if (failures !== undefined) return loopState(failures)
  return status && !wide ? endedState(status) : stateWord(state)
}

/** What columns of the user's own find in a container beside what the list says of it. */
function endingOf({id}: Container, {statuses}: ContainersContext): object {
  const status = statuses?.get(id)
  if (status?.state !== 'CONTAINER_EXITED') return {}
  const {exitCode, startedAt, finishedAt, message} = status
  return {exitCode, reason: reasonText(status), message, startedAt, finishedAt}
}

function exitCells(container: Container, {nowMs, statuses}: ContainersContext): string[] {
  const status = statuses?.get(container.id)
  if (status?.state !== 'CONTAINER_EXITED') return ['', '', '']
  return [String(status.exitCode), reasonText(status), agoText(status.finishedAt, nowMs)]
}

/** The blocks of `ps -v`. */
export function containerBlocks(
  containers: readonly Container[],
  {nowMs, identityOf}: ContainersContext,
): string {
  return blocks(
    containers.map((container) => [
      ['ID', container.id],
      ['PodID', container.podSandboxId],
      ['Namespace', identityOf(container).namespace || 'unknown'],
      ...(container.metadata?.name ? [['Name', container.metadata.name] as const] : []),
      ['Attempt', String(container.metadata?.attempt ?? 0)],
      ['State', stateWord(container.state)],
      ['Image', container.image?.image ?? ''],
      ['Created', agoText(container.createdAt, nowMs) || 'unknown'],
      ...labelLines('Labels', container.labels),
      ...labelLines('Annotations', container.annotations),
    ]),
  )
}
