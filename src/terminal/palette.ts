import type {Meaning} from '../text/meaning.js'

/**
 * The numbers of xterm's 256 colours that mean something. They are those in the middle, which are as far from white as
 * from black, and which no theme changes: the first sixteen are hard to read on one of the two in most.
 */
export const palette: Readonly<Record<Meaning | 'typed', number>> = {
  failed: 196,
  warning: 136,
  running: 28,
  ended: 244,
  typed: 31,
}

/** For names, to tell one from another. */
export const nameColours: readonly number[] = [31, 133, 99, 30, 64, 166]

export function inColour(number: number, text: string): string {
  return `\u001b[38;5;${number}m${text}\u001b[39m`
}
