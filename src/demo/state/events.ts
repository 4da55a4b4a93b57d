import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'
import type {ContainerEventResponse, Input} from '../../generated/cri.js'

export type Event = Input<ContainerEventResponse>

// As containerd 2: what nobody reads is kept for a while, for the next one who comes.
const keptUnreadMs = 5 * 60_000
const keptUnread = 1_000
/** A reader this far behind is told so and cut off; it must list again anyway. */
const readerLimit = 100_000

interface Reader {
  waiting: Event[]
  /** Too far behind to be told everything. */
  lost: boolean
  wake: () => void
}

/** Hands every event to every reader, in order; or to the readers in turn, as containerd 1.7. */
export class Events {
  readonly #sharing: 'all' | 'shared' | 'none'
  readonly #readers = new Set<Reader>()
  #unread: {event: Event; atMs: number}[] = []

  constructor(sharing: 'all' | 'shared' | 'none' = 'all') {
    this.#sharing = sharing
  }

  emit(event: Event): void {
    if (this.#sharing === 'none') return
    if (this.#readers.size === 0) {
      this.#dropOld()
      this.#unread.push({event, atMs: performance.now()})
      return
    }
    for (const reader of [...this.#readers]) {
      if (reader.waiting.push(event) > readerLimit) {
        reader.waiting = []
        reader.lost = true
      }
      reader.wake()
      if (this.#sharing === 'shared') {
        this.#readers.delete(reader)
        this.#readers.add(reader)
        return
      }
    }
  }

  /** Ends with the signal. */
  async *read(signal: AbortSignal): AsyncGenerator<Event> {
    if (this.#sharing === 'none') return
    this.#dropOld()
    const reader: Reader = {waiting: this.#unread.map(({event}) => event), lost: false, wake: () => {}}
    this.#unread = []
    this.#readers.add(reader)
    const wake = (): void => reader.wake()
    signal.addEventListener('abort', wake)
    try {
      while (!signal.aborted) {
        if (reader.lost)
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
