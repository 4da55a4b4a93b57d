import type {Readable, Writable} from 'node:stream'
import {type Consume, flush, writeTo} from './consume.js'
import {createDetachScanner} from './detach-keys.js'
import {parseExitStatus} from './exit-status.js'
import {pump} from './pump.js'
import type {RemoteSession, SessionEnd, TerminalSize} from './remote-session.js'
import {defaultSetupTimeoutMs} from './setup-limits.js'
import {openSpdySession} from './spdy-session.js'
import {StreamError} from './stream-error.js'
import {parseStreamUrl} from './stream-url.js'
import type {StreamTls} from './tls-options.js'
import {openWebSocketSession} from './websocket-session.js'

/** `websocket` only for a server that has nothing else (CRI-O with conmon-rs): it cannot always end stdin. */
export type StreamTransport = 'spdy' | 'websocket'

export interface RemoteCommand {
  /** As the Exec or Attach call gave it. It works once, for a minute. */
  url: string
  /** Default `spdy`, which every runtime but CRI-O with conmon-rs serves. */
  transport?: StreamTransport | undefined
  /** stdin, stdout and stderr: exactly those asked for in the call. Each stays the caller's, open. */
  stdin?: Readable | undefined
  stdout?: Writable | undefined
  stderr?: Writable | undefined
  /** As in the call. A terminal has no stderr. */
  tty: boolean
  /** Called when the streams are open; reports the size at once and after each change. Returns what stops it. */
  watchTerminalSize?: ((report: (size: TerminalSize) => void) => () => void) | undefined
  /** Input bytes that end the session here and let the remote process go on; default none. */
  detachKeys?: Uint8Array | undefined
  /** Called when the streams are open, before any byte moves: the moment for raw mode. */
  onOpen?: (() => void) | undefined
  /** Called when stdin has ended and the transport cannot tell the command so. */
  onInputEndUnsent?: (() => void) | undefined
  /** Sees what goes to stderr, with a terminal to stdout, before it is written. */
  watchErrors?: ((chunk: Buffer) => void) | undefined
  tls?: StreamTls | undefined
  /** Ends the session with the signal's reason; the remote process is not told. */
  signal?: AbortSignal | undefined
  /** Default 5 s, as crictl. It keeps the server's idle timer (4 hours by default) from ending the session. */
  pingIntervalMs?: number | undefined
  /** Default 30 s, for the upgrade and for the streams each. The session itself has no limit. */
  setupTimeoutMs?: number | undefined
  /**
   * How long to wait for the exit status when stdout and stderr have ended; default no limit. For commands that do
   * not close them early: a runtime never gives the status of one that ended with much of its stdin unread.
   */
  statusPatienceMs?: number | undefined
  /** Called when that has passed, instead of ending the session. */
  onStatusLate?: (() => void) | undefined
}

/** `inputCut`: output ended before a large stdin did. containerd had then ended the command's stdin, others had not. */
export type RemoteExit = {kind: 'exited'; exitCode: number; inputCut?: boolean} | {kind: 'detached'}

const defaultPingIntervalMs = 5000
const keyboardPatienceMs = 100

/**
 * Carries an exec or attach to its end: resolves when all output has been written to stdout and stderr and those
 * writes are complete. An attach that ends says exit code 0 whatever the container's own was. An stdin that is still
 * open is paused, not destroyed. Rejects with StreamError, with the signal's reason, or with the error of stdin,
 * stdout or stderr (EPIPE when the reader went away); the connection is then closed.
 */
export async function runRemoteCommand(command: RemoteCommand): Promise<RemoteExit> {
  const url = parseStreamUrl(command.url)
  const open = command.transport === 'websocket' ? openWebSocketSession : openSpdySession
  const stop = new AbortController()
  const unwatch = watchLocalSide(command, stop)
  try {
    const session = await open({
      url,
      tls: command.tls,
      stdin: command.stdin !== undefined,
      stdout: command.stdout && consumer(command.stdout, command.tty ? command.watchErrors : undefined),
      stderr: command.stderr && consumer(command.stderr, command.watchErrors),
      tty: command.tty,
      signal: stop.signal,
      pingIntervalMs: command.pingIntervalMs ?? defaultPingIntervalMs,
      setupTimeoutMs: command.setupTimeoutMs ?? defaultSetupTimeoutMs,
      patienceMs: command.tty ? keyboardPatienceMs : undefined,
    })
    return await runSession(session, command, stop)
  } finally {
    unwatch()
  }
}

function consumer(output: Writable, watch: RemoteCommand['watchErrors']): Consume {
  const write = writeTo(output)
  if (!watch) return write
  return (chunk) => {
    watch(chunk)
    return write(chunk)
  }
}

async function runSession(
  session: RemoteSession,
  command: RemoteCommand,
  stop: AbortController,
): Promise<RemoteExit> {
  let stopInput = (): void => {}
  let stopSizes = (): void => {}
  let patience: NodeJS.Timeout | undefined
  let over = false
  try {
    return await new Promise<RemoteExit>((resolve, reject) => {
      const stopped = (): void => {
        // At once: another write to a closed pipe would be another error event, with nobody listening.
        session.close()
        reject(stop.signal.reason)
      }
      stop.signal.addEventListener('abort', stopped, {once: true})
      if (stop.signal.aborted) return stopped()
      session.finished.then((end) => exitOf(end, outputsOf(command))).then(resolve, reject)
      const {statusPatienceMs} = command
      if (statusPatienceMs !== undefined)
        void session.outputEnded.then(() => {
          if (over) return
          const late = command.onStatusLate ?? (() => stop.abort(noStatus()))
          patience = setTimeout(late, statusPatienceMs)
        })

      command.onOpen?.()
      if (command.watchTerminalSize)
        stopSizes = command.watchTerminalSize((size) => void session.resize(size))
      if (command.stdin) {
        const input = inputOf(session, command, () => resolve({kind: 'detached'}))
        stopInput = pump(command.stdin, input, (error) => stop.abort(error))
      }
    })
  } finally {
    over = true
    clearTimeout(patience)
    stopInput()
    stopSizes()
    session.close()
  }
}

function inputOf(session: RemoteSession, command: RemoteCommand, detach: () => void) {
  const scanner = command.detachKeys && createDetachScanner(command.detachKeys)
  return {
    async write(chunk: Buffer): Promise<void> {
      const {forward, detached} = scanner?.scan(chunk) ?? {forward: chunk, detached: false}
      await session.writeInput(forward)
      if (detached) detach()
    },
    async end(): Promise<void> {
      await session.writeInput(scanner?.rest() ?? new Uint8Array())
      if (!(await session.endInput())) command.onInputEndUnsent?.()
    },
  }
}

async function exitOf(end: SessionEnd, outputs: Writable[]): Promise<RemoteExit> {
  await Promise.all(outputs.map(flush))
  const status = parseExitStatus(end.statusText)
  switch (status.kind) {
    case 'exited':
      return end.inputCut ? {...status, inputCut: true} : status
    case 'failed':
      throw new StreamError('failed', status.message, {startFailure: status.startFailure})
    case 'missing':
      throw end.failure ?? noStatus()
  }
}

function noStatus(): StreamError {
  return new StreamError('noStatus', 'the runtime ended the stream without an exit status')
}

function outputsOf({stdout, stderr}: RemoteCommand): Writable[] {
  return [stdout, stderr].filter((output) => output !== undefined)
}

/** Stops the session when the signal, stdin, stdout or stderr says so; from before it is open, when output may come. */
function watchLocalSide(command: RemoteCommand, stop: AbortController): () => void {
  const {signal, stdin} = command
  const outputs = outputsOf(command)
  const aborted = (): void => stop.abort(signal?.reason)
  const failed = (error: Error): void => stop.abort(error)
  const closed = (): void => stop.abort(Object.assign(new Error('the output was closed'), {code: 'EPIPE'}))

  if (signal?.aborted) aborted()
  if (outputs.some((output) => output.destroyed)) closed()
  signal?.addEventListener('abort', aborted)
  stdin?.on('error', failed)
  for (const output of outputs) output.on('error', failed).on('close', closed)
  return () => {
    signal?.removeEventListener('abort', aborted)
    stdin?.off('error', failed)
    for (const output of outputs) output.off('error', failed).off('close', closed)
  }
}
