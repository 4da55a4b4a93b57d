import {PlainLog} from './bytes.js'
import type {LogFile} from './files.js'
import type {Segment} from './reader.js'
import type {StreamIndex} from './record.js'
import {beginnings, endOffset, filesBetween, startOffset} from './seek.js'
import {tailSegments} from './tail.js'
import type {LogTime} from './time.js'

export interface ReadingPlan {
  /** So many lines before the end; negative and undefined: all. */
  tail?: number | undefined
  since?: LogTime | undefined
  until?: LogTime | undefined
  /** Of which stream the lines are counted. */
  stream?: StreamIndex | undefined
}

/**
 * The parts of the files, oldest first, in which everything lies that a plan asks for. They may hold more: what is
 * read must still be compared with the times.
 */
export async function planReading(files: readonly LogFile[], plan: ReadingPlan): Promise<Segment[]> {
  const {tail, since, until, stream} = plan
  const all: Segment[] = files.map((file) => ({file, start: 0}))
  const narrowed = since || until ? await narrowByTime(all, since, until) : all
  if (tail === undefined || tail < 0) return narrowed
  return tailSegments(narrowed, tail, {stream, until})
}

/** By the times at which files begin, then by searching within the two at the ends. */
async function narrowByTime(
  segments: readonly Segment[],
  since: LogTime | undefined,
  until: LogTime | undefined,
): Promise<Segment[]> {
  const {firstTimes, inOrder} = await beginnings(segments)
  if (!inOrder) return [...segments]
  const {first, last} = filesBetween(segments, firstTimes, since, until)
  const kept = segments.slice(first, last + 1).map((segment) => ({...segment}))
  const begin = kept[0]
  if (since && begin && !begin.file.compressed)
    begin.start = withPlain(begin.file, (log) => startOffset(log, since))
  const end = kept.at(-1)
  if (until && end && !end.file.compressed) {
    const offset = withPlain(end.file, (log) => endOffset(log, until))
    if (offset !== undefined) end.end = offset
  }
  return kept
}

function withPlain<Result>(file: LogFile, use: (log: PlainLog) => Result): Result {
  using log = new PlainLog(file.path, 0)
  return use(log)
}
