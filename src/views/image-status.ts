import {protoJson} from '../client/proto-json.js'
import type {View} from '../formats/view.js'
import type {ImageStatusResponse} from '../generated/cri.js'
import {bytesText, type Units} from '../text/units.js'
import {type BlockLine, block} from './blocks.js'
import {infoLines, oneOrAll, statusDocument} from './status.js'

export function imageStatusesView(responses: readonly ImageStatusResponse[], units: Units): View {
  const documents = () =>
    responses.map(({image, info}) => statusDocument({status: image ? protoJson('Image', image) : null}, info))
  return {
    document: () => oneOrAll(documents()),
    items: documents,
    names: () => responses.map(({image}) => image?.repoTags[0] ?? image?.repoDigests[0] ?? image?.id ?? ''),
    table: () => responses.map((response) => imageText(response, units)).join(''),
  }
}

function imageText({image, info}: ImageStatusResponse, units: Units): string {
  if (!image) return block([['Status', 'none: the runtime sent no image']])
  const fields: BlockLine[] = [
    ['ID', image.id],
    ...image.repoTags.map((tag) => ['Tag', tag] as const),
    ...image.repoDigests.map((digest) => ['Digest', digest] as const),
    ['Size', bytesText(Number(image.size), units, 3)],
  ]
  return block([...fields, ...infoLines(info)])
}
