import {exitCode, Interrupted, UserError} from '../../errors/errors.js'
import {SilentError} from '../../nodes/silent.js'
import {type LoginFailure, SshError} from '../../nodes/ssh-failure.js'
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
  | 'denied'
  | 'host key changed'
  | 'lost'
  | 'interrupted'
  | 'not run'

export interface Outcome {
  node: string
  word: OutcomeWord
  exitCode: number
  /** One line; what failed there has said so itself. */
  text?: string
  /** Nothing ran there yet. */
  isUnasked?: boolean
}

/** A node that took longer than it may. */
export class NodeTimeoutError extends UserError {}

const wordsOfFailures: Record<LoginFailure, OutcomeWord> = {
  password: 'would ask',
  'unknown host': 'would ask',
  sudo: 'would ask',
  keys: 'denied',
  'changed host': 'host key changed',
  refused: 'refused',
  'timed out': 'timed out',
  other: 'unreachable',
}

const reasons: readonly [RegExp, OutcomeWord][] = [
  [/did not start \/bin\/sh within/, 'timed out'],
  [/connection was lost/, 'lost'],
]

export function outcomeOf(node: string, error: unknown): Outcome {
  const {text, exitCode: code} = describeError(error)
  if (error instanceof NodeTimeoutError) return {node, word: 'timed out', exitCode: code, text}
  if (error instanceof Interrupted) return {node, word: 'interrupted', exitCode: code, isUnasked: true}
  if (error instanceof SilentError) return {node, word: 'interrupted', exitCode: code, text}
  if (error instanceof SshError) {
    const {failure} = error
    const isAnswered = failure === 'password' || failure === 'unknown host'
    const hint = isAnswered
      ? `: of several nodes none may ask: ${programName()} --node ${node} version once does`
      : ''
    return {node, word: wordsOfFailures[failure], exitCode: code, text: text + hint}
  }
  const word =
    reasons.find(([pattern]) => pattern.test(text))?.[1] ??
    (code === exitCode.unreachable ? 'unreachable' : 'failed')
  return {node, word, exitCode: code, text}
}

/** `397 ok, 2 refused, 1 timed out`; undefined where all is well. */
export function countText(outcomes: readonly Outcome[]): string | undefined {
  if (outcomes.every(({word}) => word === 'ok')) return undefined
  const counts = new Map<OutcomeWord, number>([['ok', 0]])
  for (const {word} of outcomes) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ')
}
