import {exitCode, UserError} from '../errors/errors.js'
import {printable} from '../errors/printable.js'

/** Why a login was not made; ssh tells its reasons in words alone. */
export type LoginFailure =
  /** A password would do. */
  | 'password'
  /** Keys alone would do, and none that there is does. */
  | 'keys'
  | 'unknown host'
  /** It has another host key than the one that is known. */
  | 'changed host'
  /** sudo would ask for a password. */
  | 'sudo'
  | 'refused'
  | 'timed out'
  | 'other'

/** What ssh could not do. */
export class SshError extends UserError {
  override name = 'SshError'
  readonly failure: LoginFailure

  constructor(message: string, failure: LoginFailure) {
    super(message, {exitCode: exitCode.unreachable})
    this.failure = failure
  }

  /** Another try has the same answer. */
  get isFinal(): boolean {
    return ['password', 'keys', 'unknown host', 'changed host', 'sudo'].includes(this.failure)
  }
}

/** From all that ssh has said, whose last words are the reason; `config` is what it makes of the user's settings. */
export function sshError(
  destination: string,
  said: string,
  config: ReadonlyMap<string, string> = new Map(),
): SshError {
  // Of a host in between it is not the last that is said.
  const isHostKey = said.includes(noHostKey)
  const last = isHostKey
    ? noHostKey
    : (lastLine(said)?.replace(/\.$/, '') ?? 'ssh failed and did not say why')
  const [failure, fix] = isHostKey
    ? explainHostKey(destination, said, config)
    : explain(destination, last, config)
  return new SshError(`${destination}: ${last}${fix === undefined ? '' : `: ${fix}`}`, failure)
}

const noHostKey = 'Host key verification failed'

function explain(
  destination: string,
  last: string,
  config: ReadonlyMap<string, string>,
): [LoginFailure, string?] {
  const [, methods] = /Permission denied \(([^)]*)\)$/.exec(last) ?? []
  if (methods !== undefined)
    return /password|keyboard-interactive/.test(methods)
      ? ['password', 'neither a key nor a password was accepted; it asks for one on a terminal']
      : [
          'keys',
          `no key that ssh has is accepted there: ssh-add loads one that has a passphrase, IdentityFile names one, ssh -v ${destination} tells which were tried`,
        ]
  if (last.includes('Too many authentication failures'))
    return [
      'keys',
      'it was offered too many keys: name the right one with IdentityFile and IdentitiesOnly yes',
    ]
  if (last.includes('Connection refused')) return ['refused']
  if (/timed out|Timeout, server/.test(last)) return ['timed out']
  // What ssh says of the host in between is not heard where the connection is to be kept.
  return isBehind(config) && last.includes('Connection closed')
    ? ['other', `the host in between may have refused: ssh ${destination} true tells more`]
    : ['other']
}

function explainHostKey(
  destination: string,
  said: string,
  config: ReadonlyMap<string, string>,
): [LoginFailure, string] {
  const host = hostName(config)
  const its = isBehind(config) ? 'its host key, or that of a host in between,' : 'its host key'
  if (said.includes('REVOKED HOST KEY')) return ['changed host', `${its} is marked as revoked`]
  if (said.includes('HOST IDENTIFICATION HAS CHANGED')) {
    const isThis = said.includes(`Host key for ${host} has changed`)
    const whose = isThis ? 'ITS HOST KEY' : 'THE HOST KEY OF A HOST IN BETWEEN'
    const command = isThis ? forgetKey(host, config) : undefined
    return [
      'changed host',
      `${whose} IS ANOTHER THAN THE KNOWN ONE: it may not be that machine, and it was told nothing. Only where you know that it has a new key: ${command ?? `what ssh ${destination} true says`}`,
    ]
  }
  return said.includes('requested strict checking')
    ? ['keys', `${its} is not known, and StrictHostKeyChecking lets none be added: add it to known_hosts`]
    : ['unknown host', `${its} is not known, and was not accepted; ssh asks about it on a terminal`]
}

function isBehind(config: ReadonlyMap<string, string>): boolean {
  return ['proxyjump', 'proxycommand'].some((key) => (config.get(key) ?? 'none') !== 'none')
}

/** As it stands in a file of known hosts. */
function hostName(config: ReadonlyMap<string, string>): string {
  const {hostkeyalias, hostname = '', port = '22'} = Object.fromEntries(config)
  const host = hostkeyalias ?? hostname
  return port === '22' ? host : `[${host}]:${port}`
}

/** Made of the user's settings, not of words that came: they could name another host, or hold a command of their own. */
function forgetKey(host: string, config: ReadonlyMap<string, string>): string | undefined {
  const [file = ''] = config.get('userknownhostsfile')?.split(' ') ?? []
  if (!/^[\w.:[\]-]+$/.test(host) || !/^[\w./-]+$/.test(file)) return undefined
  const inFile = file.endsWith('/.ssh/known_hosts') ? '' : `-f ${file} `
  return `ssh-keygen ${inFile}-R ${host.includes('[') ? `'${host}'` : host}`
}

export function lastLine(text: string): string | undefined {
  const line = text
    .split(/[\r\n]+/)
    .map((part) => part.trim())
    .findLast((part) => part !== '')
  return line === undefined ? undefined : printable(line)
}
