import type {IncomingHttpHeaders} from 'node:http'
import type {Refusal} from './refusal.js'
import type {SessionKind} from './stream-io.js'

export type Negotiated = {protocol: string} | {refusal: Refusal}

const spdyCommandProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io']
const spdyPortProtocols = ['portforward.k8s.io']
const webSocketPortProtocols = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']

export const missingUpgrade: Refusal = {
  status: 400,
  message: 'missing upgrade headers: Connection: Upgrade, Upgrade: SPDY/3.1',
}

export function asksForWebSocket(headers: IncomingHttpHeaders): boolean {
  return asksForUpgradeTo('websocket', headers)
}

/** The first version of the client's list that the session has, or what a Go runtime answers instead. */
export function negotiateSpdy(headers: IncomingHttpHeaders, kind: SessionKind): Negotiated {
  const offered = splitList(headers['x-stream-protocol-version'])
  const accepted = kind === 'portforward' ? spdyPortProtocols : spdyCommandProtocols
  if (offered.length === 0) {
    return {refusal: {status: 400, message: 'X-Stream-Protocol-Version is required'}}
  }
  const protocol = offered.find((version) => accepted.includes(version))
  if (protocol === undefined) {
    const message = `no common version: this server accepts ${accepted.join(', ')}`
    return {refusal: {status: 403, message, headers: {'X-Accepted-Stream-Protocol-Versions': accepted}}}
  }
  if (!asksForUpgradeTo('spdy/3.1', headers)) {
    return {refusal: missingUpgrade}
  }
  return {protocol}
}

/** As `negotiateSpdy`. A client that offers nothing gets the empty protocol: binary, plain-text status. */
export function negotiateWebSocket(
  headers: IncomingHttpHeaders,
  kind: SessionKind,
  commandProtocols: readonly string[],
): Negotiated {
  const offered = splitList(headers['sec-websocket-protocol'])
  const accepted = kind === 'portforward' ? webSocketPortProtocols : commandProtocols
  const protocol = offered.length === 0 ? '' : offered.find((name) => accepted.includes(name))
  if (protocol !== undefined) return {protocol}
  const message = `no common subprotocol: this server accepts ${accepted.join(', ')}`
  return {refusal: {status: 403, message}}
}

function asksForUpgradeTo(name: string, headers: IncomingHttpHeaders): boolean {
  const connection = splitList(headers.connection?.toLowerCase())
  return connection.includes('upgrade') && headers.upgrade?.toLowerCase() === name
}

function splitList(value: string | string[] | undefined): string[] {
  return [value ?? []]
    .flat()
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}
