import {once} from 'node:events'
import {createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream} from 'node:http2'
import {type AddressInfo, connect, createServer, type Server, type Socket} from 'node:net'
import {expect, onTestFinished, test} from 'vitest'
import {Connection, type Ending, type Stream} from '../../../src/client/http2/connection.js'
import type {Header} from '../../../src/client/http2/hpack.js'
import {httpFrame} from '../../support/broken-servers.js'

/** What came back for one stream. */
class Heard {
  readonly headers: (readonly Header[])[] = []
  readonly data: Buffer[] = []
  #over: (ending: Ending | undefined) => void = () => undefined
  /** undefined where the other end ended it in order. */
  readonly ending = new Promise<Ending | undefined>((resolve) => {
    this.#over = resolve
  })
  stream: Stream | undefined
  readonly #takes: boolean

  constructor(takes: boolean) {
    this.#takes = takes
  }

  onHeaders(headers: readonly Header[], isLast: boolean): void {
    this.headers.push(headers)
    if (isLast) this.#over(undefined)
  }

  onData(bytes: Buffer, isLast: boolean): void {
    this.data.push(Buffer.from(bytes))
    if (this.#takes) this.stream?.taken(bytes.length)
    if (isLast) this.#over(undefined)
  }

  onEnd(ending: Ending): void {
    this.#over(ending)
  }

  get bytes(): number {
    return this.data.reduce((sum, {length}) => sum + length, 0)
  }
}

function ask(connection: Connection, body = Buffer.from('?'), takes = true): Heard {
  const heard = new Heard(takes)
  const headers: Header[] = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'localhost'],
  ]
  heard.stream = connection.open(headers, body, heard)
  return heard
}

async function connectTo(server: Server | Http2Server): Promise<{connection: Connection; socket: Socket}> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const connection = new Connection(socket)
  socket.on('data', (chunk) => connection.receive(chunk))
  onTestFinished(() => {
    connection.close()
    for (const other of sockets) other.destroy()
    server.close()
  })
  await connection.ready
  return {connection, socket}
}

function http2Server(
  onStream: (stream: ServerHttp2Stream) => void,
  settings: Parameters<typeof createHttp2Server>[0] = {},
): Http2Server {
  const server = createHttp2Server(settings)
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    onStream(stream)
  })
  return server
}

/** One that sends these frames to the first call, having said what it allows. */
function frameServer(settings: Buffer, frames: (chunk: Buffer, socket: Socket) => void): Server {
  return createServer((socket) => {
    socket.write(httpFrame(4, 0, 0, settings))
    socket.on('data', (chunk: Buffer) => frames(chunk, socket))
  })
}

test('headers of another HTTP/2, each time referring to those before', async () => {
  const characters = Array.from({length: 95}, (_, index) => String.fromCharCode(32 + index)).join('')
  const headers = {
    'content-type': 'application/grpc',
    'grpc-message': `%E2%82%AC${characters}x`,
    long: 'abc~'.repeat(500),
    empty: '',
  }
  const {connection} = await connectTo(
    http2Server((stream) => stream.respond({':status': 200, ...headers}, {endStream: true})),
  )
  for (let round = 0; round < 3; round++) {
    const heard = ask(connection)
    expect(await heard.ending).toBeUndefined()
    expect(Object.fromEntries(heard.headers.flat())).toEqual(expect.objectContaining(headers))
  }
})

test('a body is sent as the other end allows it', async () => {
  const body = Buffer.alloc(3 * 1024 ** 2, 'body')
  const {connection} = await connectTo(
    http2Server(
      (stream) => {
        const parts: Buffer[] = []
        stream.on('data', (part: Buffer) => parts.push(part))
        stream.on('end', () => {
          stream.respond({same: String(Buffer.concat(parts).equals(body))}, {endStream: true})
        })
      },
      {settings: {initialWindowSize: 1000, maxFrameSize: 20_000}},
    ),
  )
  const heard = [ask(connection, body), ask(connection, body)]
  expect(await Promise.all(heard.map(({ending}) => ending))).toEqual([undefined, undefined])
  for (const {headers} of heard) expect(headers[0]).toContainEqual(['same', 'true'])
})

test('a large answer comes whole; one that nobody takes stops', async () => {
  const answer = Buffer.alloc(5 * 1024 ** 2, 'answer')
  const {connection} = await connectTo(
    http2Server((stream) => {
      stream.respond({':status': 200})
      stream.end(answer)
    }),
  )
  const lazy = ask(connection, Buffer.from('?'), false)
  const heard = ask(connection)
  expect(await heard.ending).toBeUndefined()
  expect(Buffer.concat(heard.data).equals(answer)).toBe(true)
  expect(lazy.bytes).toBe(1024 ** 2)
  lazy.stream?.taken(lazy.bytes)
  const again = ask(connection)
  await again.ending
  expect(lazy.bytes).toBeGreaterThan(1024 ** 2)
})

test('no more calls than the other end allows at once', async () => {
  let open = 0
  let most = 0
  const {connection} = await connectTo(
    http2Server(
      (stream) => {
        most = Math.max(most, ++open)
        setImmediate(() => {
          open--
          stream.respond({':status': 200}, {endStream: true})
        })
      },
      {settings: {maxConcurrentStreams: 2}},
    ),
  )
  const heard = Array.from({length: 10}, () => ask(connection))
  heard[9]?.stream?.cancel()
  expect(await Promise.all(heard.slice(0, 9).map(({ending}) => ending))).toEqual(Array(9).fill(undefined))
  expect(most).toBe(2)
})

test('a call that is cancelled is reset, and what still comes for it is passed over', async () => {
  const {connection} = await connectTo(
    http2Server((stream) => {
      stream.respond({':status': 200})
      stream.write(Buffer.alloc(100_000))
      stream.on('close', () => codes.push(stream.rstCode))
    }),
  )
  const codes: (number | undefined)[] = []
  const cancelled = ask(connection)
  await expect.poll(() => cancelled.bytes).toBeGreaterThan(0)
  cancelled.stream?.cancel()
  await expect.poll(() => codes).toEqual([8])
  const next = ask(connection)
  await expect.poll(() => next.bytes).toBe(100_000)
})

test('who says goodbye finishes what has begun', async () => {
  const {connection, socket} = await connectTo(
    http2Server((stream) => {
      stream.session?.goaway(0, stream.id)
      setTimeout(() => stream.respond({':status': 200}, {endStream: true}), 50)
    }),
  )
  const heard = ask(connection)
  await expect.poll(() => connection.isOpen).toBe(false)
  expect(await heard.ending).toBeUndefined()
  if (!socket.destroyed) await once(socket, 'close')
})

const settingsOf = (name: number, value: number) => {
  const bytes = Buffer.alloc(6)
  bytes.writeUInt16BE(name)
  bytes.writeUInt32BE(value, 2)
  return bytes
}

test.each<[string, Buffer, string]>([
  [
    'more data than it may',
    Buffer.concat(Array(65).fill(httpFrame(0, 0, 1, Buffer.alloc(16_384)))),
    'more data',
  ],
  ['a window beyond all', httpFrame(8, 0, 1, Buffer.from('7fffffff', 'hex')), 'a window that is too large'],
  [
    'a window beyond all to begin with',
    httpFrame(4, 0, 0, settingsOf(4, 2 ** 31)),
    'a window that is too large',
  ],
  [
    'headers that go on',
    Buffer.concat([
      httpFrame(1, 0, 1, Buffer.alloc(9)),
      ...Array(70).fill(httpFrame(9, 0, 1, Buffer.alloc(1000))),
    ]),
    'more than 65536 bytes of headers',
  ],
])('a peer that sends %s is left', async (_, frames, reason) => {
  const {connection, socket} = await connectTo(
    frameServer(Buffer.alloc(0), (chunk, peer) => {
      if (chunk.includes('localhost')) peer.write(frames)
    }),
  )
  const heard = ask(connection, Buffer.from('?'), false)
  expect(await heard.ending).toEqual({kind: 'broken', reason: expect.stringContaining(reason)})
  expect({isOpen: connection.isOpen, destroyed: socket.destroyed}).toEqual({isOpen: false, destroyed: true})
})

test('a window that is made smaller holds for what is sent already', async () => {
  let received = 0
  const {connection} = await connectTo(
    frameServer(settingsOf(4, 100), (chunk, peer) => {
      received += chunk.length
      if (chunk.includes('localhost')) {
        peer.write(httpFrame(4, 0, 0, settingsOf(4, 10)))
        peer.write(httpFrame(8, 0, 1, Buffer.from('0000005a', 'hex')))
        peer.write(httpFrame(6, 0, 0, Buffer.alloc(8)))
      }
      if (chunk.includes(httpFrame(6, 1, 0, Buffer.alloc(8)))) peer.write(httpFrame(3, 0, 1, Buffer.alloc(4)))
    }),
  )
  const heard = ask(connection, Buffer.alloc(1000, 'b'))
  expect(await heard.ending).toEqual({kind: 'reset', code: 0})
  expect(received).toBeLessThan(500)
})

test('a connection that is lost ends each of its calls once', async () => {
  const {connection} = await connectTo(http2Server((stream) => stream.session?.destroy()))
  const heard = [ask(connection), ask(connection)]
  expect(await Promise.all(heard.map(({ending}) => ending))).toEqual([{kind: 'dropped'}, {kind: 'dropped'}])
  expect(connection.isOpen).toBe(false)
})
