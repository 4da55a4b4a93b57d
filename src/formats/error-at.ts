import {UsageError} from '../errors/errors.js'

/** A mistake in a text the user wrote, with line and column. */
export function errorAt(kind: string, source: string, at: number, message: string): UsageError {
  const before = source.slice(0, at).split('\n')
  const column = [...(before.at(-1) ?? '')].length + 1
  return new UsageError(`${kind} ${before.length}:${column}: ${message}`)
}
