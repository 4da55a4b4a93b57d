import {Interrupted} from '../errors/errors.js'

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Nobody presses Ctrl-C so soon after a child's end for what comes then. */
const lateMs = 200

/** What ends a command from outside: Ctrl-C, SIGTERM and SIGHUP, output that has no place to go. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController()
  #children = 0
  #childEndedAtMs = Number.NEGATIVE_INFINITY
  readonly #stop = (signal: NodeJS.Signals) => {
    if (this.#isForChild(signal)) return
    const reason = new Interrupted(signal as (typeof endings)[number])
    // A second Ctrl-C must always end the process, whatever the first one is still waiting for. A terminal that is
    // closed sends several SIGHUP, of which none is a second wish.
    if (this.signal.aborted && signal !== 'SIGHUP') process.exit(reason.exitCode)
    this.end(reason)
  }

  readonly #readerGone = () => this.end(new Interrupted('SIGPIPE'))

  constructor() {
    for (const signal of endings) process.on(signal, this.#stop)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The first reason counts. */
  end(reason: Error): void {
    this.#controller.abort(reason)
  }

  /** Also where the command has ended as if it had been asked to: no code of its own says that output is missing. */
  throwIfCut(): void {
    const {aborted, reason} = this.signal
    if (aborted && !(reason instanceof Interrupted && reason.signal !== 'SIGHUP')) throw reason
  }

  /** From now on the end of whoever reads our output is an interruption, and not simply our end. */
  outliveReader(): void {
    process.on('SIGPIPE', this.#readerGone)
  }

  /** While a child has the terminal Ctrl-C is meant for it. */
  async leaveToChild<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#children++
    try {
      return await work()
    } finally {
      this.#children--
      this.#childEndedAtMs = performance.now()
    }
  }

  /** A busy process may hear of the child's end before it hears of the Ctrl-C that ended that. */
  #isForChild(signal: NodeJS.Signals): boolean {
    const isLate = performance.now() - this.#childEndedAtMs < lateMs
    return signal === 'SIGINT' && (this.#children > 0 || isLate)
  }

  [Symbol.dispose](): void {
    for (const signal of endings) process.off(signal, this.#stop)
    process.off('SIGPIPE', this.#readerGone)
  }
}
