import {
  type Client,
  type CallOptions as GrpcCallOptions,
  Metadata,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js'
import {type RpcCode, RpcError, rpcCode} from '../errors/errors.js'
import {type Method, runtimeServiceMethods} from '../generated/codec.js'
import type {VersionResponse} from '../generated/cri.js'
import type {CallObserver, CallOptions, StreamOptions} from './call-options.js'
import {deadlineMs} from './deadlines.js'
import {requireReadable} from './message-limit.js'

/** What calls over one connection share. */
export interface CallContext {
  client: Client
  endpoint: string
  timeoutMs: number
  signal?: AbortSignal | undefined
  onCall?: CallObserver | undefined
}

/** One request, one answer. Throws {@link RpcError}, or the reason of the signal that ended it. */
export function unaryCall(
  context: CallContext,
  method: string,
  definition: Method,
  request: object,
  options: CallOptions,
): Promise<object> {
  const signal = joinSignals(context.signal, options.signal)
  const timeoutMs = deadlineMs(method, request, options.timeoutMs ?? context.timeoutMs)
  const metadata = new Metadata()
  const ended = context.onCall?.(method, request, (name, value) => metadata.set(name, value))

  // The observer is told all of it, whatever is read of it.
  let whole: object | undefined
  const decode = decoder(context, method, definition, timeoutMs, options)

  return new Promise<object>((resolve, reject) => {
    if (signal?.aborted) {
      ended?.({error: signal.reason})
      return reject(signal.reason)
    }
    const call = context.client.makeUnaryRequest(
      definition.path,
      definition.encode,
      (bytes) => {
        const answer = decode(bytes)
        if (ended) whole = options.decode ? definition.decode(bytes) : answer
        return answer
      },
      request,
      metadata,
      grpcOptions(timeoutMs),
      (error, response) => {
        signal?.removeEventListener('abort', cancel)
        if (error) {
          const failure = signal?.aborted ? signal.reason : rpcError(context, method, timeoutMs, error)
          ended?.({error: failure})
          reject(failure)
        } else {
          ended?.({response: whole as object})
          resolve(response as object)
        }
      },
    )
    const cancel = () => call.cancel()
    signal?.addEventListener('abort', cancel, {once: true})
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
  const signal = joinSignals(context.signal, options.signal)
  const timeoutMs = deadlineMs(method, request, options.timeoutMs ?? context.timeoutMs)
  signal?.throwIfAborted()
  const metadata = new Metadata()
  const ended = context.onCall?.(method, request, (name, value) => metadata.set(name, value))
  const {maxBytes = Number.POSITIVE_INFINITY} = options
  let receivedBytes = 0
  const decode = decoder(context, method, definition, timeoutMs, options)
  const call = context.client.makeServerStreamRequest(
    definition.path,
    definition.encode,
    (bytes) => {
      receivedBytes += bytes.length
      return decode(bytes)
    },
    request,
    metadata,
    grpcOptions(timeoutMs),
  )
  const cancel = () => call.cancel()
  signal?.addEventListener('abort', cancel, {once: true})
  let failure: unknown
  try {
    for await (const message of call) {
      if (receivedBytes > maxBytes) throw tooMuch(maxBytes)
      yield message as object
    }
  } catch (error) {
    failure = signal?.aborted ? signal.reason : rpcError(context, method, timeoutMs, error as ServiceError)
    throw failure
  } finally {
    // Also where the loop was left before the stream's end.
    ended?.(failure === undefined ? {} : {error: failure})
    signal?.removeEventListener('abort', cancel)
    call.cancel()
  }
}

function decoder(
  context: CallContext,
  method: string,
  definition: Method,
  timeoutMs: number | undefined,
  {decode = definition.decode}: CallOptions,
): (bytes: Buffer) => object {
  const unreadable = (cause: unknown) =>
    // As grpc-js says it of what cannot be read at once (client-interceptors.js).
    rpcError(
      context,
      method,
      timeoutMs,
      Object.assign(new Error('unreadable', {cause}), {
        code: rpcCode.internal,
        details: `Response message parsing error: ${(cause as Error).message}`,
      }),
    )
  return (bytes) => {
    requireReadable(bytes)
    return decode(bytes, unreadable)
  }
}

function tooMuch(maxBytes: number): Error & Partial<StatusObject> {
  const details = `it goes on after ${maxBytes / 1024 ** 2} MiB`
  return Object.assign(new Error(details), {code: rpcCode.resourceExhausted, details})
}

function joinSignals(first?: AbortSignal, second?: AbortSignal): AbortSignal | undefined {
  return first && second ? AbortSignal.any([first, second]) : (first ?? second)
}

function grpcOptions(timeoutMs: number | undefined): GrpcCallOptions {
  return timeoutMs === undefined ? {} : {deadline: Date.now() + timeoutMs}
}

function rpcError(
  context: CallContext,
  method: string,
  timeoutMs: number | undefined,
  error: Error & Partial<StatusObject>,
): RpcError {
  return new RpcError({
    method,
    code: endedWithoutStatus(error) ? rpcCode.unavailable : ((error.code ?? rpcCode.unknown) as RpcCode),
    details: error.details ?? error.message,
    endpoint: context.endpoint,
    timeoutMs,
    cause: error,
  })
}

/**
 * Where a connection ends in the middle of an answer grpc-js (1.14, subchannel-call.js) may see the stream's end before
 * the connection's, and calls that Internal. Only its own words tell it from a runtime's Internal.
 */
function endedWithoutStatus({code, details = ''}: Partial<StatusObject>): boolean {
  return code === rpcCode.internal && details.startsWith('Received RST_STREAM with code 0 ')
}
