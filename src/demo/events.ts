import {rpcCode} from '../errors.js'
import type {ContainerEventResponse, Input} from '../generated/cri.js'
import {StatusError} from './status-error.js'

export type Event = Input<ContainerEventResponse>

// As containerd 2: what nobody reads is kept for a while, for the next one who comes.
const keptUnreadMs = 5 * 60_000
const keptUnread = 1_000
/** A reader this far behind is told so and cut off; it must list again anyway. */
const readerLimit = 100_000

interface Reader {
  waiting: Event[]
  wake: () => void
}

/** Hands every event to every reader, in order. */
export class Events {
  readonly #readers = new Set<Reader>()
  #unread: {event: Event; atMs: number}[] = []

  emit(event: Event): void {
    if (this.#readers.size === 0) {
      this.#dropOld()
      this.#unread.push({event, atMs: performance.now()})
      return
    }
    for (const reader of this.#readers) {
      reader.waiting.push(event)
      reader.wake()
    }
  }

  /** Ends with the signal. */
  async *read(signal: AbortSignal): AsyncGenerator<Event> {
    this.#dropOld()
    const reader: Reader = {waiting: this.#unread.map(({event}) => event), wake: () => {}}
    this.#unread = []
    this.#readers.add(reader)
    const wake = (): void => reader.wake()
    signal.addEventListener('abort', wake)
    try {
      while (!signal.aborted) {
        if (reader.waiting.length > readerLimit)
          throw new StatusError(rpcCode.resourceExhausted, `the reader is ${readerLimit} events behind`)
        const events = reader.waiting
        reader.waiting = []
        for (const event of events) yield event
        if (reader.waiting.length > 0 || signal.aborted) continue
        await new Promise<void>((resolve) => {
          reader.wake = resolve
        })
      }
    } finally {
      this.#readers.delete(reader)
      signal.removeEventListener('abort', wake)
    }
  }

  #dropOld(): void {
    const oldestMs = performance.now() - keptUnreadMs
    while (this.#unread.length >= keptUnread || (this.#unread[0]?.atMs ?? Infinity) < oldestMs)
      this.#unread.shift()
  }
}
