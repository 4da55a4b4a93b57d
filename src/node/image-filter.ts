import {UsageError} from '../errors/errors.js'
import type {Image} from '../generated/cri.js'
import {parseRegexp} from '../text/regexp/index.js'
import {hexOf} from '../text/short-id.js'

/** Byte order of the first tag, else of the first digest, else of the ID: crictl's order of images. */
function sortImages(images: readonly Image[]): Image[] {
  const keys = images.map(({repoTags: [tag]}, place) => ({tag, place}))
  // Most often all have a tag: then the rest need not be read.
  const others = keys.every(({tag}) => tag !== undefined)
    ? []
    : images.map(({id, repoDigests: [digest]}) => ({id, digest}))
  return keys
    .sort((a, b) => {
      if (a.tag !== undefined && b.tag !== undefined) return compare(a.tag, b.tag)
      const [first, second] = [others[a.place], others[b.place]]
      if (first?.digest !== undefined && second?.digest !== undefined)
        return compare(first.digest, second.digest)
      return compare(first?.id ?? '', second?.id ?? '')
    })
    .map(({place}) => images[place] as Image)
}

/** Images in crictl's order in, those that pass out. */
export type ImageFilter = (images: readonly Image[]) => Image[]

/** The images that pass every filter, in crictl's order. */
export function imageFilter(filters: readonly ImageFilter[]): ImageFilter {
  return (images) => filters.reduce((kept, filter) => filter(kept), sortImages(images))
}

/**
 * What `key=value` says of images in crictl's order. `since` and `before` go by the place in that order, not by age,
 * since the CRI tells no age of an image; a reference that is not in the list is refused when images are there,
 * everything else at once. Throws UsageError.
 */
export async function parseImageFilter(filter: string): Promise<ImageFilter> {
  const at = filter.indexOf('=')
  const [key, value] = at === -1 ? [filter, ''] : [filter.slice(0, at), filter.slice(at + 1)]
  switch (key) {
    case 'dangling':
      if (value !== 'true' && value !== 'false')
        throw new UsageError(`"${filter}": dangling is true or false`)
      return (images) => images.filter(({repoTags}) => (repoTags.length === 0) === (value === 'true'))
    case 'reference': {
      const matches = await referenceTest(value)
      return (images) => images.filter(matches)
    }
    case 'before':
      return (images) => images.slice(placeOf(value, images, filter) + 1)
    case 'since':
      return (images) => images.slice(0, placeOf(value, images, filter))
    default:
      throw new UsageError(`"${filter}" is not a filter: use dangling=, reference=, before= or since=`)
  }
}

/** Any of the image's names, with and without tag, matches the expression. */
async function referenceTest(expression: string): Promise<(image: Image) => boolean> {
  const pattern = await parseRegexp(expression)
  return ({repoTags, repoDigests}) => {
    const names = [...repoTags, ...repoDigests.map((digest) => digest.slice(0, digest.indexOf('@')))]
    return names.some((name) => name === expression || pattern.test(name))
  }
}

function placeOf(reference: string, images: readonly Image[], filter: string): number {
  const hex = hexOf(reference)
  const place = images.findIndex(
    ({id, repoTags, repoDigests}) =>
      repoTags.includes(reference) ||
      repoTags.includes(`${reference}:latest`) ||
      repoDigests.some((digest) => reference.includes('@') && digest.startsWith(reference)) ||
      (/^[0-9a-f]+$/.test(hex) && hexOf(id).startsWith(hex)),
  )
  if (place === -1) throw new UsageError(`filter "${filter}": no such image in the list`)
  return place
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
