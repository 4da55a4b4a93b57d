/** Whether a CRI time says when something was: 0 and below, such as Go's zero time, say that it has not happened. */
export function isTime(timeNs: string): boolean {
  return Number(timeNs) > 0
}

/** Milliseconds since 1970 of a CRI time, nanoseconds as a decimal string; 0 where there is none. */
export function epochMs(timeNs: string): number {
  // A hundred times quicker than whole nanoseconds are divided; fewer than six digits leave nothing, or a sign.
  return Number(timeNs.slice(0, -6)) || 0
}

/**
 * A CRI time, nanoseconds since 1970 as a decimal string, as RFC 3339 in the local time zone with up to nine
 * fraction digits. One that has not happened gives Go's zero time, as crictl does.
 */
export function rfc3339(timeNs: string): string {
  if (!isTime(timeNs)) return '0001-01-01T00:00:00Z'
  const time = BigInt(timeNs)
  const seconds = time / 1_000_000_000n
  const nanos = time % 1_000_000_000n
  const fraction = nanos === 0n ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`
  const date = new Date(Number(seconds) * 1000)
  return `${localDateTime(date)}${fraction}${zoneText(-date.getTimezoneOffset())}`
}

/** `2026-01-02T13:00:00` in the local time zone. */
export function localDateTime(date: Date): string {
  const day = `${date.getFullYear().toString().padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** A zone by its distance from UTC: `Z`, `+01:00`. */
export function zoneText(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z'
  const absolute = Math.abs(offsetMinutes)
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`
}

function two(number: number): string {
  return number.toString().padStart(2, '0')
}
