import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {PassThrough, Readable} from 'node:stream'
import {setImmediate as nextTurn, setTimeout as wait} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import {runRemoteCommand} from '../../src/streaming/remote-command.js'
import {StreamError} from '../../src/streaming/stream-error.js'
import {createSink, createSlowSink} from '../support/peers/sink.js'
import {exitedWith, success} from '../support/peers/spdy-peer.js'
import {startWebSocketPeer} from '../support/peers/websocket-peer.js'

const v4 = {protocol: 'v4.channel.k8s.io'}
const v5 = {protocol: 'v5.channel.k8s.io'}
const transport = 'websocket'

test.each([v4, v5])('exec brings stdout, stderr and the exit code: $protocol', async (options) => {
  await using peer = await startWebSocketPeer(async (session) => {
    session.send(1, '')
    session.send(1, 'to stdout\n')
    session.send(2, 'to stderr\n')
    session.send(3, exitedWith(3))
    session.socket.close(1000)
  }, options)
  const [stdout, stderr] = [createSink(), createSink()]

  expect(await runRemoteCommand({url: peer.url, transport, stdout, stderr, tty: false})).toEqual({
    kind: 'exited',
    exitCode: 3,
  })
  expect([stdout.text(), stderr.text()]).toEqual(['to stdout\n', 'to stderr\n'])
})

test.each([v4, v5])('a status that comes before the output: $protocol', async (options) => {
  await using peer = await startWebSocketPeer(async (session) => {
    session.send(3, exitedWith(3))
    await wait(5)
    session.send(1, 'late\n')
    session.send(2, 'later\n')
    session.socket.close(1000)
  }, options)
  const [stdout, stderr] = [createSink(), createSink()]

  expect(await runRemoteCommand({url: peer.url, transport, stdout, stderr, tty: false})).toEqual({
    kind: 'exited',
    exitCode: 3,
  })
  expect([stdout.text(), stderr.text()]).toEqual(['late\n', 'later\n'])
})

test('v4: stdin is sent, and the caller is told that its end cannot be sent', async () => {
  await using peer = await startWebSocketPeer(async (session) => {
    await session.until(() => session.received(0).length === 6)
    session.send(1, session.received(0))
    session.send(3, success)
    session.socket.close(1000)
  }, v4)
  const stdout = createSink()
  let unsent = 0
  await runRemoteCommand({
    url: peer.url,
    transport,
    stdin: Readable.from(['one', 'two']),
    stdout,
    tty: false,
    onInputEndUnsent: () => unsent++,
  })

  expect(stdout.text()).toBe('onetwo')
  expect(unsent).toBe(1)
})

test('v5: the end of stdin is a close of its channel', async () => {
  await using peer = await startWebSocketPeer(async (session) => {
    await session.until((messages) => messages.length === 2)
    session.send(1, JSON.stringify(session.messages.map((message) => message.toString('hex'))))
    session.send(3, success)
    session.socket.close(1000)
  }, v5)
  const stdout = createSink()
  await runRemoteCommand({url: peer.url, transport, stdin: Readable.from(['x']), stdout, tty: false})

  expect(stdout.text()).toBe('["0078","ff00"]')
})

test('v5: a normal closure without a status is exit code 0', async () => {
  await using peer = await startWebSocketPeer(async (session) => session.socket.close(1000), v5)

  expect(await runRemoteCommand({url: peer.url, transport, stdout: createSink(), tty: false})).toEqual({
    kind: 'exited',
    exitCode: 0,
  })
})

describe('no status', () => {
  const failure = (options: {url: string; stdin?: Readable}) =>
    runRemoteCommand({...options, transport, stdout: createSink(), tty: false}).catch(
      (error: unknown) => error,
    )

  test('v5, after the end of stdin: the server may have ended the session for that', async () => {
    await using peer = await startWebSocketPeer(async (session) => {
      await session.until((messages) => messages.length === 1)
      session.socket.close(1000)
    }, v5)

    expect(await failure({url: peer.url, stdin: Readable.from([])})).toEqual(
      new StreamError('noStatus', 'the runtime ended the stream without an exit status'),
    )
  })

  test('v4', async () => {
    await using peer = await startWebSocketPeer(async (session) => session.socket.close(1000), v4)

    expect(await failure({url: peer.url})).toMatchObject({kind: 'noStatus'})
  })

  test.each([v4, v5])('the connection is cut: $protocol', async (options) => {
    await using peer = await startWebSocketPeer(async (session) => session.socket.terminate(), options)

    expect(await failure({url: peer.url})).toMatchObject({kind: 'lost'})
  })

  test('an abnormal close code is an error', async () => {
    await using peer = await startWebSocketPeer(async (session) => session.socket.close(1011), v5)

    expect(await failure({url: peer.url})).toMatchObject({kind: 'lost'})
  })

  test('garbage instead of frames', async () => {
    await using peer = await startWebSocketPeer(async (session) => {
      ;(session.socket as unknown as {_socket: PassThrough})._socket.write(Buffer.from('ffffffff', 'hex'))
    }, v4)

    expect(await failure({url: peer.url})).toMatchObject({kind: 'protocol'})
  })
})

test('the terminal size is sent on its channel', async () => {
  await using peer = await startWebSocketPeer(async (session) => {
    await session.until(() => session.received(4).length > 0)
    session.send(1, session.received(4))
    session.send(3, success)
    session.socket.close(1000)
  }, v4)
  const stdout = createSink()
  const watchTerminalSize = (report: (size: {columns: number; rows: number}) => void) => {
    report({columns: 101, rows: 33})
    return () => {}
  }
  await runRemoteCommand({
    url: peer.url,
    transport,
    stdin: new PassThrough(),
    stdout,
    tty: true,
    watchTerminalSize,
  })

  expect(stdout.text()).toBe('{"Width":101,"Height":33}\n')
})

test.each([
  {...v4, sent: 'message'},
  {...v5, sent: 'ping'},
])('$protocol is kept awake by a $sent', async ({protocol, sent}) => {
  await using peer = await startWebSocketPeer(
    async (session) => {
      const [payload] = await once(session.socket, sent)
      session.send(1, `${sent} of ${(payload as Buffer).length} bytes`)
      session.send(3, success)
      session.socket.close(1000)
    },
    {protocol},
  )
  const stdout = createSink()
  await runRemoteCommand({url: peer.url, transport, stdout, tty: false, pingIntervalMs: 1})

  expect(stdout.text()).toBe(`${sent} of 0 bytes`)
})

describe('amounts', () => {
  const bytes = randomBytes(20_000_000)
  const checksum = createHash('sha256').update(bytes).digest('hex')

  test('20 MB out into a slow reader: the connection stops, and nothing is lost', async () => {
    await using peer = await startWebSocketPeer(async (session) => {
      for (let offset = 0; offset < bytes.length; offset += 32_768) {
        session.send(1, bytes.subarray(offset, offset + 32_768))
      }
      session.send(3, success)
      session.socket.close(1000)
    }, v4)
    const stdout = createSlowSink()
    const exit = runRemoteCommand({url: peer.url, transport, stdout, tty: false, pingIntervalMs: 1})
    await stdout.full
    for (let turn = 0; turn < 200; turn++) await nextTurn()
    expect(stdout.writableLength).toBeLessThan(512 * 1024)

    stdout.release()
    expect(await exit).toEqual({kind: 'exited', exitCode: 0})
    expect(createHash('sha256').update(stdout.bytes()).digest('hex')).toBe(checksum)
  })

  test('20 MB in', async () => {
    await using peer = await startWebSocketPeer(async (session) => {
      await session.until((messages) => messages.at(-1)?.toString('hex') === 'ff00')
      session.send(1, createHash('sha256').update(session.received(0)).digest('hex'))
      session.send(3, success)
      session.socket.close(1000)
    }, v5)
    const stdout = createSink()
    await runRemoteCommand({url: peer.url, transport, stdin: Readable.from([bytes]), stdout, tty: false})

    expect(stdout.text()).toBe(checksum)
  })

  test('output that waits while the runtime has closed survives pings and late stdin', async () => {
    const output = bytes.subarray(0, 600_000)
    await using peer = await startWebSocketPeer(async (session) => {
      session.send(1, output)
      session.send(3, exitedWith(7))
      // containerd does not wait for the answer to its Close.
      session.socket.close(1000)
      const {_socket: tcp} = session.socket as unknown as {_socket: PassThrough}
      tcp.end(() => tcp.destroy())
      await once(tcp, 'close')
    }, v4)
    const [stdin, stdout] = [new PassThrough(), createSlowSink()]
    const exit = runRemoteCommand({url: peer.url, transport, stdin, stdout, tty: false, pingIntervalMs: 1})
    await peer.served
    while (stdout.writableLength < 256 * 1024) await nextTurn()
    stdin.end('too late')
    // A dozen pings are due.
    await wait(20)
    stdout.release()

    expect(await exit).toEqual({kind: 'exited', exitCode: 7})
    expect(stdout.bytes().equals(output)).toBe(true)
  })
})

test('an abort rejects with its reason and closes the connection', async () => {
  const stop = new AbortController()
  await using peer = await startWebSocketPeer(async (session) => {
    stop.abort(new Error('interrupted'))
    await session.closed
  }, v4)

  await expect(
    runRemoteCommand({url: peer.url, transport, stdout: createSink(), tty: false, signal: stop.signal}),
  ).rejects.toEqual(new Error('interrupted'))
  await peer.served
})

test('detach keys leave at once', async () => {
  await using peer = await startWebSocketPeer(async (session) => {
    await session.closed
    expect(session.received(0).toString()).toBe('ls')
  }, v4)
  const stdin = new PassThrough()
  const exit = await runRemoteCommand({
    url: peer.url,
    transport,
    stdin,
    stdout: createSink(),
    tty: true,
    detachKeys: Uint8Array.of(16, 17),
    onOpen: () => stdin.write('ls\x10\x11'),
  })

  expect(exit).toEqual({kind: 'detached'})
  await peer.served
})
