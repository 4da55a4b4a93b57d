import {once} from 'node:events'
import {createServer, type IncomingMessage} from 'node:http'
import type {AddressInfo, Socket} from 'node:net'
import type {Duplex} from 'node:stream'
import type {WebSocket} from 'ws'
import {type Admission, admit} from '../streaming/admission.js'
import {missingUpgrade} from '../streaming/negotiation.js'
import {answerRefusal, type Refusal, refuseUpgrade} from '../streaming/refusal.js'
import {serveSpdyCommand} from '../streaming/spdy-command.js'
import {serveSpdyPortForward} from '../streaming/spdy-port-forward.js'
import type {PortHandler, Session, SessionKind, StreamHandler, StreamRequest} from '../streaming/stream-io.js'
import {createTokens} from '../streaming/tokens.js'
import {serveWebSocketCommand} from '../streaming/websocket-command.js'
import {openWebSocket} from '../streaming/websocket-handshake.js'
import {serveWebSocketPortForward} from '../streaming/websocket-port-forward.js'
import {wholeApi} from './behaviour.js'

export type {
  PortHandler,
  SessionKind,
  StreamHandler,
  StreamIo,
  StreamOutcome,
  StreamRequest,
  TerminalSize,
} from '../streaming/stream-io.js'
export {TooManyTokensError} from '../streaming/tokens.js'

export interface StreamingServer extends AsyncDisposable {
  readonly port: number
  /** A URL for one use within a minute. Throws TooManyTokensError when 1000 wait for their client. */
  execUrl(request: StreamRequest, handler: StreamHandler): string
  /** As `execUrl`. */
  attachUrl(request: StreamRequest, handler: StreamHandler): string
  /** As `execUrl`. `ports` is for WebSocket clients; others name the port of each connection themselves. */
  portForwardUrl(ports: readonly number[], handler: PortHandler): string
}

export interface StreamingServerOptions {
  /** Gets one line for each request or connection that was turned away. */
  onRefused?: (line: string) => void
  /** How long a client may take to open its streams; default 30 s, as in every runtime. */
  setupTimeoutMs?: number
  /**
   * Which sessions over SPDY tell their status or failure before their other streams end; the others tell it
   * afterwards. Default none, as containerd.
   */
  statusFirst?: ReadonlySet<SessionKind>
  /** Protocols that exec and attach take over WebSocket; default all. */
  webSocketProtocols?: readonly string[]
}

const host = '127.0.0.1'
const requestTimeoutMs = 10_000
const defaultSetupTimeoutMs = 30_000

/** Serves exec, attach and port-forward on a random port of loopback, over SPDY/3.1 and WebSocket. */
export async function startStreamingServer(options: StreamingServerOptions = {}): Promise<StreamingServer> {
  const setupTimeoutMs = options.setupTimeoutMs ?? defaultSetupTimeoutMs
  const webSocketProtocols = options.webSocketProtocols ?? wholeApi.webSocketProtocols
  const tokens = createTokens<Session>()
  const sockets = new Set<Socket>()
  const server = createServer({
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: requestTimeoutMs / 2,
  })

  const onRefused = (reason: string): void => options.onRefused?.(`streaming: ${reason}`)
  const reportRefusal = ({status, message}: Refusal): void => onRefused(`${status} ${message}`)
  const upgrade = (request: IncomingMessage, _socket: Duplex, head: Buffer): void => {
    const admission = admit(request, tokens.take, webSocketProtocols)
    if ('refusal' in admission) {
      reportRefusal(admission.refusal)
      refuseUpgrade(request, admission.refusal)
    } else {
      const statusFirst = options.statusFirst?.has(admission.session.kind) ?? false
      serve({...admission, request, head, setupTimeoutMs, statusFirst, onRefused})
    }
  }

  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', upgrade).on('connect', upgrade)
  server.on('request', (request, response) => {
    const admission = admit(request, tokens.take, webSocketProtocols)
    const refusal = 'refusal' in admission ? admission.refusal : missingUpgrade
    reportRefusal(refusal)
    answerRefusal(response, refusal)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    onRefused(`400 no HTTP request: ${error.code}`)
    if (socket.writable) socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    socket.destroy()
  })
  server.listen(0, host)
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo

  const urlOf = (session: Session): string =>
    `http://${host}:${port}/${session.kind}/${tokens.issue(session)}`
  return {
    port,
    execUrl: (request, handler) => urlOf({kind: 'exec', request, handler}),
    attachUrl: (request, handler) => urlOf({kind: 'attach', request, handler}),
    portForwardUrl: (ports, handler) => urlOf({kind: 'portforward', ports, handler}),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

interface Admitted extends Admission {
  request: IncomingMessage
  head: Buffer
  setupTimeoutMs: number
  statusFirst: boolean
  onRefused: (reason: string) => void
}

function serve(admitted: Admitted): void {
  const {request, session, protocol} = admitted
  request.socket.setNoDelay(true)
  if (admitted.transport === 'websocket') {
    const onOpen = (socket: WebSocket): void => {
      if (session.kind === 'portforward') void serveWebSocketPortForward(socket, {...admitted, ...session})
      else void serveWebSocketCommand(socket, {...admitted, ...session})
    }
    openWebSocket({...admitted, onOpen})
    return
  }
  const socket = acceptSpdy(request, admitted.head, protocol)
  if (session.kind === 'portforward') serveSpdyPortForward(socket, {...admitted, ...session})
  else serveSpdyCommand(socket, {...admitted, ...session})
}

function acceptSpdy({socket}: IncomingMessage, head: Buffer, protocol: string): Socket {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${protocol}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  if (head.length > 0) socket.unshift(head)
  return socket
}
