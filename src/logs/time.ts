import {zoneText} from '../text/time.js'

/** A point in time with the nanoseconds that one number cannot hold. */
export interface LogTime {
  /** Since 1970. */
  seconds: number
  nanos: number
}

export function timeFromMs(ms: number): LogTime {
  const seconds = Math.floor(ms / 1000)
  return {seconds, nanos: Math.round((ms - seconds * 1000) * 1e6)}
}

export function timeToMs({seconds, nanos}: LogTime): number {
  return seconds * 1000 + nanos / 1e6
}

export function timeToNs({seconds, nanos}: LogTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
}

/** Below, at or above 0 as `a` is before, at or after `b`. */
export function compareTimes(a: LogTime, b: LogTime): number {
  return a.seconds - b.seconds || a.nanos - b.nanos
}

export function addSeconds({seconds, nanos}: LogTime, more: number): LogTime {
  return {seconds: seconds + more, nanos}
}

let knownMinute = Number.NaN
let knownText = ''

/** RFC 3339 with nine fraction digits in the zone that the line was stamped in, as crictl prints it. */
export function stampText(time: LogTime, offsetMinutes: number): string {
  const local = time.seconds + offsetMinutes * 60
  const minute = Math.floor(local / 60)
  if (minute !== knownMinute) {
    knownMinute = minute
    knownText = new Date(minute * 60_000).toISOString().slice(0, 17)
  }
  const second = (local - minute * 60).toString().padStart(2, '0')
  return `${knownText}${second}.${time.nanos.toString().padStart(9, '0')}${zoneText(offsetMinutes)}`
}
