import type {LogTime} from './time.js'

// One line of a log file is a record: a line that the container wrote, or a part of one.
//   CRI:    2026-01-02T03:04:05.123456789Z stdout F the text
//   Docker: {"log":"the text\n","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"}

export const newline = 10
const space = 32
const colon = 58
/** Docker's records begin with it. */
export const brace = 123

/** 0 is stdout, 1 is stderr. */
export type StreamIndex = 0 | 1
export const streamNames = ['stdout', 'stderr'] as const
export type StreamName = (typeof streamNames)[number]

/** No header is longer; a line that has gone on for so long without one is damaged. */
export const longestHeader = 256

/** What a record says before its text. One is filled again and again, since there are millions of records. */
export class LogRecord implements LogTime {
  seconds = 0
  nanos = 0
  /** Of the zone in which the time was written, east of Greenwich. */
  offsetMinutes = 0
  stream: StreamIndex = 0
  /** The line goes on in the next record of the same stream. */
  partial = false
  /** The text: bytes of `content` from `contentStart` to `contentEnd`. */
  content: Buffer = empty
  contentStart = 0
  contentEnd = 0
  #day = 0
  #dayStart = 0

  /** Reads the record in `bytes` from `start` to `end`, its newline not included. False for one that is damaged. */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] === brace) return this.#readDocker(bytes, start, end)
    if (!this.readHeader(bytes, start, end)) return false
    this.content = bytes
    this.contentEnd = end
    return true
  }

  /** Everything but where the text ends, which need not be in `bytes` yet. CRI format only. */
  readHeader(bytes: Buffer, start: number, end: number): boolean {
    let at = this.#readTime(bytes, start, end)
    if (at === 0 || bytes[at] !== space) return false
    at = this.#readStream(bytes, at + 1)
    if (at === 0) return false
    // Only the first tag has a meaning; `P` alone is partial, anything else ends the line.
    this.partial = bytes[at] === 0x50 && (bytes[at + 1] === space || bytes[at + 1] === colon)
    while (at < end && bytes[at] !== space) at++
    if (at >= end) return false
    this.contentStart = at + 1
    return true
  }

  /** Behind the time; 0 for anything else. */
  #readTime(bytes: Buffer, start: number, end: number): number {
    // The shortest record there can be; what follows may then look ahead without looking at `end`.
    if (end - start < 30) return 0
    const year = four(bytes, start)
    const month = two(bytes, start + 5)
    const date = two(bytes, start + 8)
    const hour = two(bytes, start + 11)
    const minute = two(bytes, start + 14)
    const second = two(bytes, start + 17)
    if (!hasPunctuation(bytes, start) || !(year + month + date + hour + minute + second >= 0)) return 0
    const day = year * 10_000 + month * 100 + date
    if (day !== this.#day) {
      this.#day = day
      this.#dayStart = Date.UTC(year, month - 1, date) / 1000
    }
    let at = start + 19
    this.nanos = 0
    if (bytes[at] === 0x2e) {
      let unit = 100_000_000
      for (at++; isDigit(bytes[at]) && unit >= 1; at++) {
        this.nanos += ((bytes[at] as number) - 48) * unit
        unit /= 10
      }
    }
    const zone = this.#readZone(bytes, at)
    this.seconds = this.#dayStart + hour * 3600 + minute * 60 + second - this.offsetMinutes * 60
    return zone
  }

  #readZone(bytes: Buffer, at: number): number {
    const sign = bytes[at]
    if (sign === 0x5a) {
      this.offsetMinutes = 0
      return at + 1
    }
    const minutes = two(bytes, at + 1) * 60 + two(bytes, at + 4)
    if ((sign !== 0x2b && sign !== 0x2d) || bytes[at + 3] !== colon || !(minutes >= 0)) return 0
    this.offsetMinutes = sign === 0x2b ? minutes : -minutes
    return at + 6
  }

  /** At the tags; 0 for anything but `stdout ` and `stderr `. */
  #readStream(bytes: Buffer, at: number): number {
    const isErr = bytes[at + 3] === 0x65
    const word = isErr ? 'stderr ' : 'stdout '
    for (let index = 0; index < word.length; index++)
      if (bytes[at + index] !== word.charCodeAt(index)) return 0
    this.stream = isErr ? 1 : 0
    return at + word.length
  }

  #readDocker(bytes: Buffer, start: number, end: number): boolean {
    let record: {log?: unknown; stream?: unknown; time?: unknown}
    try {
      record = JSON.parse(bytes.toString('utf8', start, end))
    } catch {
      // Half-written.
      return false
    }
    const {log, stream, time} = record
    if (typeof log !== 'string' || typeof time !== 'string') return false
    const stamp = Buffer.from(`${time} stdout F `)
    if (!this.readHeader(stamp, 0, stamp.length)) return false
    this.stream = stream === 'stderr' ? 1 : 0
    this.partial = !log.endsWith('\n')
    this.content = Buffer.from(this.partial ? log : log.slice(0, -1))
    this.contentStart = 0
    this.contentEnd = this.content.length
    return true
  }
}

const empty = Buffer.alloc(0)

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

/** NaN unless both are digits. */
function two(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 48
  const ones = (bytes[at + 1] as number) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function four(bytes: Buffer, at: number): number {
  return two(bytes, at) * 100 + two(bytes, at + 2)
}

/** `0000-00-00T00:00:00` without its digits. */
function hasPunctuation(bytes: Buffer, at: number): boolean {
  return (
    bytes[at + 4] === 0x2d &&
    bytes[at + 7] === 0x2d &&
    bytes[at + 10] === 0x54 &&
    bytes[at + 13] === colon &&
    bytes[at + 16] === colon
  )
}
