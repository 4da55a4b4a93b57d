import {
  type ExitCode,
  exitCode,
  Interrupted,
  RpcError,
  UnreachableError,
  UserError,
} from '../../errors/errors.js'
import {isOutOfFiles, outOfFilesText} from '../../errors/few-files.js'
import {printable} from '../../errors/printable.js'
import {shorten} from '../../errors/shorten.js'
import {StreamError} from '../../streaming/stream-error.js'
import {factsText} from './facts.js'
import {rpcFailure} from './rpc.js'
import {streamText} from './stream.js'
import {systemText} from './system.js'
import {unreachableLines} from './unreachable.js'

// The one author of what users are told of failures. Everything below throws facts; here they get words and the fix.

export interface Failure {
  /** What to print on stderr: one line, and rows where there is a choice to look through; empty where the user knows. */
  text: string
  exitCode: ExitCode
}

/** What to say of it: the user's words in it may be of any length, what is said of them is not. */
export function describeError(error: unknown): Failure {
  const {lines, exitCode} = describeWhole(error)
  return {text: lines.map((line) => shorten(printable(line))).join('\n'), exitCode}
}

function describeWhole(error: unknown): {lines: readonly string[]; exitCode: ExitCode} {
  if (error instanceof Interrupted) return {lines: [], exitCode: error.exitCode}
  if (error instanceof UnreachableError)
    return {lines: unreachableLines(error.sockets), exitCode: error.exitCode}
  if (error instanceof UserError)
    return {
      lines: error.facts ? factsText(error.message, error.facts) : [error.message],
      exitCode: error.exitCode,
    }
  if (error instanceof RpcError) {
    const {text, exitCode} = rpcFailure(error)
    return {lines: [text], exitCode}
  }
  if (isOutOfFiles(error instanceof StreamError ? error.cause : error))
    return {lines: [outOfFilesText], exitCode: exitCode.failed}
  if (error instanceof StreamError) return {lines: [streamText(error)], exitCode: exitCode.failed}
  const refused = systemText(error)
  if (refused !== undefined) return {lines: [refused], exitCode: exitCode.failed}
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const [first = ''] = message.split('\n')
  return {
    lines: [`internal error in crisp: ${first} (run again with --debug and report what it prints)`],
    exitCode: exitCode.failed,
  }
}

const kept: readonly ExitCode[] = [
  exitCode.usage,
  exitCode.timedOut,
  exitCode.notExecutable,
  exitCode.commandNotFound,
  exitCode.interrupted,
  exitCode.terminated,
]

/**
 * For verbs that end with a remote command's exit code: 125, so that a script can tell our failures from the command's;
 * usage, timeouts and interruptions keep theirs. `name` says which of several containers it was.
 */
export function describeOwnError(error: unknown, name?: string): Failure {
  const failure = describeError(error)
  if (error instanceof Interrupted) return failure
  return {
    text: name === undefined ? failure.text : `${shorten(printable(name))}: ${failure.text}`,
    exitCode: kept.includes(failure.exitCode) ? failure.exitCode : exitCode.ours,
  }
}
