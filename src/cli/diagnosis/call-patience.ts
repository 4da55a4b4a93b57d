import type {CallObserver} from '../../client/call-options.js'
import {durationText} from '../../text/duration.js'

const patienceMs = 3_000
const openEnded = new Set(['GetContainerEvents', 'PullImage', 'ExecSync'])

/** Says on a terminal which call is being waited for, when one is slow. */
export function patientCalls(note: (text: string) => void): CallObserver {
  return (method) => {
    if (openEnded.has(method)) return {onEnd: () => undefined}
    const timer = setTimeout(
      () => note(`still waiting for ${method} after ${durationText(patienceMs)} (Ctrl-C cancels it)`),
      patienceMs,
    )
    timer.unref()
    return {onEnd: () => clearTimeout(timer)}
  }
}
