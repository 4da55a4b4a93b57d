import type {IncomingMessage} from 'node:http'
import {asksForWebSocket, negotiateSpdy, negotiateWebSocket} from './negotiation.js'
import type {Refusal} from './refusal.js'
import type {Session} from './stream-io.js'

/** A request that may become a stream. */
export interface Admission {
  session: Session
  transport: 'spdy' | 'websocket'
  protocol: string
}

/** Two channels for each port, numbered in one byte. */
const webSocketPortLimit = 127

/** Decides as Go runtimes do, in their order: a refused upgrade has used up its token, a wrong method has not. */
export function admit(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  take: (token: string) => Session | undefined,
  webSocketProtocols: readonly string[],
): Admission | {refusal: Refusal} {
  const {method, url = '', headers} = request
  const [, kind, token] = /^\/(exec|attach|portforward)\/([\w-]+)(?:\?|$)/.exec(url) ?? []
  const notFound = {refusal: {status: 404, message: '404 page not found'}}
  if (kind === undefined || token === undefined) return notFound
  if (!isLoopback(headers.host))
    return {refusal: {status: 403, message: 'the Host header names no loopback address'}}
  if (method !== 'GET' && method !== 'POST') {
    return {refusal: {status: 405, message: 'use POST or GET', headers: {Allow: 'GET, POST'}}}
  }
  const session = take(token)
  if (session?.kind !== kind) return notFound

  if (!asksForWebSocket(headers)) {
    const negotiated = negotiateSpdy(headers, session.kind)
    return 'refusal' in negotiated ? negotiated : {session, transport: 'spdy', ...negotiated}
  }
  if (session.kind === 'portforward' && !isPortList(session.ports)) {
    const message = `over WebSocket the PortForward call has to name 1 to ${webSocketPortLimit} ports`
    return {refusal: {status: 400, message}}
  }
  const negotiated = negotiateWebSocket(headers, session.kind, webSocketProtocols)
  return 'refusal' in negotiated ? negotiated : {session, transport: 'websocket', ...negotiated}
}

/** A page whose name was made to lead here has its own name as host. HTTP/1.0 need not have one. */
function isLoopback(host: string | undefined): boolean {
  return host === undefined || /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host)
}

function isPortList(ports: readonly number[]): boolean {
  return ports.length >= 1 && ports.length <= webSocketPortLimit
}
