import {RpcError, rpcCode, UnreachableError} from '../errors/errors.js'

/**
 * Whether the runtime went away in the middle, as it does while it is restarted: asking again may help. A server that
 * shuts down cancels the calls it has; a call that we cancel fails with our signal's reason instead.
 */
export function isRuntimeLost(error: unknown): boolean {
  return (
    error instanceof UnreachableError ||
    (error instanceof RpcError && (error.code === rpcCode.unavailable || error.code === rpcCode.cancelled))
  )
}
