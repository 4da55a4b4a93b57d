import {getSystemErrorMap} from 'node:util'
import {UserError} from '../errors/errors.js'

/** Our output has no place to go: a full disk, a device that fails. */
export function unwritable(error: NodeJS.ErrnoException): UserError {
  const [, words] = getSystemErrorMap().get(error.errno ?? 0) ?? []
  const reason = words === undefined ? error.message : `${words} (${error.code})`
  return new UserError(`the output cannot be written: ${reason}`, {cause: error})
}
