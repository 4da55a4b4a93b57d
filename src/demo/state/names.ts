import {StatusError} from '../../errors/status-error.js'
import type {Behaviour} from '../server/behaviour.js'

/** Names in use: pods and containers with the same metadata must not exist twice. */
export class Names {
  readonly #owners = new Map<string, string>()
  readonly #noun: string
  readonly #inUse: Behaviour['nameInUse']

  constructor(noun: string, inUse: Behaviour['nameInUse']) {
    this.#noun = noun
    this.#inUse = inUse
  }

  /** Whom a new one of this name is answered with; undefined for a name that is free. Throws where it is refused. */
  owner(name: string): string | undefined {
    const owner = this.#owners.get(name)
    if (owner === undefined || this.#inUse === 'existing') return owner
    throw new StatusError(this.#inUse, `${this.#noun} name "${name}" is reserved for ${owner}`)
  }

  reserve(name: string, id: string): void {
    this.#owners.set(name, id)
  }

  release(name: string): void {
    this.#owners.delete(name)
  }
}
