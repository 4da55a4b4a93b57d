import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'

// What a handler throws to end a call with a gRPC status; anything else that it throws is Unknown, as in containerd.

export function notFound(details: string): StatusError {
  return new StatusError(rpcCode.notFound, details)
}

/** containerd has no better code for an object that is in the wrong state. */
export function unknown(details: string): StatusError {
  return new StatusError(rpcCode.unknown, details)
}

export function invalidArgument(details: string): StatusError {
  return new StatusError(rpcCode.invalidArgument, details)
}
