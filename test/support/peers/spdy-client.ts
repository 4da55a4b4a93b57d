import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {
  createFrameParser,
  encodeDataHeader,
  encodeSynStream,
  type SpdyFrame,
} from '../../../src/streaming/spdy-frames.js'
import {createHeaderEncoder, type SpdyHeaders} from '../../../src/streaming/spdy-headers.js'

/** A SPDY client that is close to the wire: it does nothing by itself but read. */
export interface SpdyClient {
  socket: Socket
  /** The status line and headers of the server's answer. */
  answer: string
  /** What came, data frames with the bytes as text. */
  frames: ReceivedFrame[]
  open(id: number, headers: SpdyHeaders, headerBlock?: Uint8Array): void
  send(id: number, data: string | Uint8Array, fin?: boolean): void
  /** All data of one stream so far. */
  data(id: number): Buffer
  /** Resolves when `condition` holds. */
  until(condition: () => boolean): Promise<void>
  /** Resolves when the server has closed. */
  closed: Promise<void>
}

export type ReceivedFrame = Exclude<SpdyFrame, {headerBlock: Buffer}> | {type: 'synReply'; streamId: number}

/** Sends `head` to the server of `url` and gives the answer when its headers are in. */
export async function sendHead(
  url: string,
  head: string,
): Promise<{socket: Socket; answer: string; rest: Buffer; closed: Promise<void>}> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
  })
  socket.write(head)
  let received = Buffer.alloc(0)
  while (!received.includes('\r\n\r\n')) {
    const chunk: Buffer | null = socket.read()
    if (chunk) received = Buffer.concat([received, chunk])
    else if (socket.readableEnded || socket.destroyed) break
    else await Promise.race([once(socket, 'readable'), closed])
  }
  const end = received.indexOf('\r\n\r\n') + 4
  return {socket, answer: received.toString('latin1', 0, end), rest: received.subarray(end), closed}
}

export function upgradeHead(url: string, protocols: string[] = ['v4.channel.k8s.io']): string {
  return [
    `POST ${new URL(url).pathname} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    ...protocols.map((protocol) => `X-Stream-Protocol-Version: ${protocol}`),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n')
}

export async function connectSpdyClient(url: string, protocol?: string): Promise<SpdyClient> {
  const {socket, answer, rest, closed} = await sendHead(
    url,
    upgradeHead(url, protocol === undefined ? undefined : [protocol]),
  )
  const encodeHeaders = createHeaderEncoder()
  const frames: ReceivedFrame[] = []
  const chunks = new Map<number, Buffer[]>()
  const changes = new EventTarget()

  const parse = createFrameParser((frame) => {
    if (frame.type === 'data') {
      chunks.set(frame.streamId, [...(chunks.get(frame.streamId) ?? []), Buffer.from(frame.chunk)])
    }
    frames.push(
      frame.type === 'synReply' ? {type: 'synReply', streamId: frame.streamId} : (frame as ReceivedFrame),
    )
    changes.dispatchEvent(new Event('change'))
  })
  parse(rest)
  socket.on('data', parse)
  socket.on('end', () => socket.end())

  return {
    socket,
    answer,
    frames,
    closed,
    open(id, headers, headerBlock = encodeHeaders(headers)) {
      socket.write(encodeSynStream(id, headerBlock))
    },
    send(id, data, fin = false) {
      const bytes = Buffer.from(data)
      socket.write(Buffer.concat([encodeDataHeader(id, bytes.length, fin), bytes]))
    },
    data: (id) => Buffer.concat(chunks.get(id) ?? []),
    async until(condition) {
      while (!condition()) await once(changes, 'change')
    },
  }
}

/** A session whose streams are open: `streamtypes` with the ids 1, 3, 5, ... */
export async function openSession(
  url: string,
  streamtypes: string[],
  protocol?: string,
): Promise<SpdyClient> {
  const client = await connectSpdyClient(url, protocol)
  for (const [index, streamtype] of streamtypes.entries()) client.open(2 * index + 1, {streamtype})
  await client.until(() => client.frames.length >= streamtypes.length)
  return client
}
