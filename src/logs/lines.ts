import {brace, LogRecord, longestHeader, newline, type StreamIndex} from './record.js'
import {compareTimes, type LogTime} from './time.js'
import {endTornRecords} from './torn-records.js'

/** A line as the container wrote it. */
export interface LogLine extends LogTime {
  /** Of the zone in which the time was written. */
  offsetMinutes: number
  stream: StreamIndex
  /** Without its newline. Valid until the next bytes are taken. */
  content: Buffer
  /** False for a piece of a line that is too long to be held, and for the last line of a program that wrote no newline. */
  ended: boolean
  /** Goes on where the last piece of this stream stopped. */
  continued: boolean
}

export interface LineFilter {
  /** Both if left out. */
  stream?: StreamIndex | undefined
  since?: LogTime | undefined
  /** Not after this. */
  until?: LogTime | undefined
}

/** Longer lines come in pieces. */
const longestLine = 1024 * 1024

/** A line in the bytes that were read. There are many of them, so a buffer of its own is made only for a reader. */
class WholeLine implements LogLine {
  readonly seconds: number
  readonly nanos: number
  readonly offsetMinutes: number
  readonly stream: StreamIndex
  readonly ended = true
  readonly continued = false
  readonly #bytes: Buffer
  readonly #start: number
  readonly #end: number

  constructor(
    seconds: number,
    nanos: number,
    offsetMinutes: number,
    stream: StreamIndex,
    bytes: Buffer,
    start: number,
    end: number,
  ) {
    this.seconds = seconds
    this.nanos = nanos
    this.offsetMinutes = offsetMinutes
    this.stream = stream
    this.#bytes = bytes
    this.#start = start
    this.#end = end
  }

  get content(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end)
  }
}

interface Pending extends LogTime {
  offsetMinutes: number
  /** The parts so far: as many bytes of the stream's own buffer. */
  sizeBytes: number
  continued: boolean
  shown: boolean
}

/**
 * Makes lines out of a log file's bytes: parts are joined for each stream, records that are damaged left out. The
 * bytes are read into `room()` and handed over with `take()`. A line counts as written when its first part was.
 */
export class LineAssembler {
  #buffer: Buffer
  /** Bytes from here up to `#filled` belong to a record that is not complete. */
  #from = 0
  #filled = 0
  readonly #record = new LogRecord()
  /** Where parts are joined, for each stream; grows up to the longest line. */
  readonly #parts: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]
  /** Where joined lines are until the next bytes are taken. */
  #joined: Buffer = Buffer.alloc(0)
  #joinedBytes = 0
  readonly #pending: [Pending | undefined, Pending | undefined] = [undefined, undefined]
  /** Inside a record that is longer than the buffer. */
  #rest: 'none' | 'content' | 'damaged' = 'none'
  /** Records are Docker's, as far as is known. */
  #docker = false
  readonly #onDamage: () => void
  filter: LineFilter

  constructor(filter: LineFilter, onDamage: () => void, bufferSize = 256 * 1024) {
    this.filter = filter
    this.#onDamage = onDamage
    this.#buffer = Buffer.allocUnsafeSlow(bufferSize)
  }

  /** Where the next bytes go; never empty. */
  room(): Buffer {
    // Only now, since lines that were handed over lay there.
    if (this.#from > 0) {
      this.#buffer.copyWithin(0, this.#from, this.#filled)
      this.#filled -= this.#from
      this.#from = 0
    }
    return this.#buffer.subarray(this.#filled)
  }

  /** The lines that so many more bytes complete. */
  take(count: number): LogLine[] {
    const lines: LogLine[] = []
    this.#joinedBytes = 0
    const end = this.#filled + count
    const first = this.#buffer[this.#from]
    if (this.#rest === 'none') this.#docker = first === brace || first === 0
    this.#takeRecords(endTornRecords(this.#buffer, this.#from, end, this.#docker), end, lines)
    return lines
  }

  /** Takes what is known up to `knownEnd`; what is left up to `end` waits for more. */
  #takeRecords(knownEnd: number, end: number, lines: LogLine[]): void {
    const bytes = this.#buffer.subarray(0, knownEnd)
    let at = this.#from
    while (at < knownEnd) {
      const found = bytes.indexOf(newline, at)
      if (found === -1) break
      this.#takeRecord(bytes, at, found, lines)
      at = found + 1
    }
    this.#keep(at, knownEnd, end, lines)
  }

  /** The file has ended, another may continue the stream: a record without its newline counts as whole. */
  endFile(): LogLine[] {
    const lines: LogLine[] = []
    this.#takeRecords(this.#filled, this.#filled, lines)
    if (this.#filled > this.#from || this.#rest !== 'none')
      this.#takeRecord(this.#buffer, this.#from, this.#filled, lines)
    this.#from = 0
    this.#filled = 0
    return lines
  }

  /** Nothing follows: lines that have not ended come as they are. */
  endLog(): LogLine[] {
    const lines = this.endFile()
    for (const stream of [0, 1] as const) this.#emit(stream, false, lines)
    return lines
  }

  #takeRecord(bytes: Buffer, start: number, end: number, lines: LogLine[]): void {
    if (this.#rest !== 'none') {
      const {stream, partial} = this.#record
      const damaged = this.#rest === 'damaged'
      this.#rest = 'none'
      if (!damaged) this.#append(stream, bytes, start, end, !partial, lines)
      return
    }
    if (!this.#record.read(bytes, start, end)) {
      this.#onDamage()
      return
    }
    const {stream, partial, content, contentStart, contentEnd} = this.#record
    if (this.filter.stream !== undefined && this.filter.stream !== stream) return
    if (partial || this.#pending[stream]) {
      this.#append(stream, content, contentStart, contentEnd, !partial, lines)
      return
    }
    if (!this.#within(this.#record)) return
    const {seconds, nanos, offsetMinutes} = this.#record
    lines.push(new WholeLine(seconds, nanos, offsetMinutes, stream, content, contentStart, contentEnd))
  }

  /** What is left of the bytes waits for more; a record that fills the buffer is taken as far as it is there. */
  #keep(at: number, knownEnd: number, end: number, lines: LogLine[]): void {
    this.#from = at
    this.#filled = end
    if (this.#rest !== 'none') {
      if (this.#rest === 'content')
        this.#append(this.#record.stream, this.#buffer, at, knownEnd, false, lines)
      this.#from = knownEnd
      return
    }
    if (at > 0 || end < this.#buffer.length) return
    // Docker's lines are JSON and must be whole to be read.
    if (this.#buffer[0] === 0x7b && this.#buffer.length < longestLine * 8) {
      this.#buffer = Buffer.concat([this.#buffer], this.#buffer.length * 2)
      return
    }
    this.#from = knownEnd
    if (!this.#record.readHeader(this.#buffer, 0, longestHeader)) {
      this.#onDamage()
      this.#rest = 'damaged'
      return
    }
    const {stream, contentStart} = this.#record
    const excluded = this.filter.stream !== undefined && this.filter.stream !== stream
    this.#rest = excluded ? 'damaged' : 'content'
    if (!excluded) this.#append(stream, this.#buffer, contentStart, knownEnd, false, lines)
  }

  #append(
    stream: StreamIndex,
    bytes: Buffer,
    start: number,
    end: number,
    ends: boolean,
    lines: LogLine[],
  ): void {
    let line = this.#pending[stream]
    if (!line) {
      const {seconds, nanos, offsetMinutes} = this.#record
      const shown = this.#within(this.#record)
      line = {seconds, nanos, offsetMinutes, sizeBytes: 0, continued: false, shown}
      this.#pending[stream] = line
    }
    if (line.shown && end > start) {
      const size = line.sizeBytes + end - start
      let parts = this.#parts[stream]
      if (parts.length < size) {
        parts = Buffer.concat([parts], Math.max(size, 2 * parts.length, 64 * 1024))
        this.#parts[stream] = parts
      }
      bytes.copy(parts, line.sizeBytes, start, end)
      line.sizeBytes = size
    }
    if (ends) this.#emit(stream, true, lines)
    if (ends || line.sizeBytes < longestLine) return
    lines.push(this.#lineOf(line, stream, false))
    line.sizeBytes = 0
    line.continued = true
  }

  #emit(stream: StreamIndex, ended: boolean, lines: LogLine[]): void {
    const line = this.#pending[stream]
    this.#pending[stream] = undefined
    if (line?.shown) lines.push(this.#lineOf(line, stream, ended))
  }

  #lineOf(line: Pending, stream: StreamIndex, ended: boolean): LogLine {
    const {seconds, nanos, offsetMinutes, sizeBytes, continued} = line
    const end = this.#joinedBytes + sizeBytes
    if (this.#joined.length < end) {
      // Lines that were handed over lie in the one before.
      this.#joined = Buffer.allocUnsafe(Math.max(sizeBytes, 2 * this.#buffer.length))
      this.#joinedBytes = 0
    }
    const content = this.#joined.subarray(this.#joinedBytes, this.#joinedBytes + sizeBytes)
    this.#parts[stream].copy(content, 0, 0, sizeBytes)
    this.#joinedBytes += sizeBytes
    return {seconds, nanos, offsetMinutes, stream, content, ended, continued}
  }

  #within(time: LogTime): boolean {
    const {since, until} = this.filter
    return (
      (since === undefined || compareTimes(time, since) >= 0) &&
      (until === undefined || compareTimes(time, until) <= 0)
    )
  }
}
