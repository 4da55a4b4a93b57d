import {RpcError, UnreachableError} from '../errors/errors.js'

/** Why a check cannot tell: nothing is known to be wrong, or right. */
export class NotChecked extends Error {
  override name = 'NotChecked'
}

/** Whether node or runtime did not tell, which is no fault of ours. */
export function isNotTold(error: unknown): boolean {
  return error instanceof NotChecked || error instanceof RpcError || error instanceof UnreachableError
}
