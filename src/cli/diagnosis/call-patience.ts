import type {CallObserver} from '../../client/call-options.js'
import {longestTimerMs} from '../../client/deadlines.js'
import {durationText} from '../../text/duration.js'

const patienceMs = 3_000
const openEnded = new Set(['GetContainerEvents', 'PullImage', 'ExecSync'])

/** Says on a terminal which call is being waited for, when one is slow. */
export function patientCalls(note: (text: string) => void): CallObserver {
  return (method, request) => {
    if (openEnded.has(method)) return {onEnd: () => undefined}
    const afterMs = patienceMs + graceMs(method, request)
    const timer = setTimeout(
      () => note(`still waiting for ${method} after ${durationText(afterMs)} (Ctrl-C cancels it)`),
      Math.min(afterMs, longestTimerMs),
    )
    timer.unref()
    return {onEnd: () => clearTimeout(timer)}
  }
}

/** What the request itself allows: somebody who gives a container a minute expects to wait for one. */
function graceMs(method: string, request: {timeout?: unknown}): number {
  return method === 'StopContainer' ? Number(request.timeout ?? 0) * 1000 : 0
}
