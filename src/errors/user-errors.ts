import {type ExitCode, exitCode} from './exit-codes.js'
import type {Facts, ObjectKind} from './facts.js'
import {printable} from './printable.js'

export interface UserErrorOptions {
  exitCode?: ExitCode
  cause?: unknown
  facts?: Facts
}

/**
 * Something the user can put right. The message is one line, whatever the runtime or the user put into it, and states
 * the fact; where `facts` are given the fix is found from them.
 */
export class UserError extends Error {
  override name = 'UserError'
  readonly exitCode: ExitCode
  readonly facts: Facts | undefined

  constructor(message: string, options: UserErrorOptions = {}) {
    super(printable(message), {cause: options.cause})
    this.exitCode = options.exitCode ?? exitCode.failed
    this.facts = options.facts
  }
}

/** Wrong flags or arguments: exit code 2. */
export class UsageError extends UserError {
  override name = 'UsageError'

  constructor(message: string, options: Omit<UserErrorOptions, 'exitCode'> = {}) {
    super(message, {...options, exitCode: exitCode.usage})
  }
}

/** Something must be named and nothing is. */
export class MissingArgumentError extends UsageError {
  override name = 'MissingArgumentError'
}

/** A reference that names nothing, or more than one thing: exit code 3. */
export class NotFoundError extends UserError {
  override name = 'NotFoundError'

  constructor(message: string, options: Omit<UserErrorOptions, 'exitCode'> = {}) {
    super(message, {...options, exitCode: exitCode.notFound})
  }
}

/** A reference that several things answer to: nothing is missing. */
export class AmbiguousError extends NotFoundError {
  override name = 'AmbiguousError'
}

/** The error for a reference that names no object of its kind. */
/** `nearest`: what may have been meant; asked only where the failure is told. */
export function missingObject(
  object: ObjectKind,
  reference: string,
  nearest: () => readonly string[] = () => [],
): NotFoundError {
  return new NotFoundError(`no ${object} "${reference}"`, {
    facts: {about: 'missing object', object, reference, nearest},
  })
}
