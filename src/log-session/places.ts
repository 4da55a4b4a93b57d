import type {LogLine} from '../logs/lines.js'
import type {StreamIndex} from '../logs/record.js'
import {compareTimes, type LogTime, timeFromMs} from '../logs/time.js'
import type {ResumePoint} from '../node/resume-point.js'
import type {LogOrigin} from './lines.js'

/** The last line of a stream that was shown, and how many of its lines have that time. */
interface Place extends LogTime {
  count: number
  attempt: number
}

const mostBytes = 64 * 1024
const streams = [0, 1] as const

/** How far each log was shown: no line is missing or doubled where somebody goes on from there. */
export class LogPlaces {
  readonly #point: ResumePoint
  /** Where the streams all end: JSON has one for both. */
  readonly #outputOf: (stream: StreamIndex) => StreamIndex
  readonly #before: ReadonlyMap<string, Place>
  readonly #places = new Map<string, Place>()
  /** Lines with the time of a place that were met again. */
  readonly #again = new Map<string, number>()
  readonly #changed: [Set<string>, Set<string>] = [new Set(), new Set()]
  #bytes = 0

  constructor(point: ResumePoint, outputOf: (stream: StreamIndex) => StreamIndex) {
    this.#point = point
    this.#outputOf = outputOf
    this.#before = new Map([...(point.before ?? [])].map(([key, value]) => [key, JSON.parse(value)]))
  }

  /** Somebody goes on. */
  get resumes(): boolean {
    return this.#point.before !== undefined
  }

  /** So much was passed that it should be released. */
  get isDue(): boolean {
    return this.#bytes > mostBytes
  }

  /** From now on lines are waited for, also where none is there yet. */
  begin(origins: readonly LogOrigin[], nowMs: number): void {
    if (this.resumes) return
    for (const origin of origins)
      for (const stream of streams)
        this.#set(origin, stream, {...timeFromMs(nowMs), count: 0, attempt: origin.attempt})
  }

  /** The earliest line that may be new, and its attempt; undefined for a log that is new. */
  startOf(origin: Pick<LogOrigin, 'namespace' | 'pod' | 'container'>): Place | undefined {
    const places = streams.flatMap((stream) => this.#before.get(keyOf(origin, stream)) ?? [])
    return places.sort(compareTimes)[0]
  }

  /** It was shown before. */
  isBehind(line: LogLine, origin: LogOrigin): boolean {
    const key = keyOf(origin, line.stream)
    const place = this.#before.get(key)
    if (!place) return false
    const order = compareTimes(line, place)
    if (order !== 0) return order < 0
    const again = (this.#again.get(key) ?? 0) + 1
    this.#again.set(key, again)
    return again <= place.count
  }

  pass(line: LogLine, origin: LogOrigin, attempt: number): void {
    const key = keyOf(origin, line.stream)
    const last = this.#places.get(key) ?? this.#before.get(key)
    const isSame = last !== undefined && compareTimes(line, last) === 0
    const {seconds, nanos} = line
    this.#bytes += line.content.length
    this.#set(origin, line.stream, {seconds, nanos, count: isSame ? last.count + 1 : 1, attempt})
  }

  /** All that was passed has been written. */
  release(): void {
    this.#bytes = 0
    for (const output of streams) {
      for (const key of this.#changed[output])
        this.#point.keep(output, key, JSON.stringify(this.#places.get(key)))
      this.#changed[output].clear()
      this.#point.release(output)
    }
  }

  #set(origin: LogOrigin, stream: StreamIndex, place: Place): void {
    const key = keyOf(origin, stream)
    this.#places.set(key, place)
    this.#changed[this.#outputOf(stream)].add(key)
  }
}

function keyOf(
  {namespace, pod, container}: Pick<LogOrigin, 'namespace' | 'pod' | 'container'>,
  stream: StreamIndex,
): string {
  return `${namespace}/${pod}/${container} ${stream}`
}
