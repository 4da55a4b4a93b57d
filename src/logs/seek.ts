import {headOf, PlainLog} from './bytes.js'
import type {LogFile} from './files.js'
import type {Segment} from './reader.js'
import {LogRecord, longestHeader, newline} from './record.js'
import {addSeconds, compareTimes, type LogTime} from './time.js'

/** Lines may be this much out of order: the two streams are written by two threads. */
const disorderSeconds = 1
/** Read before the place that a search finds, for lines out of order and parts of one line. */
const marginBytes = 1024 * 1024
/** A probe reads the first so many bytes, then twice as many until a record begins in them, up to the last. */
const probeBytes = {least: 4096, most: 1024 * 1024}
/** Of a compressed file, to know when it begins. */
const compressedHeadBytes = 64 * 1024
/** A search that has to read more than this, since lines are so long, is worth less than reading it all. */
const searchBytes = 32 * 1024 * 1024

interface Probe extends LogTime {
  offset: number
}

/** Looks for records at places in a file. */
class Prober {
  readonly log: PlainLog
  readonly sizeBytes: number
  readonly #buffer = Buffer.allocUnsafe(probeBytes.most)
  #left = searchBytes

  constructor(log: PlainLog) {
    this.log = log
    this.sizeBytes = log.sizeBytes()
  }

  /** So much has been read that what was found is not worth going by. */
  get exhausted(): boolean {
    return this.#left <= 0
  }

  /** The first record that begins at the offset or behind it. Undefined where none is found within a megabyte. */
  at(offset: number): Probe | undefined {
    const from = Math.max(0, offset - 1)
    let filled = 0
    for (let size = probeBytes.least; size <= probeBytes.most && !this.exhausted; size *= 2) {
      const count = this.log.readAt(this.#buffer.subarray(filled, size), from + filled)
      this.#left -= count
      filled += count
      const found = firstRecord(this.#buffer.subarray(0, filled), offset === 0 ? 0 : 1)
      if (found) return {...found, offset: from + found.offset}
      if (filled < size) return undefined
    }
    return undefined
  }

  /** The last record; undefined where none begins within the last megabyte. */
  last(): Probe | undefined {
    for (let size = probeBytes.least; size <= probeBytes.most; size *= 16) {
      const from = Math.max(0, this.sizeBytes - size)
      let last = this.at(from)
      for (let next = last; next; next = this.at(next.offset + 1)) last = next
      if (last) return last
    }
    return undefined
  }
}

/** The first record whose beginning is known to be one: at the start, or behind a newline. */
function firstRecord(bytes: Buffer, skipLines: 0 | 1): Probe | undefined {
  const record = new LogRecord()
  let start = skipLines === 0 ? 0 : bytes.indexOf(newline) + 1
  if (skipLines === 1 && start === 0) return undefined
  while (start < bytes.length) {
    const end = bytes.indexOf(newline, start)
    const known = end === -1 ? bytes.length : end
    const whole = end !== -1 || known - start > longestHeader
    const docker = bytes[start] === 0x7b
    const valid = docker
      ? end !== -1 && record.read(bytes, start, end)
      : whole && record.readHeader(bytes, start, Math.min(known, start + longestHeader))
    if (valid) return {seconds: record.seconds, nanos: record.nanos, offset: start}
    if (end === -1) return undefined
    start = end + 1
  }
  return undefined
}

/** Where to begin so that nothing at or after the time is missed. */
export function startOffset(log: PlainLog, since: LogTime): number {
  const prober = new Prober(log)
  const {before} = findCrossing(prober, since)
  if (!doTimesRise(prober, before)) return 0
  const start = Math.max(0, before - marginBytes)
  return start === 0 ? 0 : (prober.at(start)?.offset ?? 0)
}

/** Where to end so that nothing up to the time is missed; undefined for the end of the file. */
export function endOffset(log: PlainLog, until: LogTime): number | undefined {
  const prober = new Prober(log)
  const {behind} = findCrossing(prober, addSeconds(until, disorderSeconds))
  if (behind + marginBytes >= prober.sizeBytes || !doTimesRise(prober, behind)) return undefined
  return prober.at(behind + marginBytes)?.offset
}

/** `before`: a record earlier than the time, or the start; `behind`: past the first that is not, or the end. */
function findCrossing(prober: Prober, time: LogTime): {before: number; behind: number} {
  let before = 0
  let behind = prober.sizeBytes
  while (behind - before > probeBytes.least && !prober.exhausted) {
    const middle = Math.floor((before + behind) / 2)
    const found = prober.at(middle)
    if (found && found.offset < behind && compareTimes(found, time) < 0)
      before = Math.max(found.offset, middle)
    else behind = middle
  }
  return {before, behind}
}

const ringProbes = 8

/**
 * Whether times rise around a place, which is what a binary search trusts. A clock that was set back by S matters
 * only where that happened within S of the place; so it is enough to look closely nearby and ever more coarsely
 * further away, at steps of an eighth of the distance.
 */
function doTimesRise(prober: Prober, place: number): boolean {
  const {sizeBytes} = prober
  const offsets = new Set([0, place])
  for (let distance = 4096; distance < sizeBytes; distance *= 2) {
    for (let step = 0; step < ringProbes; step++) {
      const away = Math.floor(distance * (1 + step / ringProbes))
      if (place - away > 0) offsets.add(place - away)
      if (place + away < sizeBytes) offsets.add(place + away)
    }
  }
  let latest: Probe | undefined
  for (const offset of [...offsets].sort((a, b) => a - b)) {
    // Within one long line every probe finds the same record.
    if (latest && offset <= latest.offset) continue
    const found = prober.at(offset)
    if (prober.exhausted) return false
    if (!found) continue
    if (latest && compareTimes(addSeconds(found, disorderSeconds), latest) < 0) return false
    latest = found
  }
  return true
}

/** When each file begins, and whether they follow each other. */
export async function beginnings(
  segments: readonly Segment[],
): Promise<{firstTimes: (LogTime | undefined)[]; inOrder: boolean}> {
  const firstTimes = []
  let latest: LogTime | undefined
  let inOrder = true
  for (const {file} of segments) {
    const first = await firstTime(file)
    firstTimes.push(first)
    if (first && latest && compareTimes(addSeconds(first, disorderSeconds), latest) < 0) inOrder = false
    latest = first ?? latest
  }
  return {firstTimes, inOrder}
}

/** Of the first record; undefined for a file without any, or one that can't be read. */
export async function firstTime(file: LogFile): Promise<LogTime | undefined> {
  if (!file.compressed) {
    using log = new PlainLog(file.path, 0)
    return new Prober(log).at(0)
  }
  try {
    return firstRecord(await headOf(file, compressedHeadBytes), 0)
  } catch {
    // Damaged: whoever reads it will say so.
    return undefined
  }
}

/** Which of the files can hold lines between the times. */
export function filesBetween(
  segments: readonly Segment[],
  firstTimes: readonly (LogTime | undefined)[],
  since: LogTime | undefined,
  until: LogTime | undefined,
): {first: number; last: number} {
  const startsBefore = (time: LogTime, slack: number) => (first: LogTime | undefined) =>
    first !== undefined && compareTimes(addSeconds(first, slack), time) < 0
  const after = since ? Math.max(0, firstTimes.findLastIndex(startsBefore(since, disorderSeconds))) : 0
  const upTo = until ? firstTimes.findLastIndex(startsBefore(until, -disorderSeconds)) : segments.length - 1
  // A clock that was set back leaves later times in earlier files, and earlier ones in later files.
  const first = since
    ? segments.findIndex(({file}, index) => index >= after || compareLast(file, since) >= 0)
    : 0
  const last = until
    ? segments.findLastIndex(({file}, index) => index <= upTo || compareLast(file, until, 1) <= 0)
    : upTo
  return {first, last: Math.max(first, last)}
}

/** The file's last time beside another; `unknown` for compressed files, which would have to be read whole. */
function compareLast(file: LogFile, time: LogTime, unknown = -1): number {
  if (file.compressed) return unknown
  using log = new PlainLog(file.path, 0)
  const last = new Prober(log).last()
  return last ? compareTimes(last, time) : unknown
}
