import {spawn} from 'node:child_process'
import {setTimeout as wait} from 'node:timers/promises'
import {socketState} from '../client/endpoints.js'
import {demoSocketPath, isAlive, runningServers, type ServerFacts} from '../demo/state/home.js'
import {UserError} from '../errors/errors.js'
import {programName} from '../text/program.js'

/** What a detached server tells whoever started it, once. */
export type StartReport = {endpoint: string} | {failure: string}

const startLimitMs = 30_000
const stopLimitMs = 15_000
const lookEveryMs = 25

/** The endpoint of this user's embedded runtime, which is started where it does not run. */
export async function demoEndpoint(note: (text: string) => void): Promise<string> {
  const path = demoSocketPath()
  const endpoint = `unix://${path}`
  if ((await socketState(path)) === 'listening') return endpoint
  try {
    await startDetached([])
    note(
      `started the embedded runtime: its containers are ordinary processes of yours, without isolation (${programName()} demo --stop ends it)`,
    )
  } catch (error) {
    // Another command may have started it at the same moment.
    if ((await socketState(path)) !== 'listening') throw error
  }
  return endpoint
}

/** Starts `crisp demo` with these flags as a process that outlives this one. Resolves when it serves. */
export async function startDetached(flags: readonly string[]): Promise<string> {
  const program = process.argv[1] ?? ''
  const child = spawn(process.execPath, [program, 'demo', '--child', ...flags], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const limit = new AbortController()
  const report = await Promise.race([
    new Promise<StartReport>((resolve) => {
      child.once('message', (message) => resolve(message as StartReport))
      child.once('exit', () => resolve({failure: 'the embedded runtime ended before it served'}))
      child.once('error', ({message}) => resolve({failure: message}))
    }),
    wait(
      startLimitMs,
      {failure: `the embedded runtime took more than ${startLimitMs / 1000} s to start`},
      {signal: limit.signal},
    ),
  ])
  limit.abort()
  if (child.connected) child.disconnect()
  child.unref()
  if ('failure' in report) throw new UserError(report.failure)
  return report.endpoint
}

/** Ends the servers on this socket. Resolves with how many there were, when they are gone. */
export async function stopServers(socketPath: string): Promise<number> {
  const servers = (await runningServers()).filter((server) => server.socketPath === socketPath)
  await Promise.all(servers.map(stopServer))
  return servers.length
}

async function stopServer(server: ServerFacts): Promise<void> {
  process.kill(server.pid, 'SIGTERM')
  for (let waitedMs = 0; await isAlive(server); waitedMs += lookEveryMs) {
    if (waitedMs > stopLimitMs)
      throw new UserError(`the embedded runtime (process ${server.pid}) does not end: kill -9 ${server.pid}`)
    await wait(lookEveryMs)
  }
}
