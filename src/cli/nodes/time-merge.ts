/** Of a node that is ahead of the others, or of all where nobody takes them; it waits there. */
const mostHeld = 1024 * 1024
/** What a line takes besides its text. */
const lineBytes = 100
/** Written at once. */
const mostWritten = 64 * 1024
/** How long what has come waits for what may be older, where the end of it is not to be waited for. */
const patienceMs = 300

interface Line {
  timeMs: number
  text: string
  output: 0 | 1
  cameAtMs: number
}

/** The lines of a node, by their time. */
class Queue {
  #lines: Line[] = []
  #taken = 0

  get first(): Line | undefined {
    return this.#lines[this.#taken]
  }

  /** stdout and stderr of a node do not come in one order. */
  add(line: Line): void {
    let place = this.#lines.length
    while (place > this.#taken && (this.#lines[place - 1] as Line).timeMs > line.timeMs) place--
    if (place === this.#lines.length) this.#lines.push(line)
    else this.#lines.splice(place, 0, line)
  }

  take(): void {
    this.#taken++
    // One by one would take longer the more there are.
    if (this.#taken * 2 < this.#lines.length) return
    this.#lines = this.#lines.slice(this.#taken)
    this.#taken = 0
  }
}

interface Source {
  queue: Queue
  bytes: number
  ended: boolean
  /** Those who wait for room. */
  waiting: (() => void)[]
}

/** Lines of several nodes, each in its own order, as one by time. */
export class TimeMerge {
  readonly #sources: Map<string, Source>
  readonly #write: (text: string, output: 0 | 1) => Promise<void> | void
  /** What comes has no end, and is not waited for. */
  readonly #endless: boolean
  #timer: NodeJS.Timeout | undefined
  #isWriting = false
  #written: Promise<void> = Promise.resolve()

  /** While `write` is not done nothing else is written. */
  constructor(
    names: readonly string[],
    endless: boolean,
    write: (text: string, output: 0 | 1) => Promise<void> | void,
  ) {
    this.#endless = endless
    this.#write = write
    this.#sources = new Map(
      names.map((name) => [name, {queue: new Queue(), bytes: 0, ended: false, waiting: []}]),
    )
  }

  /** Resolves when there is room for more of that node. */
  async add(name: string, timeMs: number, text: string, output: 0 | 1 = 0): Promise<void> {
    const source = this.#sources.get(name)
    if (!source) return
    source.queue.add({timeMs, text, output, cameAtMs: performance.now()})
    source.bytes += text.length + lineBytes
    this.#release()
    if (source.bytes > mostHeld) await new Promise<void>((resolve) => source.waiting.push(resolve))
  }

  /** Nothing more comes of that node. */
  end(name: string): void {
    const source = this.#sources.get(name)
    if (source) source.ended = true
    this.#release()
  }

  /** Resolves when all is written, once the last node has ended. */
  async finish(): Promise<void> {
    await this.#written
  }

  #release(): void {
    if (!this.#isWriting) this.#written = this.#writeDue()
  }

  async #writeDue(): Promise<void> {
    this.#isWriting = true
    for (let due = this.#takeDue(); due; due = this.#takeDue()) await this.#write(due.text, due.output)
    this.#isWriting = false
  }

  /** Lines whose turn it is, of one output. */
  #takeDue(): {text: string; output: 0 | 1} | undefined {
    let text = ''
    let output: 0 | 1 = 0
    while (text.length < mostWritten) {
      const source = this.#nextSource()
      const line = source?.queue.first
      if (!source || !line || (text !== '' && line.output !== output)) break
      text += line.text
      output = line.output
      source.queue.take()
      source.bytes -= line.text.length + lineBytes
      if (source.bytes <= mostHeld) for (const resolve of source.waiting.splice(0)) resolve()
    }
    return text === '' ? undefined : {text, output}
  }

  /** The one with the oldest line; undefined where there is none, or an older one may come yet. */
  #nextSource(): Source | undefined {
    clearTimeout(this.#timer)
    let next: Source | undefined
    let cameAtMs = Number.POSITIVE_INFINITY
    let mayComeYet = false
    for (const source of this.#sources.values()) {
      const line = source.queue.first
      if (!line) mayComeYet ||= !source.ended
      else {
        cameAtMs = Math.min(cameAtMs, line.cameAtMs)
        if (!next || line.timeMs < (next.queue.first?.timeMs ?? 0)) next = source
      }
    }
    if (!next || !mayComeYet) return next
    const leftMs = cameAtMs + patienceMs - performance.now()
    if (this.#endless && leftMs <= 0) return next
    if (this.#endless) this.#timer = setTimeout(() => this.#release(), leftMs + 1)
    return undefined
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
