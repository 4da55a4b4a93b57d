import type {Consume} from './consume.js'
import type {SetupLimits} from './setup-limits.js'
import type {StreamError} from './stream-error.js'
import type {StreamTls} from './tls-options.js'

export interface TerminalSize {
  columns: number
  rows: number
}

/** What a transport needs to open the session of an exec or attach. */
export interface SessionRequest extends SetupLimits {
  /** From `parseStreamUrl`. */
  url: URL
  tls?: StreamTls | undefined
  /** Exactly the streams of the Exec or Attach call: a server waits for each, and starts when all are there. */
  stdin: boolean
  stdout: Consume | undefined
  stderr: Consume | undefined
  tty: boolean
  pingIntervalMs: number
  /** How long input is held back at most; default no limit. */
  patienceMs?: number | undefined
}

export interface SessionEnd {
  /** What came on the error stream. */
  statusText: string
  /** Output ended while a large stdin had more to give. */
  inputCut: boolean
  /** Why the connection was lost, if it was. A status that came in whole counts all the same. */
  failure: StreamError | undefined
}

/** An open exec or attach, whatever the transport. */
export interface RemoteSession {
  /** Resolves when the chunk's buffer is free again. Bytes for an ended session are dropped. */
  writeInput(chunk: Uint8Array): Promise<void>
  /** The command reads end-of-file. False: the protocol has no way to say it, and the command will not see it. */
  endInput(): Promise<boolean>
  resize(size: TerminalSize): Promise<void>
  /** Resolves when no more output will come, where the transport tells before the end of all. */
  readonly outputEnded: Promise<unknown>
  /** Resolves when all output has been consumed. */
  readonly finished: Promise<SessionEnd>
  /** Leaves at once: nothing more is consumed. */
  close(): void
}

/** Width before height and this case: conmon-rs takes nothing else. */
export function encodeTerminalSize({columns, rows}: TerminalSize): Buffer {
  return Buffer.from(`${JSON.stringify({Width: columns, Height: rows})}\n`)
}
