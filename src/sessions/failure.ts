import type {CriClient} from '../client/connect.js'
import {
  describeError,
  type ExitCode,
  exitCode,
  type Failure,
  Interrupted,
  RpcError,
  rpcCode,
  UserError,
} from '../errors/errors.js'
import {StreamError, startFailureIn} from '../streaming/index.js'
import {agoText} from '../text/age.js'

/** The failure of an exec or attach, for a user: what it means for the command, and the fix. */
export async function streamFailure(
  client: CriClient,
  containerId: string,
  error: unknown,
): Promise<unknown> {
  if (runtimeText(error) === undefined) return error
  return commandFailure(error) ?? (await notRunning(client, containerId, error)) ?? error
}

/** A command that is not in the container (127), or cannot be executed there (126); undefined for all else. */
function commandFailure(error: unknown): UserError | undefined {
  const text = runtimeText(error) ?? ''
  const command = /exec: "([^"]*)"|file `([^`]*)`/.exec(text)
  const named = command?.[1] ?? command?.[2]
  switch (startFailureIn(text)) {
    case 'notFound':
      return new UserError(
        `there is no ${named === undefined ? 'such command' : `"${named}"`} in the container: give the full path of a program that its image has (some images have no shell at all)`,
        {exitCode: exitCode.commandNotFound, cause: error},
      )
    case 'notExecutable':
      return new UserError(
        `${named === undefined ? 'the command' : `"${named}"`} cannot be executed in the container: ${lastPart(text)}`,
        {exitCode: exitCode.notExecutable, cause: error},
      )
    case undefined:
      return undefined
  }
}

/** Why a container did not start, as exec says it of a command: 127 where there is none, 126 where it cannot run. */
export function startFailure(error: unknown): unknown {
  return failedStart(error) ?? error
}

/** The same words, for commands whose exit code is not the container's. */
export function plainStartFailure(error: unknown, container?: string): unknown {
  const failure = failedStart(error)
  if (!failure) return error
  const about = container === undefined ? '' : `container "${container}": `
  return new UserError(`${about}${failure.message}`, {cause: error})
}

function failedStart(error: unknown): UserError | undefined {
  return error instanceof RpcError && error.method === 'StartContainer' ? commandFailure(error) : undefined
}

/** The runtime's own words for why it could not, if it was the runtime that could not. */
function runtimeText(error: unknown): string | undefined {
  if (error instanceof StreamError) return error.kind === 'failed' ? error.message : undefined
  if (!(error instanceof RpcError)) return undefined
  return error.code === rpcCode.unknown || error.code === rpcCode.notFound ? error.details : undefined
}

function lastPart(text: string): string {
  const parts = text.split(': ').filter((part) => part !== 'unknown')
  return parts.at(-1) ?? text
}

/** Runtimes say it in words only, and each in its own: the status is sure. */
async function notRunning(
  client: CriClient,
  containerId: string,
  cause: unknown,
): Promise<UserError | undefined> {
  const status = await client.runtime.containerStatus({containerId}).then(
    (response) => response.status,
    () => undefined,
  )
  switch (status?.state) {
    case 'CONTAINER_EXITED': {
      const ago = agoText(status.finishedAt, Date.now())
      return new UserError(
        `the container is not running: it exited ${ago} with code ${status.exitCode}; see crisp logs, or crisp ps for a newer one`,
        {cause},
      )
    }
    case 'CONTAINER_CREATED':
      return new UserError('the container is not running: it was created but not started (crisp start)', {
        cause,
      })
    default:
      return undefined
  }
}

/**
 * As 125, so that a script can tell it from the remote command's own code; usage, timeouts and interruptions keep
 * theirs. `name` says which of several containers it was.
 */
export function asOwnFailure(error: unknown, name?: string): unknown {
  if (error instanceof Interrupted) return error
  const failure = failureOf(error)
  // Only ours have rows: line ends in a runtime's words are no lines.
  const [text = '', ...rows] = error instanceof UserError ? failure.text.split('\n  ') : [failure.text]
  return new UserError(name === undefined ? text : `${name}: ${text}`, {
    exitCode: ownCode(failure.exitCode),
    cause: error,
    rows,
  })
}

const kept: readonly ExitCode[] = [
  exitCode.usage,
  exitCode.timedOut,
  exitCode.notExecutable,
  exitCode.commandNotFound,
  exitCode.interrupted,
  exitCode.terminated,
]

function ownCode(code: ExitCode): ExitCode {
  return kept.includes(code) ? code : exitCode.ours
}

/** For commands whose exit code is not another's: only what a stream's failure means is added. */
export function asPlainFailure(error: unknown): unknown {
  return error instanceof StreamError ? new UserError(streamErrorText(error), {cause: error}) : error
}

/** What to say of a failure that does not end the command. */
export function streamErrorText(error: unknown): string {
  return failureOf(error).text
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof StreamError)) return describeError(error)
  const fix = streamFix(error)
  // What every server puts before its own failures tells nobody anything.
  const message = error.message.replace(/^(Internal error occurred: )+/, '')
  return {text: fix ? `${message}; ${fix}` : message, exitCode: exitCode.failed}
}

function streamFix({kind, httpStatus}: StreamError): string | undefined {
  switch (kind) {
    case 'unreachable':
      return 'it listens on the node itself: run crisp there, outside of containers'
    case 'tls':
      return 'trust its certificate with --tls-ca FILE (and --tls-sni NAME), or any with --tls-insecure'
    case 'refused':
      return httpStatus === 403
        ? 'it speaks another protocol: try --transport websocket, or spdy'
        : httpStatus === 404
          ? 'its addresses work once and for a minute: try again'
          : undefined
    case 'lost':
      return 'what was started may still run; is the runtime restarting? systemctl status containerd crio'
    case 'noStatus':
      return 'how the command ended is unknown'
    case 'timedOut':
      return "look at the runtime's log: journalctl -u containerd -u crio"
    case 'address':
    case 'protocol':
    case 'failed':
      return undefined
  }
}
