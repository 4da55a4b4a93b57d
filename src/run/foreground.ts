import type {Writable} from 'node:stream'
import {signalAfter} from '../client/deadlines.js'
import {NotFoundError, RpcError, UserError} from '../errors/errors.js'
import type {ContainerStatus} from '../generated/cri.js'
import {PlainLog} from '../logs/bytes.js'
import {LineAssembler, type LogLine} from '../logs/lines.js'
import {LogWatch} from '../logs/watch.js'
import {containerStatus} from '../node/details.js'
import {type AttachRequest, attach, sendInput} from '../sessions/session.js'
import {type RemoteExit, StreamError} from '../streaming/index.js'
import {unwritable} from '../terminal/unwritable.js'
import {programName} from '../text/program.js'

// A container that was started a moment ago, in the foreground. An attach sees only what comes after it, and a short
// command is over by then; so its output is taken from its log, which has all of it, and the attach is for what is typed
// alone. Only a terminal, where the answer to a key must come at once, and a log that we cannot read need the attach's
// output. How it ended is always the container's own word.

export interface ForegroundContainer extends AttachRequest {
  stdout: Writable
  stderr: Writable
  /** Where the runtime writes its log; undefined for nowhere. */
  logPath: string | undefined
}

/** Shows what the container prints until it exits, and says how. Throws what `attach` does. */
export async function runInForeground(container: ForegroundContainer): Promise<RemoteExit> {
  using log = GrowingLog.open(container)
  return log && !container.tty ? await showByLog(container, log) : await showByAttach(container, log)
}

async function showByLog(container: ForegroundContainer, log: GrowingLog): Promise<RemoteExit> {
  const over = new AbortController()
  const broken = new AbortController()
  const input = container.stdin
    ? sendInput({...container, signal: AbortSignal.any([container.signal, over.signal])})
    : Promise.resolve()
  const inputEnded = input.catch((error) => broken.abort(error))
  try {
    const signal = AbortSignal.any([container.signal, broken.signal])
    const status = await waitUntilExited({...container, signal}, () => log.pass()).catch((error) => {
      if (error !== broken.signal.reason) throw error
      return waitForExitAfter(container, error)
    })
    await log.passRest()
    return exitOf(status)
  } finally {
    over.abort()
    await inputEnded
  }
}

async function showByAttach(
  container: ForegroundContainer,
  log: GrowingLog | undefined,
): Promise<RemoteExit> {
  await log?.pass()
  let shownBytes = 0
  const onShown = (bytes: number) => {
    shownBytes += bytes
  }
  const session = await attach({...container, onShown}).catch(async (error) => {
    // It was over before we came.
    const status = await waitForExitAfter(container, error)
    await log?.passRest()
    return exitOf(status)
  })
  if (session.kind === 'detached') return session
  const status = await waitUntilExited(container, async () => undefined)
  if (container.tty && log?.hasLineBefore(shownBytes))
    container.note(
      `what it printed before ${programName()} was attached is missing here: without -t nothing is`,
    )
  return exitOf(status)
}

const longestPauseMs = 250
/** The runtime may notice an exit a moment later than whoever was attached. */
const exitPatienceMs = 1000

/** The session failed: where the container has exited, or does so now, that is what there is to tell. */
async function waitForExitAfter(container: ForegroundContainer, error: unknown): Promise<ContainerStatus> {
  container.signal.throwIfAborted()
  if (!isOfSession(error)) throw error
  const signal = AbortSignal.any([container.signal, signalAfter(exitPatienceMs)])
  return await waitUntilExited({...container, signal}, async () => undefined).catch(() => {
    container.signal.throwIfAborted()
    throw error
  })
}

/** The runtime's failure, or what a container that ends early does to our stdin: none of ours. */
function isOfSession(error: unknown): boolean {
  if (error instanceof UserError) return error.facts?.about === 'dropped stdin'
  return error instanceof RpcError || error instanceof StreamError
}

/** Looks after every change of the log, and from time to time. */
async function waitUntilExited(
  {client, containerId, logPath, signal}: ForegroundContainer,
  meanwhile: () => Promise<void>,
): Promise<ContainerStatus> {
  using watch = new LogWatch()
  watch.setPaths(logPath === undefined ? [] : [logPath])
  for (let pauseMs = 10; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const status = await containerStatus(client, containerId)
    if (!status) throw new NotFoundError('the container is gone, and its exit code with it')
    if (status.state === 'CONTAINER_EXITED') return status
    await meanwhile()
    // The end of the pause is no failure; the signal's is told below.
    await watch.change(AbortSignal.any([signal, signalAfter(pauseMs)])).catch(() => undefined)
    signal.throwIfAborted()
  }
}

function exitOf({exitCode}: ContainerStatus): RemoteExit {
  return {kind: 'exited', exitCode}
}

/** A log from its beginning to wherever it has grown to. */
class GrowingLog implements Disposable {
  readonly #file: PlainLog
  readonly #outputs: readonly [Writable, Writable]
  readonly #lines = new LineAssembler({}, () => undefined)

  private constructor(file: PlainLog, outputs: readonly [Writable, Writable]) {
    this.#file = file
    this.#outputs = outputs
  }

  /** undefined where there is no log that we may read. */
  static open({logPath, stdout, stderr}: ForegroundContainer): GrowingLog | undefined {
    if (logPath === undefined) return undefined
    try {
      return new GrowingLog(new PlainLog(logPath, 0), [stdout, stderr])
    } catch {
      return undefined
    }
  }

  /** Writes what has come since the last time to stdout and stderr. */
  async pass(): Promise<void> {
    for (;;) {
      const count = this.#file.read(this.#lines.room())
      if (count === 0) return
      await writeLines(this.#lines.take(count), this.#outputs)
    }
  }

  /** The same when nothing comes any more: a last line may have no end. */
  async passRest(): Promise<void> {
    await this.pass()
    await writeLines(this.#lines.endLog(), this.#outputs)
  }

  /** Whether a line or more has come since the last time that is not in these last bytes: less is a shell's prompt. */
  hasLineBefore(bytes: number): boolean {
    let all = 0
    let first: number | undefined
    for (;;) {
      const count = this.#file.read(this.#lines.room())
      const lines = count === 0 ? this.#lines.endLog() : this.#lines.take(count)
      for (const {content, ended} of lines) {
        all += content.length + (ended ? 1 : 0)
        if (ended) first ??= all
      }
      if (first !== undefined && all - bytes >= first) return true
      if (count === 0) return false
    }
  }

  [Symbol.dispose](): void {
    this.#file.close()
  }
}

const lineEnd = Buffer.from('\n')

/** Lines of one stream that follow each other in one go. */
async function writeLines(
  lines: readonly LogLine[],
  [stdout, stderr]: readonly [Writable, Writable],
): Promise<void> {
  for (let start = 0; start < lines.length; ) {
    const stream = lines[start]?.stream
    let end = start + 1
    while (lines[end]?.stream === stream) end++
    const pieces = lines
      .slice(start, end)
      .flatMap(({content, ended}) => (ended ? [content, lineEnd] : [content]))
    const output = stream === 0 ? stdout : stderr
    await new Promise<void>((resolve, reject) => {
      output.write(Buffer.concat(pieces), (error) => (error ? reject(unwritable(error)) : resolve()))
    })
    start = end
  }
}
