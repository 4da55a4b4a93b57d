import type {RpcCode} from '../../errors/errors.js'
import {StatusError} from '../server/status-error.js'

/** Names in use: pods and containers with the same metadata must not exist twice. */
export class Names {
  readonly #owners = new Map<string, string>()
  readonly #noun: string
  readonly #code: RpcCode

  constructor(noun: string, code: RpcCode) {
    this.#noun = noun
    this.#code = code
  }

  reserve(name: string, id: string): void {
    const owner = this.#owners.get(name)
    if (owner !== undefined)
      throw new StatusError(this.#code, `${this.#noun} name "${name}" is reserved for ${owner}`)
    this.#owners.set(name, id)
  }

  release(name: string): void {
    this.#owners.delete(name)
  }
}
