import type {IncomingMessage} from 'node:http'
import {type WebSocket, WebSocketServer} from 'ws'
import {refuseUpgrade} from './refusal.js'

export interface WebSocketHandshake {
  request: IncomingMessage
  head: Buffer
  /** As negotiated; may be empty. */
  protocol: string
  onOpen: (socket: WebSocket) => void
  onRefused: (reason: string) => void
}

// As the Go runtimes' library.
const messageLimitBytes = 32 * 1024 * 1024

/** Turns an upgrade request into a WebSocket. Its pings are left to whoever serves it. */
export function openWebSocket({request, head, protocol, onOpen, onRefused}: WebSocketHandshake): void {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: messageLimitBytes,
    handleProtocols: () => protocol,
  })
  server.on('wsClientError', ({message}) => {
    onRefused(`400 ${message}`)
    refuseUpgrade(request, {status: 400, message})
  })
  server.handleUpgrade(request, request.socket, head, onOpen)
}
