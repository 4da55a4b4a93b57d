import {type Interrupted, UserError} from '../errors/errors.js'
import {durationText} from '../text/duration.js'

/** How long what runs on a node may take to hear of a signal. */
export const lastMomentsMs = 2_000

/** A node of which nothing is heard after a signal: it is not waited for any more. */
export class SilentError extends UserError {
  override name = 'SilentError'

  constructor(
    destination: string,
    {signal, exitCode}: Interrupted,
    {withinMs, after = ''}: {withinMs: number; after?: string},
  ) {
    const what = signal === 'SIGINT' ? 'Ctrl-C' : signal
    super(`${destination}: no answer within ${durationText(withinMs)} of ${what}${after}`, {exitCode})
  }
}
