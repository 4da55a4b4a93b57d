import type {Writable} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import type {CriClient} from '../client/connect.js'
import {UserError} from '../errors/errors.js'
import {
  endsStdinItself,
  leavesStartFailuresToStderr,
  looksLikeMonitor,
  streamsByMonitor,
} from '../node/runtimes.js'
import {
  type RemoteExit,
  runRemoteCommand,
  StreamError,
  type StreamTls,
  type StreamTransport,
  startFailureIn,
} from '../streaming/index.js'
import {openStdin} from './stdin.js'

// An exec or attach between a session of the runtime and this process: its stdin, stdout, stderr and terminal.

/** How the runtime's streaming server is to be reached. */
export interface Streaming {
  /** undefined: as the runtime needs it. */
  transport: StreamTransport | undefined
  tls: StreamTls
  onStream?: StreamObserver | undefined
}

/** Told of each streaming connection before it is dialled; what it returns is told how it ended. */
export type StreamObserver = (
  url: string,
  transport: StreamTransport,
) => (ending: {error?: unknown; exitCode?: number}) => void

/** Runs a session and tells whoever observes it. */
export async function observeStream<Result extends RemoteExit | undefined>(
  {onStream}: Streaming,
  {url, transport}: {url: string; transport: StreamTransport},
  run: () => Promise<Result>,
): Promise<Result> {
  const end = onStream?.(url, transport)
  try {
    const exit = await run()
    end?.(exit?.kind === 'exited' ? {exitCode: exit.exitCode} : {})
    return exit
  } catch (error) {
    end?.({error})
    throw error
  }
}

export interface SessionRequest {
  client: CriClient
  streaming: Streaming
  /** Makes the Exec or Attach call, for exactly these streams. */
  openUrl: () => Promise<string>
  /** Pass our stdin on. It is destroyed at the end, so that the process can end. */
  stdin: boolean
  tty: boolean
  /** Count only with stdin and a terminal. */
  detachKeys: Uint8Array
  /** Instead of our own stdout and stderr. */
  stdout?: Writable
  stderr?: Writable
  /** Told how many bytes of a terminal's output have come. */
  onShown?: (bytes: number) => void
  signal: AbortSignal
  note: (text: string) => void
}

const statusPatienceMs = 5000
const inputEndUnsent =
  'stdin has ended, but this runtime cannot tell the command so over WebSocket: it may wait for ever (Ctrl-C); leave out --transport websocket'

/** Carries the session to its end; the terminal is then as it was. Throws what `runRemoteCommand` does. */
export async function runSession(request: SessionRequest): Promise<RemoteExit> {
  const {client, streaming, tty} = request
  const stdout = request.stdout ?? process.stdout
  const stderr = request.stderr ?? process.stderr
  const stdin = request.stdin ? openStdin() : undefined
  const terminal = tty ? await import('../terminal/raw.js') : undefined
  const screen = [process.stdout, process.stderr].find(({isTTY}) => isTTY)
  let restoreTerminal: (() => void) | undefined
  let whole = false
  let words = ''
  try {
    const url = await request.openUrl()
    const transport = streaming.transport ?? (await transportFor(client, url))
    const exit = await observeStream(streaming, {url, transport}, () =>
      runRemoteCommand({
        url,
        transport,
        tls: streaming.tls,
        stdin,
        stdout,
        stderr: tty ? undefined : stderr,
        tty,
        detachKeys: tty && stdin ? request.detachKeys : undefined,
        watchTerminalSize: screen && terminal?.terminalSizes(screen),
        onOpen: () => {
          if (terminal && stdin) restoreTerminal = terminal.takeTerminal(process.stdin)
        },
        onInputEndUnsent: () => request.note(inputEndUnsent),
        watchErrors: (chunk) => {
          request.onShown?.(chunk.length)
          if (words.length <= wordsLimit) words += chunk
        },
        statusPatienceMs,
        onStatusLate: () =>
          request.note(
            'its output has ended, but not the command: it goes on in silence, or has left input unread, which some runtimes never get over (Ctrl-C leaves)',
          ),
        signal: request.signal,
      }),
    )
    whole = exit.kind === 'exited'
    if (exit.kind === 'exited' && exit.inputCut && exit.exitCode === 0) await checkInputArrived(client)
    if (exit.kind === 'exited' && exit.exitCode === 255) await checkStarted(client, words)
    return exit
  } finally {
    restoreTerminal?.()
    // The remote program was stopped in the middle of its line.
    if (restoreTerminal && !whole && process.stderr.isTTY) process.stderr.write('\n')
    stdin?.destroy()
  }
}

/** Longer than what an OCI runtime says of a command that it could not start. */
const wordsLimit = 4096

/** All that there is: why the command was not started, as where its working directory is gone. */
const runtimesOwnLine = /^time="[^"\n]*" level=error msg="exec failed: unable to start [^\n]*\n*$/

/** Throws what other runtimes answer with where CRI-O lets a command that did not start look like one that failed. */
export async function checkStarted(client: CriClient, words: string): Promise<void> {
  if (words.length > wordsLimit) return
  const failure = startFailureIn(words)
  if (failure === undefined && !runtimesOwnLine.test(words)) return
  if (!leavesStartFailuresToStderr(await client.runtime.version())) return
  throw new StreamError('failed', words.trim(), {startFailure: failure})
}

async function checkInputArrived(client: CriClient): Promise<void> {
  if (endsStdinItself(await client.runtime.version()))
    throw new UserError(
      "containerd ended the command's stdin, and dropped the rest of it, when the command closed its stdout or stderr",
      {facts: {about: 'dropped stdin'}},
    )
}

/** What the server at the URL speaks. Trying it out is no way: a refused upgrade uses the URL up. */
export async function transportFor(client: CriClient, url: string): Promise<StreamTransport> {
  if (!looksLikeMonitor(url)) return 'spdy'
  return streamsByMonitor(await client.runtime.version()) ? 'websocket' : 'spdy'
}

export interface AttachRequest extends Omit<SessionRequest, 'openUrl'> {
  containerId: string
}

/**
 * Attaches to a running container. When it exits meanwhile the exit code is its own; when the session ends and the
 * container goes on, as it does when stdin ends, it is 0.
 */
export async function attach(request: AttachRequest): Promise<RemoteExit> {
  const {client, containerId, stdin, tty} = request
  const exit = await runSession({
    ...request,
    openUrl: async () => {
      const request = {containerId, stdin, tty, stdout: true, stderr: !tty}
      return (await client.runtime.attach(request)).url
    },
  })
  return exit.kind === 'detached' ? exit : {kind: 'exited', exitCode: await exitCodeOf(client, containerId)}
}

/**
 * Attaches to a running container for our stdin alone: what the container prints is read elsewhere. Resolves when all
 * has been sent and the session is over, or the container is.
 */
export async function sendInput({
  client,
  streaming,
  containerId,
  signal,
  note,
}: Omit<AttachRequest, 'stdout' | 'stderr'>): Promise<void> {
  const stdin = openStdin()
  try {
    const request = {containerId, stdin: true, tty: false, stdout: false, stderr: false}
    const {url} = await client.runtime.attach(request, {signal})
    const transport = streaming.transport ?? (await transportFor(client, url))
    await observeStream(streaming, {url, transport}, () =>
      runRemoteCommand({
        url,
        transport,
        tls: streaming.tls,
        stdin,
        tty: false,
        onInputEndUnsent: () => note(inputEndUnsent),
        signal,
      }),
    )
  } catch (error) {
    // CRI-O with conmon-rs closes the whole session when stdin has ended.
    if (!(error instanceof StreamError && error.kind === 'noStatus' && stdin.readableEnded)) throw error
  } finally {
    stdin.destroy()
  }
}

const exitPatienceMs = 1000
const exitPollMs = 50

/** The stream may end a moment before the runtime has noticed the exit. */
async function exitCodeOf(client: CriClient, containerId: string): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += exitPollMs) {
    const {status} = await client.runtime.containerStatus({containerId})
    if (status?.state === 'CONTAINER_EXITED') return status.exitCode
    if (waitedMs >= exitPatienceMs) return 0
    await sleep(exitPollMs)
  }
}
