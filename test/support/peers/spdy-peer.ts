import {once} from 'node:events'
import http, {type IncomingMessage} from 'node:http'
import https from 'node:https'
import type {AddressInfo, Socket} from 'node:net'
import {
  createFrameParser,
  encodeDataHeader,
  encodeGoAway,
  encodeRstStream,
  encodeSynReply,
  type SpdyFrame,
} from '../../../src/streaming/spdy-frames.js'
import {
  createHeaderDecoder,
  createHeaderEncoder,
  type SpdyHeaders,
} from '../../../src/streaming/spdy-headers.js'

export interface PeerStream {
  id: number
  headers: SpdyHeaders
  /** All bytes that came on the stream, when the client has half-closed it. */
  input: Promise<Buffer>
  /** What has come so far. */
  received(): Buffer
  send(data: string | Uint8Array, fin?: boolean): void
  fin(): void
  reset(status?: number): void
}

type Streams<Count> = Count extends 2
  ? [PeerStream, PeerStream]
  : Count extends 3
    ? [PeerStream, PeerStream, PeerStream]
    : [PeerStream, PeerStream, PeerStream, PeerStream]

export interface PeerSession {
  request: IncomingMessage
  socket: Socket
  /** Every frame of the client but its data, as it came. */
  controls: SpdyFrame[]
  /** Resolves with the first `count` streams, each replied to unless `reply` is false. */
  streams<Count extends 2 | 3 | 4>(count: Count, reply?: boolean): Promise<Streams<Count>>
  /** What a runtime does at the end of an exec: the status, resets of what is open, GOAWAY, close. */
  finish(error: PeerStream, status: string, open?: PeerStream[]): void
  /** Resolves when the connection is gone. */
  closed: Promise<void>
}

export interface SpdyPeer extends AsyncDisposable {
  url: string
  /** Settles as the handler of the first session does. */
  served: Promise<void>
}

const frameLimitBytes = 1024 * 1024

export const success = '{"metadata":{},"status":"Success"}'

export function exitedWith(code: number | string): string {
  return JSON.stringify({
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: ${code}`,
    details: {causes: [{reason: 'ExitCode', message: String(code)}]},
  })
}

/** A streaming server on loopback that upgrades every request and gives the session to `serve`. */
export async function startSpdyPeer(
  serve: (session: PeerSession) => Promise<void> | void,
  options: {tls?: https.ServerOptions; headers?: string[]} = {},
): Promise<SpdyPeer> {
  const server = options.tls ? https.createServer(options.tls) : http.createServer()
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  let settle: (outcome: Promise<void>) => void = () => {}
  const served = new Promise<void>((resolve) => {
    settle = resolve
  })
  served.catch(() => {})
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    // Servers keep half-open sockets: the client's FIN alone would not close it.
    socket.on('error', () => {}).on('end', () => socket.end())
    const asked = request.headers['x-stream-protocol-version']
    const headers = options.headers ?? ['Upgrade: SPDY/3.1', `X-Stream-Protocol-Version: ${asked}`]
    socket.write(['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', ...headers, '', ''].join('\r\n'))
    settle(Promise.resolve(serve(createSession(request, socket))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo

  return {
    url: `http${options.tls ? 's' : ''}://127.0.0.1:${port}/exec/token`,
    served,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function createSession(request: IncomingMessage, socket: Socket): PeerSession {
  const decodeHeaders = createHeaderDecoder()
  const encodeHeaders = createHeaderEncoder()
  const streams: (PeerStream & {take: (frame: SpdyFrame) => void})[] = []
  const controls: SpdyFrame[] = []
  const onStream = new EventTarget()

  const openStream = (id: number, headers: SpdyHeaders): void => {
    const chunks: Buffer[] = []
    let end: (input: Buffer) => void = () => {}
    const input = new Promise<Buffer>((resolve) => {
      end = resolve
    })
    const send = (data: string | Uint8Array, fin = false): void => {
      const bytes = Buffer.from(data)
      for (let offset = 0; offset < bytes.length; offset += frameLimitBytes) {
        const part = bytes.subarray(offset, offset + frameLimitBytes)
        socket.write(encodeDataHeader(id, part.length))
        socket.write(part)
      }
      if (fin) socket.write(encodeDataHeader(id, 0, true))
    }
    streams.push({
      id,
      headers,
      input,
      received: () => Buffer.concat(chunks),
      send,
      fin: () => send('', true),
      reset: (status = 5) => socket.write(encodeRstStream(id, status)),
      take(frame) {
        if (frame.type !== 'data') return
        chunks.push(Buffer.from(frame.chunk))
        if (frame.fin) end(Buffer.concat(chunks))
      },
    })
    onStream.dispatchEvent(new Event('stream'))
  }

  const parse = createFrameParser((frame) => {
    if (frame.type === 'data') streams.find((stream) => stream.id === frame.streamId)?.take(frame)
    else controls.push(frame)
    if (frame.type === 'synStream') openStream(frame.streamId, decodeHeaders(frame.headerBlock))
  })
  socket.on('data', parse)

  return {
    request,
    socket,
    controls,
    async streams<Count extends 2 | 3 | 4>(count: Count, reply = true) {
      while (streams.length < count) await once(onStream, 'stream')
      if (reply) for (const {id} of streams) socket.write(encodeSynReply(id, encodeHeaders({})))
      return streams.slice(0, count) as PeerStream[] as Streams<Count>
    },
    finish(error, status, open = []) {
      error.send(status)
      for (const stream of [error, ...open]) stream.reset()
      socket.end(encodeGoAway(0))
      socket.once('finish', () => socket.destroy())
    },
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  }
}
