/** Of a node that is ahead of the others; it waits there. */
const mostHeld = 1024 * 1024
/** How long what has come waits for what may be older, where the end of it is not to be waited for. */
const patienceMs = 300

interface Source {
  queue: {timeMs: number; text: string; output: 0 | 1; cameAtMs: number}[]
  bytes: number
  ended: boolean
  wake: () => void
}

/** Lines of several nodes, each in its own order, as one by time. */
export class TimeMerge {
  readonly #sources: Map<string, Source>
  readonly #write: (text: string, output: 0 | 1) => void
  /** What comes has no end, and is not waited for. */
  readonly #endless: boolean
  #timer: NodeJS.Timeout | undefined

  constructor(names: readonly string[], endless: boolean, write: (text: string, output: 0 | 1) => void) {
    this.#endless = endless
    this.#write = write
    this.#sources = new Map(
      names.map((name) => [name, {queue: [], bytes: 0, ended: false, wake: () => undefined}]),
    )
  }

  /** Resolves when there is room for more of that node. */
  async add(name: string, timeMs: number, text: string, output: 0 | 1 = 0): Promise<void> {
    const source = this.#sources.get(name)
    if (!source) return
    // stdout and stderr of a node do not come in one order.
    const after = source.queue.findLastIndex((held) => held.timeMs <= timeMs)
    source.queue.splice(after + 1, 0, {timeMs, text, output, cameAtMs: performance.now()})
    source.bytes += text.length
    this.#release()
    if (source.bytes > mostHeld)
      await new Promise<void>((resolve) => {
        source.wake = resolve
      })
  }

  /** Nothing more comes of that node. */
  end(name: string): void {
    const source = this.#sources.get(name)
    if (source) source.ended = true
    this.#release()
  }

  #release(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const sources = [...this.#sources.values()]
    for (;;) {
      const waiting = sources.filter(({queue}) => queue.length > 0)
      const [first] = waiting.toSorted((a, b) => (a.queue[0]?.timeMs ?? 0) - (b.queue[0]?.timeMs ?? 0))
      const head = first?.queue[0]
      if (!first || !head) return
      const waitsForOthers = sources.some(({queue, ended}) => queue.length === 0 && !ended)
      const oldest = Math.min(...waiting.map(({queue}) => queue[0]?.cameAtMs ?? 0))
      const leftMs = oldest + patienceMs - performance.now()
      if (waitsForOthers && !(this.#endless && leftMs <= 0)) {
        if (this.#endless) this.#timer = setTimeout(() => this.#release(), leftMs + 1)
        return
      }
      first.queue.shift()
      first.bytes -= head.text.length
      if (first.bytes <= mostHeld) first.wake()
      this.#write(head.text, head.output)
    }
  }
}

const stamp = String.raw`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)`
const inText = new RegExp(`^((?:[^|\\n]{0,300} \\| )?)${stamp} `)
const inJson = new RegExp(`^\\{"time":"()${stamp}"`)

/** The time that a line of `logs` says, and the line without it; undefined for a line without one. */
export function timeOfLine(line: string): {timeMs: number; bare: string} | undefined {
  const found = inText.exec(line) ?? inJson.exec(line)
  if (!found) return undefined
  const [whole, before = '', seconds, fraction = '', zone] = found
  return {
    timeMs: Date.parse(`${seconds}${zone}`) + Number(`0${fraction}`) * 1000,
    bare: before + line.slice(whole.length),
  }
}
