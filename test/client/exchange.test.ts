import {mkdtemp, rm} from 'node:fs/promises'
import {
  createServer as createHttp2Server,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import {createServer, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {connect} from '../../src/client/connect.js'
import {writeHeaders} from '../../src/client/http2/hpack.js'
import {RpcError} from '../../src/errors/errors.js'
import {httpFrame} from '../support/broken-servers.js'

interface Serving extends AsyncDisposable {
  endpoint: string
  connections: () => number
}

async function serve(server: Http2Server | ReturnType<typeof createServer>): Promise<Serving> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-exchange-'))
  const path = join(directory, 'cri.sock')
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => {
    server.listen(path, resolve)
  })
  return {
    endpoint: path,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await rm(directory, {recursive: true})
    },
  }
}

/** A server of node's own HTTP/2, which answers each call as it is told. */
function answering(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<Serving> {
  const server = createHttp2Server()
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    answer(stream, headers)
  })
  return serve(server)
}

const version = Buffer.from([0, 0, 0, 0, 5, 0x0a, 3, ...Buffer.from('0.1')])

function respond(stream: ServerHttp2Stream, message: Buffer, trailers: Record<string, string>, status = 200) {
  stream.respond({':status': status, 'content-type': 'application/grpc'}, {waitForTrailers: true})
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end(message)
}

async function versionOf({endpoint}: Serving): Promise<unknown> {
  using client = connect({endpoint, timeoutMs: 5000, maxRetries: 0})
  try {
    return (await client.runtime.version()).version
  } catch (error) {
    // Where there is no such call, who is there is asked for, by a call that is there no more than the first.
    const failure = error instanceof RpcError ? error : (error as Error).cause
    if (!(failure instanceof RpcError)) throw error
    return [failure.code, failure.details]
  }
}

const trailersOnly = (headers: Record<string, string | number>) => (stream: ServerHttp2Stream) =>
  stream.respond({':status': 200, 'content-type': 'application/grpc', ...headers}, {endStream: true})

test.each<[string, (stream: ServerHttp2Stream) => void, unknown]>([
  ['a message and a status', (stream) => respond(stream, version, {'grpc-status': '0'}), '0.1'],
  ['only a status', trailersOnly({'grpc-status': '7', 'grpc-message': 'no'}), [7, 'no']],
  [
    'a message that is percent-encoded',
    trailersOnly({'grpc-status': '2', 'grpc-message': 'k%C3%A4se %25 100% %F0%9F%A7%80 %zz'}),
    [2, 'käse % 100% 🧀 %zz'],
  ],
  ['a status that is no number', trailersOnly({'grpc-status': 'x'}), [12, 'No message received']],
  ['a status after a message', (stream) => respond(stream, version, {'grpc-status': '5'}), [5, '']],
  [
    'no message',
    (stream) => respond(stream, Buffer.alloc(0), {'grpc-status': '0'}),
    [12, 'No message received'],
  ],
  [
    'two messages',
    (stream) => respond(stream, Buffer.concat([version, version]), {'grpc-status': '0'}),
    [12, 'Too many responses received'],
  ],
  [
    'no status',
    (stream) => respond(stream, version, {}),
    [14, 'Received RST_STREAM with code 0 (Call ended without gRPC status)'],
  ],
  [
    'a page',
    (stream) => stream.respond({':status': 404}, {endStream: true}),
    [12, 'Received HTTP status code 404'],
  ],
  [
    'a page with text, which is no message',
    (stream) => {
      stream.respond({':status': 503})
      stream.end('<html>'.repeat(100))
    },
    [14, 'Received HTTP status code 503'],
  ],
  [
    'a compressed message',
    (stream) => respond(stream, Buffer.from([1, 0, 0, 0, 1, 0]), {'grpc-status': '0'}),
    [13, 'Received a compressed message, which was not asked for'],
  ],
  [
    'a message that is larger than any',
    (stream) => respond(stream, Buffer.from([0, 0x7f, 0, 0, 0]), {'grpc-status': '0'}),
    [8, 'Received message larger than max (2130706432 vs 134217728)'],
  ],
  [
    'bytes that are no message',
    (stream) => respond(stream, Buffer.from([0, 0, 0, 0, 2, 0x0a, 9]), {'grpc-status': '0'}),
    [13, 'Response message parsing error: index out of range: 2 + 9 > 2'],
  ],
  ['a refused stream', (stream) => stream.close(7), [14, 'Stream refused by server']],
  ['a cancelled stream', (stream) => stream.close(8), [1, 'Call cancelled']],
  [
    'an internal error',
    (stream) => stream.close(2),
    [13, 'Received RST_STREAM with code 2 (Internal server error)'],
  ],
  ['too many calls', (stream) => stream.close(11), [8, 'Bandwidth exhausted or memory limit exceeded']],
  ['another error', (stream) => stream.close(1), [13, 'Received RST_STREAM with code 1']],
  ['the end of the connection', (stream) => stream.session?.destroy(), [14, 'Connection dropped']],
])('a server that answers with %s', async (_, answer, expected) => {
  await using server = await answering(answer)
  expect(await versionOf(server)).toEqual(expected)
})

test.each<[string, Buffer[], unknown]>([
  [
    'padding and a priority',
    [
      httpFrame(
        1,
        0x2c,
        1,
        Buffer.concat([Buffer.of(2), Buffer.alloc(5), writeHeaders([[':status', '200']]), Buffer.alloc(2)]),
      ),
      httpFrame(0, 0x08, 1, Buffer.concat([Buffer.of(3), version, Buffer.alloc(3)])),
      httpFrame(1, 5, 1, writeHeaders([['grpc-status', '0']])),
    ],
    '0.1',
  ],
  [
    'headers in pieces',
    [
      httpFrame(
        1,
        1,
        1,
        writeHeaders([
          [':status', '200'],
          ['grpc-status', '9'],
        ]).subarray(0, 7),
      ),
      httpFrame(
        9,
        4,
        1,
        writeHeaders([
          [':status', '200'],
          ['grpc-status', '9'],
        ]).subarray(7),
      ),
    ],
    [9, ''],
  ],
  [
    'an early answer first',
    [
      httpFrame(1, 4, 1, writeHeaders([[':status', '103']])),
      httpFrame(
        1,
        5,
        1,
        writeHeaders([
          [':status', '200'],
          ['grpc-status', '9'],
        ]),
      ),
    ],
    [9, ''],
  ],
  [
    'a message in pieces',
    [
      httpFrame(1, 4, 1, writeHeaders([[':status', '200']])),
      ...[...version].map((byte) => httpFrame(0, 0, 1, Buffer.of(byte))),
      httpFrame(1, 5, 1, writeHeaders([['grpc-status', '0']])),
    ],
    '0.1',
  ],
  [
    'frames of a newer protocol',
    [httpFrame(200, 0, 0, Buffer.alloc(3)), httpFrame(1, 5, 1, writeHeaders([['grpc-status', '9']]))],
    [9, ''],
  ],
  ['all padding', [httpFrame(0, 8, 1, Buffer.of(9, 0))], [13, 'HTTP/2: a frame that is all padding']],
  ['a push', [httpFrame(5, 4, 1, Buffer.alloc(8))], [13, 'HTTP/2: a push that nobody wants']],
  [
    'headers among headers',
    [httpFrame(1, 0, 1, Buffer.alloc(3)), httpFrame(0, 0, 1, version)],
    [13, 'HTTP/2: headers that do not end'],
  ],
  ['the rest of headers', [httpFrame(9, 4, 1, Buffer.alloc(3))], [13, 'HTTP/2: headers without a beginning']],
  [
    'a frame that is too large',
    [Buffer.from('0100000000000000010a', 'hex')],
    [13, 'HTTP/2: a frame of 65536 bytes'],
  ],
  [
    'a frame that is too short',
    [httpFrame(3, 0, 1, Buffer.of(1))],
    [13, 'HTTP/2: a frame that is too short'],
  ],
  ['a goodbye to this call', [httpFrame(7, 0, 0, Buffer.alloc(8))], [14, 'Connection dropped']],
])('a server that sends %s', async (_, frames, expected) => {
  await using server = await serve(
    createServer((socket) => {
      socket.write(httpFrame(4, 0, 0, Buffer.alloc(0)))
      // Preface and settings come first; the call after them.
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes('runtime.v1')) socket.write(Buffer.concat(frames))
      })
    }),
  )
  expect(await versionOf(server)).toEqual(expected)
})

test('after a goodbye the next call has a connection of its own', async () => {
  await using server = await answering((stream) => {
    respond(stream, version, {'grpc-status': '0'})
    stream.session?.goaway(0, stream.id)
  })
  using client = connect({endpoint: server.endpoint})
  for (let call = 0; call < 3; call++) expect(await client.runtime.version()).toMatchObject({version: '0.1'})
  expect(server.connections()).toBe(3)
})

test('calls at once share a connection, also a new one', async () => {
  let isLeaving = true
  await using server = await answering((stream) => {
    if (isLeaving) stream.session?.destroy()
    else respond(stream, version, {'grpc-status': '0'})
    isLeaving = false
  })
  using client = connect({endpoint: server.endpoint, maxRetries: 0})
  await expect(client.runtime.version()).rejects.toMatchObject({code: 14, details: 'Connection dropped'})
  await Promise.all(Array.from({length: 5}, () => client.runtime.version()))
  expect(server.connections()).toBe(2)
})

test('the runtime is told the deadline, and of a call that is given up', async () => {
  const told: unknown[] = []
  await using server = await answering((stream, headers) => {
    told.push(headers['grpc-timeout'])
    stream.on('close', () => told.push(stream.rstCode))
  })
  const abort = new AbortController()
  using client = connect({endpoint: server.endpoint})
  const call = client.runtime.version({}, {timeoutMs: 60_000, signal: abort.signal})
  await expect.poll(() => told).toEqual(['60000m'])
  abort.abort(new Error('enough'))
  await expect(call).rejects.toThrow('enough')
  await expect.poll(() => told).toEqual(['60000m', 8])
})
