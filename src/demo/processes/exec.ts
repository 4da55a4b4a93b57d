import {once} from 'node:events'
import {mkdir} from 'node:fs/promises'
import type {Readable} from 'node:stream'
import {setTimeout as wait} from 'node:timers/promises'
import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'
import {unknown} from '../server/statuses.js'
import type {StreamIo, StreamOutcome, TerminalSize} from '../server/streaming-server.js'
import type {Container, Runtime} from '../state/runtime.js'
import {workingDirectoryOf} from './container-life.js'
import {directoryOf, environmentOf} from './environment.js'
import {type Child, startChild} from './processes.js'
import {loggedWords, startWords} from './runc-words.js'

interface ExecOptions {
  stdin: boolean
  tty: boolean
  size?: TerminalSize | undefined
}

export function requireRunning({id, state}: Container): void {
  if (state !== 'CONTAINER_RUNNING')
    throw unknown(`container "${id}" is in state ${state}: it must be running`)
}

/** Whether a command can be run in the container, as the runtime at hand sees it. */
export function requireExecutable({behaviour}: Runtime, {id, state}: Container): void {
  if (behaviour.execStates.includes(state)) return
  const code = state === 'CONTAINER_EXITED' ? behaviour.execInExited : rpcCode.unknown
  throw new StatusError(code, `container "${id}" is in state ${state}: it must be running`)
}

/** Runs one more command in a running container; it ends with the container at the latest. */
function startExec(
  runtime: Runtime,
  container: Container,
  command: readonly string[],
  options: ExecOptions,
): Promise<Child> {
  return runtime.children.during(() => start(runtime, container, command, options))
}

async function start(
  runtime: Runtime,
  container: Container,
  command: readonly string[],
  {stdin, tty, size}: ExecOptions,
): Promise<Child> {
  requireExecutable(runtime, container)
  const environment = await environmentOf(runtime, container)
  await mkdir(directoryOf(runtime, container), {recursive: true})
  const child = await startChild(command, {
    env: tty ? {TERM: 'xterm', ...environment} : environment,
    cwd: workingDirectoryOf(runtime, container),
    stdin,
    tty,
    ...size,
  })
  container.execs.add(child)
  void child.exited.then(() => container.execs.delete(child))
  if (container.state === 'CONTAINER_EXITED' || container.removing) child.kill()
  await runtime.children.add(child)
  return child
}

/**
 * Serves an exec whose streams a client has opened. When the client goes away the command meets the end of its input
 * and runs on, as with a real runtime.
 */
export async function serveExec(
  runtime: Runtime,
  container: Container,
  command: readonly string[],
  io: StreamIo,
  tty: boolean,
): Promise<StreamOutcome> {
  const sizes = io.sizes[Symbol.asyncIterator]()
  const first = sizes.next()
  const size = tty ? await sizeWithin(first) : undefined
  const {missingCommand, terminalStart} = runtime.behaviour
  let child: Child
  try {
    child = await startExec(runtime, container, command, {stdin: io.stdin !== undefined, tty, size})
  } catch (error) {
    if (missingCommand === 'failure' || error instanceof StatusError) throw error
    ;(io.stderr ?? io.stdout)?.write(`${loggedWords(`exec failed: ${startWords(error)}`)}\n`)
    return {exitCode: 255}
  }
  if (tty && terminalStart !== '') io.stdout?.write(terminalStart)
  if (io.stdin && child.stdin) io.stdin.on('error', () => {}).pipe(child.stdin)
  void followSizes(first, sizes, child)
  const outputs = [copy(child.stdout, io.stdout), copy(child.stderr, io.stderr)]
  const exitCode = await child.exited
  await outputsOrQuiet(outputs)
  return {exitCode}
}

// Clients tell the size as soon as the streams are open; one that tells none must not wait long for its command.
const sizePatienceMs = 300

/** So that what draws on the whole terminal knows its size from the start. */
async function sizeWithin(first: Promise<IteratorResult<TerminalSize>>): Promise<TerminalSize | undefined> {
  const result = await Promise.race([first, wait(sizePatienceMs)])
  return result?.value
}

async function followSizes(
  first: Promise<IteratorResult<TerminalSize>>,
  rest: AsyncIterator<TerminalSize>,
  child: Child,
): Promise<void> {
  for (let next = await first; !next.done; next = await rest.next())
    await child.resize(next.value.columns, next.value.rows)
}

async function copy(from: Readable | undefined, to: StreamIo['stdout']): Promise<void> {
  if (!from) return
  if (!to) {
    from.resume()
    return
  }
  try {
    for await (const chunk of from) if (!to.write(chunk)) await once(to, 'drain')
  } catch {
    // The client is gone, and nobody hears the rest.
    from.resume()
  }
}

// A background process of the command may hold its output open for ever.
const quietMs = 1_000

async function outputsOrQuiet(outputs: readonly Promise<void>[]): Promise<void> {
  await Promise.race([Promise.all(outputs), wait(quietMs, undefined, {ref: false})])
}

export interface ExecResult {
  stdout: Buffer
  stderr: Buffer
  exitCode: number
  timedOut: boolean
}

const outputLimitBytes = 16 * 1024 * 1024

/** Runs a command to its end; a time of 0 is none. */
export async function execToEnd(
  runtime: Runtime,
  container: Container,
  command: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ExecResult> {
  const child = await startExec(runtime, container, command, {stdin: false, tty: false}).catch((error) => {
    if (runtime.behaviour.missingCommand === 'failure' || error instanceof StatusError) throw error
    throw unknown(`command error: ${loggedWords(`exec failed: ${startWords(error)}`)}, exit code -1`)
  })
  let timedOut = false
  const timer = timeoutMs > 0 ? setTimeout(onTime, timeoutMs) : undefined
  function onTime(): void {
    timedOut = true
    child.kill()
  }
  signal.addEventListener('abort', child.kill, {once: true})
  if (signal.aborted) child.kill()
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const exitCode = await child.exited
  clearTimeout(timer)
  await outputsOrQuiet([stdout.ended, stderr.ended])
  return {stdout: stdout.content(), stderr: stderr.content(), exitCode, timedOut}
}

/** What comes after the limit is dropped, as containerd does. */
function collect(stream: Readable | undefined): {ended: Promise<void>; content: () => Buffer} {
  const chunks: Buffer[] = []
  let room = outputLimitBytes
  stream?.on('data', (chunk: Buffer) => {
    if (room <= 0) return
    chunks.push(chunk.subarray(0, room))
    room -= chunk.length
  })
  const ended = stream ? once(stream, 'close').then(() => undefined) : Promise.resolve()
  return {ended, content: () => Buffer.concat(chunks)}
}
