import type {CriClient} from '../../client/connect.js'
import {listImageRows} from '../../client/list-rows.js'
import {containerName, containerReferences, podName} from '../../client/names.js'
import type {Container, ContainerStatus, Image} from '../../generated/cri.js'
import {concurrently} from '../concurrently.js'
import {unusedImages} from '../remove-image.js'
import {imageFilesystems} from '../sample.js'
import {imagesByName} from '../selection.js'
import {listContainerStats} from '../usage.js'
import {byCreation, type NodeView} from '../view.js'
import {readContainerdStore} from './containerd.js'
import {readCrioStore} from './crio.js'
import {measureLogs} from './logs.js'
import type {ImageStore, Piece} from './store.js'

export type DiskSource = 'CRI' | 'host'

export interface ImageUsage {
  id: string
  name: string
  bytes: number
  /** Of these what no other image has. */
  aloneBytes: number
  /** How many containers were made from it. */
  containers: number
  pinned: boolean
  source: DiskSource
}

export interface ContainerUsage {
  id: string
  name: string
  attempt: number
  /** A word that leads back to it: an earlier attempt has the name of the newest. */
  reference: string
  state: string
  /** Undefined where nobody tells. */
  writableBytes: number | undefined
  logBytes: number | undefined
  /** Images that are mounted in it as volumes. */
  imageVolumes: readonly string[]
  source: DiskSource
}

export interface PodUsage {
  id: string
  name: string
  attempt: number
  state: string
  /** Of its sandbox. */
  writableBytes: number
}

export interface DiskUsage {
  images: ImageUsage[]
  containers: ContainerUsage[]
  pods: PodUsage[]
  totals: {
    /** Shared layers once. */
    imageBytes: number
    layers: number
    writableBytes: number
    logBytes: number
    otherBytes: number
  }
  frees: {pruneBytes: number; pruneImages: number; exitedBytes: number; exitedContainers: number}
  /** The runtime's own files, where they could be read. */
  store: Pick<ImageStore, 'layers' | 'sharesLayers' | 'folders'> | undefined
  sources: readonly DiskSource[]
  /** What is not counted. */
  left: readonly string[]
  /** Why there is no store. */
  withoutStore: string | undefined
}

export interface DiskOptions {
  signal: AbortSignal
  /** Whether files of this machine can be looked at. */
  host: boolean
  /** Only these; undefined for all. Images are always all. */
  chosen?: readonly Container[] | undefined
}

const inFlight = 8
const patienceMs = 10_000

export async function lookAtDisk(
  client: CriClient,
  view: NodeView,
  {signal, host, chosen = view.containers}: DiskOptions,
): Promise<DiskUsage> {
  const left: string[] = []
  const leave = (reason: string) => {
    if (!left.includes(reason)) left.push(reason)
  }
  const containers = [...chosen].sort(byCreation).reverse()
  const [images, unused, statuses] = await Promise.all([
    listImageRows(client),
    unusedImages(client),
    statusesOf(client, containers, leave),
  ])
  signal.throwIfAborted()
  const {store, reason} = host
    ? await readStore(client, images, signal)
    : {store: undefined, reason: 'this machine has no /proc, by which files are looked at'}
  for (const each of store?.left ?? []) leave(each)
  const logs = measureLogs(
    (host ? containers : []).flatMap(({id, metadata}) => {
      const path = statuses.get(id)?.logPath ?? ''
      return path === '' ? [] : [{id, name: metadata?.name ?? '', path}]
    }),
    leave,
  )
  const told = store ? new Map<string, number>() : await writableAsTold(client)
  const source: DiskSource = store ? 'host' : 'CRI'
  const references = containerReferences(view.containers, view.identityOf)
  const referenceOf = new Map(view.containers.map(({id}, index) => [id, references[index] ?? id]))
  const containerRows = containers.map((container): ContainerUsage => {
    const {id, state} = container
    return {
      id,
      name: containerName(id, view.identityOf(container)),
      attempt: container.metadata?.attempt ?? 0,
      reference: referenceOf.get(id) ?? id,
      state: String(state),
      writableBytes: store?.writable.get(id) ?? told.get(id),
      logBytes: logs.get(id),
      imageVolumes: imageVolumesOf(statuses.get(id)),
      source,
    }
  })
  const podIds = new Set(containers.map(({podSandboxId}) => podSandboxId))
  const pods = view.pods
    .filter(({id}) => chosen === view.containers || podIds.has(id))
    .flatMap((pod): PodUsage[] => {
      const writableBytes = store?.writable.get(pod.id)
      return writableBytes === undefined
        ? []
        : [
            {
              id: pod.id,
              name: podName(pod),
              attempt: pod.metadata?.attempt ?? 0,
              state: String(pod.state),
              writableBytes,
            },
          ]
    })
  const piecesOf = ({id, size}: Image): readonly Piece[] =>
    store?.images.get(id) ?? store?.images.get(id.replace(/^sha256:/, '')) ?? [{key: id, bytes: Number(size)}]
  const exited = containerRows.filter(({state}) => state === 'CONTAINER_EXITED')
  return {
    images: imageRows(images, piecesOf, view.containers, source),
    containers: containerRows,
    pods,
    totals: {
      imageBytes: total(distinct(images.flatMap(piecesOf))),
      layers: distinct(images.flatMap(piecesOf)).length,
      writableBytes: sum([
        ...containerRows.map(({writableBytes}) => writableBytes),
        ...pods.map(({writableBytes}) => writableBytes),
      ]),
      logBytes: sum(containerRows.map(({logBytes}) => logBytes)),
      otherBytes: (store?.otherBytes ?? 0) + othersIn(store, view),
    },
    frees: {
      pruneBytes: bytesOfAlone(unused, images, piecesOf),
      pruneImages: unused.length,
      exitedBytes: sum(exited.flatMap(({writableBytes, logBytes}) => [writableBytes, logBytes])),
      exitedContainers: exited.length,
    },
    store: store && {layers: store.layers, sharesLayers: store.sharesLayers, folders: store.folders},
    sources: store || logs.size > 0 ? ['CRI', 'host'] : ['CRI'],
    left,
    withoutStore: reason && `${reason}: sizes of images and writable layers are those that the runtime tells`,
  }
}

/** What is written for containers and pods that the CRI no longer knows. */
function othersIn(store: ImageStore | undefined, {containers, pods}: NodeView): number {
  const known = new Set([...containers, ...pods].map(({id}) => id))
  return sum([...(store?.writable ?? [])].map(([id, bytes]) => (known.has(id) ? 0 : bytes)))
}

async function readStore(
  client: CriClient,
  images: readonly Image[],
  signal: AbortSignal,
): Promise<{store?: ImageStore | undefined; reason?: string | undefined}> {
  const [filesystem] = await imageFilesystems(client)
  const mountpoint = filesystem?.fsId?.mountpoint ?? ''
  try {
    const found = mountpoint.includes('io.containerd.snapshotter.')
      ? await readContainerdStore(mountpoint, {chainIds: await chainIdsOf(client, images)}, signal)
      : await readCrioStore(mountpoint, signal)
    return found ? {store: found} : {reason: 'this runtime keeps no layers that could be looked at'}
  } catch (error) {
    signal.throwIfAborted()
    const {code, message} = error as NodeJS.ErrnoException
    const reason =
      code === 'EACCES' || code === 'EPERM'
        ? `${mountpoint} may not be read: it belongs to root`
        : code === 'ENOENT'
          ? `${mountpoint} is not on this machine`
          : message
    return {reason}
  }
}

/** The topmost layer of each image, by the runtime's verbose info. */
async function chainIdsOf(client: CriClient, images: readonly Image[]): Promise<Map<string, string>> {
  const outcomes = await concurrently(images, inFlight, async ({id}) => {
    const {info} = await client.image.imageStatus({image: {image: id}, verbose: true})
    const {chainID} = JSON.parse(info.info ?? '{}') as {chainID?: unknown}
    return [id, typeof chainID === 'string' ? chainID : ''] as const
  })
  return new Map(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])))
}

async function statusesOf(
  client: CriClient,
  containers: readonly Container[],
  leave: (reason: string) => void,
): Promise<Map<string, ContainerStatus>> {
  const outcomes = await concurrently(containers, inFlight, ({id}) =>
    client.runtime.containerStatus({containerId: id}, {timeoutMs: patienceMs}),
  )
  const failed = outcomes.filter(({status}) => status === 'rejected').length
  if (failed > 0) leave(`the logs of ${failed} containers, of which the runtime tells no status`)
  return new Map(
    outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' && outcome.value.status
        ? [[outcome.value.status.id, outcome.value.status]]
        : [],
    ),
  )
}

async function writableAsTold(client: CriClient): Promise<Map<string, number>> {
  const stats = await listContainerStats(client).catch(() => [])
  return new Map(
    stats.flatMap(({attributes, writableLayer}) =>
      attributes && writableLayer?.usedBytes ? [[attributes.id, Number(writableLayer.usedBytes.value)]] : [],
    ),
  )
}

function imageVolumesOf(status: ContainerStatus | undefined): string[] {
  return (status?.mounts ?? []).flatMap(({image}) => image?.userSpecifiedImage || image?.image || [])
}

function imageRows(
  images: readonly Image[],
  piecesOf: (image: Image) => readonly Piece[],
  containers: readonly Container[],
  source: DiskSource,
): ImageUsage[] {
  const known = imagesByName(images)
  const uses = new Map<string, number>()
  for (const {imageId, imageRef, image} of containers) {
    const id = [imageId, imageRef, image?.image ?? ''].map((name) => known.get(name)?.id).find(Boolean)
    if (id !== undefined) uses.set(id, (uses.get(id) ?? 0) + 1)
  }
  return images.map((image) => ({
    id: image.id,
    name: image.repoTags[0] ?? image.repoDigests[0] ?? image.id,
    bytes: total(distinct(piecesOf(image))),
    aloneBytes: bytesOfAlone([image], images, piecesOf),
    containers: uses.get(image.id) ?? 0,
    pinned: image.pinned,
    source,
  }))
}

/** What these images have and none of the others does. */
function bytesOfAlone(
  some: readonly Image[],
  all: readonly Image[],
  piecesOf: (image: Image) => readonly Piece[],
): number {
  const ids = new Set(some.map(({id}) => id))
  const shared = new Set(
    all.filter(({id}) => !ids.has(id)).flatMap((image) => piecesOf(image).map(({key}) => key)),
  )
  return total(distinct(some.flatMap(piecesOf)).filter(({key}) => !shared.has(key)))
}

function distinct(pieces: readonly Piece[]): Piece[] {
  return [...new Map(pieces.map((piece) => [piece.key, piece])).values()]
}

function total(pieces: readonly Piece[]): number {
  return sum(pieces.map(({bytes}) => bytes))
}

function sum(amounts: readonly (number | undefined)[]): number {
  return amounts.reduce((whole: number, amount) => whole + (amount ?? 0), 0)
}
