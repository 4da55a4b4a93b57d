import type {LogLine} from './lines.js'
import type {LineSource} from './source.js'
import {compareTimes} from './time.js'

export interface MergedSource {
  lines: LineSource
  /** Called when an attempt of it has ended and the next one follows. */
  onAttemptEnd?: () => void | Promise<void>
}

interface Head<Source> {
  source: Source
  queue: LogLine[]
  at: number
  /** For equal times: in the order in which the sources came. */
  rank: number
}

/**
 * The lines of several logs in the order of their times. The order within one log stays as it is, even where its
 * clock was set back.
 */
export class LineMerger<Source extends MergedSource> {
  /** A heap: the earliest line is first. */
  readonly #heads: Head<Source>[] = []
  #waiting: Head<Source>[] = []
  #ranks = 0

  get size(): number {
    return this.#heads.length + this.#waiting.length
  }

  add(source: Source): void {
    this.#waiting.push({source, queue: [], at: 0, rank: this.#ranks++})
  }

  remove(source: Source): void {
    this.#waiting = this.#waiting.filter((head) => head.source !== source)
  }

  /**
   * Hands over all lines that there are now, up to where each source waits or ends. `onLine` gets a line whose
   * bytes are valid for the call; a promise that it returns is awaited. Sources that have ended leave. Stops early
   * once `enough` says so.
   */
  async drain(
    onLine: (line: LogLine, source: Source) => void | Promise<void>,
    enough: () => boolean = () => false,
  ): Promise<void> {
    const asked = this.#waiting
    this.#waiting = []
    for (const head of asked) await this.#refill(head)
    for (;;) {
      const first = this.#heads[0]
      if (!first || enough()) return
      const written = onLine(first.queue[first.at] as LogLine, first.source)
      if (written) await written
      first.at++
      if (first.at < first.queue.length) {
        this.#sink(0)
        continue
      }
      const last = this.#heads.pop() as Head<Source>
      if (last !== first) {
        this.#heads[0] = last
        this.#sink(0)
      }
      await this.#refill(first)
    }
  }

  async #refill(head: Head<Source>): Promise<void> {
    for (;;) {
      const lines = await head.source.lines.next()
      if (lines === 'end') return
      if (lines === 'wait') {
        this.#waiting.push(head)
        return
      }
      if (lines === 'attempt-end') {
        await head.source.onAttemptEnd?.()
        continue
      }
      head.queue = lines
      head.at = 0
      this.#heads.push(head)
      this.#rise(this.#heads.length - 1)
      return
    }
  }

  #rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(from: number): void {
    let at = from
    for (;;) {
      const left = 2 * at + 1
      if (left >= this.#heads.length) return
      const right = left + 1
      const child = right < this.#heads.length && this.#before(right, left) ? right : left
      if (!this.#before(child, at)) return
      this.#swap(at, child)
      at = child
    }
  }

  #before(a: number, b: number): boolean {
    const first = this.#heads[a] as Head<Source>
    const second = this.#heads[b] as Head<Source>
    const order = compareTimes(first.queue[first.at] as LogLine, second.queue[second.at] as LogLine)
    return order < 0 || (order === 0 && first.rank < second.rank)
  }

  #swap(a: number, b: number): void {
    const kept = this.#heads[a] as Head<Source>
    this.#heads[a] = this.#heads[b] as Head<Source>
    this.#heads[b] = kept
  }
}
