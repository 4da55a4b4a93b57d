import {LineAssembler, type LineFilter, type LogLine} from './lines.js'
import {LogReader, type ReaderOptions, type Segment} from './reader.js'

export interface SourceOptions extends ReaderOptions {
  filter?: LineFilter
  /** Told once of a line that is damaged. */
  onDamage?: () => void
  bufferSize?: number
}

/** Some lines, the end of an attempt that another one follows, nothing for now, or the end of all. */
export type Lines = LogLine[] | 'attempt-end' | 'wait' | 'end'

/** The lines of a log's segments. Whoever makes one closes it. */
export class LineSource implements Disposable {
  readonly #assembler: LineAssembler
  readonly #options: SourceOptions
  #reader: LogReader
  #after: 'attempt-end' | 'end' | undefined

  constructor(segments: readonly Segment[], options: SourceOptions = {}) {
    this.#options = options
    const {filter = {}, onDamage = () => undefined, bufferSize} = options
    this.#assembler = new LineAssembler(filter, onDamage, bufferSize)
    this.#reader = new LogReader(segments, options)
  }

  /** The attempt that the last lines belong to. */
  get attempt(): number | undefined {
    return this.#reader.attempt
  }

  /** Goes on with another attempt, which is followed if this one was. */
  continueWith(segments: readonly Segment[]): void {
    this.#reader.close()
    this.#reader = new LogReader(segments, this.#options)
  }

  /** What is left of a log that will not grow any more. */
  endLog(): LogLine[] {
    return this.#assembler.endLog()
  }

  async next(): Promise<Lines> {
    const after = this.#after
    this.#after = undefined
    if (after) return after
    for (;;) {
      const lines = await this.#step()
      if (typeof lines === 'string' || lines.length > 0) return lines
    }
  }

  async #step(): Promise<Lines> {
    const reading = await this.#reader.next(this.#assembler.room())
    // Asked again for each part, since a tail may begin at two places.
    const {filter} = this.#options
    this.#assembler.filter =
      this.#reader.only === undefined ? (filter ?? {}) : {...filter, stream: this.#reader.only}
    switch (reading) {
      case 'wait':
        return 'wait'
      case 'file-end':
        return this.#assembler.endFile()
      case 'attempt-end':
      case 'end': {
        const lines = this.#assembler.endLog()
        if (lines.length === 0) return reading
        this.#after = reading
        return lines
      }
      default:
        return this.#assembler.take(reading)
    }
  }

  close(): void {
    this.#reader.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
