import {printable} from '../errors/printable.js'
import {cutText, widthOf} from './table.js'

/** Text that fills so many columns exactly: cut with an `…`, or filled up with blanks. Control characters are escaped. */
export function fitText(
  text: string,
  width: number,
  {align = 'left', keep = 'start'}: {align?: 'left' | 'right'; keep?: 'start' | 'end'} = {},
): string {
  if (width <= 0) return ''
  const shown = cutText(printable(text), width, keep)
  const blanks = ' '.repeat(Math.max(0, width - widthOf(shown)))
  return align === 'right' ? blanks + shown : shown + blanks
}

const steps = '▁▂▃▄▅▆▇█'

/**
 * The last values as a row of blocks, the newest on the right, at most so many columns wide. Full height is the
 * largest of them, but never less than `floor`, so that noise stays flat.
 */
export function sparkline(values: readonly number[], width: number, floor: number): string {
  const last = values.slice(-width)
  const top = Math.max(floor, ...last)
  const blocks = last.map((value) => steps[Math.round((Math.max(0, value) / top) * (steps.length - 1))] ?? '')
  return blocks.join('').padStart(width)
}

/** An age in at most four columns: `7s`, `59m`, `23h`, `364d`, `12y`. */
export function shortAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`
  const days = Math.floor(seconds / 86_400)
  return days < 1_000 ? `${days}d` : `${Math.floor(days / 365)}y`
}
