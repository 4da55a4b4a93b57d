import {setImmediate as turn} from 'node:timers/promises'

const longestMs = 50

/** Lets the rest of the process, signals before all, have its turn every so often. */
export class Turns {
  readonly #signal: AbortSignal | undefined
  #endsAt = performance.now() + longestMs

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  get due(): boolean {
    return performance.now() > this.#endsAt
  }

  /** Throws the signal's reason where it has come. */
  async giveWay(): Promise<void> {
    await turn()
    this.#signal?.throwIfAborted()
    this.#endsAt = performance.now() + longestMs
  }
}
