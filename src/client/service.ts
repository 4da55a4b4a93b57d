import {RpcError, rpcCode, UnreachableError} from '../errors/errors.js'
import type * as cri from '../generated/cri.js'
import {lowerFirst} from '../text/case.js'
import {type CallContext, type CallOptions, streamCall, unaryCall} from './call.js'
import {methodsOf, type ServiceName} from './descriptor.js'
import {retryDelayMs, waitMs} from './retries.js'

/** Every RPC of the CRI's RuntimeService as a method: a promise, or an async iterable where the server streams. */
export type RuntimeService = cri.RuntimeService<CallOptions>
/** Every RPC of the CRI's ImageService as a method. */
export type ImageService = cri.ImageService<CallOptions>

type Connected = () => Promise<CallContext>

export function runtimeService(connected: Connected, maxRetries?: number): RuntimeService {
  return serviceOver(connected, 'RuntimeService', maxRetries) as unknown as RuntimeService
}

export function imageService(connected: Connected, maxRetries?: number): ImageService {
  return serviceOver(connected, 'ImageService', maxRetries) as unknown as ImageService
}

function serviceOver(connected: Connected, service: ServiceName, maxRetries = 3): Record<string, unknown> {
  const methods: Record<string, unknown> = {}
  for (const [method, {responseStream}] of Object.entries(methodsOf(service))) {
    methods[lowerFirst(method)] = responseStream
      ? (request: object = {}, options: CallOptions = {}) =>
          stream(connected, service, method, request, options)
      : (request: object = {}, options: CallOptions = {}) =>
          unary(connected, service, method, request, options, maxRetries)
  }
  return methods
}

async function unary(
  connected: Connected,
  service: ServiceName,
  method: string,
  request: object,
  options: CallOptions,
  maxRetries: number,
): Promise<object> {
  const context = await connected()
  for (let attempt = 0; ; attempt++) {
    try {
      return await unaryCall(context, service, method, request, options)
    } catch (error) {
      if (!isStarting(error) || (maxRetries >= 0 && attempt >= maxRetries))
        throw await explain(context, error)
      await waitMs(retryDelayMs(attempt), options.signal ?? context.signal)
    }
  }
}

async function* stream(
  connected: Connected,
  service: ServiceName,
  method: string,
  request: object,
  options: CallOptions,
): AsyncGenerator<object> {
  const context = await connected()
  try {
    yield* streamCall(context, service, method, request, options)
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
    const version = (await unaryCall(context, 'RuntimeService', 'Version', {}, {})) as cri.VersionResponse
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
