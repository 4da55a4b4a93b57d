import {epochMs, isTime} from './time.js'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** How long ago, in crictl's words: `About a minute`, `3 weeks`. A time in the future is `Less than a second`. */
export function ageText(ageMs: number): string {
  const seconds = Math.floor(ageMs / secondMs)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.floor(ageMs / minuteMs)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.round(ageMs / hourMs)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(Math.floor(ageMs / hourMs) / 24 / 365)} years`
}

/** `<age> ago` of a CRI time, nanoseconds since 1970 as a decimal string, as of `nowMs`; empty where it has not happened. */
export function agoText(timeNs: string, nowMs: number): string {
  return isTime(timeNs) ? `${ageText(nowMs - epochMs(timeNs))} ago` : ''
}
