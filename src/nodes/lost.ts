import {exitCode, UserError} from '../errors/errors.js'
import type {Ending} from './run.js'
import {SshError} from './ssh-failure.js'

/** What ended without the word that tells the end. */
export function lostError(destination: string, ending: Ending, after = ''): UserError {
  if (ending.kind !== 'lost')
    return new UserError(`${destination}: it answered with something else than crisp`)
  const {begun, reason, login} = ending
  if (begun)
    return new UserError(
      `${destination}: the connection was lost${reason === undefined ? '' : `: ${reason}`}${after}`,
      {exitCode: exitCode.unreachable},
    )
  if (/^sudo: /.test(reason ?? ''))
    return new SshError(
      `${destination}: ${reason}: --sudo asks for no password: allow it there with NOPASSWD, or log in as root`,
      'sudo',
    )
  if (login) return login
  return new UserError(
    `${destination}: its login did not start /bin/sh${reason === undefined ? '' : `: ${reason}`}`,
    {exitCode: exitCode.unreachable},
  )
}
