import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {type AddressInfo, connect, createServer, type Socket} from 'node:net'
import {Duplex} from 'node:stream'
import {text} from 'node:stream/consumers'
import {describe, expect, test} from 'vitest'
import {WebSocket} from 'ws'
import {
  type PortHandler,
  type SessionKind,
  startStreamingServer,
} from '../../../src/demo/server/streaming-server.js'
import {forwardConnection} from '../../../src/streaming/port-forward.js'
import {connectSpdyClient} from '../../support/peers/spdy-client.js'
import {startWatchedServer} from '../../support/peers/watched-server.js'

const dial: PortHandler = async (port) => {
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true})
  await once(socket, 'connect')
  return socket
}

/** A TCP server on loopback. */
async function serve(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer({allowHalfOpen: true}, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const serveEcho = () => serve((socket) => socket.pipe(socket))

/** Both ends of a local connection. */
async function localPair() {
  const listener = createServer({allowHalfOpen: true}).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const client = connect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  const [accepted]: [Socket] = (await once(listener, 'connection')) as [Socket]
  listener.close()
  client.on('error', () => {})
  return {client, accepted}
}

async function read(socket: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

describe('with the client library', () => {
  test('20 MB to an echo server and back, half-closed in between', async () => {
    await using echo = await serveEcho()
    await using server = await startStreamingServer()
    const {client, accepted} = await localPair()
    const forwarded = forwardConnection({
      openUrl: async () => server.portForwardUrl([], dial),
      local: accepted,
      remotePort: echo.port,
    })
    const bytes = randomBytes(20 * 1024 * 1024)
    client.end(bytes)
    expect(digest(await read(client))).toBe(digest(bytes))
    await forwarded
    while (echo.sockets.size > 0) await once([...echo.sockets][0] ?? client, 'close')
  })

  test('50 connections at once', async () => {
    await using echo = await serveEcho()
    await using server = await startStreamingServer()
    const echoed = Array.from({length: 50}, async (_, index) => {
      const {client, accepted} = await localPair()
      const forwarded = forwardConnection({
        openUrl: async () => server.portForwardUrl([echo.port], dial),
        local: accepted,
        remotePort: echo.port,
      })
      client.end(`connection ${index}`)
      const answer = await text(client)
      await forwarded
      return answer
    })
    expect(await Promise.all(echoed)).toEqual(Array.from({length: 50}, (_, index) => `connection ${index}`))
  })

  test.each([
    ['after the end of the data', new Set<SessionKind>()],
    ['before it', new Set<SessionKind>(['portforward'])],
  ])('a port that refuses is the text of the failure, told %s', async (_order, statusFirst) => {
    await using server = await startStreamingServer({statusFirst})
    const {client, accepted} = await localPair()
    const end = once(client.resume(), 'error')
    const refusing: PortHandler = async (port) => {
      throw new Error(`error forwarding port ${port}: connection refused`)
    }
    await expect(
      forwardConnection({
        openUrl: async () => server.portForwardUrl([], refusing),
        local: accepted,
        remotePort: 9999,
      }),
    ).rejects.toMatchObject({kind: 'failed', message: 'error forwarding port 9999: connection refused'})
    expect(await end).toMatchObject([{code: 'ECONNRESET'}])
  })

  test('a connection that breaks is a failure, not an end', async () => {
    await using target = await serve((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    await using server = await startStreamingServer()
    const {client, accepted} = await localPair()
    const forwarded = forwardConnection({
      openUrl: async () => server.portForwardUrl([], dial),
      local: accepted,
      remotePort: target.port,
    })
    client.write('x')
    await expect(forwarded).rejects.toMatchObject({kind: 'failed', message: 'read ECONNRESET'})
  })
})

const pair = (port: number, requestid: string) => [
  {streamtype: 'error', port: String(port), requestid},
  {streamtype: 'data', port: String(port), requestid},
]

describe('SPDY on the wire', () => {
  test('several connections share one, each with its own end', async () => {
    await using echo = await serveEcho()
    await using server = await startStreamingServer()
    const client = await connectSpdyClient(server.portForwardUrl([], dial), 'portforward.k8s.io')
    for (const [index, headers] of [...pair(echo.port, '0'), ...pair(echo.port, '1')].entries()) {
      client.open(2 * index + 1, headers)
    }
    client.send(3, 'first', true)
    client.send(7, 'second')
    const finished = (id: number) =>
      client.frames.some((frame) => frame.type === 'data' && frame.streamId === id && frame.fin)
    await client.until(() => finished(3) && finished(1) && client.data(7).toString() === 'second')
    expect([client.data(3).toString(), client.data(1).toString(), finished(7)]).toEqual(['first', '', false])

    client.send(7, '!', true)
    await client.until(() => finished(7) && finished(5))
    expect(client.data(7).toString()).toBe('second!')
    client.socket.destroy()
  })

  test.each([
    ['no port', {streamtype: 'data', requestid: '0'}],
    ['port 0', {streamtype: 'data', port: '0', requestid: '0'}],
    ['port 65536', {streamtype: 'data', port: '65536', requestid: '0'}],
    ['a port that is no number', {streamtype: 'data', port: '80x', requestid: '0'}],
    ['no requestID', {streamtype: 'data', port: '80'}],
    ['another type', {streamtype: 'stdin', port: '80', requestid: '0'}],
  ])('%s is refused', async (_, headers) => {
    await using server = await startStreamingServer()
    const client = await connectSpdyClient(server.portForwardUrl([], dial), 'portforward.k8s.io')
    client.open(1, headers)
    await client.until(() => client.frames.length === 1)
    expect(client.frames).toEqual([{type: 'rstStream', streamId: 1, status: 3}])
    client.socket.destroy()
  })

  test('half a pair is given up', async () => {
    await using server = await startWatchedServer({setupTimeoutMs: 50})
    const client = await connectSpdyClient(server.portForwardUrl([], dial), 'portforward.k8s.io')
    client.open(1, {streamtype: 'data', port: '80', requestid: '0'})
    await client.until(() => client.frames.length === 2)
    expect(client.frames[1]).toEqual({type: 'rstStream', streamId: 1, status: 5})
    expect(server.refused).toEqual([
      'streaming: the client opened only one of the two streams of a connection',
    ])
    client.socket.destroy()
  })

  test('a client that leaves closes its connections, one not made yet included', async () => {
    await using target = await serve(() => {})
    await using server = await startStreamingServer()
    const late = new Duplex({read() {}, write: (_chunk, _encoding, done) => done()})
    const handler: PortHandler = async (port, signal) => {
      if (port !== 1) return dial(port, signal)
      await once(signal, 'abort')
      return late
    }
    const client = await connectSpdyClient(server.portForwardUrl([], handler), 'portforward.k8s.io')
    for (const [index, headers] of [...pair(target.port, '0'), ...pair(1, '1')].entries()) {
      client.open(2 * index + 1, headers)
    }
    client.send(3, 'x')
    while (target.sockets.size === 0) await new Promise((resolve) => setImmediate(resolve))
    const [socket] = target.sockets
    client.socket.destroy()
    await Promise.all([once(late, 'close'), socket && once(socket.resume(), 'end')])
    expect(late.destroyed).toBe(true)
  })
})

describe('WebSocket channels', () => {
  test('each port on two channels, announced by its number; close 1000 when all have ended', async () => {
    await using target = await serve((socket) => {
      socket.once('data', (chunk) => socket.end(`got ${chunk}`))
    })
    await using server = await startStreamingServer()
    const handler: PortHandler = async (port, signal) => {
      if (port === 7) throw new Error('connection refused')
      return dial(port, signal)
    }
    const socket = new WebSocket(server.portForwardUrl([target.port, 7], handler), ['v4.channel.k8s.io'])
    const received: string[] = []
    socket.on('message', (message: Buffer) => received.push(message.toString('latin1')))
    await once(socket, 'open')
    socket.send(Buffer.from('\x00hello'))
    const [closeCode] = await once(socket, 'close')

    const number = String.fromCharCode(target.port & 0xff, target.port >> 8)
    expect(received.toSorted()).toEqual(
      [
        `\x00${number}`,
        `\x01${number}`,
        '\x02\x07\x00',
        '\x03\x07\x00',
        '\x00got hello',
        '\x03connection refused',
      ].toSorted(),
    )
    expect(closeCode).toBe(1000)
  })

  test.each([
    ['no ports', [], ['v4.channel.k8s.io'], '400'],
    [
      'more ports than channels',
      Array.from({length: 128}, (_, index) => index + 1),
      ['v4.channel.k8s.io'],
      '400',
    ],
    ['another subprotocol', [80], ['v5.channel.k8s.io'], '403'],
  ])('%s: refused', async (_, ports, protocols, status) => {
    await using server = await startStreamingServer()
    const socket = new WebSocket(server.portForwardUrl(ports, dial), protocols)
    const [error] = await once(socket, 'error')
    expect(error.message).toBe(`Unexpected server response: ${status}`)
  })
})
