import {StreamError} from './stream-error.js'

const loopback = new Map([
  ['[::]', '[::1]'],
  ['0.0.0.0', '127.0.0.1'],
])

const schemes = new Map([
  ['http', 'http:'],
  ['ws', 'http:'],
  ['https', 'https:'],
  ['wss', 'https:'],
])

/**
 * Makes the URL of an Exec, Attach or PortForward answer one that can be dialled, with the scheme http or https. A
 * wildcard host, which is what a listener on all addresses calls itself, becomes loopback; a missing scheme is http.
 * Throws StreamError `noHost` when there is no host, and `address` when the scheme is another.
 */
export function parseStreamUrl(text: string): URL {
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):)?\/\/(.*)$/is.exec(text) ?? [
    undefined,
    'http',
    text,
  ]
  const protocol = schemes.get(scheme.toLowerCase())
  if (!protocol)
    throw new StreamError('address', `the runtime gave a streaming address of an unknown scheme: ${text}`)

  // URL itself would take the first part of the path for the host.
  if (/^(:|\/|$)/.test(rest)) {
    throw new StreamError(
      'noHost',
      `the runtime gave a streaming address without a host: ${text || 'nothing at all'}`,
    )
  }
  const address = `${protocol}//${rest}`
  if (!URL.canParse(address)) {
    throw new StreamError('address', `the runtime gave a streaming address that is no URL: ${text}`)
  }
  const url = new URL(address)
  url.hostname = loopback.get(url.hostname) ?? url.hostname
  return url
}
