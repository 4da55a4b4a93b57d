import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {rm} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as wait} from 'node:timers/promises'
import {socketState} from '../client/endpoints.js'
import {
  demoSocketPath,
  isAlive,
  openPrivateDirectory,
  removeKilledServers,
  runningServers,
  type ServerFacts,
} from '../demo/state/home.js'
import {UserError} from '../errors/errors.js'
import {ownCommand} from '../text/own-command.js'
import {programName} from '../text/program.js'
import {demoOfRoot} from '../views/demo.js'
import {isRoot} from './account.js'

/** What a detached server tells whoever started it, once. */
export type StartReport = {endpoint: string} | {failure: string}

const startLimitMs = 30_000
const stopLimitMs = 15_000
const lookEveryMs = 25

/** The endpoint of this user's embedded runtime, which is started where it does not run. */
export async function demoEndpoint(
  note: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const path = demoSocketPath()
  const endpoint = `unix://${path}`
  if ((await socketState(path)) === 'listening') return endpoint
  try {
    await startDetached([], signal)
    note(
      `started the embedded runtime: its containers are ordinary processes of yours, without isolation (${programName()} demo --stop ends it)`,
    )
    if (isRoot()) note(demoOfRoot())
  } catch (error) {
    signal?.throwIfAborted()
    // Another command may have started it at the same moment.
    if ((await socketState(path)) !== 'listening') throw error
  }
  return endpoint
}

/**
 * Starts `crisp demo` with these flags as a process that outlives this one. Resolves when it serves; the signal ends it
 * before.
 */
export async function startDetached(
  flags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const {child, endpoint} = await startServer(flags, signal)
  if (child.connected) child.disconnect()
  child.unref()
  return endpoint
}

/** An embedded runtime that nobody else knows of, in a directory of its own. It ends with this process at the latest. */
export interface PrivateServer extends AsyncDisposable {
  readonly endpoint: string
  readonly socketPath: string
  /** Only the user can look into it; it goes with the server. */
  readonly directory: string
}

export async function startPrivateServer(
  flags: readonly string[],
  signal: AbortSignal,
): Promise<PrivateServer> {
  const directory = await openPrivateDirectory()
  const socketPath = join(directory, 'cri.sock')
  try {
    const {child, endpoint} = await startServer([...flags, '--private', `--socket=${socketPath}`], signal)
    const atExit = () => void child.kill()
    process.once('exit', atExit)
    return {
      endpoint,
      socketPath,
      directory,
      async [Symbol.asyncDispose]() {
        process.off('exit', atExit)
        await endServer(child)
        await rm(directory, {recursive: true, force: true})
      },
    }
  } catch (error) {
    await rm(directory, {recursive: true, force: true})
    throw error
  }
}

async function endServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const limit = new AbortController()
  const exited = once(child, 'exit').then(() => limit.abort())
  child.kill()
  await Promise.race([exited, wait(stopLimitMs, undefined, {signal: limit.signal}).catch(() => undefined)])
  if (!limit.signal.aborted) child.kill('SIGKILL')
}

async function startServer(
  flags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{child: ChildProcess; endpoint: string}> {
  signal?.throwIfAborted()
  const [program, ...words] = ownCommand(process)
  const child = spawn(program, [...words, 'demo', '--child', ...flags], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const limit = new AbortController()
  const stop = () => child.kill()
  signal?.addEventListener('abort', stop)
  const report = await Promise.race([
    new Promise<StartReport>((resolve) => {
      child.once('message', (message) => resolve(message as StartReport))
      const ended = () => resolve({failure: 'the embedded runtime ended before it served'})
      // What it has said may still be on its way.
      child.once('exit', () => (child.connected ? child.once('disconnect', ended) : ended()))
      child.once('error', ({message}) => resolve({failure: message}))
    }),
    wait(
      startLimitMs,
      {failure: `the embedded runtime took more than ${startLimitMs / 1000} s to start`},
      {signal: limit.signal},
    ),
  ])
  limit.abort()
  signal?.removeEventListener('abort', stop)
  if ('failure' in report || signal?.aborted) {
    if (child.connected) child.disconnect()
    child.unref()
  }
  signal?.throwIfAborted()
  if ('failure' in report) throw new UserError(report.failure)
  return {child, endpoint: report.endpoint}
}

/** What there was to stop: a server, what killed ones have left, or nothing. */
export type Stopped = 'running' | 'killed' | 'none'

/** Ends the servers on this socket, and what servers that were killed have left. Resolves when they are gone. */
export async function stopServers(socketPath: string, signal: AbortSignal): Promise<Stopped> {
  const servers = (await runningServers()).filter((server) => server.socketPath === socketPath)
  await Promise.all(servers.map((server) => stopServer(server, signal)))
  const left = await removeKilledServers(socketPath)
  return servers.length > 0 ? 'running' : left ? 'killed' : 'none'
}

async function stopServer(server: ServerFacts, signal: AbortSignal): Promise<void> {
  process.kill(server.pid, 'SIGTERM')
  for (let waitedMs = 0; await isAlive(server); waitedMs += lookEveryMs) {
    if (waitedMs > stopLimitMs)
      throw new UserError(`the embedded runtime (process ${server.pid}) does not end: kill -9 ${server.pid}`)
    await wait(lookEveryMs, undefined, {signal})
  }
}
