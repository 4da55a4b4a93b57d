import {isUtf8} from 'node:buffer'
import {type LineFinder, lineFinder} from './expression.js'
import {type Grep, lineTest} from './grep.js'
import {LogOutput, type LogSink} from './output.js'
import {newline, type StreamIndex} from './record.js'
import {Turns} from './turns.js'

/** As much is looked at in one go, as one string; less of lines that may take their time. */
const blockBytes = 128 * 1024
const slowLinesInBlock = 16
/** Longer lines are judged by their pieces: once one passes, all that follows does. */
const longestLine = 1024 * 1024

export interface MatchOptions extends Pick<Grep, 'include' | 'exclude'> {
  /** A time and a blank come before the text of each line. */
  stamped: boolean
  /** Looked at now and then; its reason is thrown. */
  signal?: AbortSignal | undefined
}

/** A sink that passes on the lines whose text matches. What is behind the last newline waits for more. */
export class MatchingLines implements LogSink {
  readonly shared: boolean
  readonly #output: LogOutput
  readonly #passes: (content: Buffer) => boolean
  readonly #stamped: boolean
  /** Finds lines that have to be looked at; of the others all, or none, pass. */
  readonly #finder: LineFinder | undefined
  readonly #othersPass: boolean
  readonly #finderDecides: boolean
  readonly #blockBytes: number
  readonly #turns: Turns
  readonly #waiting: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  readonly #waitingBytes: [number, number] = [0, 0]
  /** In the rest of a line of which a piece has passed. */
  readonly #through: [boolean, boolean] = [false, false]

  constructor(sink: LogSink, {include, exclude, stamped, signal}: MatchOptions) {
    this.#turns = new Turns(signal)
    this.shared = sink.shared
    this.#output = new LogOutput(sink)
    this.#passes = lineTest({include, exclude})
    this.#stamped = stamped
    this.#othersPass = include.length === 0
    this.#finder = lineFinder(this.#othersPass ? exclude : include, stamped)
    this.#finderDecides = this.#finder?.exact === true && (this.#othersPass || exclude.length === 0)
    this.#blockBytes = Math.min(blockBytes, slowLinesInBlock * (this.#finder?.longestQuick ?? Infinity))
  }

  async write(stream: StreamIndex, bytes: Uint8Array): Promise<void> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const first = buffer.indexOf(newline) + 1
    const last = buffer.lastIndexOf(newline) + 1
    if (first === 0) await this.#wait(stream, buffer)
    else {
      await this.#wait(stream, buffer.subarray(0, first))
      await this.#endLine(stream)
      if (last > first) await this.#lines(stream, buffer.subarray(first, last))
      await this.#wait(stream, buffer.subarray(last))
    }
    await this.#output.flush()
  }

  /** Nothing comes behind what waits. Gives the streams whose last line, without an end, has passed. */
  async end(): Promise<StreamIndex[]> {
    const shown: StreamIndex[] = []
    for (const stream of [0, 1] as const) if (await this.#endLine(stream)) shown.push(stream)
    await this.#output.flush()
    return shown
  }

  async #wait(stream: StreamIndex, bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return
    if (this.#through[stream]) {
      await this.#output.line(stream, [bytes])
      return
    }
    const size = this.#waitingBytes[stream] + bytes.length
    if (this.#waiting[stream].length < size)
      this.#waiting[stream] = Buffer.concat([this.#waiting[stream]], 2 * size)
    bytes.copy(this.#waiting[stream], this.#waitingBytes[stream])
    this.#waitingBytes[stream] = size
    if (size < longestLine) return
    const piece = this.#waiting[stream].subarray(0, size)
    this.#waitingBytes[stream] = 0
    if (!this.#passesLine(piece, 0, size)) return
    this.#through[stream] = true
    await this.#output.line(stream, [piece])
  }

  /** True if it was shown. */
  async #endLine(stream: StreamIndex): Promise<boolean> {
    const through = this.#through[stream]
    this.#through[stream] = false
    const size = this.#waitingBytes[stream]
    if (size === 0) return through
    this.#waitingBytes[stream] = 0
    const line = this.#waiting[stream].subarray(0, size)
    if (!this.#passesLine(line, 0, line.at(-1) === newline ? size - 1 : size)) return false
    await this.#output.line(stream, [line])
    return true
  }

  /** Whole lines. */
  async #lines(stream: StreamIndex, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const most = at + this.#blockBytes
      const within = most < bytes.length ? bytes.lastIndexOf(newline, most - 1) + 1 : bytes.length
      const end = within > at ? within : bytes.indexOf(newline, most) + 1
      await this.#block(stream, bytes.subarray(at, end))
      at = end
      if (this.#turns.due) await this.#turns.giveWay()
    }
  }

  async #block(stream: StreamIndex, bytes: Buffer): Promise<void> {
    const finder = this.#finder
    const finds = finder && !(finder.needsUtf8 && !isUtf8(bytes)) && !hasLonger(bytes, finder.longestQuick)
    const picked = finds ? this.#findLines(bytes, finder) : this.#testLines(bytes)
    // Of the lines that are picked where others pass, what lies between them is shown.
    const shown = this.#othersPass ? [0, ...picked, bytes.length] : picked
    for (let index = 0; index < shown.length; index += 2) {
      const [from = 0, to = 0] = [shown[index], shown[index + 1]]
      if (to > from) await this.#output.line(stream, [bytes.subarray(from, to)])
    }
  }

  /** Where lines begin and end that are unlike those that are not found. */
  #findLines(bytes: Buffer, finder: LineFinder): number[] {
    const startedAt = performance.now()
    const text = bytes.toString('latin1')
    const picked: number[] = []
    for (let at = 0; at < bytes.length; ) {
      const found = finder.next(text, at)
      if (found === text.length) break
      const start = found === at ? at : bytes.lastIndexOf(newline, found - 1) + 1
      const end = text.indexOf('\n', found)
      at = end + 1
      if (this.#finderDecides || this.#passesLine(bytes, start, end) !== this.#othersPass)
        pick(picked, start, at)
    }
    finder.took(performance.now() - startedAt, bytes.length)
    return picked
  }

  #testLines(bytes: Buffer): number[] {
    const picked: number[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(newline, at)
      if (this.#passesLine(bytes, at, end) !== this.#othersPass) pick(picked, at, end + 1)
      at = end + 1
    }
    return picked
  }

  #passesLine(bytes: Buffer, start: number, end: number): boolean {
    const text = this.#stamped ? bytes.indexOf(space, start) + 1 : start
    return this.#passes(bytes.subarray(text, end))
  }
}

const space = 32

/** Whether one of the lines has more bytes than that. */
function hasLonger(lines: Buffer, most: number): boolean {
  for (let at = 0; lines.length - at > most; ) {
    const end = lines.lastIndexOf(newline, at + most)
    if (end < at) return true
    at = end + 1
  }
  return false
}

/** Lines that follow each other are one piece. */
function pick(picked: number[], start: number, end: number): void {
  if (picked.at(-1) === start) picked[picked.length - 1] = end
  else picked.push(start, end)
}
