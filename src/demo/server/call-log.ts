import {ServerInterceptingCall, type ServerInterceptor, type ServerListener} from '@grpc/grpc-js'
import {type RpcCode, rpcCode} from '../../errors/errors.js'

/** A CRI call that has ended. */
export interface ObservedCall {
  /** As in the proto: `ListContainers`. */
  method: string
  /** undefined where the client sent none that could be read. */
  request: object | undefined
  code: RpcCode
  details: string
  /** Messages that were sent, one except for a stream. */
  messages: number
  durationMs: number
}

/** Sees every call whole, those that no handler gets to see too: garbage, and messages that are too large. */
export function callLog(observe: (call: ObservedCall) => void): ServerInterceptor {
  return ({path}, call) => {
    const startedMs = performance.now()
    const method = path.slice(path.lastIndexOf('/') + 1)
    let request: object | undefined
    let messages = 0
    let ended = false
    const end = (code: number, details: string): void => {
      if (ended) return
      ended = true
      const durationMs = performance.now() - startedMs
      // What grpc-js refuses by itself it does not tell an interceptor, which sees a call without a request.
      const outcome =
        request === undefined
          ? {code: rpcCode.internal, details: 'refused: no request that can be read'}
          : {code: code as RpcCode, details}
      observe({method, request, messages, durationMs, ...outcome})
    }
    const listener: ServerListener = {
      onReceiveMessage(message, next) {
        request = message
        next(message)
      },
      onCancel: () => end(1, 'cancelled by the client'),
    }
    return new ServerInterceptingCall(call, {
      start: (next) => next(listener),
      sendMessage(message, next) {
        messages++
        next(message)
      },
      sendStatus(status, next) {
        end(status.code ?? 2, status.details ?? '')
        next(status)
      },
    })
  }
}
