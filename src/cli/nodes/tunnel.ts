import {randomUUID} from 'node:crypto'
import {once} from 'node:events'
import {rmSync} from 'node:fs'
import {connect, type Socket} from 'node:net'
import {knownSockets, socketPathOf} from '../../client/endpoints.js'
import {exitCode, UsageError, UserError} from '../../errors/errors.js'
import {parseDestination} from '../../nodes/destination.js'
import {SshConnection, type StreamForward} from '../../nodes/ssh.js'
import {setDialer} from '../../streaming/dialer.js'
import {setElsewhere} from '../../text/elsewhere.js'
import {programName} from '../../text/program.js'
import {type CommandLine, type FlagSpec, givenValue} from '../argv.js'
import {describeError} from '../failures/describe.js'
import {Interruption} from '../interruption.js'
import {reportFailure} from '../messages.js'
import type {NodeSettings} from '../settings/own-file.js'

/** All else reads files or processes of the node. */
const tunnelVerbs: ReadonlySet<string> = new Set([
  'attach',
  'cp',
  'create',
  'describe',
  'events',
  'exec',
  'imagefsinfo',
  'images',
  'info',
  'inspect',
  'inspecti',
  'inspectp',
  'metricdescs',
  'metricsp',
  'pods',
  'port-forward',
  'ps',
  'pull',
  'restart',
  'rm',
  'rmi',
  'rmp',
  'runp',
  'runtime-config',
  'start',
  'stats',
  'statsp',
  'stop',
  'stopp',
  'timeline',
  'update',
  'update-runtime-config',
  'version',
  'wait',
])

export interface Tunnelled extends AsyncDisposable {
  /** The same line, which asks the runtime at the end of the tunnel. */
  line: CommandLine
}

/** Nothing goes to the node, and nothing runs there: its runtime's socket is had here. undefined where that failed, which is said. */
export async function openTunnel(
  node: string,
  line: CommandLine,
  globals: readonly FlagSpec[],
  settings: NodeSettings = {},
): Promise<Tunnelled | undefined> {
  const interruption = new Interruption()
  const stop = new AbortController()
  try {
    const opening = openForwards(node, line, globals, settings, {stop: stop.signal, batch: false})
    const aborted = once(interruption.signal, 'abort').then(() => {
      throw interruption.signal.reason
    })
    aborted.catch(() => undefined)
    return await Promise.race([opening, aborted])
  } catch (error) {
    stop.abort()
    reportFailure(describeError(error))
    return undefined
  } finally {
    interruption[Symbol.dispose]()
  }
}

/** What the settings say of the node counts where the line says nothing. */
function withEndpoint(
  line: CommandLine,
  globals: readonly FlagSpec[],
  {runtimeEndpoint}: NodeSettings,
): CommandLine {
  const name = 'runtime-endpoint'
  const flag = globals.find((global) => global.name === name)
  if (runtimeEndpoint === undefined || !flag || givenValue(line.given, name) !== undefined) return line
  return {...line, given: [...line.given, {flag, value: runtimeEndpoint}]}
}

/** With `batch` nobody is asked for anything. Throws UsageError and UserError. */
export async function openForwards(
  node: string,
  given: CommandLine,
  globals: readonly FlagSpec[],
  settings: NodeSettings,
  {stop, batch}: {stop: AbortSignal; batch: boolean},
): Promise<Tunnelled> {
  const line = withEndpoint(given, globals, settings)
  checkLine(line)
  const destination = parseDestination(node)
  const endpoints = ['runtime-endpoint', 'image-endpoint'] as const
  const [asked, askedImages] = endpoints.map((name) => socketAsked(line, name))
  const {env: environment} = process
  const connection = await SshConnection.open(destination, {
    environment,
    uid: process.getuid?.() ?? 0,
    stop,
    batch,
  })
  const forwards = new Forwards(connection)
  try {
    const candidates = asked === undefined ? knownSockets.map(({path}) => path) : [asked]
    const runtime = await forwards.findRuntime(candidates)
    const images = askedImages === undefined ? runtime : await forwards.findRuntime([askedImages])
    setElsewhere(destination)
    setDialer((host, port) => forwards.dial(`${host}:${port}`))
    const others = line.given.filter(({flag}) => !endpoints.some((name) => name === flag.name))
    const here = endpoints.map((name, index) => ({
      flag: globals.find((flag) => flag.name === name) as FlagSpec,
      value: `unix://${[runtime, images][index]}`,
    }))
    return {
      line: {...line, given: [...others, ...here]},
      [Symbol.asyncDispose]: () => forwards[Symbol.asyncDispose](),
    }
  } catch (error) {
    await forwards[Symbol.asyncDispose]()
    throw error
  }
}

function checkLine({id, given}: CommandLine): void {
  for (const name of ['sudo', 'node-crisp', 'node-file'])
    if (givenValue(given, name) !== undefined)
      throw new UsageError(
        `--${name} is for a crisp that runs on the node, and with --node-mode tunnel none does${name === 'sudo' ? ': log in as a user who may open the socket' : ''}`,
      )
  if (!tunnelVerbs.has(id))
    throw new UsageError(
      `${programName()} ${id} needs files and processes of the node, and --node-mode tunnel reaches its runtime alone: leave it out, and ${programName()} runs there`,
    )
}

function socketAsked({given}: CommandLine, name: string): string | undefined {
  const value = givenValue(given, name)
  if (typeof value !== 'string' || value === '') return undefined
  if (value === 'demo') throw new UsageError(`--${name} demo: name the socket that it has on the node`)
  const path = socketPathOf(value)
  // Of ssh's own words for a forwarding.
  if (/[:\s%]/.test(path) || !path.startsWith('/'))
    throw new UsageError(
      `--${name} "${value}": --node-mode tunnel takes a whole path without colons and blanks`,
    )
  return path
}

/** What of the node can be reached through sockets here, in a directory that only the user can open. */
class Forwards implements AsyncDisposable {
  readonly #connection: SshConnection
  readonly #open = new Map<string, Promise<StreamForward>>()
  readonly #removeAll = (): void => {
    for (const path of this.#paths) rmSync(path, {force: true})
  }
  readonly #paths = new Set<string>()

  constructor(connection: SshConnection) {
    this.#connection = connection
    process.once('exit', this.#removeAll)
  }

  /** The socket here of the first one there at which a runtime answers. Throws UserError. */
  async findRuntime(paths: readonly string[]): Promise<string> {
    for (const path of paths) {
      const forward = await this.#forward(path)
      if (await speaksHttp2(forward.path)) return forward.path
    }
    const {destination} = this.#connection
    throw new UserError(
      `${destination}: no runtime answers there at ${paths.join(', ')}: it does not run, you may not open its socket there, or sshd forwards none (AllowStreamLocalForwarding)`,
      {exitCode: exitCode.unreachable},
    )
  }

  async dial(target: string): Promise<Socket> {
    const {path} = await this.#forward(target)
    const socket = connect(path)
    await once(socket, 'connect')
    return socket
  }

  #forward(target: string): Promise<StreamForward> {
    const known = this.#open.get(target)
    if (known) return known
    const opening = this.#connection.forward(target, randomUUID().slice(0, 13))
    this.#open.set(target, opening)
    opening.then(
      ({path}) => this.#paths.add(path),
      () => this.#open.delete(target),
    )
    return opening
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#removeAll)
    for (const opening of this.#open.values())
      await opening.then(
        (forward) => forward.close(),
        () => undefined,
      )
    this.#removeAll()
  }
}

/** What every client begins with, and settings that change nothing. */
const greeting = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])
const answerMs = 10_000

/** ssh takes every connection here, and ends it where it can't be made there. */
function speaksHttp2(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (answers: boolean): void => {
      socket.destroy()
      resolve(answers)
    }
    const socket = connect(path, () => socket.write(greeting))
      .once('data', () => settle(true))
      .once('error', () => settle(false))
      .once('close', () => settle(false))
      .setTimeout(answerMs, () => settle(false))
  })
}
