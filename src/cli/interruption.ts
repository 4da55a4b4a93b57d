import {exitCode, Interrupted} from '../errors/errors.js'

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What ends a command from outside: Ctrl-C, SIGTERM and SIGHUP. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController()
  readonly #stop = (signal: NodeJS.Signals) => {
    // A second Ctrl-C must always end the process, whatever the first one is still waiting for.
    if (this.signal.aborted) process.exit(exitCode.interrupted)
    this.#controller.abort(new Interrupted(signal as (typeof endings)[number]))
  }

  readonly #readerGone = () => this.#controller.abort(new Interrupted('SIGPIPE'))

  constructor() {
    for (const signal of endings) process.on(signal, this.#stop)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
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
