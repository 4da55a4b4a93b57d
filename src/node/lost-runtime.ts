import {isStarting} from '../client/service.js'
import {RpcError, rpcCode, type SocketProblem, UnreachableError} from '../errors/errors.js'

// The one definition of a runtime that went away, as it does while it is restarted, and what those do that go on.

const lostCodes: readonly number[] = [rpcCode.unavailable, rpcCode.cancelled, rpcCode.deadlineExceeded]
const passing: readonly SocketProblem[] = ['absent', 'nobody listens', 'no answer', 'still starting']

/**
 * Whether the runtime went away, so that asking again may help: its socket is gone, its connection was cut, it does not
 * answer in time, it cancels the calls it has since it shuts down, or it is not up yet. A call that we cancel fails with
 * our signal's reason instead.
 */
export function isRuntimeLost(error: unknown): boolean {
  if (error instanceof UnreachableError) return error.sockets.every(({problem}) => passing.includes(problem))
  return error instanceof RpcError && (lostCodes.includes(error.code) || isStarting(error))
}

/** A call that ran out of time. Where other calls of the same moment are answered, it alone is slow. */
export function isSlowCall(error: unknown): boolean {
  return error instanceof RpcError && error.code === rpcCode.deadlineExceeded
}

/** In place of an answer, where the runtime went away. */
export const lost = Symbol('lost')

/**
 * What a watcher knows of its runtime: one that has answered and then goes away is waited for. Says once that it does
 * not answer, and once that it answers again, however many questions are open.
 */
export class Outage {
  readonly #note: (text: string) => void
  readonly #meanwhile: string
  #answered: boolean
  #lost = false
  /** How often it went away: an answer to a question from before does not mean that it is back. */
  #times = 0

  constructor(
    note: (text: string) => void,
    {meanwhile = 'asking again until it does', answered = false} = {},
  ) {
    this.#note = note
    this.#meanwhile = meanwhile
    this.#answered = answered
  }

  /** The answer, or `lost`. Throws what no other try can put right, and any failure of a runtime that never answered. */
  async ask<Answer>(question: () => Promise<Answer>): Promise<Answer | typeof lost> {
    const times = this.#times
    try {
      const answer = await question()
      this.#isBack(times)
      return answer
    } catch (error) {
      if (!isRuntimeLost(error)) {
        if (error instanceof RpcError) this.#isBack(times)
        throw error
      }
      if (!this.#answered) throw error
      if (!this.#lost) this.#note(`the runtime does not answer: ${this.#meanwhile}`)
      this.#lost = true
      this.#times++
      return lost
    }
  }

  /** The answer, however long it takes: a pause before each further try. Rejects as the pause does. */
  async persist<Answer>(question: () => Promise<Answer>, pause: () => Promise<void>): Promise<Answer> {
    for (;;) {
      const answer = await this.ask(question)
      if (answer !== lost) return answer
      await pause()
    }
  }

  #isBack(times: number): void {
    this.#answered = true
    if (!this.#lost || times !== this.#times) return
    this.#lost = false
    this.#note('the runtime answers again')
  }
}
