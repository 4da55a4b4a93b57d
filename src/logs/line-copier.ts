import {logLinesWasm} from '../generated/log-lines.js'
import type {LineFilter} from './lines.js'
import type {LogSink} from './output.js'
import type {StreamIndex} from './record.js'
import {timeToNs} from './time.js'
import {endTornRecords} from './torn-records.js'

/** What wasm/log-lines.ts exports. */
interface Kernel {
  setUp(
    wantedStreams: number,
    withStamps: boolean,
    withTimes: boolean,
    since: bigint,
    until: bigint,
    oneOutput: boolean,
    held: number,
    heldBytes: number,
  ): void
  lookFor(at: number, size: number, place: number, placeBytes: number): void
  reason: {value: number}
  outEnd(stream: StreamIndex): number
  isOpen(stream: StreamIndex): number
  skipRecord(): void
  endRecord(stdoutAt: number, stderrAt: number): void
  endLines(stdoutAt: number, stderrAt: number): void
  copy(at: number, end: number, stdoutAt: number, stderrAt: number): number
}

const damaged = 1

const inBytes = 1024 * 1024
const heldBytes = 256 * 1024
/** It reads and writes 16 bytes at once, up to so many beyond the end; a header is looked at a little further. */
const beyond = 512
/** Room for one line of each stream that may, or may not, hold what is looked for. */
const candidateBytes = 1024 * 1024
/** No longer text can be looked for here. */
export const longestNeedleBytes = 256
/** A stamp with all its digits makes a record of at least 30 bytes one byte longer. */
const outBytes = inBytes + Math.ceil(inBytes / 30) + heldBytes + 2 * candidateBytes + beyond
const places = {
  needle: longestNeedleBytes + beyond,
  input: inBytes + beyond,
  held: heldBytes + beyond,
  candidates: 2 * candidateBytes + beyond,
  stdout: outBytes,
  stderr: outBytes,
}
const pageBytes = 64 * 1024
const at = Object.fromEntries(
  Object.keys(places).map((place, index) => [
    place,
    Object.values(places)
      .slice(0, index)
      .reduce((sum, size) => sum + size, pageBytes),
  ]),
) as Record<keyof typeof places, number>
const pages = Math.ceil((at.stderr + outBytes) / pageBytes)

const earliest = -(2n ** 63n)
const latest = 2n ** 63n - 1n

export interface CopyOptions {
  filter?: LineFilter
  timestamps?: boolean
  /** Only lines that hold these bytes; at most `longestNeedleBytes`. */
  needle?: Buffer | undefined
  /** Told of each record that is damaged. */
  onDamage?: () => void
}

/** Not on a processor that knows no vectors of 16 bytes, or not to the runtime inside: lines go one by one there. */
export function canCopyLines(): boolean {
  return WebAssembly.validate(Buffer.from(logLinesWasm, 'base64'))
}

/**
 * Writes the text of CRI log records to a sink, as fast as it can be done: bytes are read into `room()` and handed
 * over with `take()`, WebAssembly takes the headers off, and the sink gets what is left in pieces of a megabyte. A
 * line goes out as far as it is there, so none is ever held.
 */
export class LineCopier {
  readonly #memory = new WebAssembly.Memory({initial: pages, maximum: pages})
  readonly #bytes = Buffer.from(this.#memory.buffer)
  readonly #kernel: Kernel
  readonly #sink: LogSink
  readonly #options: CopyOptions
  #filled = 0
  #only: StreamIndex | undefined

  constructor(sink: LogSink, options: CopyOptions = {}) {
    this.#sink = sink
    this.#options = options
    const module = new WebAssembly.Module(Buffer.from(logLinesWasm, 'base64'))
    const {exports} = new WebAssembly.Instance(module, {env: {memory: this.#memory}})
    this.#kernel = exports as unknown as Kernel
    this.#setUp()
    const {needle} = options
    if (!needle) return
    this.#bytes.set(needle, at.needle)
    this.#kernel.lookFor(at.needle, needle.length, at.candidates, candidateBytes)
  }

  /** Only this stream from now on; undefined: what the filter says. */
  set only(stream: StreamIndex | undefined) {
    if (stream === this.#only) return
    this.#only = stream
    this.#setUp()
  }

  /** Where the next bytes go; never empty. */
  room(): Buffer {
    return this.#bytes.subarray(at.input + this.#filled, at.input + inBytes)
  }

  /** Writes what so many more bytes make. */
  async take(count: number): Promise<void> {
    const end = at.input + this.#filled + count
    await this.#copy(endTornRecords(this.#bytes, at.input, end, false), end)
  }

  /** Copies up to `knownEnd`; what is left up to `end` waits for more. */
  async #copy(knownEnd: number, end: number): Promise<void> {
    const kernel = this.#kernel
    let from = at.input
    let [stdout, stderr] = [at.stdout, at.stderr]
    for (;;) {
      from = kernel.copy(from, knownEnd, stdout, stderr)
      stdout = kernel.outEnd(0)
      stderr = kernel.outEnd(1)
      if (kernel.reason.value !== damaged) break
      this.#options.onDamage?.()
      kernel.skipRecord()
    }
    this.#filled = end - from
    this.#bytes.copyWithin(at.input, from, end)
    await this.#write(stdout, stderr)
  }

  /** The file has ended, another may continue the stream: a record without its newline counts as whole. */
  async endFile(): Promise<void> {
    const end = at.input + this.#filled
    await this.#copy(end, end)
    if (this.#filled > 0) this.#options.onDamage?.()
    this.#filled = 0
    this.#kernel.endRecord(at.stdout, at.stderr)
    await this.#writeEnds()
  }

  /** Nothing more comes of this log. Gives the streams whose last line has no end. */
  async endLog(): Promise<StreamIndex[]> {
    await this.endFile()
    const open = ([0, 1] as const).filter((stream) => this.#kernel.isOpen(stream))
    this.#kernel.endLines(at.stdout, at.stderr)
    await this.#writeEnds()
    return open
  }

  #setUp(): void {
    const {filter = {}, timestamps = false} = this.#options
    const {since, until} = filter
    const stream = this.#only ?? filter.stream
    this.#kernel.setUp(
      stream === undefined ? 3 : 1 << stream,
      timestamps,
      since !== undefined || until !== undefined,
      since ? timeToNs(since) : earliest,
      until ? timeToNs(until) : latest,
      this.#sink.shared,
      at.held,
      heldBytes,
    )
  }

  async #writeEnds(): Promise<void> {
    await this.#write(this.#kernel.outEnd(0), this.#kernel.outEnd(1))
  }

  async #write(stdoutEnd: number, stderrEnd: number): Promise<void> {
    if (stdoutEnd > at.stdout) await this.#sink.write(0, this.#bytes.subarray(at.stdout, stdoutEnd))
    if (stderrEnd > at.stderr) await this.#sink.write(1, this.#bytes.subarray(at.stderr, stderrEnd))
  }
}
