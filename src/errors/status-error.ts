import type {RpcCode} from './rpc-error.js'

/** A gRPC status that is no success: a handler of the embedded runtime throws it, and whoever calls a runtime meets it. */
export class StatusError extends Error {
  override name = 'StatusError'
  readonly code: RpcCode
  readonly details: string

  constructor(code: RpcCode, details: string) {
    super(details)
    this.code = code
    this.details = details
  }
}
