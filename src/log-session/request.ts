import type {Container} from '../generated/cri.js'
import type {Grep} from '../logs/grep.js'
import type {LineFilter} from '../logs/lines.js'
import {
  findLogContainers,
  type LogSelector,
  selectLogContainers,
  type WantedAttempt,
} from '../node/log-targets.js'
import type {NodeView} from '../node/view.js'
import type {Regexp} from '../text/regexp/index.js'

/** What matches is shown, and marked in it. */
export interface LogSearch extends Grep {
  include: readonly Regexp[]
}

/** What is to be shown of which logs, and how. */
export interface LogRequest {
  references: readonly string[]
  /** Chooses the containers in place of references. */
  selector: LogSelector | undefined
  attempt: WantedAttempt
  /** Lets the runtime open its log files anew first. */
  reopen: boolean

  follow: boolean
  /** Ends with the container instead of waiting for its next attempt. */
  once: boolean
  tail: number | undefined
  filter: LineFilter
  /** Of all logs together. */
  limitBytes: number
  grep: LogSearch | undefined

  /** `raw` has neither names nor colours. */
  format: 'text' | 'raw' | 'json'
  timestamps: boolean
  /** Names the log in front of each line, though there is only one. */
  prefix: boolean
}

/** The containers that are wanted now; `fail` gets why a reference names none. */
export function findWantedContainers(
  {references, selector}: LogRequest,
  view: NodeView,
  fail: (error: unknown) => void,
): Container[] {
  if (selector) return selectLogContainers(selector, view)
  const named = references.flatMap((reference) => {
    try {
      return findLogContainers(reference, view)
    } catch (error) {
      fail(error)
      return []
    }
  })
  return [...new Set(named)]
}
