import {headOf, PlainLog} from './bytes.js'
import type {LogFile} from './files.js'
import type {Segment} from './reader.js'
import {LogRecord, longestHeader, newline} from './record.js'
import {addSeconds, compareTimes, type LogTime} from './time.js'

/** Lines may be this much out of order: the two streams are written by two threads. */
const disorderSeconds = 1
/** Read before the place that a search finds, for lines out of order and parts of one line. */
const marginBytes = 1024 * 1024
const probeBytes = [4096, 64 * 1024, 1024 * 1024, 16 * 1024 * 1024]

interface Probe extends LogTime {
  offset: number
}

/** The first record that begins at the offset or behind it. Undefined where none is found within 16 MiB. */
function probe(log: PlainLog, offset: number): Probe | undefined {
  for (const size of probeBytes) {
    const bytes = Buffer.allocUnsafe(size)
    const from = Math.max(0, offset - 1)
    const count = log.readAt(bytes, from)
    const found = firstRecord(bytes.subarray(0, count), offset === 0 ? 0 : 1)
    if (found) return {...found, offset: from + found.offset}
    if (count < size) return undefined
  }
  return undefined
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
  const size = log.sizeBytes()
  const {before} = crossing(log, size, since)
  if (!rising(log, size, before)) return 0
  const start = Math.max(0, before - marginBytes)
  return start === 0 ? 0 : (probe(log, start)?.offset ?? 0)
}

/** Where to end so that nothing up to the time is missed; undefined for the end of the file. */
export function endOffset(log: PlainLog, until: LogTime): number | undefined {
  const size = log.sizeBytes()
  const {behind} = crossing(log, size, addSeconds(until, disorderSeconds))
  if (behind + marginBytes >= size || !rising(log, size, behind)) return undefined
  return probe(log, behind + marginBytes)?.offset
}

/** `before`: a record earlier than the time, or the start; `behind`: past the first that is not, or the end. */
function crossing(log: PlainLog, size: number, time: LogTime): {before: number; behind: number} {
  let before = 0
  let behind = size
  while (behind - before > (probeBytes[0] as number)) {
    const middle = Math.floor((before + behind) / 2)
    const found = probe(log, middle)
    if (found && found.offset < behind && compareTimes(found, time) < 0)
      before = Math.max(found.offset, middle)
    else behind = middle
  }
  return {before, behind}
}

const ringProbes = 16

/**
 * Whether times rise around a place, which is what a binary search trusts. A clock that was set back by S matters
 * only where that happened within S of the place; so it is enough to look closely nearby and ever more coarsely
 * further away, at steps of a sixteenth of the distance.
 */
function rising(log: PlainLog, size: number, place: number): boolean {
  const offsets = new Set([0, place])
  for (let distance = 4096; distance < size; distance *= 2) {
    for (let step = 0; step < ringProbes; step++) {
      const away = Math.floor(distance * (1 + step / ringProbes))
      if (place - away > 0) offsets.add(place - away)
      if (place + away < size) offsets.add(place + away)
    }
  }
  let latest: Probe | undefined
  for (const offset of [...offsets].sort((a, b) => a - b)) {
    // Within one long line every probe finds the same record.
    if (latest && offset <= latest.offset) continue
    const found = probe(log, offset)
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
    return probe(log, 0)
  }
  try {
    return firstRecord(await headOf(file, probeBytes[1] as number), 0)
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
  let first = since ? Math.max(0, firstTimes.findLastIndex(startsBefore(since, disorderSeconds))) : 0
  // A clock set back between two files leaves later times in the earlier one.
  while (since && first > 0 && endsAfter(segments[first - 1]?.file, since)) first--
  const last = until ? firstTimes.findLastIndex(startsBefore(until, -disorderSeconds)) : segments.length - 1
  return {first, last: Math.max(first, last)}
}

/** Not known of compressed files, which would have to be read whole. */
function endsAfter(file: LogFile | undefined, time: LogTime): boolean {
  if (!file || file.compressed) return false
  using log = new PlainLog(file.path, 0)
  const size = log.sizeBytes()
  const last = probeBytes.map((bytes) => probe(log, Math.max(0, size - bytes))).find((found) => found)
  return last !== undefined && compareTimes(last, time) >= 0
}
