import type {ClientRequest, IncomingMessage} from 'node:http'
import type {Socket} from 'node:net'
import type {WebSocket} from 'ws'
import {connectionTo} from './dialer.js'
import {type SetupLimits, withinLimits} from './setup-limits.js'
import {connectFailure, StreamError} from './stream-error.js'
import {nodeTlsOptions, type StreamTls} from './tls-options.js'
import {refusal} from './upgrade.js'

/** A peer that asks and asks, and reads no answer, must not fill our memory. */
const mostUnreadBytes = 1024 * 1024

export interface WebSocketRequest extends SetupLimits {
  /** From `parseStreamUrl`. */
  url: URL
  protocols: string[]
  tls?: StreamTls | undefined
}

export interface DialledWebSocket {
  socket: WebSocket
  /** The TCP or TLS connection below, to watch. */
  connection: Socket
}

/**
 * Opens a WebSocket that speaks one of `protocols`. It comes paused, so that no message is missed before there is a
 * listener. Rejects as `upgradeToSpdy` does.
 */
export async function dialWebSocket(options: WebSocketRequest): Promise<DialledWebSocket> {
  const {url} = options
  const {default: WebSocketClient} = await import('ws')
  options.signal?.throwIfAborted()
  const address = url.href.replace(/^http/, 'ws')
  const socket = new WebSocketClient(address, options.protocols, {
    perMessageDeflate: false,
    ...connectionTo(url),
    ...nodeTlsOptions(options.tls),
  })
  const opened = new Promise<DialledWebSocket>((resolve, reject) => {
    socket.once('upgrade', ({socket: connection}: IncomingMessage) => {
      socket.once('open', () => {
        socket.pause()
        // ws answers each at once, whether or not the answers are read.
        socket.on('ping', () => {
          if (socket.bufferedAmount > mostUnreadBytes) socket.terminate()
        })
        resolve({socket, connection})
      })
    })
    socket.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      void refusal(response)
        .then(reject)
        .finally(() => socket.terminate())
    })
    socket.on('error', (error) => reject(handshakeFailure(url, error)))
  })
  return withinLimits(opened, options, () => socket.terminate())
}

// ws gives no code to what it finds wrong with the answer itself, such as a subprotocol that nobody offered.
function handshakeFailure(url: URL, error: Error): StreamError {
  if ('code' in error) return connectFailure(url.origin, error)
  return new StreamError(
    'protocol',
    `the runtime's streaming server is no such WebSocket: ${error.message}`,
    {
      cause: error,
    },
  )
}
