import {createInterface, type Interface} from 'node:readline'
import {Interrupted} from '../../errors/errors.js'

/** What was typed at a prompt. */
export interface Typed {
  line: string
  /** Lines that came along with it, as where several are pasted at once. They are remembered. */
  more: readonly string[]
}

/** The words that may stand at the end of a line, and what of it they replace. */
export type Completion = [words: string[], typed: string]

/** Nobody types the next line so soon. */
const pastedWithinMs = 30
const mostRemembered = 100

/** Asks for lines on the terminal, and remembers them for the arrow keys. */
export class Prompt {
  readonly #signal: AbortSignal
  readonly #complete: (line: string) => Promise<Completion>
  /** The last one first. */
  #history: string[] = []

  constructor(signal: AbortSignal, complete: (line: string) => Promise<Completion>) {
    this.#signal = signal
    this.#complete = complete
  }

  /** For the arrow keys, as if it had been typed. */
  remember(line: string): void {
    if (line.trim() === '') return
    this.#history = [line, ...this.#history.filter((other) => other !== line)].slice(0, mostRemembered)
  }

  /**
   * What is typed; undefined for Ctrl-D. Ctrl-C takes back what stands on the line; where nothing does it throws
   * Interrupted, and so does the signal its reason.
   */
  async ask(prompt: string): Promise<Typed | undefined> {
    for (;;) {
      const answer = await this.#askOnce(prompt)
      if (answer === 'taken back') continue
      // Of those that came along Up brings the first one first.
      if (answer) for (const line of [answer.line, ...answer.more.toReversed()]) this.remember(line)
      return answer
    }
  }

  #askOnce(prompt: string): Promise<Typed | 'taken back' | undefined> {
    return new Promise((resolve, reject) => {
      this.#signal.throwIfAborted()
      const lines = createInterface({
        input: process.stdin,
        output: process.stdout,
        terminal: true,
        history: [...this.#history],
        historySize: mostRemembered,
        prompt,
        completer: (line: string, done: (error: null, found: Completion) => void) => {
          void this.#find(line).then((found) => {
            // A line that is over would begin to read again.
            if (!isOver) done(null, found)
          })
        },
      })
      const typed: string[] = []
      let isOver = false
      const finish = (settle: () => void): void => {
        if (isOver) return
        isOver = true
        this.#signal.removeEventListener('abort', stop)
        clearTimeout(waiting)
        close(lines)
        settle()
      }
      const stop = () => finish(() => reject(this.#signal.reason))
      const take = () => {
        if (lines.line !== '') process.stdout.write('\n')
        const [line = '', ...more] = [...typed, lines.line]
        finish(() => resolve({line, more: more.filter((each) => each.trim() !== '')}))
      }
      let waiting: NodeJS.Timeout | undefined
      this.#signal.addEventListener('abort', stop)
      lines
        .on('line', (line) => {
          typed.push(line)
          waiting ??= setTimeout(take, pastedWithinMs)
          waiting.refresh()
        })
        .once('SIGINT', () => {
          const isEmpty = lines.line === ''
          process.stdout.write(isEmpty ? '\n' : '^C\n')
          finish(isEmpty ? () => reject(new Interrupted('SIGINT')) : () => resolve('taken back'))
        })
        .once('close', () => {
          if (!isOver) process.stdout.write('\n')
          finish(() => resolve(undefined))
        })
      lines.prompt()
    })
  }

  async #find(line: string): Promise<Completion> {
    try {
      return await this.#complete(line)
    } catch {
      // Whatever it was, a message would land in the middle of the line.
      return [[], line]
    }
  }
}

function close(lines: Interface): void {
  try {
    lines.close()
  } catch {
    // A terminal that is gone cannot be put back.
  }
  process.stdin.pause()
}
