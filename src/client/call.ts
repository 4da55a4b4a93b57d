import {RpcError, rpcCode} from '../errors/errors.js'
import {StatusError} from '../errors/status-error.js'
import {type Method, runtimeServiceMethods} from '../generated/codec.js'
import type {VersionResponse} from '../generated/cri.js'
import type {CallObserver, CallOptions, CallWatch, StreamOptions} from './call-options.js'
import type {Channel} from './channel.js'
import {deadlineMs} from './deadlines.js'
import {Exchange} from './exchange.js'
import type {Header} from './http2/hpack.js'
import {requireReadable} from './message-limit.js'

/** What calls over one connection share. */
export interface CallContext {
  channel: Channel
  endpoint: string
  timeoutMs: number
  signal?: AbortSignal | undefined
  onCall?: CallObserver | undefined
}

/** One request, one answer. Throws {@link RpcError}, or the reason of the signal that ended it. */
export async function unaryCall(
  context: CallContext,
  method: string,
  definition: Method,
  request: object,
  options: CallOptions,
): Promise<object> {
  using call = new Call(context, method, definition, request, options)
  return await call.run(async () => {
    const response = await call.next()
    if (!response) throw new StatusError(rpcCode.unimplemented, 'No message received')
    if (await call.next()) throw new StatusError(rpcCode.unimplemented, 'Too many responses received')
    return response
  })
}

/** Who answers, and whether anybody does. */
export async function versionCall(context: CallContext, options: CallOptions): Promise<VersionResponse> {
  return (await unaryCall(context, 'Version', runtimeServiceMethods.Version, {}, options)) as VersionResponse
}

/**
 * One request, many answers. Leaving the loop cancels the call on the server; the server's end of the stream ends
 * the loop. Throws {@link RpcError}, or the reason of the signal that ended it. Answers are read as the loop asks; where
 * there are more bytes of them than wanted, that is the runtime's RESOURCE_EXHAUSTED.
 */
export async function* streamCall(
  context: CallContext,
  method: string,
  definition: Method,
  request: object,
  options: StreamOptions,
): AsyncGenerator<object> {
  using call = new Call(context, method, definition, request, options)
  for (;;) {
    const message = await call.run(() => call.next(options.maxBytes))
    if (!message) return
    yield message
  }
}

/** One call: what it sends, what comes back as objects, and who is told of it. */
class Call implements Disposable {
  readonly #context: CallContext
  readonly #method: string
  readonly #definition: Method
  readonly #options: CallOptions
  readonly #signal: AbortSignal | undefined
  readonly #timeoutMs: number | undefined
  readonly #watch: CallWatch | undefined
  readonly #exchange: Exchange | undefined
  readonly #cancel = () => this.#exchange?.cancel()
  #error: unknown
  #isOver = false
  #receivedBytes = 0

  constructor(
    context: CallContext,
    method: string,
    definition: Method,
    request: object,
    options: CallOptions,
  ) {
    this.#context = context
    this.#method = method
    this.#definition = definition
    this.#options = options
    this.#signal = joinSignals(context.signal, options.signal)
    this.#timeoutMs = deadlineMs(method, request, options.timeoutMs ?? context.timeoutMs)
    const headers: Header[] = []
    this.#watch = context.onCall?.(method, request, (name, value) =>
      headers.push([name.toLowerCase(), value]),
    )
    if (this.#signal?.aborted) return
    const body = definition.encode(request)
    this.#exchange = new Exchange(context.channel, {
      path: definition.path,
      headers,
      body,
      timeoutMs: this.#timeoutMs,
    })
    this.#signal?.addEventListener('abort', this.#cancel, {once: true})
  }

  /** The next message, undefined after the last one. */
  async next(maxBytes = Number.POSITIVE_INFINITY): Promise<object | undefined> {
    this.#signal?.throwIfAborted()
    const bytes = await this.#exchange?.next()
    if (!bytes) {
      this.#isOver = true
      return undefined
    }
    this.#receivedBytes += bytes.length
    if (this.#receivedBytes > maxBytes)
      throw new StatusError(rpcCode.resourceExhausted, `it goes on after ${maxBytes / 1024 ** 2} MiB`)
    const {decode = this.#definition.decode} = this.#options
    let message: object
    try {
      requireReadable(bytes)
      message = decode(bytes, (error) => this.#failure(unreadable(error)))
    } catch (error) {
      throw unreadable(error)
    }
    if (this.#watch?.onMessage) this.#show(this.#watch.onMessage, bytes, message)
    return message
  }

  #show(show: (message: object) => void, bytes: Buffer, message: object): void {
    let whole = message
    if (this.#options.decode)
      try {
        whole = this.#definition.decode(bytes)
      } catch {
        // What is wrong with it fails the call as soon as it is asked for.
        return
      }
    show(whole)
  }

  /** The result of a part of it. What goes wrong has ended the call. */
  async run<Result>(part: () => Promise<Result>): Promise<Result> {
    try {
      return await part()
    } catch (error) {
      const own = error instanceof StatusError ? this.#failure(error) : error
      const failure = this.#signal?.aborted ? this.#signal.reason : own
      this.#error = failure
      this.#isOver = true
      throw failure
    }
  }

  #failure(error: StatusError): RpcError {
    const {code, details} = error
    return new RpcError({
      method: this.#method,
      code,
      details,
      endpoint: this.#context.endpoint,
      timeoutMs: this.#timeoutMs,
      cause: error,
    })
  }

  /** Also where a loop over its messages was left before their end. */
  [Symbol.dispose](): void {
    const ending = this.#error === undefined ? {} : {error: this.#error}
    this.#watch?.onEnd({...ending, wasLeft: !this.#isOver})
    this.#signal?.removeEventListener('abort', this.#cancel)
    this.#exchange?.cancel()
  }
}

function unreadable(error: unknown): StatusError {
  return new StatusError(rpcCode.internal, `Response message parsing error: ${(error as Error).message}`)
}

function joinSignals(first?: AbortSignal, second?: AbortSignal): AbortSignal | undefined {
  return first && second ? AbortSignal.any([first, second]) : (first ?? second)
}
