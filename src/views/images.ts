import {protoJson} from '../client/proto-json.js'
import {type Column, type TableStyle, tablePieces} from '../formats/table.js'
import {listOf, type View} from '../formats/view.js'
import type {Image} from '../generated/cri.js'
import {shortId} from '../text/short-id.js'
import {bytesText, type Units} from '../text/units.js'
import {type BlockLine, blocks} from './blocks.js'
import {referenceOf} from './order.js'

export interface ImagesContext {
  width?: number | undefined
  style?: TableStyle | undefined
  fullIds?: boolean
  digests?: boolean
  pinned?: boolean
  units: Units
}

/** One line of the table: an image under one of its tags. */
export interface ImageRow {
  name: string
  tag: string
  digest: string
}

const none = '<none>'

export function imagesView(images: readonly Image[], context: ImagesContext): View {
  return {
    ...listOf('images', images, (item) => protoJson('Image', item)),
    names: () => images.map(referenceOf),
    table: (wide) => imagesTable(images, wide ? {...context, digests: true, pinned: true} : context),
    order: (shows) => {
      if (shows === 'text') return undefined
      if (shows !== 'table') return images.map(referenceOf)
      return images.flatMap((image) => imageRows(image).map(() => referenceOf(image)))
    },
  }
}

function imagesTable(
  images: readonly Image[],
  {width, style, fullIds, digests, pinned, units}: ImagesContext,
): Iterable<string> {
  const id = (text: string) => (fullIds ? text : shortId(text))
  const columns: Column[] = [
    {title: 'IMAGE', min: 12, keep: 'end'},
    {title: 'TAG', min: 8},
    ...(digests ? [{title: 'DIGEST', drop: 1}] : []),
    {title: 'IMAGE ID'},
    {title: 'SIZE', drop: 3},
    ...(pinned ? [{title: 'PINNED', drop: 2}] : []),
  ]
  const rows = function* () {
    for (const image of images)
      for (const {name, tag, digest} of imageRows(image, digests)) {
        const cells = digests ? [name, tag, id(digest)] : [name, tag]
        cells.push(id(image.id), bytesText(Number(image.size), units, 3))
        if (pinned) cells.push(String(image.pinned))
        yield cells
      }
  }
  return tablePieces(columns, rows(), {width, style})
}

/** One row for each tag, or one for an image without tags. Each tag gets the digest of its own repository if there is one. */
function imageRows(image: Pick<Image, 'repoTags' | 'repoDigests'>, withDigest = false): ImageRow[] {
  const tagged = image.repoTags.map(splitReference)
  // Then digests, which take longest to read, say nothing more.
  if (!withDigest && tagged.length > 0 && tagged.every(({name}) => name !== none)) return tagged
  const digests = image.repoDigests.map(splitReference)
  const [first = {name: none, tag: none, digest: none}] = digests
  if (tagged.length === 0) return [first]
  return tagged.map(({name, tag, digest}) => {
    const own = digests.find((other) => other.name === name) ?? first
    return {name: name === none ? first.name : name, tag, digest: digest === none ? own.digest : digest}
  })
}

/** Its parts; a colon before the last slash is that of the registry's port. */
function splitReference(reference: string): ImageRow {
  const [tagged = '', digest = none] = reference.split('@')
  const colon = tagged.lastIndexOf(':')
  return colon > tagged.lastIndexOf('/')
    ? {name: tagged.slice(0, colon), tag: tagged.slice(colon + 1), digest}
    : {name: tagged, tag: none, digest}
}

/** The blocks of `images -v`. */
export function imageBlocks(images: readonly Image[]): string {
  return blocks(
    images.map((image): BlockLine[] => [
      ['ID', image.id],
      ...image.repoTags.map((tag) => ['RepoTags', tag] as const),
      ...image.repoDigests.map((digest) => ['RepoDigests', digest] as const),
      ...(image.size === '0' ? [] : [['Size', image.size] as const]),
      ...(image.uid ? [['Uid', image.uid.value] as const] : []),
      ...(image.username ? [['Username', image.username] as const] : []),
      ...(image.pinned ? [['Pinned', 'true'] as const] : []),
    ]),
  )
}
