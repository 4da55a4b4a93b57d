import {literalOf, requiredText} from '../logs/expression.js'
import {ContextLines, type Grep} from '../logs/grep.js'
import {LineCopier, longestNeedleBytes} from '../logs/line-copier.js'
import type {LineFilter, LogLine} from '../logs/lines.js'
import {MatchingLines} from '../logs/matching-lines.js'
import {LineMerger} from '../logs/merge.js'
import {LogOutput, type LogSink} from '../logs/output.js'
import {LogReader, type Segment} from '../logs/reader.js'
import {newline, type StreamIndex} from '../logs/record.js'
import {LineSource} from '../logs/source.js'
import {type LogOrigin, lineJson, linePieces} from './lines.js'
import type {LogPlaces} from './places.js'

/** What is known of a log while it is shown. */
export interface FedLog {
  origin: LogOrigin
  /** With its colour; empty where there is only one log. */
  prefix: string
  onAttemptEnd: () => void | Promise<void>
}

/** Shows logs as their bytes come. */
export interface LogFeed extends Disposable {
  add(log: FedLog, segments: readonly Segment[]): void
  /** Goes on with the next attempt of a log that has ended. */
  continueWith(log: FedLog, segments: readonly Segment[]): Promise<void>
  /** Shows what is left of a log that will not grow, such as a line without an end. */
  finish(log: FedLog): Promise<void>
  remove(log: FedLog): void
  /** Shows all there is now. True if there was anything. */
  drain(): Promise<boolean>
  /** No more is to be shown. */
  readonly full: boolean
}

export interface FeedOptions {
  sink: LogSink
  format: 'text' | 'json'
  timestamps: boolean
  limitBytes: number
  grep: Grep | undefined
  /** Marks what a line was chosen for. */
  highlight: ((text: string) => string) | undefined
  /** Stands where lines are left out between the surroundings of two matches. */
  gap: string
  filter: LineFilter
  follow: boolean
  signal: AbortSignal
  onNotice: (text: string) => void
  onFailure: (error: unknown) => void
  onDamage: (log: FedLog) => void
  /** Where somebody may go on. */
  places: LogPlaces | undefined
}

interface Shown {
  log: FedLog
  lines: LineSource
  context: ContextLines | undefined
  onAttemptEnd: () => void | Promise<void>
  /** The last line had no end. */
  unended: boolean
}

/** Memory for the bytes of all logs together. */
const buffersBytes = 512 * 1024
const bufferBytes = {least: 16 * 1024, most: 256 * 1024}

/** Lines of any number of logs, merged by time. */
export class LineFeed implements LogFeed {
  readonly #options: FeedOptions
  readonly #merger = new LineMerger<Shown>()
  readonly #shown = new Map<FedLog, Shown>()
  readonly #output: LogOutput
  readonly #expected: number
  #any = false

  constructor(options: FeedOptions, expectedLogs: number) {
    this.#options = options
    this.#expected = expectedLogs
    this.#output = new LogOutput(options.sink, options.limitBytes)
  }

  get full(): boolean {
    return this.#output.full
  }

  add(log: FedLog, segments: readonly Segment[]): void {
    const {grep, onDamage} = this.#options
    const share = Math.floor(buffersBytes / Math.max(1, this.#expected))
    const lines = new LineSource(segments, {
      ...this.#options,
      bufferSize: Math.min(bufferBytes.most, Math.max(bufferBytes.least, share)),
      onDamage: () => onDamage(log),
    })
    const shown: Shown = {
      log,
      lines,
      context: grep && new ContextLines(grep),
      unended: false,
      onAttemptEnd: async () => {
        await this.#output.flush()
        await log.onAttemptEnd()
      },
    }
    this.#shown.set(log, shown)
    this.#merger.add(shown)
  }

  async continueWith(log: FedLog, segments: readonly Segment[]): Promise<void> {
    this.#shown.get(log)?.lines.continueWith(segments)
  }

  async finish(log: FedLog): Promise<void> {
    const shown = this.#shown.get(log)
    if (!shown) return
    for (const line of shown.lines.endLog()) await this.#show(line, shown)
    await this.#flush()
  }

  remove(log: FedLog): void {
    const shown = this.#shown.get(log)
    if (!shown) return
    this.#shown.delete(log)
    this.#merger.remove(shown)
    shown.lines.close()
  }

  async drain(): Promise<boolean> {
    this.#any = false
    await this.#merger.drain(
      (line, shown) => this.#show(line, shown),
      () => this.#output.full,
    )
    if (this.#any || !this.#options.follow) await this.#flush()
    return this.#any
  }

  async #flush(): Promise<void> {
    await this.#output.flush()
    this.#options.places?.release()
  }

  [Symbol.dispose](): void {
    for (const {lines} of this.#shown.values()) lines.close()
  }

  #show(line: LogLine, shown: Shown): Promise<void> | undefined {
    this.#any = true
    const {places} = this.#options
    return places ? this.#showOnce(line, shown, places) : this.#choose(line, shown)
  }

  async #showOnce(line: LogLine, shown: Shown, places: LogPlaces): Promise<void> {
    const {origin} = shown.log
    if (places.isBehind(line, origin)) return
    places.pass(line, origin, shown.lines.attempt ?? origin.attempt)
    await this.#choose(line, shown)
    if (places.isDue) await this.#flush()
  }

  #choose(line: LogLine, shown: Shown): Promise<void> | undefined {
    if (!shown.context) return this.#write(line, shown)
    const {lines, gap} = shown.context.next(line)
    if (lines.length === 0) return undefined
    return this.#writeAll(lines, gap, shown)
  }

  async #writeAll(lines: readonly LogLine[], gap: boolean, shown: Shown): Promise<void> {
    if (gap && this.#options.gap !== '') await this.#output.line(0, [this.#options.gap])
    for (const line of lines) await this.#write(line, shown)
  }

  #write(line: LogLine, shown: Shown): Promise<void> | undefined {
    const {log, lines} = shown
    const {format, timestamps, highlight} = this.#options
    if (format === 'json') {
      const origin = {...log.origin, attempt: lines.attempt ?? log.origin.attempt}
      return this.#output.line(0, [lineJson(line, origin)])
    }
    const {prefix} = log
    const alwaysEnd = prefix !== ''
    const pieces = linePieces(line, {prefix, timestamps, highlight, alwaysEnd})
    if (shown.unended && !line.continued) pieces.unshift('\n')
    shown.unended = !line.ended && !alwaysEnd
    return this.#output.line(line.stream, pieces)
  }
}

/** Whether lines are chosen one by one, whatever is around them. */
export function isPlainSearch({before, after}: Grep): boolean {
  return before === 0 && after === 0
}

/** What lines are searched for before they are looked at any closer; `exact` where that is all. */
function needleOf({include, exclude}: Grep): {needle: Buffer | undefined; exact: boolean} {
  const [only] = include.length === 1 ? include : []
  const literal = only && literalOf(only)
  const text = literal ?? (only && requiredText(only))
  const needle = text === undefined ? undefined : Buffer.from(text)
  if (!needle || needle.length > longestNeedleBytes) return {needle: undefined, exact: false}
  return {needle, exact: literal !== undefined && exclude.length === 0}
}

/** One log in CRI format, from file to output with as little in between as can be. */
export class CopyFeed implements LogFeed {
  readonly full = false
  readonly #options: FeedOptions
  readonly #copier: LineCopier
  /** What the copier writes to, where lines have to be looked at. */
  readonly #matching: MatchingLines | undefined
  #log: FedLog | undefined
  #reader: LogReader | undefined
  /** Streams whose last line had no end. */
  #unended: StreamIndex[] = []

  constructor(options: FeedOptions) {
    this.#options = options
    const {grep, sink, timestamps, signal} = options
    const {needle, exact} = grep ? needleOf(grep) : {needle: undefined, exact: true}
    this.#matching =
      grep && !exact ? new MatchingLines(sink, {...grep, stamped: timestamps, signal}) : undefined
    this.#copier = new LineCopier(this.#matching ?? sink, {
      filter: options.filter,
      timestamps,
      needle,
      onDamage: () => this.#log && options.onDamage(this.#log),
    })
  }

  add(log: FedLog, segments: readonly Segment[]): void {
    this.#log = log
    this.#reader = new LogReader(segments, this.#options)
  }

  async continueWith(log: FedLog, segments: readonly Segment[]): Promise<void> {
    this.#reader?.close()
    await this.#endLines()
    this.add(log, segments)
  }

  async finish(): Promise<void> {
    const open = await this.#copier.endLog()
    this.#unended = [...this.#unended, ...(this.#matching ? await this.#matching.end() : open)]
  }

  /** Ends lines that have no end, since another log's come behind them. */
  async #endLines(): Promise<void> {
    for (const stream of this.#unended) await this.#options.sink.write(stream, Buffer.of(newline))
    this.#unended = []
  }

  remove(): void {
    this.#reader?.close()
    this.#reader = undefined
  }

  async drain(): Promise<boolean> {
    const reader = this.#reader
    if (!reader) return false
    for (let any = false; ; any = true) {
      const reading = await reader.next(this.#copier.room())
      this.#copier.only = reader.only
      switch (reading) {
        case 'wait':
          return any
        case 'end':
          await this.finish()
          return any
        case 'file-end':
          await this.#copier.endFile()
          break
        case 'attempt-end':
          await this.finish()
          await this.#endLines()
          await this.#log?.onAttemptEnd()
          break
        default:
          await this.#copier.take(reading)
      }
    }
  }

  [Symbol.dispose](): void {
    this.#reader?.close()
  }
}
