/**
 * How long a container has to wait before it is made again, as the kubelet has it: not at all, then 10 seconds, then
 * twice as long each time up to 5 minutes; from the start again once nothing has happened for twice the longest.
 */
export class BackOff {
  readonly #firstDelayMs: number
  readonly #longestDelayMs: number
  #delayMs = 0
  #raisedAtMs = 0

  constructor({firstDelayMs, longestDelayMs}: {firstDelayMs: number; longestDelayMs: number}) {
    this.#firstDelayMs = firstDelayMs
    this.#longestDelayMs = longestDelayMs
  }

  /** Whether one that has ended then may be made again now. */
  isOver(endedAtMs: number, nowMs: number): boolean {
    if (endedAtMs - this.#raisedAtMs > 2 * this.#longestDelayMs) this.#delayMs = 0
    return nowMs >= endedAtMs + this.#delayMs
  }

  /** When one is made again. */
  raise(nowMs: number): void {
    this.#delayMs =
      this.#delayMs === 0 ? this.#firstDelayMs : Math.min(2 * this.#delayMs, this.#longestDelayMs)
    this.#raisedAtMs = nowMs
  }
}
