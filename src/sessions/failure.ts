import type {CriClient} from '../client/connect.js'
import {exitCode, RpcError, rpcCode, UserError} from '../errors/errors.js'
import {missingIfGone} from '../node/missing.js'
import {StreamError, startFailureIn} from '../streaming/index.js'

/** What the failure of an exec or attach means: for the command, or of the container. */
export async function sessionFailure(
  client: CriClient,
  containerId: string,
  error: unknown,
): Promise<unknown> {
  if (runtimeText(error) === undefined) return error
  return (
    commandFailure(error) ??
    (await explainNotRunning(client, containerId, error)) ??
    (await missingIfGone(client, error, 'container', {id: containerId}))
  )
}

/** A command that is not in the container (127), or cannot be executed there (126); undefined for all else. */
function commandFailure(error: unknown): UserError | undefined {
  const text = runtimeText(error) ?? ''
  const named = /exec: \\*"([^"\\]*)\\*"|file `([^`]*)`/.exec(text)
  const command = named?.[1] ?? named?.[2]
  switch (startFailureIn(text)) {
    case 'notFound':
      return new UserError(
        `there is no ${command === undefined ? 'such command' : `"${command}"`} in the container`,
        {exitCode: exitCode.commandNotFound, facts: {about: 'missing command', command}, cause: error},
      )
    case 'notExecutable':
      return new UserError(
        `${command === undefined ? 'the command' : `"${command}"`} cannot be executed in the container: ${reasonIn(text)}`,
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

/** The same for commands whose exit code is not the container's. */
export function plainStartFailure(error: unknown, container?: string): unknown {
  const failure = failedStart(error)
  if (!failure) return error
  const {message, facts} = failure
  const about = container === undefined ? '' : `container "${container}": `
  return new UserError(`${about}${message}`, {...(facts ? {facts} : {}), cause: error})
}

function failedStart(error: unknown): UserError | undefined {
  // containerd looks for the command when it starts the container, CRI-O when it creates it.
  const methods = ['StartContainer', 'CreateContainer']
  return error instanceof RpcError && methods.includes(error.method) ? commandFailure(error) : undefined
}

/** The runtime's own words for why it could not, if it was the runtime that could not. */
function runtimeText(error: unknown): string | undefined {
  if (error instanceof StreamError) return error.kind === 'failed' ? error.message : undefined
  if (!(error instanceof RpcError)) return undefined
  return error.code === rpcCode.unknown || error.code === rpcCode.notFound ? error.details : undefined
}

/** Why the command cannot be executed; other words may follow. */
function reasonIn(text: string): string {
  return /permission denied|is a directory|exec format error/i.exec(text)?.[0] ?? text
}

/** Runtimes say it in words only, and each in its own: the status is sure. */
async function explainNotRunning(
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
      const {exitCode, finishedAt} = status
      return new UserError(`the container is not running: it exited with code ${exitCode}`, {
        facts: {about: 'exited container', exitCode, finishedAt},
        cause,
      })
    }
    case 'CONTAINER_CREATED':
      return new UserError('the container is not running: it was created but not started', {
        facts: {about: 'created container'},
        cause,
      })
    default:
      return undefined
  }
}
