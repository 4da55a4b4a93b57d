import {RpcError, rpcCode, UnreachableError} from '../errors/errors.js'
import {imageServiceMethods, type Method, runtimeServiceMethods} from '../generated/codec.js'
import {lowerFirst} from '../text/case.js'
import {type CallContext, streamCall, unaryCall, versionCall} from './call.js'
import type {CallOptions, ImageService, RuntimeService} from './call-options.js'
import {retryDelayMs, waitMs} from './retries.js'

type Connected = () => Promise<CallContext>

export function runtimeService(connected: Connected, maxRetries?: number): RuntimeService {
  return serviceOver(connected, runtimeServiceMethods, maxRetries) as unknown as RuntimeService
}

export function imageService(connected: Connected, maxRetries?: number): ImageService {
  return serviceOver(connected, imageServiceMethods, maxRetries) as unknown as ImageService
}

function serviceOver(
  connected: Connected,
  service: Readonly<Record<string, Method>>,
  maxRetries = 3,
): Record<string, unknown> {
  const methods: Record<string, unknown> = {}
  for (const [method, definition] of Object.entries(service)) {
    methods[lowerFirst(method)] = definition.responseStream
      ? (request: object = {}, options: CallOptions = {}) =>
          stream(connected, method, definition, request, options)
      : (request: object = {}, options: CallOptions = {}) =>
          unary(connected, method, definition, request, options, maxRetries)
  }
  return methods
}

async function unary(
  connected: Connected,
  method: string,
  definition: Method,
  request: object,
  options: CallOptions,
  maxRetries: number,
): Promise<object> {
  const context = await connected()
  for (let attempt = 0; ; attempt++) {
    try {
      return await unaryCall(context, method, definition, request, options)
    } catch (error) {
      if (!isStarting(error) || (maxRetries >= 0 && attempt >= maxRetries))
        throw await explain(context, error)
      await waitMs(retryDelayMs(attempt), options.signal ?? context.signal)
    }
  }
}

async function* stream(
  connected: Connected,
  method: string,
  definition: Method,
  request: object,
  options: CallOptions,
): AsyncGenerator<object> {
  const context = await connected()
  try {
    yield* streamCall(context, method, definition, request, options)
  } catch (error) {
    throw await explain(context, error)
  }
}

/**
 * The call did not run because the CRI service is not up yet. containerd 2.x says Unavailable; 1.6 and 1.7 say
 * Unknown, which only the text tells from other failures (containerd 1.6.39, instrumented_service.go).
 */
export function isStarting(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false
  return (
    (error.code === rpcCode.unknown || error.code === rpcCode.unavailable) &&
    error.details.includes('server is not initialized yet')
  )
}

/** Unimplemented means one missing call, or no CRI at all: Version tells which, and who is speaking. */
async function explain(context: CallContext, error: unknown): Promise<unknown> {
  if (!(error instanceof RpcError) || error.code !== rpcCode.unimplemented) return error
  try {
    const version = await versionCall(context, {})
    error.runtime = {name: version.runtimeName, version: version.runtimeVersion}
    return error
  } catch (versionError) {
    if (versionError instanceof RpcError && versionError.code === rpcCode.unimplemented) {
      const path = context.endpoint.slice('unix://'.length)
      return new UnreachableError([{path, problem: 'no CRI v1 (plugin disabled?)'}], {cause: error})
    }
    return error
  }
}
