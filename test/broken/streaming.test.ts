import {once} from 'node:events'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import {runRemoteCommand, type StreamTransport} from '../../src/streaming/remote-command.js'
import {encodePing} from '../../src/streaming/spdy-frames.js'
import {StreamError} from '../../src/streaming/stream-error.js'
import {startRawPeer} from '../support/peers/raw-peer.js'
import {createSink} from '../support/peers/sink.js'
import {exitedWith, startSpdyPeer} from '../support/peers/spdy-peer.js'
import {startWebSocketPeer} from '../support/peers/websocket-peer.js'

interface Failure {
  kind: string
  message: string
  httpStatus?: number
  startFailure?: string
  output: string
}

/** Runs a command without stdin that is expected to fail. */
async function failureOf(
  url: string,
  options: {signal?: AbortSignal; setupTimeoutMs?: number; transport?: StreamTransport} = {},
): Promise<Failure> {
  const stdout = createSink()
  const error: unknown = await runRemoteCommand({url, stdout, tty: false, ...options}).catch(
    (failure: unknown) => failure,
  )
  if (!(error instanceof StreamError)) throw new Error(`no StreamError: ${JSON.stringify(error)}`)
  const {kind, message, httpStatus, startFailure} = error
  return {
    kind,
    message,
    ...(httpStatus !== undefined && {httpStatus}),
    ...(startFailure !== undefined && {startFailure}),
    output: stdout.text(),
  }
}

describe('no stream is opened', () => {
  test.each<StreamTransport>(['spdy', 'websocket'])('%s: nobody listens', async (transport) => {
    const peer = await startRawPeer(() => {})
    await peer[Symbol.asyncDispose]()

    expect(await failureOf(peer.url, {transport})).toEqual({
      kind: 'unreachable',
      message: `cannot connect to the runtime's streaming server ${new URL(peer.url).origin}: connect ECONNREFUSED ${new URL(peer.url).host}`,
      output: '',
    })
  })

  test.each<[StreamTransport, string, number, string]>([
    [
      'spdy',
      'HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n',
      404,
      'HTTP 404 404 page not found',
    ],
    [
      'websocket',
      'HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n',
      404,
      'HTTP 404 404 page not found',
    ],
    [
      'spdy',
      'HTTP/1.1 403 Forbidden\r\nX-Accepted-Stream-Protocol-Versions: v2.channel.k8s.io\r\n' +
        'X-Accepted-Stream-Protocol-Versions: channel.k8s.io\r\nContent-Length: 12\r\n\r\nno\nsecond...',
      403,
      'HTTP 403 no; it accepts v2.channel.k8s.io, channel.k8s.io',
    ],
    ['spdy', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, 'HTTP 200'],
    ['websocket', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, 'HTTP 200'],
    ['spdy', 'HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\ncut o', 500, 'HTTP 500 cut o'],
  ])('%s: %j', async (transport, answer, httpStatus, text) => {
    await using peer = await startRawPeer((socket) => socket.end(answer))

    expect(await failureOf(peer.url, {transport})).toEqual({
      kind: 'refused',
      message: `the runtime's streaming server refused the stream: ${text}`,
      httpStatus,
      output: '',
    })
    await peer.closed
  })

  test('an endless HTTP body is not read to the end', async () => {
    await using peer = await startRawPeer((socket) => {
      socket.write(`HTTP/1.1 503 Busy\r\nContent-Length: 1000000\r\n\r\nbusy\n${'x'.repeat(10_000)}`)
    })

    expect(await failureOf(peer.url)).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/ 503 busy$/),
    })
    await peer.closed
  })

  test('the server hangs up before it answers', async () => {
    await using peer = await startRawPeer((socket) => socket.destroy())

    expect(await failureOf(peer.url)).toMatchObject({kind: 'unreachable'})
  })

  test('the server answers with what is not HTTP', async () => {
    await using peer = await startRawPeer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))

    expect(await failureOf(peer.url)).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('Parse Error'),
    })
  })

  test.each([
    [['Upgrade: websocket'], 'upgraded to websocket, not to SPDY/3.1'],
    [['Upgrade: SPDY/3.1'], 'chose nothing, not v4.channel.k8s.io'],
    [
      ['Upgrade: SPDY/3.1', 'X-Stream-Protocol-Version: v2.channel.k8s.io'],
      'chose v2.channel.k8s.io, not v4.channel.k8s.io',
    ],
  ])('an upgrade to another protocol: %j', async (headers, text) => {
    let closed: Promise<void> | undefined
    await using peer = await startSpdyPeer(
      (session) => {
        closed = session.closed
      },
      {headers},
    )

    expect(await failureOf(peer.url)).toEqual({
      kind: 'protocol',
      message: `the runtime's streaming server ${text}`,
      output: '',
    })
    await closed
  })

  test('a WebSocket subprotocol that crisp did not offer is an error', async () => {
    await using peer = await startWebSocketPeer(async () => {}, {protocol: 'v9.channel.k8s.io'})

    expect(await failureOf(peer.url, {transport: 'websocket'})).toEqual({
      kind: 'protocol',
      message: "the runtime's streaming server is no such WebSocket: Server sent an invalid subprotocol",
      output: '',
    })
  })

  test.each<StreamTransport>(['spdy', 'websocket'])(
    '%s: the server accepts and is silent',
    async (transport) => {
      await using peer = await startRawPeer(() => {})

      expect(await failureOf(peer.url, {transport, setupTimeoutMs: 50})).toEqual({
        kind: 'timedOut',
        message: "the runtime's streaming server opened no stream within 0.05 s",
        output: '',
      })
      await peer.closed
    },
  )

  test.each<StreamTransport>(['spdy', 'websocket'])(
    '%s: an abort while the server is silent',
    async (transport) => {
      const stop = new AbortController()
      await using peer = await startRawPeer(() => stop.abort(new Error('interrupted')))

      await expect(
        runRemoteCommand({url: peer.url, transport, stdout: createSink(), tty: false, signal: stop.signal}),
      ).rejects.toEqual(new Error('interrupted'))
      await peer.closed
    },
  )

  test('a stream is reset before its reply', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout] = await session.streams(2, false)
      error.reset(3)
      stdout.reset(3)
      await session.closed
    })

    expect(await failureOf(peer.url)).toEqual({
      kind: 'refused',
      message: "the runtime's streaming server refused a stream: SPDY status 3",
      output: '',
    })
    await peer.served
  })

  test('a server that never sends SYN_REPLY is an error', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      await session.streams(2, false)
      await session.closed
    })

    expect(await failureOf(peer.url, {setupTimeoutMs: 50})).toMatchObject({kind: 'timedOut'})
    await peer.served
  })

  test('the connection ends before the replies', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      await session.streams(2, false)
      session.socket.end()
    })

    expect(await failureOf(peer.url)).toMatchObject({kind: 'lost'})
  })
})

describe('a stream breaks', () => {
  test.each([
    [
      'an answer of HTTP',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      'sent a frame of stream 1213486160, which nobody opened',
    ],
    [
      'another version of SPDY',
      Buffer.from('8002000200000004', 'hex'),
      'sent a control frame of SPDY version 2, not 3',
    ],
    [
      'a control frame without end',
      Buffer.from('80030002ffffffff', 'hex'),
      'sent a control frame of 16777215 bytes',
    ],
  ])('garbage: %s', async (_name, garbage, text) => {
    await using peer = await startSpdyPeer(async (session) => {
      await session.streams(2)
      session.socket.write(garbage)
      await session.closed
    })

    expect(await failureOf(peer.url)).toEqual({
      kind: 'protocol',
      message: `the runtime's streaming server ${text}`,
      output: '',
    })
    await peer.served
  })

  test('an abort ends a session that hangs in the middle of a frame', async () => {
    const stop = new AbortController()
    await using peer = await startSpdyPeer(async (session) => {
      const [, stdout] = await session.streams(2)
      stdout.send('whole')
      session.socket.write(Buffer.from('0000000300000100', 'hex'))
      session.socket.write('half')
      await session.closed
    })
    const stdout = createSink()
    const exit = runRemoteCommand({url: peer.url, stdout, tty: false, signal: stop.signal})
    while (!stdout.text().includes('half')) await nextTurn()
    stop.abort(new Error('interrupted'))

    await expect(exit).rejects.toEqual(new Error('interrupted'))
    expect(stdout.text()).toBe('wholehalf')
    await peer.served
  })

  test.each([
    ['closed in the middle of the output', false],
    ['closed after the output', true],
  ])('the connection is %s', async (_name, whole) => {
    await using peer = await startSpdyPeer(async (session) => {
      const [, stdout] = await session.streams(2)
      stdout.send('some output\n', whole)
      session.socket.end()
    })

    expect(await failureOf(peer.url)).toEqual({
      kind: 'lost',
      message: 'the runtime closed the streaming connection in the middle',
      output: 'some output\n',
    })
  })

  test('the connection ends in the middle of the status', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout] = await session.streams(2)
      stdout.fin()
      error.send(exitedWith(3).slice(0, -1))
      session.socket.end()
    })

    expect(await failureOf(peer.url)).toMatchObject({kind: 'lost'})
  })

  test('all streams end normally but no status arrives', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout] = await session.streams(2)
      stdout.send('some output\n', true)
      error.fin()
    })

    expect(await failureOf(peer.url)).toEqual({
      kind: 'noStatus',
      message: 'the runtime ended the stream without an exit status',
      output: 'some output\n',
    })
  })

  test('a failure status without an exit code is an error', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout] = await session.streams(2)
      stdout.fin()
      session.finish(error, '{"status":"Failure","reason":"NonZeroExitCode"}')
    })

    expect(await failureOf(peer.url)).toEqual({
      kind: 'failed',
      message: 'a failure without an exit code: {"status":"Failure","reason":"NonZeroExitCode"}',
      output: '',
    })
  })

  test('the command cannot be started', async () => {
    const message =
      'Internal error occurred: error executing command in container: OCI runtime exec failed: exec failed: ' +
      'unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown'
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout] = await session.streams(2)
      session.finish(
        error,
        JSON.stringify({status: 'Failure', reason: 'InternalError', message, code: 500}),
        [stdout],
      )
    })

    expect(await failureOf(peer.url)).toEqual({kind: 'failed', message, startFailure: 'notFound', output: ''})
  })

  test.each([
    ['pings', encodePing(2)],
    ['new streams', Buffer.from('800300010000000a00000002000000000000', 'hex')],
  ])('%s without end, and no answer is read: an error, in little memory', async (_, frame) => {
    const many = Buffer.concat(Array(10_000).fill(frame))
    await using peer = await startSpdyPeer(async (session) => {
      await session.streams(2)
      session.socket.pause()
      const pour = () => {
        while (!session.socket.destroyed && session.socket.write(many));
      }
      session.socket.on('drain', pour)
      pour()
    })
    expect(await failureOf(peer.url)).toMatchObject({
      kind: 'protocol',
      message: "the runtime's streaming server sent requests without reading the replies",
    })
  })

  test('a stream opened by the server is refused and the command continues', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout] = await session.streams(2)
      session.socket.write(Buffer.from('800300010000000a00000002000000000000', 'hex'))
      while (!session.controls.some(({type}) => type === 'rstStream')) await once(session.socket, 'data')
      stdout.send('fine', true)
      session.finish(error, exitedWith(0))
      expect(session.controls.filter(({type}) => type === 'rstStream')).toEqual([
        {type: 'rstStream', streamId: 2, status: 3},
      ])
    })
    const stdout = createSink()

    expect(await runRemoteCommand({url: peer.url, stdout, tty: false})).toEqual({kind: 'exited', exitCode: 0})
    await peer.served
  })
})

test('WebSocket pings without end, and no answer is read: the connection is given up', async () => {
  await using peer = await startWebSocketPeer(
    async ({socket}) => {
      socket.pause()
      const payload = Buffer.alloc(125)
      const pour = () => {
        for (let count = 0; count < 1000 && socket.readyState === socket.OPEN; count++) socket.ping(payload)
        if (socket.readyState === socket.OPEN) setImmediate(pour)
      }
      pour()
    },
    {protocol: 'v4.channel.k8s.io'},
  )
  expect(await failureOf(peer.url, {transport: 'websocket'})).toMatchObject({kind: 'lost'})
})
