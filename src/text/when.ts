import {UsageError} from '../errors/errors.js'
import {parseDurationMs} from './duration.js'

/** A point in time with its nanoseconds. */
export interface Moment {
  seconds: number
  nanos: number
}

/** More than any time takes. */
const longest = 100

/**
 * A time as people write it: RFC 3339 or parts of it (`2026-01-02`, `2026-01-02T13:23`, a blank for the T; without
 * a zone it is local), how long ago (`10m`, `1h30m`, `2d`, `10 minutes ago`), `14:00`, `today`, `yesterday 14:00`,
 * `now`, or Unix seconds. A time of day alone is the last one that was. Throws UsageError.
 */
export function parseWhen(text: string, nowMs: number): Moment {
  const words = text.trim().toLowerCase()
  // Blanks by the ten thousand take the expressions below many seconds.
  const found =
    text.length > longest
      ? undefined
      : (unixSeconds(words) ??
        dateTime(text.trim()) ??
        dayAndTime(words, nowMs) ??
        ago(words, nowMs) ??
        undefined)
  if (found) return found
  throw new UsageError(
    `"${text}" is no time: write 10m, 2d, 14:00, "yesterday 14:00", 2026-01-02 or 2026-01-02T13:00:00Z`,
  )
}

function unixSeconds(text: string): Moment | undefined {
  const [, sign = '', whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  const nanos = Number(fraction.padEnd(9, '0'))
  const seconds = Number(whole)
  return sign === '' ? {seconds, nanos} : negative(seconds, nanos)
}

function negative(seconds: number, nanos: number): Moment {
  return nanos === 0 ? {seconds: -seconds, nanos} : {seconds: -seconds - 1, nanos: 1e9 - nanos}
}

const dateForm =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?)? ?([Zz]|[+-]\d\d:?\d\d)?$/

function dateTime(text: string): Moment | undefined {
  const parts = dateForm.exec(text)
  if (!parts) return undefined
  const [, year, month, date, hour = '0', minute = '0', second = '0', fraction = '', zone] = parts
  const numbers = [year, month, date, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const [y, mo, d, h, mi, s] = numbers
  const utcMs = Date.UTC(y, mo - 1, d, h, mi, s)
  const back = new Date(utcMs)
  const real = back.getUTCMonth() === mo - 1 && back.getUTCDate() === d && h < 24 && mi < 60 && s < 61
  if (!real) return undefined
  const ms = zone === undefined ? new Date(y, mo - 1, d, h, mi, s).getTime() : utcMs - zoneMs(zone)
  return {seconds: Math.floor(ms / 1000), nanos: Number(fraction.padEnd(9, '0'))}
}

function zoneMs(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? []
  if (sign === undefined) return 0
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

function dayAndTime(words: string, nowMs: number): Moment | undefined {
  if (words === 'now') return moment(nowMs)
  const [, day, hour, minute = '0', second = '0'] =
    /^(today|yesterday)?(?:(?:^| +| +at +)(\d{1,2}):(\d\d)(?::(\d\d))?)?$/.exec(words) ?? []
  if (day === undefined && hour === undefined) return undefined
  if (Number(hour ?? 0) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const now = new Date(nowMs)
  const at = (daysBack: number) =>
    new Date(
      now.getFullYear(),
      now.getMonth(),
      now.getDate() - daysBack,
      Number(hour ?? 0),
      Number(minute),
      Number(second),
    ).getTime()
  if (day === 'yesterday') return moment(at(1))
  const today = at(0)
  return moment(day === undefined && today > nowMs ? at(1) : today)
}

const daysMs: Readonly<Record<string, number>> = {d: 86_400_000, w: 7 * 86_400_000}
const wordUnits: readonly (readonly [RegExp, string])[] = [
  [/ *\b(seconds?|secs?)\b */g, 's'],
  [/ *\b(minutes?|mins?)\b */g, 'm'],
  [/ *\b(hours?|hrs?)\b */g, 'h'],
  [/ *\bdays?\b */g, 'd'],
  [/ *\bweeks?\b */g, 'w'],
]

function ago(words: string, nowMs: number): Moment | undefined {
  let rest = words
    .replace(/ +ago$/, '')
    .replace(/(?<=\d) +(?=[a-z])/g, '')
    .replace(/(\d)(?=[a-z])/g, '$1 ')
  for (const [word, unit] of wordUnits) rest = rest.replace(word, unit)
  rest = rest.replaceAll(' ', '')
  let days = 0
  rest = rest.replace(/(\d+(?:\.\d+)?)([dw])/g, (_, count: string, unit: string) => {
    days += Number(count) * (daysMs[unit] as number)
    return ''
  })
  const sign = rest.startsWith('-') ? -1 : 1
  if (rest === '' || rest === '-' || rest === '+') return days === 0 ? undefined : moment(nowMs - sign * days)
  try {
    return moment(nowMs - parseDurationMs(rest) - sign * days)
  } catch {
    // Nor a duration: the caller says what is.
    return undefined
  }
}

function moment(ms: number): Moment {
  const seconds = Math.floor(ms / 1000)
  return {seconds, nanos: Math.round((ms - seconds * 1000) * 1e6)}
}
