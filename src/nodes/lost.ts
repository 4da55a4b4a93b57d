import {exitCode, UserError} from '../errors/errors.js'
import type {Ending} from './run.js'
import {sshError, sshFailed} from './ssh.js'

/** What ended without the word that tells the end. */
export function lostError(destination: string, ending: Ending, after = ''): UserError {
  if (ending.kind !== 'lost')
    return new UserError(`${destination}: it answered with something else than crisp`)
  const {begun, reason, sshCode} = ending
  if (begun)
    return new UserError(
      `${destination}: the connection was lost${reason === undefined ? '' : `: ${reason}`}${after}`,
      {exitCode: exitCode.unreachable},
    )
  if (/^sudo: /.test(reason ?? ''))
    return new UserError(
      `${destination}: ${reason}: --sudo asks for no password: allow it there with NOPASSWD, or log in as root`,
      {exitCode: exitCode.unreachable},
    )
  if (sshCode === sshFailed) return sshError(destination, reason ?? '')
  return new UserError(
    `${destination}: its login did not start /bin/sh${reason === undefined ? '' : `: ${reason}`}`,
    {exitCode: exitCode.unreachable},
  )
}
