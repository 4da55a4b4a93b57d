import {lstatSync, readFileSync, type Stats} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {type Bucket, readDatabase, readUvarint, readVarint} from './bolt.js'
import type {ImageStore, Piece} from './store.js'
import {measureTree, sizeOnDisk} from './tree.js'

// containerd's own files: a snapshotter has a directory for each layer and each container, a database that says which is
// whose and how much it took when it was committed; the content store has what was pulled, by its digest.

interface Snapshot {
  id: number
  parent: string
  isCommitted: boolean
  bytes: number
}

export interface ContainerdImages {
  /** By image ID: the key of its topmost layer, as the runtime's verbose info tells it. */
  chainIds: ReadonlyMap<string, string>
}

const snapshotters = 'io.containerd.snapshotter.v1.'
/** Manifests and configurations are smaller. */
const largestJson = 4_194_304

/** Undefined where the path is no snapshotter's. Throws what reading its database does. */
export async function readContainerdStore(
  mountpoint: string,
  {chainIds}: ContainerdImages,
  signal: AbortSignal,
): Promise<ImageStore | undefined> {
  const name = basename(mountpoint)
  if (!name.startsWith(snapshotters)) return undefined
  const layers = name.slice(snapshotters.length)
  const content = join(dirname(mountpoint), 'io.containerd.content.v1.content')
  const snapshots = snapshotsIn(await readDatabase(join(mountpoint, 'metadata.db')))
  const folderOf = ({id}: Snapshot) => join(mountpoint, 'snapshots', String(id))
  const seen = new Set<string>()

  const written = await measureWritable(snapshots, folderOf, {signal, seen})
  const blobs = await readBlobs(join(content, 'blobs', 'sha256'), seen)
  const ingest = await measureTree(join(content, 'ingest'), {signal, seen})
  const leftover = await measureUnknown(join(mountpoint, 'snapshots'), snapshots, {signal, seen})
  const layerBytes = new Map(
    [...snapshots].map(([key, snapshot]) => [
      key,
      snapshot.isCommitted ? snapshot.bytes + shellBytes(folderOf(snapshot), layers) : 0,
    ]),
  )
  const pieces = new Map([...layerBytes, ...blobs.sizes])
  const images = new Map(
    [...chainIds].map(([imageId, chainId]) => [
      imageId,
      [...chainOf(chainId, snapshots), ...blobs.ofImage(imageId)].map(
        (key): Piece => ({key, bytes: pieces.get(key) ?? 0}),
      ),
    ]),
  )
  const used = new Set([...images.values()].flat().map(({key}) => key))
  const unused = [...pieces].filter(([key]) => !used.has(key)).reduce((sum, [, bytes]) => sum + bytes, 0)
  return {
    layers,
    sharesLayers: layers !== 'native',
    images,
    writable: written.byOwner,
    otherBytes: unused + written.otherBytes + ingest.bytes + leftover,
    folders: [mountpoint, content],
    left: [...written.left, ...ingest.left],
  }
}

async function measureWritable(
  snapshots: ReadonlyMap<string, Snapshot>,
  folderOf: (snapshot: Snapshot) => string,
  options: {signal: AbortSignal; seen: Set<string>},
): Promise<{byOwner: Map<string, number>; otherBytes: number; left: string[]}> {
  const byOwner = new Map<string, number>()
  const left: string[] = []
  let otherBytes = 0
  for (const [key, snapshot] of snapshots) {
    if (snapshot.isCommitted) continue
    const measured = await measureTree(folderOf(snapshot), options)
    left.push(...measured.left)
    const owner = nameIn(key)
    if (isOfKubernetes(key)) byOwner.set(owner, (byOwner.get(owner) ?? 0) + measured.bytes)
    else otherBytes += measured.bytes
  }
  return {byOwner, otherBytes, left}
}

/** Directories that the database does not know: those that are being removed, and those that never were. */
async function measureUnknown(
  folder: string,
  snapshots: ReadonlyMap<string, Snapshot>,
  options: {signal: AbortSignal; seen: Set<string>},
): Promise<number> {
  const known = new Set([...snapshots.values()].map(({id}) => String(id)))
  const names = await readdir(folder).catch(() => [])
  let bytes = 0
  for (const name of names.filter((each) => !known.has(each)))
    bytes += (await measureTree(join(folder, name), options)).bytes
  return bytes
}

/** The keys of a layer and of those below it. */
function chainOf(chainId: string, snapshots: ReadonlyMap<string, Snapshot>): string[] {
  const top = [...snapshots.keys()].find((key) => isOfKubernetes(key) && nameIn(key) === chainId)
  const chain: string[] = []
  for (
    let key = top ?? '';
    snapshots.has(key) && !chain.includes(key);
    key = snapshots.get(key)?.parent ?? ''
  )
    chain.push(key)
  return chain
}

/** Keys are `NAMESPACE/NUMBER/NAME`. */
function isOfKubernetes(key: string): boolean {
  return key.startsWith('k8s.io/')
}

function nameIn(key: string): string {
  return key.replace(/^[^/]*\/\d+\//, '')
}

function snapshotsIn(database: Bucket): Map<string, Snapshot> {
  const all = database.bucket('v1')?.bucket('snapshots')
  const found = new Map<string, Snapshot>()
  for (const key of all?.keys() ?? []) {
    const snapshot = all?.bucket(key)
    if (!snapshot) continue
    found.set(key, {
      id: readUvarint(snapshot.value('id')),
      parent: snapshot.value('parent')?.toString() ?? '',
      isCommitted: snapshot.value('kind')?.[0] === committed,
      bytes: readVarint(snapshot.value('size')),
    })
  }
  return found
}

const committed = 3

/** The directories around a layer, which what containerd writes down does not have. */
function shellBytes(folder: string, layers: string): number {
  const around = layers === 'overlayfs' ? [folder, join(folder, 'work')] : []
  return around.reduce((sum, path) => sum + (statsOf(path)?.blocks ?? 0) * 512, 0)
}

interface Blobs {
  /** By digest. */
  sizes: Map<string, number>
  /** The digests that an image was made of. */
  ofImage(imageId: string): string[]
}

interface Descriptor {
  digest?: unknown
}

async function readBlobs(folder: string, seen: Set<string>): Promise<Blobs> {
  const sizes = new Map<string, number>()
  const byConfig = new Map<string, string[]>()
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((each) => /^[0-9a-f]{64}$/.test(each))) {
    const path = join(folder, name)
    const stats = statsOf(path)
    if (!stats?.isFile()) continue
    const digest = `sha256:${name}`
    sizes.set(digest, sizeOnDisk(stats, seen))
    const manifest = stats.size <= largestJson ? manifestAt(path) : undefined
    const config = manifest?.config?.digest
    if (typeof config !== 'string') continue
    const layers = Array.isArray(manifest?.layers) ? (manifest.layers as Descriptor[]) : []
    const digests = layers.flatMap((layer) => (typeof layer?.digest === 'string' ? [layer.digest] : []))
    byConfig.set(config, [...(byConfig.get(config) ?? []), digest, config, ...digests])
  }
  return {
    sizes,
    ofImage: (imageId) => [...new Set(byConfig.get(imageId) ?? [])].filter((digest) => sizes.has(digest)),
  }
}

/** What a registry sent: it may be anything. */
function manifestAt(path: string): {config?: Descriptor; layers?: unknown} | undefined {
  try {
    const bytes = readFileSync(path)
    return bytes[0] === brace ? JSON.parse(bytes.toString()) : undefined
  } catch {
    return undefined
  }
}

const brace = 0x7b

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    // It has gone meanwhile.
    return undefined
  }
}
