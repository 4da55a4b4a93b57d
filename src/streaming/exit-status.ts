import type {StartFailure} from './stream-error.js'

/** What the error stream of an exec or attach said at the end. `missing`: nothing, or not all of it. */
export type ExitStatus =
  | {kind: 'exited'; exitCode: number}
  | {kind: 'failed'; message: string; startFailure: StartFailure | undefined}
  | {kind: 'missing'}

/**
 * Reads the status document of `v4.channel.k8s.io` and later. An attach that ended says exit code 0 whatever the
 * container's was. Text that is no such document is a failure with that text, as in the older protocols.
 */
export function parseExitStatus(text: string): ExitStatus {
  if (text.trim() === '') return {kind: 'missing'}
  const status = parseObject(text)
  if (!status) return text.startsWith('{') ? {kind: 'missing'} : failedStatus(text.trim())
  if (status.status === 'Success') return {kind: 'exited', exitCode: 0}

  const exitCode = status.reason === 'NonZeroExitCode' ? exitCodeIn(status.details) : undefined
  if (exitCode !== undefined) return {kind: 'exited', exitCode}
  const message = typeof status.message === 'string' ? status.message.trim() : ''
  return failedStatus(message || `a failure without an exit code: ${text.trim()}`)
}

function failedStatus(message: string): ExitStatus {
  return {kind: 'failed', message, startFailure: startFailureIn(message)}
}

function exitCodeIn(details: unknown): number | undefined {
  const causes = isObject(details) && Array.isArray(details.causes) ? details.causes : []
  const cause: unknown = causes.find((candidate) => isObject(candidate) && candidate.reason === 'ExitCode')
  const message = isObject(cause) ? cause.message : undefined
  const exitCode = typeof message === 'string' && /^\d{1,3}$/.test(message) ? Number(message) : undefined
  return exitCode !== undefined && exitCode <= 255 ? exitCode : undefined
}

/**
 * Whether a runtime's failure text, of a stream or of an ExecSync call, says that the command did not start.
 */
export function startFailureIn(message: string): StartFailure | undefined {
  // There is no field for this: an OCI runtime's words arrive inside "Internal error occurred: ...". runc writes
  // `exec: "x": executable file not found in $PATH` or `exec: "/x": stat /x: no such file or directory`, crun
  // "executable file `x` not found in $PATH: No such file or directory"; CRI-O escapes the quotes. The command is required in the text, because
  // a missing working directory or a vanished shim also end in "no such file or directory".
  const aboutCommand = /exec: \\*"|executable file|exec format error/i.test(message)
  if (!aboutCommand) return undefined
  if (/permission denied|is a directory|exec format error/i.test(message)) return 'notExecutable'
  if (/not found in \$PATH|no such file or directory/i.test(message)) return 'notFound'
  return undefined
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // Not JSON: the text itself is the message.
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
