import type {Orders} from '../../nodes/orders.js'
import {type CommandLine, givenValue} from '../argv.js'

type Write = (bytes: Buffer) => Promise<void> | void
type Show = () => Promise<void> | void
type Output = 0 | 1

/** As much is held for a node that releases nothing. */
const mostHeld = 16 * 1024 * 1024

/** What is shown of a command that is gone on with after its connection was lost: all that it says will not come again. */
export class Follow {
  readonly #kept = new Map<string, string>()
  readonly #fresh: [[string, string][], [string, string][]] = [[], []]
  readonly #held: [Show[], Show[]] = [[], []]
  readonly #heldBytes: [number, number] = [0, 0]
  #lostAtMs: number | undefined
  readonly #verb: string

  private constructor(verb: string) {
    this.#verb = verb
  }

  /** undefined for a line that ends by itself, or whose place nobody keeps. */
  static of({id, given}: CommandLine): Follow | undefined {
    const follows = id === 'events' || (id === 'logs' && givenValue(given, 'follow') === true)
    return follows && givenValue(given, 'limit-bytes') === undefined ? new Follow(id) : undefined
  }

  /** Since the connection was lost; 0 while it was not. */
  get lostMs(): number {
    return this.#lostAtMs === undefined ? 0 : performance.now() - this.#lostAtMs
  }

  /** What is said of the time between; of events it is said when they are listened to again. */
  get gapText(): string {
    return this.#verb === 'logs' ? ', behind the last line' : ''
  }

  get orders(): NonNullable<Orders['resume']> {
    return {
      lostMs: this.lostMs,
      ...(this.#kept.size > 0 && {before: [...this.#kept]}),
    }
  }

  /** What is written waits until it is released. */
  holding(output: Output, write: Write): Write {
    return (bytes) => {
      const kept = Buffer.from(bytes)
      return this.hold(output, kept.length, () => write(kept))
    }
  }

  /** The same for what is shown otherwise. */
  async hold(output: Output, bytes: number, show: Show): Promise<void> {
    this.#held[output].push(show)
    this.#heldBytes[output] += bytes
    if (this.#heldBytes[output] > mostHeld) await this.#release(output)
  }

  /** False where the mark is none of these. */
  async hear(text: string, output: Output): Promise<boolean> {
    if (text === 'go') {
      this.#lostAtMs = undefined
      for (const [key, value] of this.#fresh[output])
        if (value === '') this.#kept.delete(key)
        else this.#kept.set(key, value)
      this.#fresh[output] = []
      await this.#release(output)
      return true
    }
    if (!text.startsWith('keep ')) return false
    const entry: unknown = JSON.parse(text.slice('keep '.length))
    if (Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === 'string'))
      this.#fresh[output].push(entry as [string, string])
    return true
  }

  /** It is over: all is shown. */
  async end(): Promise<void> {
    await this.#release(0)
    await this.#release(1)
  }

  /** What was not released comes again. */
  drop(): void {
    for (const output of [0, 1] as const) {
      this.#fresh[output] = []
      this.#held[output] = []
      this.#heldBytes[output] = 0
    }
    this.#lostAtMs ??= performance.now()
  }

  async #release(output: Output): Promise<void> {
    const held = this.#held[output]
    this.#held[output] = []
    this.#heldBytes[output] = 0
    for (const show of held) await show()
  }
}
