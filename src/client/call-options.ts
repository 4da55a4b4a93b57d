import type * as cri from '../generated/cri.js'

// In a file of their own: what a program that uses the library sees of calls names nothing of gRPC's library.

/** Every RPC of the CRI's RuntimeService as a method: a promise, or an async iterable where the server streams. */
export type RuntimeService = cri.RuntimeService<CallOptions>
/** Every RPC of the CRI's ImageService as a method. */
export type ImageService = cri.ImageService<CallOptions>

export interface CallOptions {
  /** Cancels the call on the server; the call then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** The base of this call's deadline in milliseconds, see {@link deadlineMs}; the connection's own by default. */
  timeoutMs?: number | undefined
  /**
   * Reads each message of the answer in place of what reads all of it. What it throws becomes the call's failure, as it
   * does for bytes that are no message; of an error that shows later, `unreadable` makes the same.
   */
  decode?: ((bytes: Buffer, unreadable: (error: unknown) => Error) => object) | undefined
}

/** A stream may bring more: one that is collected, as a list is, names how much may come in all. */
export interface StreamOptions extends CallOptions {
  maxBytes?: number | undefined
}

/** Told of each call as it starts, when it may still add headers (gRPC metadata) to it. */
export type CallObserver = (
  method: string,
  request: object,
  addHeader: (name: string, value: string) => void,
) => CallWatch

/** What is told of one call from then on. */
export interface CallWatch {
  /** Each message of the answer, all of it, whatever is read of it. Without this nothing more is read than is wanted. */
  onMessage?: ((message: object) => void) | undefined
  onEnd: (ending: CallEnding) => void
}

export interface CallEnding {
  /** Why it failed. */
  error?: unknown
  /** The loop over its messages was left before their end, which has cancelled it. */
  wasLeft: boolean
}
