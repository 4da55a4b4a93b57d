import type {CriClient} from '../client/connect.js'
import {listContainerRows, listImageRows} from '../client/list-rows.js'
import {findImage, imageStatus, lookUpImage} from '../client/names.js'
import type {Container, Image} from '../generated/cri.js'
import {containerStatuses} from './details.js'
import {imagesByName} from './selection.js'

export interface ImageTarget {
  /** As it was typed; for one that was chosen by filters its ID. */
  word: string
  /** The image that it is now. */
  image: Image
  /** What is sent to the runtime: the word where the runtime knows it, else the full name or ID that it stands for. */
  name: string
}

/** Throws NotFoundError for a word that names no image, and for one that names several. */
export async function imageTarget(client: CriClient, word: string): Promise<ImageTarget> {
  const {image} = await lookUpImage(client, word)
  // Not every runtime knows an ID with its algorithm.
  if (image) return {word, image, name: word.startsWith('sha256:') ? image.id : word}
  const found = findImage(word, await listImageRows(client))
  const full = [...found.repoTags, ...found.repoDigests].find((name) => name.endsWith(`/${word}`))
  const status = await imageStatus(client, found.id, false)
  return {word, image: status.image ?? found, name: full ?? found.id}
}

/** The tags that go with one that is named, although nobody named them. A word for an ID means the whole image. */
export function tagsGoingToo({name, image}: ImageTarget, names: ReadonlySet<string>): string[] {
  if (!isName(name) || image.repoTags.length < 2) return []
  return image.repoTags.filter((tag) => ![...names].some((other) => isSameTag(tag, other)))
}

function isName(word: string): boolean {
  return /[:/]/.test(word) && !word.startsWith('sha256:')
}

/** A runtime completes `busybox:1` to `docker.io/library/busybox:1`, and `a/busybox` to `…/a/busybox:latest`. */
function isSameTag(tag: string, word: string): boolean {
  return [word, `${word}:latest`].some((name) => tag === name || tag.endsWith(`/${name}`))
}

/** Removes the image, or its name where the runtime knows the difference, and gives the names that went; of one without a name its ID. */
export async function removeImage(client: CriClient, {image, name}: ImageTarget): Promise<string[]> {
  await client.image.removeImage({image: {image: name}})
  const {image: left} = await lookUpImage(client, image.id)
  const kept = new Set([...(left?.repoTags ?? []), ...(left?.repoDigests ?? [])])
  if (image.repoTags.length === 0 && image.repoDigests.length === 0) return left ? [] : [image.id]
  const tags = image.repoTags.filter((tag) => !kept.has(tag))
  return image.repoTags.length > 0 ? tags : image.repoDigests.filter((digest) => !kept.has(digest))
}

/**
 * Images that no container, in whatever state, was made from or has mounted as a volume, that are not pinned, and that are
 * not the sandbox image: pods run from that one, which no list says.
 */
export async function unusedImages(client: CriClient): Promise<Image[]> {
  const [images, containers, pause] = await Promise.all([
    listImageRows(client),
    listContainerRows(client),
    sandboxImage(client),
  ])
  const known = imagesByName(images)
  const names = new Set(
    containers.flatMap(({imageId, imageRef, image}) => [imageId, imageRef, image?.image ?? '']),
  )
  if (pause !== undefined) names.add(pause)
  names.delete('')
  const used = new Set<string>()
  for (const name of names) {
    const id = known.get(name)?.id ?? (await lookUpImage(client, name)).image?.id
    if (id !== undefined) used.add(id)
  }
  const unused = images.filter(({id, pinned}) => !pinned && !used.has(id))
  if (unused.length === 0) return unused
  const mounted = await mountedImages(client, containers)
  return unused.filter(
    ({id, repoTags, repoDigests}) => ![id, ...repoTags, ...repoDigests].some((name) => mounted.has(name)),
  )
}

/** By all the names that containers have for them; what is mounted only the status of each tells. */
async function mountedImages(client: CriClient, containers: readonly Container[]): Promise<Set<string>> {
  const statuses = await containerStatuses(client, containers)
  const images = [...statuses.values()].flatMap(({mounts}) => mounts.flatMap(({image}) => image ?? []))
  return new Set(
    images.flatMap(({image, imageRef, userSpecifiedImage}) => [image, imageRef, userSpecifiedImage]),
  )
}

/** containerd 1.x and CRI-O tell it in their verbose status; containerd 2 pins it. */
async function sandboxImage(client: CriClient): Promise<string | undefined> {
  const {info} = await client.runtime.status({verbose: true})
  try {
    const {sandboxImage} = JSON.parse(info.config ?? '{}')
    return typeof sandboxImage === 'string' ? sandboxImage : undefined
  } catch {
    // The runtime's own form, which may be anything.
    return undefined
  }
}
