import {randomBytes} from 'node:crypto'
import {notFound, unknown} from '../server/statuses.js'

const idLength = 64

/** 64 hex digits, as every runtime makes them. */
export function newId(): string {
  return randomBytes(idLength / 2).toString('hex')
}

/** Objects by ID, in the order of their creation. An ID may be cut short as long as it stays unique. */
export class Store<Item extends {readonly id: string}> {
  readonly #noun: string
  readonly #items = new Map<string, Item>()

  constructor(noun: string) {
    this.#noun = noun
  }

  add(item: Item): void {
    this.#items.set(item.id, item)
  }

  delete(id: string): void {
    this.#items.delete(id)
  }

  all(): Item[] {
    return [...this.#items.values()]
  }

  get size(): number {
    return this.#items.size
  }

  /** undefined when nothing has this ID. Throws for a beginning that several have, and for an empty one. */
  find(id: string): Item | undefined {
    const item = this.#items.get(id)
    if (item || id.length >= idLength) return item
    if (id === '') throw unknown(`the request names no ${this.#noun}: its ID is empty`)
    const found = this.#findByPrefix(id)
    if (found.length > 1) throw unknown(`${this.#noun} ID "${id}" is ambiguous: ${found.length} begin so`)
    return found[0]
  }

  get(id: string): Item {
    const item = this.find(id)
    if (!item) throw notFound(`no ${this.#noun} has ID "${id}"`)
    return item
  }

  /** For a filter: an ID that is unknown or ambiguous matches nothing. */
  filterById(id: string): Item[] {
    if (id === '') return this.all()
    const item = this.#items.get(id)
    if (item) return [item]
    const found = this.#findByPrefix(id)
    return found.length === 1 ? found : []
  }

  #findByPrefix(id: string): Item[] {
    const found: Item[] = []
    for (const [candidate, item] of this.#items) if (candidate.startsWith(id)) found.push(item)
    return found
  }
}
