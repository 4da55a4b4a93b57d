import {once} from 'node:events'
import {setTimeout as wait} from 'node:timers/promises'
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import {methodsOf} from '../../client/descriptor.js'
import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'
import {lowerFirst} from '../../text/case.js'
import type {Behaviour} from './behaviour.js'
import {callLog, type ObservedCall} from './call-log.js'
import {serviceDefinition} from './definitions.js'
import {type Faults, faultOf} from './faults.js'
import type {Call, Handlers} from './rpc.js'
import {unknown} from './statuses.js'
import {TooManyTokensError} from './streaming-server.js'

// As containerd's.
const messageLimitBytes = 16 * 1024 * 1024

export interface ServerOptions {
  behaviour: Behaviour
  faults: Faults
  onCall: (call: ObservedCall) => void
}

/** Both CRI services over these handlers, listening nowhere yet. */
export function createServer(handlers: Handlers, options: ServerOptions): Server {
  const server = new Server({
    'grpc.max_receive_message_length': messageLimitBytes,
    'grpc.max_send_message_length': messageLimitBytes,
    interceptors: [callLog(options.onCall)],
  })
  for (const service of ['RuntimeService', 'ImageService'] as const) {
    const served: Record<
      string,
      handleUnaryCall<object, object> | handleServerStreamingCall<object, object>
    > = {}
    for (const [method, {responseStream}] of Object.entries(methodsOf(service))) {
      const key = lowerFirst(method) as keyof Handlers
      const handler = handlers[key] as AnyHandler
      // grpc-js answers Unimplemented for a method without a handler, as any server without the method.
      if (options.behaviour.missing.has(method)) continue
      served[method] = responseStream
        ? streamHandler(method, handler, options.faults)
        : unary(method, handler, options)
    }
    server.addService(serviceDefinition(service) as unknown as ServiceDefinition, served)
  }
  return server
}

type AnyHandler = (request: object, call: Call) => object | Promise<object> | AsyncIterable<object>

function unary(
  method: string,
  handler: AnyHandler,
  {faults, behaviour}: ServerOptions,
): handleUnaryCall<object, object> {
  const answer = async (request: object, call: Call): Promise<unknown> => {
    try {
      return await handler(request, call)
    } catch (error) {
      throw behaviour.vague.has(method) && isAbsence(error) ? unknown(error.details) : error
    }
  }
  return async (call, reply) => {
    try {
      const signal = signalOf(call)
      await injectFaults(faults, method, signal)
      reply(null, (await answer(call.request, {signal, leftMs: leftMsOf(call)})) as object)
    } catch (error) {
      reply(statusOf(error))
    }
  }
}

function streamHandler(
  method: string,
  handler: AnyHandler,
  faults: Faults,
): handleServerStreamingCall<object, object> {
  return async (call) => {
    try {
      const signal = signalOf(call)
      await injectFaults(faults, method, signal)
      const messages = handler(call.request, {signal}) as AsyncIterable<object>
      let left = faultOf(faults.cutAfter, method) ?? Number.POSITIVE_INFINITY
      if (left === 0) throw cutOffError(method)
      for await (const message of messages) {
        if (!call.write(message)) await once(call, 'drain', {signal})
        if (--left === 0) throw cutOffError(method)
      }
      call.end()
    } catch (error) {
      call.emit('error', statusOf(error))
    }
  }
}

function isAbsence(error: unknown): error is StatusError {
  return (
    error instanceof StatusError && (error.code === rpcCode.notFound || error.code === rpcCode.unavailable)
  )
}

function cutOffError(method: string): StatusError {
  return new StatusError(rpcCode.unavailable, `${method} was cut off on request`)
}

async function injectFaults(faults: Faults, method: string, signal: AbortSignal): Promise<void> {
  const latencyMs = faultOf(faults.latencyMs, method)
  if (latencyMs !== undefined) await wait(latencyMs, undefined, {signal})
  const fault = faultOf(faults.codes, method)
  if (fault) throw new StatusError(fault.code, fault.details ?? `${method} failed on request`)
}

function signalOf(call: ServerUnaryCall<object, object> | ServerWritableStream<object, object>): AbortSignal {
  const controller = new AbortController()
  call.on('cancelled', () => controller.abort())
  return controller.signal
}

function leftMsOf(call: ServerUnaryCall<object, object>): number | undefined {
  const leftMs = Number(call.getDeadline()) - Date.now()
  return Number.isFinite(leftMs) ? leftMs : undefined
}

/** As Go's servers do: a failure without a status of its own is Unknown. */
function statusOf(error: unknown): {code: number; details: string} {
  if (error instanceof StatusError) return {code: error.code, details: error.details}
  if (error instanceof TooManyTokensError) return {code: rpcCode.resourceExhausted, details: error.message}
  const {name, message} = error as Error
  return {code: name === 'AbortError' ? rpcCode.cancelled : rpcCode.unknown, details: message}
}
