import {type ChildProcess, spawn} from 'node:child_process'
import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {connect} from 'node:net'
import {tmpdir} from 'node:os'
import {PassThrough, Readable, type Writable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {pipeline} from 'node:stream/promises'
import {setImmediate as nextTurn, setTimeout as wait} from 'node:timers/promises'
import {constants, deflateRawSync} from 'node:zlib'
import {describe, expect, test} from 'vitest'
import {WebSocket} from 'ws'
import {spawnOnTerminal} from '../../../src/demo/processes/pty.js'
import {
  type SessionKind,
  type StreamHandler,
  type StreamingServer,
  startStreamingServer,
} from '../../../src/demo/server/streaming-server.js'
import {
  type RemoteCommand,
  runRemoteCommand,
  type StreamTransport,
} from '../../../src/streaming/remote-command.js'
import {spdyDictionary} from '../../../src/streaming/spdy-dictionary.js'
import {encodePing, encodeSynStream} from '../../../src/streaming/spdy-frames.js'
import {createHeaderEncoder} from '../../../src/streaming/spdy-headers.js'
import {createSink, type Sink} from '../../support/peers/sink.js'
import {connectSpdyClient, openSession, sendHead, upgradeHead} from '../../support/peers/spdy-client.js'
import {startWatchedServer} from '../../support/peers/watched-server.js'

const neverCalled: StreamHandler = async () => {
  throw new Error('called')
}
const outputOnly = {stdin: false, stdout: true, stderr: false, tty: false}
const allStreams = {stdin: true, stdout: true, stderr: true, tty: false}
const transports = ['spdy', 'websocket'] as const
/** A WebSocket does not tell the end of a single output. */
const ways = [
  {transport: 'spdy', order: 'the outputs end before the status', statusFirst: new Set()},
  {transport: 'spdy', order: 'the status comes before they end', statusFirst: new Set(['exec'])},
  {transport: 'websocket', order: 'the outputs have no end', statusFirst: new Set()},
] as const satisfies {transport: StreamTransport; order: string; statusFirst: Set<SessionKind>}[]
const megabyte = 1024 * 1024

/** The handler of a real process, and the processes it started. */
function processes(): {run: (...command: [string, ...string[]]) => StreamHandler; started: ChildProcess[]} {
  const started: ChildProcess[] = []
  const run = (...[file, ...args]: [string, ...string[]]): StreamHandler => {
    return async (io) => {
      const child = spawn(file, args)
      started.push(child)
      io.signal.addEventListener('abort', () => child.kill('SIGKILL'))
      child.stdin.on('error', () => {})
      io.stdin?.pipe(child.stdin)
      const exited = once(child, 'exit')
      await Promise.all([pipe(child.stdout, io.stdout), pipe(child.stderr, io.stderr)])
      const [exitCode] = await exited
      return {exitCode}
    }
  }
  return {run, started}
}

async function pipe(source: Readable, target: Writable | undefined): Promise<void> {
  if (target) await pipeline(source, target)
  else source.resume()
}

const {run} = processes()

async function exec(
  server: StreamingServer,
  handler: StreamHandler,
  options: Partial<RemoteCommand> & {input?: Readable} = {},
): Promise<{stdout: Sink; stderr: Sink; exitCode: number | undefined}> {
  const [stdout, stderr] = [createSink(), createSink()]
  const {input, ...rest} = options
  const request = {stdin: input !== undefined, stdout: true, stderr: !options.tty, tty: options.tty ?? false}
  const exit = await runRemoteCommand({
    url: server.execUrl(request, handler),
    ...(input && {stdin: input}),
    stdout,
    ...(options.tty ? {} : {stderr}),
    tty: false,
    ...rest,
  })
  return {stdout, stderr, exitCode: exit.kind === 'exited' ? exit.exitCode : undefined}
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Resolves when `count` has not changed for a while, with its value. */
async function settled(count: () => number): Promise<number> {
  for (let last = -1; last !== count(); await wait(200)) last = count()
  return count()
}

describe.each(ways)('exec over $transport, $order', ({transport, statusFirst}) => {
  test('brings stdout, stderr and the exit code', async () => {
    await using server = await startStreamingServer({statusFirst})
    const result = await exec(server, run('sh', '-c', 'echo out; echo err >&2; exit 3'), {transport})
    expect([result.stdout.text(), result.stderr.text(), result.exitCode]).toEqual(['out\n', 'err\n', 3])
  })

  test('success is exit code 0', async () => {
    await using server = await startStreamingServer({statusFirst})
    expect((await exec(server, run('true'), {transport})).exitCode).toBe(0)
  })

  test('the end of stdin reaches the command', async () => {
    await using server = await startStreamingServer({statusFirst})
    const {stdout} = await exec(server, run('wc', '-c'), {transport, input: Readable.from(['one ', 'two'])})
    expect(stdout.text().trim()).toBe('7')
  })

  test('6 MB both ways, byte for byte', async () => {
    await using server = await startStreamingServer({statusFirst})
    const bytes = randomBytes(6 * megabyte)
    const chunks = Array.from({length: 60}, (_, index) =>
      bytes.subarray(index * 104_858, (index + 1) * 104_858),
    )
    const {stdout, exitCode} = await exec(server, run('cat'), {transport, input: Readable.from(chunks)})
    expect([digest(stdout.bytes()), exitCode]).toEqual([digest(bytes), 0])
  })

  test('a failure arrives as the text of an internal error', async () => {
    await using server = await startStreamingServer({statusFirst})
    const failing: StreamHandler = async () => ({failure: 'no such file "x"'})
    await expect(exec(server, failing, {transport})).rejects.toMatchObject({
      kind: 'failed',
      message: 'Internal error occurred: no such file "x"',
    })
  })

  test('a handler that throws is a failure', async () => {
    await using server = await startStreamingServer({statusFirst})
    const throwing: StreamHandler = () => {
      throw new Error('broken')
    }
    await expect(exec(server, throwing, {transport})).rejects.toMatchObject({
      message: 'Internal error occurred: broken',
    })
  })

  test('a command that ends without reading its input ends the session', async () => {
    await using server = await startStreamingServer({statusFirst})
    const bytes = randomBytes(6 * megabyte)
    const {stdout, exitCode} = await exec(server, run('sh', '-c', 'echo done; exit 5'), {
      transport,
      input: Readable.from([bytes]),
    })
    expect([stdout.text(), exitCode]).toEqual(['done\n', 5])
  })

  test('a terminal: size before the start, resize, input, exit code', async () => {
    await using server = await startStreamingServer({statusFirst})
    const input = new PassThrough()
    let resize = (): void => {}
    const onTerminal: StreamHandler = async (io) => {
      const sizes = io.sizes[Symbol.asyncIterator]()
      const first = await sizes.next()
      const terminal = await spawnOnTerminal(['sh', '-c', 'stty size; read x; stty size; exit 6'], {
        env: process.env,
        cwd: tmpdir(),
        ...first.value,
      })
      io.stdin?.pipe(terminal.input)
      const firstShown = once(terminal.output, 'data')
      const copied = pipe(terminal.output, io.stdout)
      await firstShown
      resize()
      const second = await sizes.next()
      await terminal.resize(second.value.columns, second.value.rows)
      input.write('go\n')
      await copied
      return {exitCode: await terminal.exited}
    }
    const {stdout, exitCode} = await exec(server, onTerminal, {
      transport,
      tty: true,
      input,
      watchTerminalSize(report) {
        report({columns: 101, rows: 33})
        resize = () => report({columns: 90, rows: 20})
        return () => {}
      },
    })
    expect([stdout.text(), exitCode]).toEqual(['33 101\r\ngo\r\n20 90\r\n', 6])
  })

  test('50 sessions at once keep apart', async () => {
    await using server = await startStreamingServer({statusFirst})
    const sessions = Array.from({length: 50}, async (_, index) => {
      const input = Readable.from([`${index}:`, 'x'.repeat(1000)])
      const {stdout, exitCode} = await exec(server, run('sh', '-c', `cat; exit ${index}`), {transport, input})
      return [stdout.text(), exitCode]
    })
    expect(await Promise.all(sessions)).toEqual(
      Array.from({length: 50}, (_, index) => [`${index}:${'x'.repeat(1000)}`, index]),
    )
  })

  test('a client that leaves ends stdin, stdout and the signal', async () => {
    await using server = await startStreamingServer({statusFirst})
    const leave = new AbortController()
    const seen = new PassThrough({objectMode: true})
    const handler: StreamHandler = async (io) => {
      io.stdout?.write('ready')
      await once(io.signal, 'abort')
      seen.end([await text(io.stdin ?? Readable.from([])), io.stdout?.destroyed])
      return {exitCode: 0}
    }
    const stdout = createSink()
    const gone = runRemoteCommand({
      url: server.execUrl({...allStreams, stderr: false}, handler),
      transport,
      stdin: new PassThrough(),
      stdout,
      tty: false,
      signal: leave.signal,
    })
    while (stdout.text() === '') await nextTurn()
    leave.abort(new Error('left'))
    await expect(gone).rejects.toThrow('left')
    expect(await once(seen, 'data')).toEqual([['', true]])
  })
})

describe('back-pressure', () => {
  /** Writes `sizeBytes` as fast as the client takes them, and counts. */
  function counted(sizeBytes: number) {
    const counter = {written: 0}
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const handler: StreamHandler = async ({stdout}) => {
      while (counter.written < sizeBytes) {
        counter.written += chunk.length
        if (stdout?.write(chunk) === false) await once(stdout, 'drain')
      }
      return {exitCode: 0}
    }
    return {counter, handler}
  }

  test('a SPDY client that does not read stops the command; nothing is lost', async () => {
    await using server = await startStreamingServer()
    const {counter, handler} = counted(64 * megabyte)
    const client = await connectSpdyClient(server.execUrl(outputOnly, handler))
    client.open(1, {streamtype: 'error'})
    client.open(3, {streamtype: 'stdout'})
    await client.until(() => client.frames.some(({type}) => type === 'data'))
    client.socket.pause()
    expect(await settled(() => counter.written)).toBeLessThan(32 * megabyte)

    client.socket.resume()
    await client.closed
    expect(client.data(3).length).toBe(64 * megabyte)
  })

  test('a WebSocket client that does not read stops the command; nothing is lost', async () => {
    await using server = await startStreamingServer()
    const {counter, handler} = counted(64 * megabyte)
    const socket = new WebSocket(server.execUrl(outputOnly, handler), ['v4.channel.k8s.io'])
    let received = 0
    socket.on('message', (message: Buffer) => {
      if (message[0] === 1) received += message.length - 1
    })
    await once(socket, 'open')
    socket.pause()
    expect(await settled(() => counter.written)).toBeLessThan(32 * megabyte)

    socket.resume()
    await once(socket, 'close')
    expect(received).toBe(64 * megabyte)
  })

  test.each(transports)('a command that does not read stops the client (%s)', async (transport) => {
    await using server = await startStreamingServer()
    const go = new EventTarget()
    let taken = 0
    async function* endless() {
      for (; taken < 64 * megabyte; taken += 64 * 1024) yield Buffer.alloc(64 * 1024)
    }
    let consumed = 0
    const handler: StreamHandler = async ({stdin}) => {
      await once(go, 'go')
      for await (const chunk of stdin ?? []) consumed += chunk.length
      return {exitCode: 0}
    }
    const running = exec(server, handler, {transport, input: Readable.from(endless())})
    expect(await settled(() => taken)).toBeLessThan(32 * megabyte)
    go.dispatchEvent(new Event('go'))
    expect((await running).exitCode).toBe(0)
    expect(consumed).toBe(64 * megabyte)
  })
})

describe('refused requests', () => {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n'
  const webSocket =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  const v4 = 'X-Stream-Protocol-Version: v4.channel.k8s.io\r\n'
  const commandVersions = 'v4.channel.k8s.io, v3.channel.k8s.io, v2.channel.k8s.io, channel.k8s.io'
  const subprotocols =
    'v5.channel.k8s.io, v4.channel.k8s.io, v4.base64.channel.k8s.io, channel.k8s.io, base64.channel.k8s.io'

  test.each([
    ['an unknown token', 'POST', '/exec/nothing', upgrade + v4, 404, '404 page not found'],
    ['a token of another kind', 'POST', '/attach/TOKEN', upgrade + v4, 404, '404 page not found'],
    ['another path', 'GET', '/', '', 404, '404 page not found'],
    ['a path below', 'POST', '/exec/TOKEN/x', upgrade + v4, 404, '404 page not found'],
    ['another method', 'PUT', '/exec/TOKEN', upgrade + v4, 405, 'use POST or GET'],
    ['no version', 'POST', '/exec/TOKEN', upgrade, 400, 'X-Stream-Protocol-Version is required'],
    [
      'no upgrade',
      'POST',
      '/exec/TOKEN',
      v4,
      400,
      'missing upgrade headers: Connection: Upgrade, Upgrade: SPDY/3.1',
    ],
    [
      'no common version',
      'POST',
      '/exec/TOKEN',
      `${upgrade}X-Stream-Protocol-Version: v9\r\n`,
      403,
      `no common version: this server accepts ${commandVersions}`,
    ],
    [
      'no common subprotocol',
      'GET',
      '/exec/TOKEN',
      `${webSocket}Sec-WebSocket-Protocol: v2.channel.k8s.io\r\n`,
      403,
      `no common subprotocol: this server accepts ${subprotocols}`,
    ],
    [
      'a WebSocket without its key',
      'GET',
      '/exec/TOKEN',
      'Connection: Upgrade\r\nUpgrade: websocket\r\n',
      400,
      'Missing or invalid Sec-WebSocket-Key header',
    ],
  ])('%s', async (_, method, path, headers, status, message) => {
    await using server = await startWatchedServer()
    const url = server.execUrl(outputOnly, neverCalled)
    const [, token = ''] = /exec\/(.*)/.exec(url) ?? []
    const head = `${method} ${path.replace('TOKEN', token)} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
    const {answer, rest, socket} = await sendHead(url, head)

    expect(answer.split(' ').slice(0, 2)).toEqual(['HTTP/1.1', String(status)])
    expect(rest.toString() + (await text(socket))).toBe(`${message}\n`)
    expect(server.refused).toEqual([`streaming: ${status} ${message}`])
  })

  test('a refusal names the accepted versions, one header each', async () => {
    await using server = await startStreamingServer()
    const url = server.execUrl(outputOnly, neverCalled)
    const {answer, socket} = await sendHead(url, upgradeHead(url, ['v9']))
    socket.destroy()
    expect(answer.match(/^X-Accepted-Stream-Protocol-Versions: .*$/gm)).toEqual(
      commandVersions.split(', ').map((version) => `X-Accepted-Stream-Protocol-Versions: ${version}`),
    )
  })

  test('the first version of the list that is known is chosen', async () => {
    await using server = await startStreamingServer()
    const url = server.execUrl(outputOnly, neverCalled)
    const {answer, socket} = await sendHead(
      url,
      upgradeHead(url, ['v5.channel.k8s.io', 'v3.channel.k8s.io, v4.channel.k8s.io']),
    )
    socket.destroy()
    expect(answer).toContain('X-Stream-Protocol-Version: v3.channel.k8s.io\r\n')
  })

  test('a token works once; a refused upgrade uses it up, a wrong method does not', async () => {
    await using server = await startStreamingServer()
    const statuses = async (url: string, heads: string[]) => {
      const answers: string[] = []
      for (const head of heads) {
        const {answer, socket} = await sendHead(url, head)
        socket.destroy()
        answers.push(answer.slice(9, 12))
      }
      return answers
    }
    const twice = server.execUrl(outputOnly, async () => ({exitCode: 0}))
    expect(await statuses(twice, [upgradeHead(twice), upgradeHead(twice)])).toEqual(['101', '404'])
    const refused = server.execUrl(outputOnly, neverCalled)
    expect(await statuses(refused, [upgradeHead(refused, []), upgradeHead(refused)])).toEqual(['400', '404'])
    const put = server.execUrl(outputOnly, async () => ({exitCode: 0}))
    expect(await statuses(put, [upgradeHead(put).replace('POST', 'PUT'), upgradeHead(put)])).toEqual([
      '405',
      '101',
    ])
  })
})

describe('hostile clients are turned away with one line, and the server goes on', () => {
  const synStream = (id: number, block: Uint8Array) => encodeSynStream(id, block)
  const bomb = () => {
    const plain = Buffer.alloc(8 * megabyte)
    return Buffer.concat([
      Buffer.from('7820e3c6a7c2', 'hex'),
      deflateRawSync(plain, {dictionary: spdyDictionary, finishFlush: constants.Z_SYNC_FLUSH}),
    ])
  }
  const manyStreams = () => {
    const encode = createHeaderEncoder()
    const frames = Array.from({length: 3000}, (_, index) =>
      synStream(2 * index + 1, encode({streamtype: 'x'})),
    )
    return Buffer.concat(frames)
  }

  test.each([
    ['no SPDY', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'data of stream 1195725856, which it did not open'],
    [
      'another version of SPDY',
      Buffer.from('8002000100000000', 'hex'),
      'a control frame of SPDY version 2, not 3',
    ],
    ['a huge control frame', Buffer.from('8003000100ffffff', 'hex'), 'a control frame of 16777215 bytes'],
    [
      'a control frame cut short',
      Buffer.from('800300030000000400000001', 'hex'),
      'a control frame of type 3 cut short',
    ],
    [
      'a header block that is no zlib',
      synStream(1, Buffer.from('garbage')),
      'a header block that is not compressed as SPDY/3.1 says',
    ],
    ['a header block of 8 MiB', synStream(1, bomb()), 'a header block that cannot be decompressed'],
    ['a stream with an even number', synStream(2, Buffer.alloc(0)), 'a new stream with the number 2'],
    [
      'data of a stream that is not there',
      Buffer.from('000000010000000178', 'hex'),
      'data of stream 1, which it did not open',
    ],
    ['thousands of streams', manyStreams(), '1000 streams and more'],
    [
      'pings without reading',
      Buffer.concat(Array(megabyte).fill(encodePing(1))),
      'requests without reading the replies',
    ],
  ])('%s', async (_, bytes, reason) => {
    await using server = await startWatchedServer()
    const url = server.execUrl(outputOnly, neverCalled)
    const {socket, closed} = await sendHead(url, upgradeHead(url))
    // Reading nothing meanwhile, as such a client does.
    socket.pause()
    socket.write(bytes)
    while (server.refused.length === 0) await nextTurn()
    socket.resume()
    await closed

    expect(server.refused).toEqual([`streaming: the client sent ${reason}`])
    expect((await exec(server, run('echo', 'alive'))).stdout.text()).toBe('alive\n')
  })

  test.each([
    [
      'garbage instead of HTTP',
      '\x16\x03\x01garbage\r\n\r\n',
      /^streaming: 400 no HTTP request: HPE_INVALID_METHOD$/,
    ],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(200_000)}`,
      /^streaming: 400 no HTTP request: HPE_HEADER_OVERFLOW$/,
    ],
    [
      'a tunnel',
      'CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\n\r\n',
      /^streaming: 404 404 page not found$/,
    ],
  ])('%s', async (_, head, line) => {
    await using server = await startWatchedServer()
    const {socket, closed} = await sendHead(`http://127.0.0.1:${server.port}`, head)
    socket.resume()
    await closed
    expect(server.refused).toEqual([expect.stringMatching(line)])
    expect((await exec(server, run('echo', 'alive'))).stdout.text()).toBe('alive\n')
  })

  test.each([
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:80', 403],
    ['10.0.0.1', 403],
    ['localhost', 101],
    ['LOCALHOST:1', 101],
    ['127.0.0.1:65535', 101],
    ['[::1]:80', 101],
  ])('a request whose Host is %s, as of a page whose name leads here: %d', async (host, status) => {
    await using server = await startWatchedServer()
    const url = server.execUrl(outputOnly, async () => ({exitCode: 0}))
    const head = upgradeHead(url).replace('Host: localhost', `Host: ${host}`)
    const {socket, answer} = await sendHead(url, head)
    expect(answer).toContain(`HTTP/1.1 ${status} `)
    expect(server.refused).toEqual(
      status === 403 ? ['streaming: 403 the Host header names no loopback address'] : [],
    )
    socket.destroy()
    // A refusal has not used up the token.
    if (status === 403) {
      const again = await sendHead(url, upgradeHead(url))
      expect(again.answer).toContain('HTTP/1.1 101 ')
      again.socket.destroy()
    }
  })

  test('half a frame, then nothing: the session waits, and ends with the connection', async () => {
    await using server = await startWatchedServer()
    let gone = false
    const handler: StreamHandler = async ({signal}) => {
      await once(signal, 'abort')
      gone = true
      return {exitCode: 0}
    }
    const client = await openSession(server.execUrl(outputOnly, handler), ['error', 'stdout'])
    client.socket.end(Buffer.from('800300', 'hex'))
    await client.closed
    while (!gone) await nextTurn()
    expect(server.refused).toEqual([])
  })

  test.each([
    [
      'a message larger than allowed',
      Buffer.from('82ff0000000100000000000000', 'hex'),
      'no WebSocket frame: Max payload size exceeded',
    ],
    [
      'a frame without mask',
      Buffer.from('820100', 'hex'),
      'no WebSocket frame: Invalid WebSocket frame: MASK must be set',
    ],
    [
      'pings without reading',
      // As long as a ping may be: fewer of them fill what the kernel holds.
      Buffer.concat(
        Array(megabyte / 8).fill(Buffer.concat([Buffer.from('89fd00000000', 'hex'), Buffer.alloc(125)])),
      ),
      'requests without reading the replies',
    ],
  ])('WebSocket: %s', async (_, bytes, reason) => {
    await using server = await startWatchedServer()
    const handler: StreamHandler = async ({signal}) => {
      await once(signal, 'abort')
      return {exitCode: 0}
    }
    const url = server.execUrl(outputOnly, handler)
    const head = `GET ${new URL(url).pathname} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
    const {socket, closed} = await sendHead(url, head)
    socket.pause()
    socket.write(bytes)
    while (server.refused.length === 0) await nextTurn()
    socket.resume()
    await closed
    expect(server.refused).toEqual([`streaming: the client sent ${reason}`])
    expect((await exec(server, run('echo', 'alive'), {transport: 'websocket'})).stdout.text()).toBe('alive\n')
  })
})

test('closing the server ends every session, and leaves nothing behind', async () => {
  const open = () => process.getActiveResourcesInfo().filter((name) => /TCP|Process/.test(name))
  while (open().length > 0) await nextTurn()
  const {run: runHere, started} = processes()
  await using server = await startStreamingServer()
  const sessions = transports.map((transport) =>
    exec(server, runHere('sleep', '600'), {transport, input: new PassThrough()}),
  )
  const clients = [
    await connectSpdyClient(server.execUrl(allStreams, neverCalled)),
    connect(server.port, '127.0.0.1').on('error', () => {}),
  ]
  while (started.length < 2) await nextTurn()
  const exits = started.map((child) => once(child, 'exit'))
  await server[Symbol.asyncDispose]()

  for (const session of sessions) await expect(session).rejects.toMatchObject({kind: 'lost'})
  expect(await Promise.all(exits)).toEqual([
    [null, 'SIGKILL'],
    [null, 'SIGKILL'],
  ])
  for (const client of clients) ('socket' in client ? client.socket : client).destroy()
  while (open().length > 0) await nextTurn()
  expect(open()).toEqual([])
})
