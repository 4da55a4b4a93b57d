import type {RunOnNode} from '../../nodes/run.js'
import {takeTerminal} from '../../terminal/raw.js'

/** What the user's stdin holds, to the node as far as the program there asks for it, and not before. */
export class InputForNode implements Disposable {
  readonly #run: RunOnNode
  #wanted = 0
  #started = false
  #over = false
  #wake: (() => void) | undefined
  readonly #givesKeys: boolean
  #restoreTerminal: (() => void) | undefined

  /** `givesKeys`: the command line is one for which the terminal may be taken. */
  constructor(run: RunOnNode, {givesKeys}: {givesKeys: boolean}) {
    this.#run = run
    this.#givesKeys = givesKeys
  }

  /** `input N`: that many bytes more. `raw on`, `raw off`: each key as it is, or lines as the terminal makes them. */
  hear(mark: string): void {
    const [word, value = ''] = mark.split(' ')
    if (word === 'raw') this.#setRaw(value === 'on')
    if (word !== 'input' || !/^\d{1,9}$/.test(value)) return
    this.#wanted += Number(value)
    this.#wake?.()
    if (!this.#started) void this.#pass()
    this.#started = true
  }

  async #pass(): Promise<void> {
    try {
      for await (const chunk of process.stdin) {
        let rest = chunk as Buffer
        while (rest.length > 0) {
          if (this.#wanted === 0) await this.#untilWanted()
          if (this.#over) return
          const bytes = rest.subarray(0, Math.min(this.#wanted, rest.length))
          this.#wanted -= bytes.length
          await this.#run.send({kind: 'data', bytes})
          rest = rest.subarray(bytes.length)
        }
      }
    } catch {
      // It can't be read any more, which is its end.
    }
    if (!this.#over) await this.#run.send({kind: 'end'})
  }

  #untilWanted(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #setRaw(on: boolean): void {
    if (on && this.#givesKeys && process.stdin.isTTY && !this.#over)
      this.#restoreTerminal ??= takeTerminal(process.stdin)
    if (on) return
    this.#restoreTerminal?.()
    this.#restoreTerminal = undefined
  }

  [Symbol.dispose](): void {
    this.#over = true
    this.#setRaw(false)
    this.#wake?.()
    if (this.#started) process.stdin.destroy()
  }
}
