import {type ChildProcessByStdio, spawn} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {connect} from 'node:net'
import {join} from 'node:path'
import type {Readable, Writable} from 'node:stream'
import {waitMs} from '../client/retries.js'
import {exitCode, Interrupted, UserError} from '../errors/errors.js'
import {findOnPath} from '../node/host/root-programs.js'
import {rememberNode} from './known-nodes.js'
import {sessionFolder} from './session-folder.js'
import {type SshError, sshError} from './ssh-failure.js'

export type Ssh = ChildProcessByStdio<Writable, Readable, Readable>

export interface SshOptions {
  environment: NodeJS.ProcessEnv
  uid: number
  /** Ends all that still runs. */
  stop: AbortSignal
  /** Nobody is asked for a password or a host key. */
  batch?: boolean
  /** A connection that is there is used, and no new one is kept. */
  once?: boolean
}

/** How long a connection is kept after its last command, so that the next one need not log in. */
const keptSeconds = 600
/** Where a link under all this could break unseen. */
const aliveSeconds = 15
/** How long a login may take where nobody waits for a question. */
const batchSeconds = 10
/** What ssh ends with when the failure is its own. */
export const sshFailed = 255
/** Of a socket's path, less what ssh appends while it makes one. */
const longestSocketPath = 85

/** Until it is closed, connections to the path end at the node. */
export interface StreamForward {
  path: string
  close: () => Promise<void>
}

/** How often it is looked whether a socket is there. */
const lookMs = 20

/** The user's own `ssh`, with all that its configuration says, and one connection for all commands of ten minutes. */
export class SshConnection {
  readonly destination: string
  readonly #options: readonly string[]
  readonly #surroundings: SshOptions
  /** The commands share a connection that a process of its own keeps: they can be told to end apart from it. */
  readonly shared: boolean
  readonly #config: ReadonlyMap<string, string>

  private constructor(
    destination: string,
    config: ReadonlyMap<string, string>,
    options: readonly string[],
    surroundings: SshOptions,
    shared: boolean,
  ) {
    this.destination = destination
    this.#config = config
    this.#options = options
    this.#surroundings = surroundings
    this.shared = shared
  }

  /** Logs in if need be, which may ask the user. Throws UserError. */
  static async open(destination: string, surroundings: SshOptions): Promise<SshConnection> {
    const config = await effectiveConfig(destination, surroundings)
    const options = ['-T', '-e', 'none', '-o', 'LogLevel=ERROR']
    if (surroundings.batch) options.push('-o', 'BatchMode=yes', '-o', `ConnectTimeout=${batchSeconds}`)
    if ((config.get('serveraliveinterval') ?? '0') === '0')
      options.push('-o', `ServerAliveInterval=${aliveSeconds}`, '-o', 'ServerAliveCountMax=3')
    if (isSharedByUser(config))
      return await SshConnection.#openUsers(destination, config, options, surroundings)
    const socket = ownSocket(destination, config, surroundings)
    if (socket === undefined) return new SshConnection(destination, config, options, surroundings, false)
    const sharing = [...options, controlPath(socket)]
    if (!(await isListening(socket))) {
      if (surroundings.once) return new SshConnection(destination, config, options, surroundings, false)
      await logIn(
        destination,
        config,
        [...sharing, '-o', 'ControlMaster=auto', '-o', `ControlPersist=${keptSeconds}`],
        surroundings,
      )
      rememberNode(surroundings.environment, {destination, sudo: false})
    }
    return new SshConnection(destination, config, [...sharing, '-o', 'ControlMaster=no'], surroundings, true)
  }

  /** Nobody is asked for anything while it logs in. */
  get isBatch(): boolean {
    return this.#surroundings.batch === true
  }

  /** Remembers that a copy was brought there. */
  remember(sudo: boolean): void {
    rememberNode(this.#surroundings.environment, {destination: this.destination, sudo})
  }

  /** As the user shares connections. */
  static async #openUsers(
    destination: string,
    config: ReadonlyMap<string, string>,
    options: readonly string[],
    surroundings: SshOptions,
  ): Promise<SshConnection> {
    const persist = config.get('controlpersist') ?? 'no'
    const persists = persist !== 'no' && persist !== 'false' && config.get('controlmaster') !== 'false'
    if (persists) await logIn(destination, config, options, surroundings)
    return new SshConnection(destination, config, options, surroundings, persists)
  }

  /** Makes a socket of the node, a path or `host:port`, one of this machine: `name` in a directory of the user alone. Throws UserError. */
  async forward(target: string, name: string): Promise<StreamForward> {
    const {environment, uid} = this.#surroundings
    const path = join(sessionFolder(environment, uid), `to-${name}`)
    if (Buffer.byteLength(path) > longestSocketPath)
      throw new UserError(
        `${path}: too long for a socket: set XDG_RUNTIME_DIR to a shorter directory of yours`,
      )
    const words = ['-L', `${path}:${target}`]
    if (!this.shared) return await this.#forwardByItself(words, path)
    const ask = (command: string) =>
      runSsh([...this.#options, '-O', command, ...words, '--', this.destination], this.#surroundings)
    const {code, stderr} = await ask('forward')
    if (code !== 0) throw this.failure(stderr)
    return {path, close: async () => void (await ask('cancel'))}
  }

  /** Where each command logs in by itself. */
  async #forwardByItself(words: readonly string[], path: string): Promise<StreamForward> {
    const options = ['-N', '-o', 'ExitOnForwardFailure=yes', ...words]
    const child = spawn(
      sshProgram(this.#surroundings),
      [...this.#options, ...options, '--', this.destination],
      {
        env: this.#surroundings.environment,
        signal: this.#surroundings.stop,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-longestText)
    })
    const failure = new Promise<never>((_, reject) => {
      child.once('error', (error) => reject(notStarted(error)))
      child.once('close', () => reject(this.failure(said)))
    })
    failure.catch(() => undefined)
    while (!existsSync(path)) await Promise.race([failure, waitMs(lookMs)])
    return {path, close: async () => void child.kill()}
  }

  /** What it means that ssh said that at its end. */
  failure(said: string): SshError {
    return sshError(this.destination, said, this.#config)
  }

  /** Starts a command of the node's shell. The words are the same to sh, csh and fish. */
  start(command: string): Ssh {
    return spawn(sshProgram(this.#surroundings), [...this.#options, '--', this.destination, command], {
      env: this.#surroundings.environment,
      signal: this.#surroundings.stop,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Ctrl-C on the terminal is ours to pass on. Only where the login is over: who asks for a password needs the terminal.
      detached: this.shared || this.isBatch,
    })
  }
}

/** Whether a connection of ours is kept to there. Throws UserError. */
export async function isConnected(destination: string, surroundings: SshOptions): Promise<boolean> {
  const socket = ownSocket(destination, await effectiveConfig(destination, surroundings), surroundings)
  return socket !== undefined && (await isListening(socket))
}

/** Ends the connection of ours that is kept to there. Throws UserError. */
export async function closeConnection(destination: string, surroundings: SshOptions): Promise<void> {
  const socket = ownSocket(destination, await effectiveConfig(destination, surroundings), surroundings)
  if (socket === undefined || !(await isListening(socket))) return
  await runSsh(['-O', 'exit', controlPath(socket), '--', destination], surroundings)
}

function isSharedByUser(config: ReadonlyMap<string, string>): boolean {
  return (config.get('controlpath') ?? 'none') !== 'none'
}

/** undefined where the user shares connections, or the path would be too long: the login is then made for each command. */
function ownSocket(
  destination: string,
  config: ReadonlyMap<string, string>,
  {environment, uid}: SshOptions,
): string | undefined {
  if (isSharedByUser(config)) return undefined
  const key = createHash('sha256')
    .update(JSON.stringify([destination, ...config]))
    .digest('hex')
  const socket = join(sessionFolder(environment, uid), `ssh-${key.slice(0, 16)}`)
  return Buffer.byteLength(socket) > longestSocketPath ? undefined : socket
}

function controlPath(socket: string): string {
  return `-oControlPath=${socket.replaceAll('%', '%%')}`
}

/** What ssh makes of the user's configuration for that node. */
async function effectiveConfig(destination: string, surroundings: SshOptions): Promise<Map<string, string>> {
  const {code, stdout, stderr} = await runSsh(['-G', '--', destination], surroundings)
  if (code !== 0) throw sshError(destination, stderr)
  return new Map(
    stdout
      .split('\n')
      .filter((line) => line.includes(' '))
      .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  )
}

/** The process that keeps the connection goes on behind it. */
async function logIn(
  destination: string,
  config: ReadonlyMap<string, string>,
  options: readonly string[],
  surroundings: SshOptions,
): Promise<void> {
  const {code, signal, stderr} = await runSsh([...options, '--', destination, 'exit 0'], surroundings, true)
  // Typed at its question, whoever hears of it first.
  if (signal === 'SIGINT') throw new Interrupted(signal)
  if (code === sshFailed || signal !== null) throw sshError(destination, stderr, config)
}

/** To the end of all that it says; or, where a process goes on behind it and may keep its stderr open, of itself. */
function runSsh(
  words: readonly string[],
  surroundings: SshOptions,
  leavesProcess = false,
): Promise<{code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string}> {
  const {environment, stop} = surroundings
  return new Promise((resolve, reject) => {
    const child = spawn(sshProgram(surroundings), words, {
      env: environment,
      signal: stop,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const texts = {stdout: '', stderr: ''}
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        if (texts[name].length < longestText) texts[name] += chunk
      })
    const leave = () => {
      child.stdout.destroy()
      child.stderr.destroy()
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(notStarted(error))
      // A login that was given up: the process that keeps the connection has its ends of the streams as well.
      leave()
    })
    child.once('exit', (code) => {
      if (leavesProcess && code === 0) leave()
    })
    child.once('close', (code, signal) => resolve({code, signal, ...texts}))
  })
}

const longestText = 64 * 1024

function isListening(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket)
      .once('connect', () => {
        connection.destroy()
        resolve(true)
      })
      .once('error', () => resolve(false))
  })
}

/** Throws UserError where it is there, and not for root. */
function sshProgram({environment, uid}: SshOptions): string {
  const {path, why} = findOnPath('ssh', environment, uid)
  if (why === 'foreign')
    throw new UserError('the ssh on the PATH is not run as root: others than root may change it', {
      exitCode: exitCode.unreachable,
    })
  return path ?? 'ssh'
}

export function notStarted(error: NodeJS.ErrnoException): UserError {
  return new UserError(
    error.code === 'ENOENT'
      ? 'there is no ssh on the PATH: install OpenSSH'
      : `ssh cannot be started: ${error.message}`,
    {exitCode: exitCode.unreachable, cause: error},
  )
}
