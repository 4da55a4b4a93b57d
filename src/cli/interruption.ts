import {Interrupted} from '../errors/errors.js'

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What ends a command from outside: Ctrl-C, SIGTERM and SIGHUP, output that has no place to go. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController()
  readonly #stop = (signal: NodeJS.Signals) => {
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
    const ignore = () => undefined
    process.on('SIGINT', ignore).off('SIGINT', this.#stop)
    try {
      return await work()
    } finally {
      process.on('SIGINT', this.#stop).off('SIGINT', ignore)
    }
  }

  [Symbol.dispose](): void {
    for (const signal of endings) process.off(signal, this.#stop)
    process.off('SIGPIPE', this.#readerGone)
  }
}
