import type {Writable} from 'node:stream'
import {NotFoundError} from '../errors/errors.js'
import type {ContainerStatus} from '../generated/cri.js'
import {PlainLog} from '../logs/bytes.js'
import {LineAssembler, type LogLine} from '../logs/lines.js'
import {LogWatch} from '../logs/watch.js'
import {containerStatus} from '../node/wait.js'
import {type AttachRequest, attach} from '../sessions/session.js'
import type {RemoteExit} from '../streaming/index.js'
import {unwritable} from '../terminal/unwritable.js'

// A container that was started a moment ago, in the foreground. An attach sees only what comes after it, and a short
// command is over by then; so where nothing is to be typed its output is taken from its log, which has all of it.

export interface ForegroundContainer extends AttachRequest {
  stdout: Writable
  stderr: Writable
  /** Where the runtime writes its log; undefined for nowhere. */
  logPath: string | undefined
}

/** Shows what the container prints until it exits, and says how. Throws what `attach` does. */
export async function runInForeground(container: ForegroundContainer): Promise<RemoteExit> {
  using log = GrowingLog.open(container)
  if (log && !container.stdin && !container.tty) {
    const status = await waitUntilExited(container, () => log.pass())
    await log.passRest()
    return exitOf(status)
  }
  await log?.pass()
  try {
    const exit = await attach(container)
    if (exit.kind === 'detached') return exit
  } catch (error) {
    container.signal.throwIfAborted()
    const status = await containerStatus(container.client, container.containerId)
    if (status?.state !== 'CONTAINER_EXITED') throw error
    // It was over before we came.
    await log?.passRest()
  }
  return exitOf(await waitUntilExited(container, async () => undefined))
}

const longestPauseMs = 250

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
    await watch.change(AbortSignal.any([signal, AbortSignal.timeout(pauseMs)])).catch(() => undefined)
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
