import {once} from 'node:events'
import https from 'node:https'
import type {AddressInfo} from 'node:net'
import {type ServerOptions, type WebSocket, WebSocketServer} from 'ws'

export interface WebSocketSession {
  socket: WebSocket
  /** Every message so far, as sent. */
  messages: Buffer[]
  send(channel: number, data: string | Uint8Array): void
  /** Resolves when `enough` of the messages have come. */
  until(enough: (messages: Buffer[]) => boolean): Promise<void>
  /** All that has come on a channel. */
  received(channel: number): Buffer
  closed: Promise<void>
}

export interface WebSocketPeer extends AsyncDisposable {
  url: string
  served: Promise<void>
}

/** A streaming server on loopback that takes `protocol` of what is offered, as containerd (v4) or conmon-rs (v5). */
export async function startWebSocketPeer(
  serve: (session: WebSocketSession) => Promise<void>,
  options: {protocol: string; tls?: https.ServerOptions},
): Promise<WebSocketPeer> {
  const handleProtocols = () => options.protocol
  const tlsServer = options.tls && https.createServer(options.tls).listen(0, '127.0.0.1')
  const serverOptions: ServerOptions = tlsServer ? {server: tlsServer} : {host: '127.0.0.1', port: 0}
  const server = new WebSocketServer({...serverOptions, handleProtocols})
  let settle: (outcome: Promise<void>) => void = () => {}
  const served = new Promise<void>((resolve) => {
    settle = resolve
  })
  served.catch(() => {})
  server.on('connection', (socket) => settle(serve(createSession(socket))))
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  return {
    url: `http${options.tls ? 's' : ''}://127.0.0.1:${port}/exec/token`,
    served,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate()
      const ended = once(tlsServer ?? server, 'close')
      server.close()
      tlsServer?.close()
      await ended
    },
  }
}

function createSession(socket: WebSocket): WebSocketSession {
  const messages: Buffer[] = []
  socket.on('error', () => {})
  socket.on('message', (message: Buffer) => messages.push(message))
  return {
    socket,
    messages,
    send: (channel, data) => socket.send(Buffer.concat([Uint8Array.of(channel), Buffer.from(data)])),
    async until(enough) {
      while (!enough(messages)) await once(socket, 'message')
    },
    received: (channel) =>
      Buffer.concat(messages.filter(([first]) => first === channel).map((message) => message.subarray(1))),
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  }
}
