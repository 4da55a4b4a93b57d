import type {Duplex, Readable, Writable} from 'node:stream'

export interface TerminalSize {
  columns: number
  rows: number
}

/** The client's side of an exec or attach, whatever the transport. */
export interface StreamIo {
  /** Ends at the client's half-close, and when the client is gone. */
  stdin: Readable | undefined
  /** The handler writes and ends both; writing faster than the client reads has to wait. */
  stdout: Writable | undefined
  /** Undefined with a tty. */
  stderr: Writable | undefined
  /** Only the newest size that was not asked for yet. Empty without a tty; ends with the session. */
  sizes: AsyncIterable<TerminalSize>
  /** The client is gone. */
  signal: AbortSignal
}

export type StreamOutcome = {exitCode: number} | {failure: string}

/** Exec, attach. The session ends when this settles, whatever is left in stdin; a rejection is a failure. */
export type StreamHandler = (io: StreamIo) => Promise<StreamOutcome>

/** Connects to a port; a rejection's message goes to the client's error stream. */
export type PortHandler = (port: number, signal: AbortSignal) => Promise<Duplex>

/** Which streams an exec or attach has. */
export interface StreamRequest {
  stdin: boolean
  stdout: boolean
  stderr: boolean
  tty: boolean
}

/** What a token stands for. */
export type Session =
  | {kind: 'exec' | 'attach'; request: StreamRequest; handler: StreamHandler}
  | {kind: 'portforward'; ports: readonly number[]; handler: PortHandler}

export type SessionKind = Session['kind']
