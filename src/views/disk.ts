import {type Column, type TableOptions, table, wrapLine} from '../formats/table.js'
import type {View} from '../formats/view.js'
import type {DiskUsage} from '../node/disk/usage.js'
import {repeated} from '../text/repeated.js'
import {shortId} from '../text/short-id.js'
import {stateWord} from '../text/state.js'
import {bytesText, type Units} from '../text/units.js'

export interface DiskContext extends TableOptions {
  units: Units
  fullIds: boolean
}

export function diskView(usage: DiskUsage, context: DiskContext): View {
  const items = () => rowsOf(usage).map(({title: _title, ...item}) => item)
  return {
    document: () => {
      const {sources, store, totals, frees, left, withoutStore} = usage
      return {
        sources,
        store: store ?? null,
        ...(withoutStore ? {withoutStore} : {}),
        totals,
        frees,
        notCounted: left,
        usage: items(),
      }
    },
    items,
    names: () => [...usage.images.map(({name}) => name), ...usage.containers.map(({reference}) => reference)],
    table: (wide) => diskText(usage, context, wide),
  }
}

interface Row {
  kind: 'image' | 'container' | 'logs' | 'pod' | 'other'
  title: string
  id: string
  name: string
  /** Of a container or pod, of which there may be several of one name. */
  attempt?: number
  bytes: number
  aloneBytes?: number
  state?: string
  usedBy?: number
  imageVolumes?: readonly string[]
  source: 'CRI' | 'host'
}

/** The largest first of each kind. */
function rowsOf({images, containers, pods, totals}: DiskUsage): Row[] {
  const rows: Row[] = [
    ...images.map(
      ({id, name, bytes, aloneBytes, containers: usedBy, pinned, source}): Row => ({
        kind: 'image',
        title: [
          usedBy > 0 ? `of ${usedBy} container${usedBy > 1 ? 's' : ''}` : 'unused',
          ...(pinned ? ['pinned'] : []),
        ].join(', '),
        id,
        name,
        bytes,
        aloneBytes,
        usedBy,
        source,
      }),
    ),
    ...containers.flatMap(({id, name, attempt, state, writableBytes, imageVolumes, source}): Row[] => [
      {
        kind: 'container',
        title: [stateWord(state), ...imageVolumes.map((image) => `mounts ${image}`)].join(', '),
        id,
        name,
        attempt,
        bytes: writableBytes ?? 0,
        state,
        imageVolumes,
        source,
      },
    ]),
    ...containers.flatMap(({id, name, attempt, state, logBytes}): Row[] =>
      logBytes === undefined
        ? []
        : [
            {
              kind: 'logs',
              title: stateWord(state),
              id,
              name,
              attempt,
              bytes: logBytes,
              state,
              source: 'host',
            },
          ],
    ),
    ...pods.map(
      ({id, name, attempt, state, writableBytes}): Row => ({
        kind: 'pod',
        title: stateWord(state),
        id,
        name,
        attempt,
        bytes: writableBytes,
        state,
        source: 'host',
      }),
    ),
    ...(totals.otherBytes > 0
      ? [
          {
            kind: 'other',
            title: '',
            id: '',
            name: 'layers and content of nothing that the CRI lists',
            bytes: totals.otherBytes,
            source: 'host',
          } as const,
        ]
      : []),
  ]
  const place = (row: Row) => kinds.indexOf(row.kind)
  return rows.sort(
    (a, b) =>
      place(a) - place(b) || b.bytes - a.bytes || inOrder(a.name, b.name) || attemptOf(a) - attemptOf(b),
  )
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function attemptOf({attempt = 0}: Row): number {
  return attempt
}

const kinds = ['image', 'container', 'logs', 'pod', 'other']

const columns: readonly Column[] = [
  {title: 'KIND'},
  {title: 'ID', drop: 1},
  {title: 'NAME', min: 20, keep: 'end'},
  {title: 'SIZE'},
  {title: 'ALONE', drop: 3},
  {title: 'USE', min: 10, drop: 4},
  {title: 'SOURCE', drop: 2},
]
const onlyWide = ['ID', 'SOURCE']

function keyOf({kind, name}: Row): string {
  return `${kind} ${name}`
}

/** Of several containers or pods of one name each with its attempt. */
function nameIn(row: Row, shared: ReadonlySet<string>, fullIds: boolean): string {
  const {kind, name, attempt} = row
  if (attempt !== undefined && shared.has(keyOf(row))) return `${name} (attempt ${attempt})`
  return fullIds || kind !== 'image' || !/^sha256:[0-9a-f]{64}$/.test(name) ? name : shortId(name)
}

function diskText(usage: DiskUsage, {units, fullIds, ...options}: DiskContext, wide: boolean): string {
  const size = (bytes: number) => bytesText(bytes, units)
  const isShown = ({title}: Column) => wide || !onlyWide.includes(title)
  const found = rowsOf(usage)
  const shared = repeated(found.map(keyOf))
  const rows = found.map((row) => {
    const {kind, id, bytes, aloneBytes, title, source} = row
    return [
      kind,
      fullIds ? id : shortId(id),
      nameIn(row, shared, fullIds),
      size(bytes),
      aloneBytes === undefined ? '' : size(aloneBytes),
      title,
      source,
    ]
  })
  const shown = table(
    columns.filter(isShown),
    rows.map((row) => row.filter((_, column) => isShown(columns[column] as Column))),
    options,
  )
  const {totals, frees, store} = usage
  const once = store && !store.sharesLayers ? `, and ${store.layers} shares none` : ', shared ones once'
  const lines = [
    `images ${size(totals.imageBytes)} (${totals.layers} ${store ? 'layers and blobs' : 'images'}${store ? once : ''}), writable layers ${size(totals.writableBytes)}, logs ${size(totals.logBytes)}`,
    `removing ${frees.pruneImages} unused images (rmi --prune) frees ${size(frees.pruneBytes)}, removing ${frees.exitedContainers} exited containers and their logs ${size(frees.exitedBytes)}`,
  ]
  return `${shown}\n${lines
    .flatMap((line) => wrapLine(line, options.width ?? Number.POSITIVE_INFINITY))
    .map((line) => `${line}\n`)
    .join('')}`
}
