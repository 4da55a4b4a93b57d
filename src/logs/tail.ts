import {CompressedLog, PlainLog} from './bytes.js'
import type {Segment} from './reader.js'
import {brace, LogRecord, longestHeader, newline, type StreamIndex} from './record.js'
import {compareTimes, type LogTime} from './time.js'
import {endTornRecords} from './torn-records.js'

/** A record's beginning in its file, with what counting lines needs to know of it. */
interface Mark {
  offset: number
  stream: StreamIndex
  partial: boolean
}

interface Place {
  segment: number
  offset: number
}

export interface Counted {
  stream?: StreamIndex | undefined
  until?: LogTime | undefined
}

/** Parts of one line lie close together; further back than this none is looked for. */
const partsWithinBytes = 2 * 1024 * 1024

/**
 * The segments' last lines, found from the end. Where the parts of lines of both streams lie among each other, the
 * two begin at different places, and what lies between those belongs to one stream only.
 */
export async function tailSegments(
  segments: readonly Segment[],
  lines: number,
  counted: Counted,
): Promise<Segment[]> {
  const search = new TailSearch(lines, counted.stream)
  if (lines > 0) await searchBackwards(segments, search, counted, lines)
  const [out, err] = search.starts
  const last = segments.length - 1
  const end: Place = {segment: last, offset: await endOf(segments[last])}
  return between(segments, out ?? end, err ?? end)
}

async function searchBackwards(
  segments: readonly Segment[],
  search: TailSearch,
  counted: Counted,
  lines: number,
): Promise<void> {
  for (const [index, segment] of [...segments.entries()].reverse()) {
    const marks = segment.file.compressed
      ? await compressedMarks(segment, counted, lines)
      : plainMarks(segment, counted)
    let any = false
    for (const mark of marks) {
      any = true
      if (search.see(mark, index)) return
    }
    // Where nothing of a file could be read, whoever reads it for good says so.
    if (!any) search.seeNothing({segment: index, offset: segment.start})
  }
}

class TailSearch {
  readonly starts: [Place | undefined, Place | undefined] = [undefined, undefined]
  readonly #stream: StreamIndex | undefined
  #left: number
  /** Streams whose earliest line so far may have parts before. */
  readonly #open: [boolean, boolean] = [false, false]
  readonly #done: [boolean, boolean] = [false, false]
  #searchedBytes = 0
  #lastOffset: number | undefined

  constructor(lines: number, stream: StreamIndex | undefined) {
    this.#left = lines
    this.#stream = stream
  }

  /** Nothing was seen in what begins here: while lines are missing it is read all the same. */
  seeNothing(place: Place): void {
    if (this.#left === 0) return
    this.starts[0] = place
    this.starts[1] = place
  }

  /** The record before the last one seen. True when all is found. */
  see({offset, stream, partial}: Mark, segment: number): boolean {
    if (this.#left === 0 && this.#tooFar(offset)) return true
    if (this.#done[stream] || (this.#stream !== undefined && this.#stream !== stream)) return false
    if (!partial || !this.#open[stream]) {
      this.#open[stream] = this.#left > 0
      if (this.#left === 0) this.#done[stream] = true
      else this.#left--
    }
    if (this.#open[stream]) this.starts[stream] = {segment, offset}
    return this.#left === 0 && !this.#open[0] && !this.#open[1]
  }

  #tooFar(offset: number): boolean {
    this.#searchedBytes += Math.max(0, (this.#lastOffset ?? offset) - offset)
    this.#lastOffset = offset
    return this.#searchedBytes > partsWithinBytes
  }
}

async function endOf(segment: Segment | undefined): Promise<number> {
  if (!segment) return 0
  if (segment.end !== undefined) return segment.end
  if (!segment.file.compressed) {
    using log = new PlainLog(segment.file.path, 0)
    return log.sizeBytes()
  }
  return Number.MAX_SAFE_INTEGER
}

function between(segments: readonly Segment[], out: Place, err: Place): Segment[] {
  const outFirst = out.segment < err.segment || (out.segment === err.segment && out.offset < err.offset)
  const [first, second] = outFirst ? [out, err] : [err, out]
  const only: StreamIndex = outFirst ? 0 : 1
  return segments.flatMap((segment, index) => {
    const parts: Segment[] = []
    if (index >= first.segment && index <= second.segment) {
      const start = index === first.segment ? first.offset : segment.start
      const end = index === second.segment ? second.offset : segment.end
      if (end === undefined || start < end) parts.push({...segment, start, end, only})
    }
    if (index >= second.segment)
      parts.push({...segment, start: index === second.segment ? second.offset : segment.start})
    return parts
  })
}

const blockBytes = 256 * 1024
/** Docker's records say everything at their end, and are up to 16 KiB of text in JSON. */
const dockerRecordBytes = 128 * 1024

/** A plain file's records from its end. A record without a newline at the very end counts. */
function* plainMarks({file, start, end}: Segment, {until}: Counted): Generator<Mark> {
  using log = new PlainLog(file.path, 0)
  const record = new LogRecord()
  const size = Math.min(end ?? Number.POSITIVE_INFINITY, log.sizeBytes())
  const docker = beginsWithBrace(log)
  const ahead = docker ? dockerRecordBytes : longestHeader
  const block = Buffer.allocUnsafe(blockBytes + ahead)
  const isCounted = (bytes: Buffer, begin: number) =>
    isRecord(record, bytes, begin) && (!until || compareTimes(record, until) <= 0)
  let scanned = size - 1
  while (scanned > start) {
    const from = Math.max(start, scanned - blockBytes)
    const bytes = block.subarray(
      0,
      log.readAt(block.subarray(0, Math.min(scanned + ahead, size) - from), from),
    )
    endTornRecords(bytes, 0, bytes.length, docker)
    let at = bytes.lastIndexOf(newline, scanned - from - 1)
    while (at >= 0) {
      if (isCounted(bytes, at + 1))
        yield {offset: from + at + 1, stream: record.stream, partial: record.partial}
      at = at === 0 ? -1 : bytes.lastIndexOf(newline, at - 1)
    }
    scanned = from
  }
  const bytes = block.subarray(0, log.readAt(block.subarray(0, Math.min(ahead, size - start)), start))
  if (isCounted(bytes, 0)) yield {offset: start, stream: record.stream, partial: record.partial}
}

function beginsWithBrace(log: PlainLog): boolean {
  const first = Buffer.alloc(1)
  return log.readAt(first, 0) === 1 && first[0] === brace
}

function isRecord(record: LogRecord, bytes: Buffer, begin: number): boolean {
  if (bytes[begin] !== brace)
    return record.readHeader(bytes, begin, Math.min(bytes.length, begin + longestHeader))
  const end = bytes.indexOf(newline, begin)
  return record.read(bytes, begin, end === -1 ? bytes.length : end)
}

/** A compressed file can only be read forwards: its last records, from the end. */
async function compressedMarks(
  {file, start, end}: Segment,
  {until}: Counted,
  lines: number,
): Promise<Mark[]> {
  const kept = new LastMarks(lines * 2 + partsWithinBytes / longestHeader)
  const record = new LogRecord()
  const buffer = Buffer.allocUnsafe(blockBytes + dockerRecordBytes)
  let filled = 0
  let offset = start
  let inRecord = false
  let docker = false
  using log = new CompressedLog(file.path, start)
  for (let ended = false; !ended; ) {
    const count = await readQuietly(log, buffer.subarray(filled))
    ended = count === 0
    const bytes = buffer.subarray(0, filled + count)
    if (offset === start) docker = bytes[0] === brace
    endTornRecords(bytes, 0, bytes.length, docker)
    let at = 0
    while (at < bytes.length && (end === undefined || offset + at < end)) {
      const next = bytes.indexOf(newline, at)
      if (next === -1 && !ended && bytes.length - at < dockerRecordBytes) break
      if (!inRecord && isRecord(record, bytes, at) && (!until || compareTimes(record, until) <= 0))
        kept.push({offset: offset + at, stream: record.stream, partial: record.partial})
      inRecord = next === -1
      at = next === -1 ? bytes.length : next + 1
    }
    buffer.copyWithin(0, at, bytes.length)
    filled = bytes.length - at
    offset += at
  }
  return kept.backwards()
}

/** A damaged file ends where it can't be read on; whoever reads it for good says so. */
async function readQuietly(log: CompressedLog, into: Buffer): Promise<number> {
  try {
    return await log.read(into)
  } catch {
    return 0
  }
}

/** The last so many of any number. */
class LastMarks {
  readonly #marks: Mark[] = []
  readonly #limit: number
  #next = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  push(mark: Mark): void {
    this.#marks[this.#next] = mark
    this.#next = (this.#next + 1) % this.#limit
  }

  backwards(): Mark[] {
    return [...this.#marks.slice(this.#next), ...this.#marks.slice(0, this.#next)].reverse()
  }
}
