import {exitCode, Interrupted, UserError} from '../../errors/errors.js'
import {programName} from '../../text/program.js'
import {describeError} from '../failures/describe.js'

/** How it went on a node, in the words of the last line. */
export type OutcomeWord =
  | 'ok'
  | 'failed'
  | 'refused'
  | 'timed out'
  | 'unreachable'
  | 'would ask'
  | 'lost'
  | 'interrupted'
  | 'not run'

export interface Outcome {
  node: string
  word: OutcomeWord
  exitCode: number
  /** One line; what failed there has said so itself. */
  text?: string
}

/** A node that took longer than it may. */
export class NodeTimeoutError extends UserError {}

/** ssh tells its reasons in words alone. */
const reasons: readonly [RegExp, OutcomeWord][] = [
  [/Connection refused/, 'refused'],
  [/timed out|Timeout, server|did not start \/bin\/sh within/, 'timed out'],
  [/Permission denied|Host key verification failed|Too many authentication failures/, 'would ask'],
  [/connection was lost/, 'lost'],
]

export function outcomeOf(node: string, error: unknown): Outcome {
  const {text, exitCode: code} = describeError(error)
  if (error instanceof NodeTimeoutError) return {node, word: 'timed out', exitCode: code, text}
  if (error instanceof Interrupted) return {node, word: 'interrupted', exitCode: code}
  const word =
    reasons.find(([pattern]) => pattern.test(text))?.[1] ??
    (code === exitCode.unreachable ? 'unreachable' : 'failed')
  const hint =
    word === 'would ask'
      ? `: of several nodes none may ask: ${programName()} --node ${node} version once does`
      : ''
  return {node, word, exitCode: code, text: hint === '' ? text : `${text.replace(/\.$/, '')}${hint}`}
}

/** `397 ok, 2 refused, 1 timed out`; undefined where all is well. */
export function countText(outcomes: readonly Outcome[]): string | undefined {
  if (outcomes.every(({word}) => word === 'ok')) return undefined
  const counts = new Map<OutcomeWord, number>([['ok', 0]])
  for (const {word} of outcomes) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ')
}
