import {hexOf} from '../../text/short-id.js'
import {catalogue, type ImageDefinition} from './image-catalogue.js'
import {normalizedImageName, repositoryOf} from './image-names.js'

/** An image on the node. */
export interface StoredImage {
  readonly id: string
  readonly definition: ImageDefinition
  readonly tags: Set<string>
  readonly digests: Set<string>
}

/** The images of the node, and the registry they come from. */
export class ImageStore {
  readonly #images = new Map<string, StoredImage>()
  readonly #idPrefix: string

  /** Bare IDs are hex digits alone, and nothing is known by more. */
  constructor({bareIds}: {bareIds: boolean}) {
    this.#idPrefix = bareIds ? '' : 'sha256:'
  }

  all(): StoredImage[] {
    return [...this.#images.values()]
  }

  /** By tag, digest, ID or the beginning of an ID; undefined where none, or more than one, is meant. */
  find(reference: string): StoredImage | undefined {
    const exact = this.#images.get(reference) ?? this.#images.get(`${this.#idPrefix}${reference}`)
    if (exact || reference === '') return exact
    const name = normalizedImageName(reference)
    const named = this.all().find(({tags, digests}) => tags.has(name) || digests.has(name))
    if (named) return named
    const hex = this.#idPrefix === '' ? reference : hexOf(reference)
    if (!/^[0-9a-f]+$/.test(hex)) return undefined
    const beginning = this.all().filter(({id}) => id.startsWith(`${this.#idPrefix}${hex}`))
    return beginning.length === 1 ? beginning[0] : undefined
  }

  /** What the registry has under a name; undefined where it has nothing. */
  findOffered(name: string): ImageDefinition | undefined {
    const normalized = normalizedImageName(name)
    return catalogue.find(
      ({tags, digest, superseded}) =>
        (!superseded && tags.includes(normalized)) ||
        tags.some((tag) => `${repositoryOf(tag)}@${digest}` === normalized),
    )
  }

  /** Brings an image to the node under this name, next to those it has there already. */
  pull(definition: ImageDefinition, name: string): StoredImage {
    const normalized = normalizedImageName(name)
    const id = `${this.#idPrefix}${hexOf(definition.id)}`
    const image = this.#images.get(id) ?? {
      id,
      definition,
      tags: new Set(),
      digests: new Set(),
    }
    this.#images.set(image.id, image)
    if (!normalized.includes('@')) image.tags.add(normalized)
    image.digests.add(`${repositoryOf(normalized)}@${definition.digest}`)
    return image
  }

  remove(image: StoredImage): void {
    this.#images.delete(image.id)
  }

  /** Takes one name away, and the image with its last one. */
  untag(image: StoredImage, name: string): void {
    const normalized = normalizedImageName(name)
    image.tags.delete(normalized)
    image.digests.delete(normalized)
    if (image.tags.size === 0) this.remove(image)
  }
}
