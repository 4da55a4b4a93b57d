import {UsageError} from '../../errors/errors.js'
import {parseDurationMs} from '../../text/duration.js'
import {parseInteger} from '../../text/integer.js'
import {valueFlag} from './types.js'

/** crictl's seconds, or a duration as everywhere else; as seconds, as CRI wants it. */
const grace = valueFlag(parseGrace, {helpValue: 'SECONDS', takesEmpty: true})
const description = 'grace period before SIGKILL, as 10 or 1m30s; 0 kills at once'

export const graceFlag = grace({char: 't', default: '0', description})

/** Of what comes back, and is no habit of crictl. */
export const restartGraceFlag = grace({char: 't', default: '10', description})

/** Rounded up: a second too many does no harm, one too few may. */
function parseGrace(text: string): string {
  const seconds = Math.ceil(secondsOf(text))
  if (seconds < 0) throw new UsageError(`"${text}": a grace period is not negative`)
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
