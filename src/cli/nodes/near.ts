import {randomBytes} from 'node:crypto'
import type {Socket} from 'node:net'
import type {Writable} from 'node:stream'
import {retryDelayMs, waitMs} from '../../client/retries.js'
import {exitCode, UsageError, UserError} from '../../errors/errors.js'
import {type Builds, findBuilds} from '../../nodes/builds.js'
import {deliver, namesOf, parseFacts} from '../../nodes/deliver.js'
import {parseDestination} from '../../nodes/destination.js'
import {lostError} from '../../nodes/lost.js'
import type {Orders, TerminalFacts} from '../../nodes/orders.js'
import {type Ending, RunOnNode} from '../../nodes/run.js'
import {runScript} from '../../nodes/scripts.js'
import {SshConnection} from '../../nodes/ssh.js'
import {SshError} from '../../nodes/ssh-failure.js'
import {untilRoom} from '../../nodes/until-room.js'
import {ForeignOutput} from '../../terminal/foreign-output.js'
import {durationText, parseDurationMs} from '../../text/duration.js'
import {isCrictlMode} from '../../text/program.js'
import {type CommandLine, givenText, givenValue} from '../argv.js'
import type {CompletableCommand, CompletableFlag} from '../completion/position.js'
import type {TraceSink} from '../diagnosis/trace-sink.js'
import {describeError} from '../failures/describe.js'
import {Interruption} from '../interruption.js'
import {reportFailure, writeMessage} from '../messages.js'
import {remoteVerbs} from '../remote-verbs.js'
import type {NodeSettings} from '../settings/own-file.js'
import {type CopyHere, copyHere, type Unpacking} from './copy.js'
import {DeliveryProgress} from './delivery-progress.js'
import {filesToTravel} from './files.js'
import {Follow} from './follow.js'
import {InputForNode} from './input.js'
import {TraceOfNode} from './trace.js'
import {asksForSudo, nodeFlagNames} from './where.js'

/** What the build wrote down of the program. */
export interface Program {
  version: string
  commands: readonly CompletableCommand[]
  globals: readonly CompletableFlag[]
}

/** One of several nodes. What it says is carried elsewhere, and nobody is asked for anything. */
export interface Part {
  /** No connection is kept. */
  once: boolean
  /** Of all of them. */
  progress: DeliveryProgress
  /** It is asked for its time. */
  clock: boolean
  carry: (run: RunOnNode, orders: Buffer, io: Io, follow: Follow | undefined) => Promise<Ending>
  /** With what is said of a connection that was lost, or undefined where the command goes on. */
  onAway: (text: string | undefined) => void
}

interface Work {
  signal: AbortSignal
  stop: AbortSignal
  running: Running
  settings: NodeSettings
  part?: Part
}

/** Runs the command line on the node: what it prints, reads and ends with is as if it ran here. */
export async function runOnNode(
  node: string,
  line: CommandLine,
  manifest: Program,
  settings: NodeSettings,
): Promise<void> {
  const interruption = new Interruption()
  const stop = new AbortController()
  const {signal} = interruption
  const running = {count: 0}
  try {
    const luggage = await pack(line, manifest, signal)
    const work = connectAndRun(node, line, luggage, {signal, stop: stop.signal, running, settings})
    const code = await Promise.race([work, whenEndedBefore(signal, running)])
    process.exitCode = Math.max(code, Number(process.exitCode ?? exitCode.done))
  } catch (error) {
    reportFailure(describeError(error))
  } finally {
    stop.abort()
    interruption[Symbol.dispose]()
  }
}

/** How much goes on that a signal is passed on to. */
export interface Running {
  count: number
}

/** Until something runs there the signal ends all; then it is passed on. */
export function whenEndedBefore(signal: AbortSignal, running: Running): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      if (running.count === 0) reject(signal.reason)
    })
  })
}

/** What goes to a node beside the command line, the same for all. */
export interface Luggage {
  files: Orders['files']
  /** Flags of the command, which go with it whatever their names. */
  ownFlags: ReadonlySet<string>
  /** The file for what calls are traced to. */
  trace: TraceSink | undefined
  /** A program that is there. */
  program: string | undefined
  /** Those that can be brought; looked for once, when a connection is there. */
  builds: () => Promise<Builds>
}

/** Reads the files that the command line names. Throws UsageError for what would do something else there than here. */
export async function pack(
  line: CommandLine,
  {version, commands, globals}: Program,
  signal: AbortSignal,
): Promise<Luggage> {
  const program = givenText(line, 'node-crisp')
  if (program !== undefined && !program.startsWith('/'))
    throw new UsageError(`--node-crisp "${program}": should be a whole path on the node, as /usr/bin/crisp`)
  const nodeFile = givenText(line, 'node-file')
  const mode = givenText(line, 'node-mode') ?? 'copy'
  if (mode !== 'copy') throw new UsageError(`--node-mode "${mode}": there are copy and tunnel`)
  const command = commands.find(({id}) => id === line.id) as CompletableCommand
  const files = await filesToTravel(line, command, globals, signal)
  checkVerb(line)
  const traceFile = givenText(line, 'trace-file')
  const {env: environment} = process
  const uid = process.getuid?.() ?? 0
  let found: Promise<Builds> | undefined
  return {
    files,
    ownFlags: new Set(command.flags.map(({name}) => name)),
    trace: traceFile === undefined ? undefined : await traceTo(traceFile),
    program,
    builds: () => {
      found ??=
        program === undefined
          ? findBuilds({version, started: process, environment, uid, nodeFile})
          : Promise.resolve({files: [], package: undefined})
      return found
    },
  }
}

async function traceTo(path: string): Promise<TraceSink> {
  const {openTraceFile, untilItFails} = await import('../diagnosis/trace-file.js')
  return untilItFails(openTraceFile(path), writeMessage)
}

export async function connectAndRun(
  node: string,
  line: CommandLine,
  luggage: Luggage,
  {signal, stop, running, settings, part}: Work,
): Promise<number> {
  const {program} = luggage
  const destination = parseDestination(node)
  const {env: environment} = process
  const uid = process.getuid?.() ?? 0
  const sudo = asksForSudo(line, settings)
  const surroundings = {environment, uid, stop, ...(part && {batch: true, once: part.once})}
  let connection = await SshConnection.open(destination, surroundings)
  const follow = Follow.of(line)
  let onBegin: (() => void) | undefined
  const builds = await luggage.builds()
  const run = async (asked: CommandLine, io: Io): Promise<Ending> => {
    const first = await runOnce(asked, io)
    const facts = first.kind === 'said' ? parseFacts(first.text) : undefined
    if (!facts) return first
    signal.throwIfAborted()
    const progress = part?.progress ?? new DeliveryProgress({units: settings.units, isQuiet: false})
    try {
      await deliver(connection, facts, builds, {
        sudo,
        note: (text) => {
          progress.hide()
          writeMessage(text)
        },
        onProgress: (bytes, total) => progress.show(destination, bytes, total),
      })
    } finally {
      progress.end(destination)
    }
    return await runOnce(asked, io)
  }
  const runOnce = (asked: CommandLine, io: Io): Promise<Ending> => {
    const nonce = randomBytes(16).toString('hex')
    const all = ordersOf(asked, nonce, luggage, io, {follow, isPart: part !== undefined})
    const orders = Buffer.from(JSON.stringify(withSettings(all, line, settings, part)))
    const script = runScript({nonce, program, ...namesOf(builds), ordersBytes: orders.length})
    const limits = {nonce, sudo, beginMs: beginMs(givenText(line, 'request-timeout')), onBegin}
    const there = new RunOnNode(connection, script, limits)
    return (
      part?.carry(there, orders, io, follow) ??
      carry(there, orders, {line: asked, io, signal, running, follow, luggage})
    )
  }
  if (line.id === 'port-forward') {
    const {forwardFromHere} = await import('./forward.js')
    const there = (asked: CommandLine, socket?: Socket) =>
      run(asked, socket ? {kind: 'connection', socket} : {kind: 'check'})
    // What listens is here, and so is its end.
    return await forwardFromHere(line, there, {failureOf, signal, onListening: () => running.count++})
  }
  const copy = await copyHere(line, destination, signal)
  await using _ = copy?.kind === 'in' ? copy.source : copy?.kind === 'out' ? copy.file : undefined
  let ending = await run(line, copy ?? {kind: 'streams'})
  if (follow && ending.kind === 'lost' && ending.begun) ending = await goOn(follow, ending)
  if (ending.kind !== 'ended') throw failureOf(ending)
  if (copy?.kind === 'out' && copy.file && ending.exitCode === exitCode.done) {
    copy.file.keep()
    if (line.id === 'report')
      await write(process.stdout, `${part ? `${destination}: ` : ''}${copy.file.path}\n`)
  }
  return ending.exitCode

  /** As often as it takes; nobody is asked for anything. Rejects where the login is refused, and with the signal's reason. */
  async function goOn(followed: Follow, lost: Ending): Promise<Ending> {
    const tell = (ended: Ending): void => {
      const {message} = failureOf(ended)
      part?.onAway(message)
      writeMessage(`${message}: connecting again`)
    }
    onBegin = () => {
      part?.onAway(undefined)
      writeMessage(
        `${destination}: connected again after ${durationText(followed.lostMs)}${followed.gapText}`,
      )
    }
    signal.throwIfAborted()
    tell(lost)
    for (let tries = 0; ; tries++) {
      await waitMs(retryDelayMs(tries), signal)
      try {
        connection = await SshConnection.open(destination, {...surroundings, batch: true})
        const ended = await run(line, {kind: 'streams'})
        if (ended.kind !== 'lost') return ended
        if (ended.begun) {
          signal.throwIfAborted()
          tell(ended)
          tries = -1
        } else if (ended.login?.isFinal) return ended
      } catch (error) {
        signal.throwIfAborted()
        if (!isUnreachable(error) || isFinal(error)) throw error
      }
    }
  }

  function failureOf(ended: Ending): Error {
    if (ended.kind === 'said' && ended.text === 'none')
      return new UserError(`${destination}: no crisp at ${program} that may be executed (--node-crisp)`)
    return lostError(destination, ended, mayRunOn(line))
  }
}

export function mayRunOn({id}: CommandLine): string {
  return remoteVerbs.has(id) ? '; what was started there may still run' : ''
}

/** A flag goes before what the settings say of the node, which goes before what the node says. */
function withSettings(
  orders: Orders,
  {given}: CommandLine,
  {runtimeEndpoint, units}: NodeSettings,
  part: Part | undefined,
): Orders {
  const [verb = '', ...rest] = orders.words
  const isGiven = givenValue(given, 'runtime-endpoint') !== undefined
  const flags = isGiven || runtimeEndpoint === undefined ? [] : [`--runtime-endpoint=${runtimeEndpoint}`]
  return {
    ...orders,
    words: [verb, ...flags, ...rest],
    ...(part && {answers: true, clock: part.clock}),
    ...(units && {units}),
  }
}

/** How long a login may take to begin, once it is made; undefined where the user has no opinion. */
function beginMs(timeLimit: string | undefined): number | undefined {
  try {
    return timeLimit === undefined ? undefined : parseDurationMs(timeLimit) || undefined
  } catch {
    // What is wrong with it is said there.
    return undefined
  }
}

function isUnreachable(error: unknown): error is UserError {
  return error instanceof UserError && error.exitCode === exitCode.unreachable
}

/** Another try has the same answer. */
function isFinal(error: UserError): boolean {
  return error instanceof SshError ? error.isFinal : error.message.includes('no ssh on the PATH')
}

/** What stands on this side for stdin and stdout of the program there. */
export type Io = CopyHere | {kind: 'streams'} | {kind: 'connection'; socket: Socket} | {kind: 'check'}

/** What would do something else there than here. */
function checkVerb({given}: CommandLine): void {
  for (const name of ['profile-cpu', 'profile-mem'])
    if (givenValue(given, name) !== undefined)
      throw new UsageError(`--${name} is for a command that runs here`)
}

/** The program's orders, then input and signals to it, and all that it says. */
async function carry(
  run: RunOnNode,
  orders: Buffer,
  {
    line,
    io,
    signal,
    running,
    follow,
    luggage,
  }: {
    line: CommandLine
    io: Io
    signal: AbortSignal
    running: Running
    follow: Follow | undefined
    luggage: Luggage
  },
): Promise<Ending> {
  const trace = luggage.trace && new TraceOfNode(luggage.trace, undefined)
  const source = io.kind === 'in' ? io.source : undefined
  const socket = io.kind === 'connection' ? io.socket : undefined
  const file = io.kind === 'file' ? io.input : undefined
  using input = new InputForNode(run, {givesKeys: givesKeys(line), source, socket, file})
  // Whoever connected has gone away.
  socket?.once('close', () => run.stop(new UserError('the connection was closed')))
  let unpacking: Unpacking | undefined
  const stdout = (): Writable => {
    if (socket) return socket
    if (io.kind !== 'out') return process.stdout
    if (!unpacking) {
      unpacking = io.unpack()
      unpacking.done.catch((error) => run.stop(error))
    }
    return unpacking.stream
  }
  const passOn = (): void => {
    run.interrupt(signal.reason, mayRunOn(line))
  }
  signal.addEventListener('abort', passOn)
  running.count++
  const resize = (): void => {
    const facts = terminalFacts(process.stdout) ?? terminalFacts(process.stderr)
    if (facts) void run.send({kind: 'size', ...facts})
  }
  process.on('SIGWINCH', resize)
  // What a container has to say to the terminal is passed on as it is.
  const isRaw = remoteVerbs.has(line.id)
  const shown = displayOn(process.stdout, isRaw)
  const told = displayOn(process.stderr, isRaw)
  try {
    // Listened to before anything is written: what is said is lost if all is over before.
    const toStdout = (bytes: Buffer): Promise<void> => {
      const stream = stdout()
      return stream === process.stdout ? shown.write(bytes) : write(stream, bytes)
    }
    const carried = run.carry({
      stdout: follow?.holding(0, toStdout) ?? toStdout,
      stderr: follow?.holding(1, told.write) ?? told.write,
      onMark: async (text, output) => {
        if (!(await follow?.hear(text, output)) && !trace?.hear(text)) input.hear(text)
      },
    })
    // Together: what fails while the orders are on their way is a failure as any other.
    const [ended] = await Promise.all([carried, run.write(orders)])
    if (ended.kind === 'lost') follow?.drop()
    else await follow?.end()
    shown.end()
    told.end()
    const begun = unpacking as Unpacking | undefined
    if (ended.kind !== 'ended' || ended.exitCode !== exitCode.done) begun?.expectCut()
    if (ended.kind === 'ended') {
      begun?.stream.end()
      // What failed there has been said; here it is then too little that came.
      await begun?.done.catch((error) => {
        if (ended.exitCode === exitCode.done) throw error
      })
    } else begun?.stream.destroy()
    return ended
  } finally {
    running.count--
    signal.removeEventListener('abort', passOn)
    process.off('SIGWINCH', resize)
  }
}

/** A node can take the terminal only where the user has said so: an interactive session, a live view, a password. */
function givesKeys({id, given}: CommandLine): boolean {
  return id === 'top' || ['tty', 'creds', 'username'].some((name) => givenValue(given, name) !== undefined)
}

/** To a terminal only what does no harm there; to all else, and with `isRaw`, what comes. */
export function displayOn(
  stream: NodeJS.WriteStream,
  isRaw: boolean,
): {write: (bytes: Buffer) => Promise<void>; end: () => void} {
  if (isRaw || !stream.isTTY) return {write: (bytes) => write(stream, bytes), end: () => undefined}
  const output = new ForeignOutput()
  return {
    write: (bytes) => write(stream, output.take(bytes)),
    end: () => void write(stream, output.end()),
  }
}

export async function write(stream: Writable, bytes: Buffer | string): Promise<void> {
  if (stream.destroyed) return
  if (!stream.write(bytes)) await untilRoom(stream)
}

function ordersOf(
  asked: CommandLine,
  nonce: string,
  {files, ownFlags, trace}: Luggage,
  io: Io,
  {follow, isPart}: {follow: Follow | undefined; isPart: boolean},
): Orders {
  const line = io.kind === 'out' || io.kind === 'file' ? io.line : asked
  const staysHere = (name: string) => nodeFlagNames.has(name) || name === 'trace-file'
  const goesThere = (name: string) => !staysHere(name) || ownFlags.has(name)
  const flags = line.given
    .filter(({flag}) => goesThere(flag.name))
    .map(({flag: {name}, value}) => (value === true ? `--${name}` : `--${name}=${value}`))
  const empty = line.empty.filter(goesThere).map((name) => `--${name}=`)
  const stderr = terminalFacts(process.stderr)
  const stdout = io.kind === 'out' ? undefined : terminalFacts(process.stdout)
  return {
    nonce,
    words: [line.id, ...empty, ...flags, '--', ...line.arguments],
    environment: environmentForNode(),
    terminals: {
      stdin: process.stdin.isTTY === true && io.kind !== 'file',
      ...(stdout && {stdout}),
      // Messages of one of several nodes get its name first, and are broken into lines here.
      ...(stderr && {stderr: isPart ? {...stderr, columns: 0} : stderr}),
    },
    files,
    ...(trace && {traced: true}),
    ...(follow && {resume: follow.orders}),
    ...(io.kind === 'in' && {source: {path: io.source.path, isFile: io.source.isFile}}),
    ...(io.kind === 'connection' && {connection: 'carry' as const}),
    ...(io.kind === 'check' && {connection: 'check' as const}),
  }
}

/** Of the user's environment: what is about the one who reads, and nothing of this machine. */
function environmentForNode(): Record<string, string> {
  const {
    NO_COLOR = '',
    TERM = '',
    COLORTERM = '',
    CLICOLOR_FORCE = '',
    TZ = Intl.DateTimeFormat().resolvedOptions().timeZone,
  } = process.env
  const mode = isCrictlMode() ? 'crictl' : ''
  const all = {NO_COLOR, TERM, COLORTERM, CLICOLOR_FORCE, TZ, CRISP_COMPAT: mode}
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

function terminalFacts({isTTY, columns, rows}: NodeJS.WriteStream): TerminalFacts | undefined {
  return isTTY ? {columns, rows} : undefined
}
