import {UsageError} from '../errors/errors.js'

const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** A Go duration (`2s`, `1m30s`, `500ms`, `-1h`) in milliseconds. A bare number other than 0 has no unit and is refused. */
export function parseDurationMs(text: string): number {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (rest === '0') return 0
  const parts = [...rest.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy)]
  const matched = parts.reduce((length, [part]) => length + part.length, 0)
  if (parts.length === 0 || matched !== rest.length) {
    const hint = /^\d+(\.\d+)?$/.test(rest) ? `${text}s` : '10s, 1m30s or 500ms'
    throw new UsageError(`"${text}" is not a duration: write ${hint}`)
  }
  const total = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit as string] as number),
    0,
  )
  return sign === '-' ? -total : total
}

/** `2m`, `1m30s`, `500ms`, `3h12m`: a duration as a user would type it; of hours without their seconds. */
export function durationText(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`
  const seconds = Math.round(durationMs / 100) / 10
  if (seconds < 60) return `${seconds}s`
  const whole = Math.round(durationMs / 1_000)
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? twoUnits(minutes, 'm', whole % 60, 's')
    : twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'm')
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large}${largeUnit}${small === 0 ? '' : `${small}${smallUnit}`}`
}
