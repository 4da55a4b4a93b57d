import {closeSync, openSync, readSync} from 'node:fs'
import {watch} from 'node:fs/promises'
import {setTimeout as sleep} from 'node:timers/promises'
import type {CriClient} from './client/connect.js'
import {containerStatus} from './client/wait.js'
import {type Attachment, attach, checkTerminal, parseStreaming} from './conversation.js'
import {NotFoundError, RpcError} from './errors.js'
import type {ContainerStatus} from './generated/cri.js'
import {streamFailure} from './stream-failure.js'
import type {StreamFlags} from './stream-flags.js'
import type {RemoteExit} from './streaming/index.js'
import {parseDetachKeys} from './text/detach-keys.js'

// A container that was started a moment ago, in the foreground. An attach sees only what comes after it, and a short
// command is over by then; so where nothing is to be typed its output is taken from its log, which has all of it.

export interface ForegroundContainer extends Attachment {
  /** Where the runtime writes its log; undefined for nowhere. */
  logPath: string | undefined
}

/** What must be right before anything is made. Throws UsageError. */
export async function prepareSession(
  flags: StreamFlags & {stdin: boolean; tty: boolean; 'detach-keys': string},
): Promise<Pick<Attachment, 'stdin' | 'tty' | 'detachKeys' | 'streaming'>> {
  const {stdin, tty} = flags
  checkTerminal({stdin, tty})
  const detachKeys = parseDetachKeys(flags['detach-keys'])
  return {stdin, tty, detachKeys, streaming: await parseStreaming(flags)}
}

/** Why a container did not start, as exec says it of a command: 127 where there is none, 126 where it cannot run. */
export async function startFailure(client: CriClient, error: unknown): Promise<unknown> {
  if (!(error instanceof RpcError) || error.method !== 'StartContainer') return error
  return streamFailure(client, '', error)
}

/** Shows what the container prints until it exits, and says how. Throws what `attach` does. */
export async function attend(container: ForegroundContainer): Promise<RemoteExit> {
  using log = LogTail.open(container.logPath)
  if (log && !container.stdin && !container.tty) return await follow(container, log)
  await pass(log)
  try {
    const exit = await attach(container)
    if (exit.kind === 'detached') return exit
  } catch (error) {
    container.signal.throwIfAborted()
    const status = await containerStatus(container.client, container.containerId)
    if (status?.state !== 'CONTAINER_EXITED') throw error
    // It was over before we came.
    await pass(log)
  }
  return exitOf(await untilExited(container, () => Promise.resolve()))
}

async function follow(container: ForegroundContainer, log: LogTail): Promise<RemoteExit> {
  const status = await untilExited(container, () => pass(log))
  await pass(log)
  return exitOf(status)
}

const longestPauseMs = 250

/** Looks after every change of the log, and from time to time. */
async function untilExited(
  {client, containerId, logPath, signal}: ForegroundContainer,
  meanwhile: () => Promise<void>,
): Promise<ContainerStatus> {
  using changes = fileChanges(logPath, signal)
  for (let pauseMs = 10; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const status = await containerStatus(client, containerId)
    if (!status) throw new NotFoundError('the container is gone, and its exit code with it')
    if (status.state === 'CONTAINER_EXITED') return status
    await meanwhile()
    await changes.within(pauseMs)
    signal.throwIfAborted()
  }
}

function exitOf({exitCode}: ContainerStatus): RemoteExit {
  return {kind: 'exited', exitCode}
}

interface FileChanges extends Disposable {
  /** Resolves with the next change, when the time is over, or at the end. */
  within(pauseMs: number): Promise<void>
}

function fileChanges(path: string | undefined, signal: AbortSignal): FileChanges {
  const abort = new AbortController()
  const ended = AbortSignal.any([signal, abort.signal])
  const watcher = path === undefined ? undefined : watch(path, {signal: ended})[Symbol.asyncIterator]()
  let change: Promise<unknown> | undefined
  return {
    within: async (pauseMs) => {
      // Where there is nothing to watch the pauses are short enough.
      change ??= (watcher?.next() ?? Promise.reject()).then(
        () => {
          change = undefined
        },
        () => new Promise(() => undefined),
      )
      const over = sleep(pauseMs, undefined, {signal: ended}).catch(() => undefined)
      await Promise.race([over, change])
    },
    [Symbol.dispose]: () => abort.abort(),
  }
}

async function pass(log: LogTail | undefined): Promise<void> {
  const {stdout, stderr} = process
  for (const {stream, bytes} of log?.read() ?? []) {
    await new Promise<void>((resolve) =>
      (stream === 'stderr' ? stderr : stdout).write(bytes, () => resolve()),
    )
  }
}

interface Piece {
  stream: string
  bytes: Buffer
}

const chunkBytes = 64 * 1024

/** A CRI log, from its beginning to wherever it has grown to: `<time> <stream> <F or P> <text>` in each line. */
class LogTail implements Disposable {
  readonly #file: number
  #rest: Buffer = Buffer.alloc(0)

  private constructor(file: number) {
    this.#file = file
  }

  /** undefined where there is no log that we may read. */
  static open(path: string | undefined): LogTail | undefined {
    if (path === undefined) return undefined
    try {
      return new LogTail(openSync(path, 'r'))
    } catch {
      return undefined
    }
  }

  /** What has come since the last time, a bounded part at a time. */
  *read(): Generator<Piece> {
    for (;;) {
      const chunk = Buffer.alloc(chunkBytes)
      const length = readSync(this.#file, chunk)
      if (length === 0) return
      const known = Buffer.concat([this.#rest, chunk.subarray(0, length)])
      const end = known.lastIndexOf(0x0a) + 1
      this.#rest = known.subarray(end)
      yield* pieces(known.subarray(0, end))
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }
}

function* pieces(lines: Buffer): Generator<Piece> {
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(0x0a, start)
    const line = lines.subarray(start, end + 1)
    start = end + 1
    const [, stream = '', tag = ''] = /^\S+ (\S+) ([FP])/.exec(line.subarray(0, 100).toString('latin1')) ?? []
    const text = fieldsSkipped(line, 3)
    // The line end of a part is the log's own.
    yield {stream, bytes: tag === 'P' ? text.subarray(0, -1) : text}
  }
}

function fieldsSkipped(line: Buffer, fields: number): Buffer {
  let at = 0
  for (let skipped = 0; skipped < fields; skipped++) at = line.indexOf(0x20, at) + 1
  return line.subarray(at)
}
