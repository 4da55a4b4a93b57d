import {UsageError} from '../errors/errors.js'

/** What `--color` may say. */
export const colourChoices = ['auto', 'always', 'never'] as const

let chosen: (typeof colourChoices)[number] = 'auto'

/** For all of the program: errors, too, want to know. Throws UsageError. */
export function chooseColour(word = 'auto'): void {
  const choice = colourChoices.find((known) => known === word)
  if (!choice) throw new UsageError(`--color ${word}: there are ${colourChoices.join(', ')}`)
  chosen = choice
}

/**
 * Whether what is written there is coloured: by the flag, else by NO_COLOR (https://no-color.org), else by
 * CLICOLOR_FORCE, else on a terminal that can.
 */
export function wantsColour({isTTY}: {isTTY?: boolean}, env: NodeJS.ProcessEnv = process.env): boolean {
  if (chosen !== 'auto') return chosen === 'always'
  const {NO_COLOR = '', CLICOLOR_FORCE = '', TERM} = env
  if (NO_COLOR !== '') return false
  if (CLICOLOR_FORCE !== '' && CLICOLOR_FORCE !== '0') return true
  return Boolean(isTTY) && TERM !== 'dumb'
}
