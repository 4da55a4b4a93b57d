import type {Image} from '../generated/cri.js'

/** The key by which lists are sorted that begin with the newest. */
export function newestFirst({createdAt}: {createdAt: string}): number {
  return -Number(createdAt)
}

/** What an image is named by, and its key in lists that are sorted as crictl's. */
export function referenceOf({
  id,
  repoTags,
  repoDigests,
}: Pick<Image, 'id' | 'repoTags' | 'repoDigests'>): string {
  return repoTags[0] ?? repoDigests[0] ?? id
}
