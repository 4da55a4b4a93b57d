import * as Flags from '@oclif/core/flags'
import {UsageError} from '../../errors/errors.js'
import {parseDurationMs} from '../../text/duration.js'
import {parseInteger} from '../../text/integer.js'

/** crictl's seconds, or a duration as everywhere else. */
export const graceFlag = Flags.string({
  char: 't',
  helpValue: 'SECONDS',
  default: '0',
  description: 'grace period before SIGKILL, as 10 or 1m30s; 0 kills at once',
})

/** As CRI wants it. Rounded up: a second too many does no harm, one too few may. */
export function graceSeconds(text: string): string {
  const seconds = Math.ceil(secondsOf(text))
  if (seconds < 0) throw new UsageError(`--timeout ${text}: a grace period is not negative`)
  return String(seconds)
}

function secondsOf(text: string): number {
  try {
    return parseInteger(text)
  } catch {
    // Not crictl's form; the other one may be, and has the better words if not.
    return parseDurationMs(text) / 1000
  }
}
