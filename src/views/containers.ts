import {type ContainerIdentity, containerReferences} from '../client/names.js'
import {protoJson} from '../client/proto-json.js'
import {type Column, type TableStyle, tablePieces} from '../formats/table.js'
import {listOf, type View} from '../formats/view.js'
import type {Container, ContainerStatus} from '../generated/cri.js'
import {agoText} from '../text/age.js'
import {reasonText} from '../text/exit.js'
import {mapLazily} from '../text/map-lazily.js'
import {shortId, shortImage} from '../text/short-id.js'
import {stateWord} from '../text/state.js'
import {blocks, labelLines} from './blocks.js'

export interface ContainersContext {
  nowMs: number
  width?: number | undefined
  style?: TableStyle | undefined
  fullIds?: boolean
  identityOf: (container: Container) => ContainerIdentity
  /** By container ID, for the wide table. */
  statuses?: ReadonlyMap<string, ContainerStatus>
  /** What the IMAGE cell shows instead of the image as the container's creator named it. */
  imageName?: (container: Container) => string | undefined
}

export function containersView(containers: readonly Container[], context: ContainersContext): View {
  return {
    ...listOf('containers', containers, (item) => protoJson('Container', item)),
    names: () => containerReferences(containers, context.identityOf),
    table: (wide) => containersTable(containers, context, wide),
  }
}

const columns: readonly Column[] = [
  {title: 'CONTAINER'},
  {title: 'IMAGE', min: 14, keep: 'end', drop: 2},
  {title: 'CREATED', drop: 4},
  {title: 'STATE'},
  {title: 'NAME', min: 10},
  {title: 'ATTEMPT', drop: 3},
  {title: 'POD ID', drop: 1},
  {title: 'POD', min: 12, drop: 7},
  {title: 'NAMESPACE', min: 9, drop: 6},
]
const exitColumns: readonly Column[] = [
  {title: 'EXIT'},
  {title: 'REASON', min: 9, drop: 5},
  {title: 'FINISHED', drop: 2},
]

function containersTable(
  containers: readonly Container[],
  context: ContainersContext,
  wide: boolean,
): Iterable<string> {
  const rows = mapLazily(containers, (container) => [
    ...containerCells(container, context),
    ...(wide ? exitCells(container, context) : []),
  ])
  return tablePieces(wide ? [...columns, ...exitColumns] : columns, rows, context)
}

function containerCells(
  container: Container,
  {nowMs, fullIds, identityOf, imageName}: ContainersContext,
): string[] {
  const id = (text: string) => (fullIds ? text : shortId(text))
  const image = container.image?.image ?? ''
  const identity = identityOf(container)
  return [
    id(container.id),
    imageName?.(container) ?? (fullIds ? image : shortImage(image)),
    agoText(container.createdAt, nowMs),
    stateWord(container.state),
    container.metadata?.name ?? '',
    String(container.metadata?.attempt ?? 0),
    id(container.podSandboxId),
    identity.pod || 'unknown',
    identity.namespace || 'unknown',
  ]
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
