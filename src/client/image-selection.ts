import {UsageError} from '../errors.js'
import type {Image} from '../generated/cri.js'

/** Byte order of the first tag, else of the first digest, else of the ID: crictl's order of images. */
function sortImages(images: readonly Image[]): Image[] {
  return [...images].sort((a, b) => {
    const [tagA, tagB] = [a.repoTags[0], b.repoTags[0]]
    if (tagA !== undefined && tagB !== undefined) return compare(tagA, tagB)
    const [digestA, digestB] = [a.repoDigests[0], b.repoDigests[0]]
    if (digestA !== undefined && digestB !== undefined) return compare(digestA, digestB)
    return compare(a.id, b.id)
  })
}

/**
 * Images that pass every `key=value` filter, in crictl's order. `since` and `before` go by the place in that order,
 * not by age, since the CRI tells no age of an image; a reference that is not in the list is refused.
 */
export function filterImages(images: readonly Image[], filters: readonly string[]): Image[] {
  return filters.reduce((kept, filter) => {
    const at = filter.indexOf('=')
    const [key, value] = at === -1 ? [filter, ''] : [filter.slice(0, at), filter.slice(at + 1)]
    switch (key) {
      case 'dangling':
        if (value !== 'true' && value !== 'false')
          throw new UsageError(`--filter ${filter}: dangling is true or false`)
        return kept.filter(({repoTags}) => (repoTags.length === 0) === (value === 'true'))
      case 'reference':
        return kept.filter(referenceTest(value))
      case 'before':
        return kept.slice(placeOf(value, kept, filter) + 1)
      case 'since':
        return kept.slice(0, placeOf(value, kept, filter))
      default:
        throw new UsageError(`--filter ${filter}: filters are dangling=, reference=, before= and since=`)
    }
  }, sortImages(images))
}

/** Any of the image's names, with and without tag, matches the expression. */
function referenceTest(expression: string): (image: Image) => boolean {
  let pattern: RegExp
  try {
    pattern = new RegExp(expression)
  } catch (error) {
    throw new UsageError(`--filter reference=${expression}: not a regular expression`, {cause: error})
  }
  return ({repoTags, repoDigests}) => {
    const names = [...repoTags, ...repoDigests.map((digest) => digest.slice(0, digest.indexOf('@')))]
    return names.some((name) => name === expression || pattern.test(name))
  }
}

function placeOf(reference: string, images: readonly Image[], filter: string): number {
  const hex = reference.replace(/^sha256:/, '')
  const place = images.findIndex(
    ({id, repoTags, repoDigests}) =>
      repoTags.includes(reference) ||
      repoTags.includes(`${reference}:latest`) ||
      repoDigests.some((digest) => reference.includes('@') && digest.startsWith(reference)) ||
      (/^[0-9a-f]+$/.test(hex) && id.replace(/^sha256:/, '').startsWith(hex)),
  )
  if (place === -1) throw new UsageError(`--filter ${filter}: no such image in the list`)
  return place
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
