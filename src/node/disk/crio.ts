import {access, readFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {hexOf} from '../../text/short-id.js'
import type {ImageStore, Piece} from './store.js'
import {measureTree} from './tree.js'

// The files of containers/storage, which CRI-O keeps images and containers in: lists of layers, images and containers as
// JSON, and a directory for each layer.

interface Layer {
  id?: unknown
  parent?: unknown
  'diff-size'?: unknown
}
interface StoredImage {
  id?: unknown
  layer?: unknown
  'mapped-layers'?: unknown
}
interface StoredContainer {
  id?: unknown
  layer?: unknown
}

/** Undefined where the path is not of such a store. Throws what reading its lists does. */
export async function readCrioStore(
  mountpoint: string,
  signal: AbortSignal,
): Promise<ImageStore | undefined> {
  const [, driver] = /^(.+)-images$/.exec(basename(mountpoint)) ?? []
  if (driver === undefined) return undefined
  const root = dirname(mountpoint)
  // Throws where there is no such store.
  await access(mountpoint)
  const [layers, images, containers] = await Promise.all([
    listsAt<Layer>(join(root, `${driver}-layers`), 'layers.json'),
    listsAt<StoredImage>(join(root, `${driver}-images`), 'images.json'),
    listsAt<StoredContainer>(join(root, `${driver}-containers`), 'containers.json'),
  ])
  const layersById = new Map(layers.map((layer) => [textOf(layer.id), layer]))
  const used = new Set<string>()
  const chainOf = (top: string): Piece[] => {
    const pieces: Piece[] = []
    for (let id = top; id !== '' && !pieces.some(({key}) => key === id); ) {
      const layer = layersById.get(id)
      if (!layer) break
      used.add(id)
      pieces.push({key: id, bytes: Number(layer['diff-size'] ?? 0) || 0})
      id = textOf(layer.parent)
    }
    return pieces
  }
  const byImage = new Map(
    images.map((image) => [
      textOf(image.id),
      [image.layer, ...(Array.isArray(image['mapped-layers']) ? image['mapped-layers'] : [])].flatMap((top) =>
        chainOf(textOf(top)),
      ),
    ]),
  )
  const seen = new Set<string>()
  const left: string[] = []
  const writable = new Map<string, number>()
  for (const {id, layer} of containers) {
    const name = textOf(layer)
    // It becomes part of a path.
    if (!/^[0-9a-f]{64}$/.test(name)) continue
    used.add(name)
    const {bytes, left: missed} = await measureTree(join(root, driver, name), {signal, seen})
    left.push(...missed)
    writable.set(textOf(id), bytes)
  }
  const others = layers.filter(({id}) => !used.has(textOf(id)))
  return {
    layers: driver,
    sharesLayers: driver !== 'vfs',
    images: byImage,
    writable,
    otherBytes: others.reduce((sum, layer) => sum + (Number(layer['diff-size'] ?? 0) || 0), 0),
    folders: [root],
    left,
  }
}

/** What need not last beyond the next start of the machine stands in a list of its own; either may not be there yet. */
async function listsAt<Item>(folder: string, name: string): Promise<Item[]> {
  const lists = await Promise.all([name, `volatile-${name}`].map((each) => listAt<Item>(join(folder, each))))
  return lists.flat()
}

async function listAt<Item>(path: string): Promise<Item[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const list: unknown = JSON.parse(text)
  return Array.isArray(list) ? list.filter((item) => typeof item === 'object' && item !== null) : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? hexOf(value) : ''
}
