import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {PassThrough, Readable} from 'node:stream'
import {setImmediate as nextTurn, setTimeout as wait} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import {runRemoteCommand} from '../../src/streaming/remote-command.js'
import {encodeGoAway} from '../../src/streaming/spdy-frames.js'
import {createSink, createSlowSink} from '../support/peers/sink.js'
import {exitedWith, startSpdyPeer, success} from '../support/peers/spdy-peer.js'

test('exec brings stdout, stderr and the exit code', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, stdout, stderr] = await session.streams(3)
    stdout.send('to stdout\n', true)
    stderr.send('to stderr\n', true)
    session.finish(error, exitedWith(3))
    await session.closed
    expect({method: session.request.method, headers: session.request.headers}).toEqual({
      method: 'POST',
      headers: {
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'content-length': '0',
        'x-stream-protocol-version': 'v4.channel.k8s.io',
        host: new URL(peer.url).host,
      },
    })
    expect([error.headers, stdout.headers, stderr.headers]).toEqual([
      {streamtype: 'error'},
      {streamtype: 'stdout'},
      {streamtype: 'stderr'},
    ])
  })
  const [stdout, stderr] = [createSink(), createSink()]

  expect(await runRemoteCommand({url: peer.url, stdout, stderr, tty: false})).toEqual({
    kind: 'exited',
    exitCode: 3,
  })
  expect([stdout.text(), stderr.text()]).toEqual(['to stdout\n', 'to stderr\n'])
  expect(stdout.listenerCount('error')).toBe(0)
  await peer.served
})

test.each(['fin', 'reset'] as const)(
  'a status that comes before the output and its end, which is a %s',
  async (end) => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout, stderr] = await session.streams(3)
      error.send(exitedWith(3), true)
      await wait(5)
      stdout.send('late\n')
      stdout[end]()
      await wait(5)
      stderr.send('later\n')
      stderr[end]()
      await session.closed
    })
    const [stdout, stderr] = [createSink(), createSink()]

    expect(await runRemoteCommand({url: peer.url, stdout, stderr, tty: false})).toEqual({
      kind: 'exited',
      exitCode: 3,
    })
    expect([stdout.text(), stderr.text()]).toEqual(['late\n', 'later\n'])
  },
)

test('a GOAWAY frame before the status does not lose the status', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, stdout] = await session.streams(2)
    session.socket.write(encodeGoAway(0))
    await wait(5)
    stdout.send('out\n', true)
    await wait(5)
    error.send(exitedWith(3), true)
    await session.closed
  })
  const stdout = createSink()

  expect(await runRemoteCommand({url: peer.url, stdout, tty: false})).toEqual({kind: 'exited', exitCode: 3})
  expect(stdout.text()).toBe('out\n')
})

test('an attach that ends is exit code 0', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, stdin, stdout] = await session.streams(3)
    stdout.send('prompt> ')
    session.finish(error, success, [stdin, stdout])
  })
  const [stdin, stdout] = [new PassThrough(), createSink()]

  expect(await runRemoteCommand({url: peer.url, stdin, stdout, tty: false})).toEqual({
    kind: 'exited',
    exitCode: 0,
  })
  expect(stdout.text()).toBe('prompt> ')
  expect([stdin.destroyed, stdin.isPaused(), stdout.destroyed]).toEqual([false, true, false])
})

test('the end of stdin is a half-close right after its last byte; output still arrives', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, stdin, stdout] = await session.streams(3)
    const input = await stdin.input
    stdout.send(input.toString().toUpperCase(), true)
    session.finish(error, success)
  })
  const stdout = createSink()
  await runRemoteCommand({url: peer.url, stdin: Readable.from(['one ', 'two']), stdout, tty: false})

  expect(stdout.text()).toBe('ONE TWO')
})

test('nothing is written before every stream has its reply', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, stdin, stdout] = await session.streams(3, false)
    // One round trip on the same connection: what the client had to say is here by then.
    session.socket.write(Buffer.from('80030006 00000004 00000002'.replaceAll(' ', ''), 'hex'))
    while (!session.controls.some(({type}) => type === 'ping')) await nextTurn()
    expect(stdin.received().toString()).toBe('')

    await session.streams(3)
    await stdin.input
    stdout.fin()
    session.finish(error, success)
  })
  let opened = false
  const exit = await runRemoteCommand({
    url: peer.url,
    stdin: Readable.from(['x']),
    stdout: createSink(),
    tty: false,
    onOpen: () => {
      opened = true
    },
  })

  expect({exit, opened}).toEqual({exit: {kind: 'exited', exitCode: 0}, opened: true})
  await peer.served
})

test('a terminal has no stderr, and its size is sent at the start and after each change', async () => {
  let report: (size: {columns: number; rows: number}) => void = () => {}
  await using peer = await startSpdyPeer(async (session) => {
    const [error, , stdout, resize] = await session.streams(4)
    while (resize.received().length === 0) await nextTurn()
    report({columns: 132, rows: 50})
    while (!resize.received().includes('132')) await nextTurn()
    stdout.send(resize.received(), true)
    session.finish(error, success)
    expect(resize.headers).toEqual({streamtype: 'resize'})
  })
  const stdout = createSink()
  let watching = false
  await runRemoteCommand({
    url: peer.url,
    stdin: new PassThrough(),
    stdout,
    tty: true,
    watchTerminalSize(given) {
      watching = true
      report = given
      report({columns: 80, rows: 24})
      return () => {
        watching = false
      }
    },
  })

  expect(stdout.text()).toBe('{"Width":80,"Height":24}\n{"Width":132,"Height":50}\n')
  expect(watching).toBe(false)
  await peer.served
})

test('detach keys leave at once; what was typed before them has been sent', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [, stdin] = await session.streams(3)
    await session.closed
    expect(stdin.received().toString()).toBe('ls\n')
    expect(session.controls.at(-1)).toEqual({type: 'goAway', lastStreamId: 0, status: 0})
  })
  const stdin = new PassThrough()
  const exit = runRemoteCommand({
    url: peer.url,
    stdin,
    stdout: createSink(),
    tty: true,
    detachKeys: Uint8Array.of(16, 17),
    onOpen: () => stdin.write('ls\n\x10\x11never sent'),
  })

  expect(await exit).toEqual({kind: 'detached'})
  expect(stdin.destroyed).toBe(false)
  await peer.served
})

test('keys that only begin like the detach keys are sent, at the end of stdin too', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, stdin, stdout] = await session.streams(3)
    stdout.send(await stdin.input, true)
    session.finish(error, success)
  })
  const stdout = createSink()
  const stdin = Readable.from(['\x10', 'a', '\x10'].map((text) => Buffer.from(text)))
  await runRemoteCommand({url: peer.url, stdin, stdout, tty: true, detachKeys: Uint8Array.of(16, 17)})

  expect(stdout.text()).toBe('\x10a\x10')
})

describe('amounts', () => {
  const bytes = randomBytes(20_000_000)
  const checksum = createHash('sha256').update(bytes).digest('hex')

  test('20 MB out, in frames large and small', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout] = await session.streams(2)
      const sizes = [1, 32_768, 100_000, 7, 65_536]
      for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        stdout.send(bytes.subarray(offset, offset + size))
        offset += size
        if (session.socket.writableNeedDrain) await once(session.socket, 'drain')
      }
      stdout.fin()
      session.finish(error, success)
    })
    const stdout = createSink()
    await runRemoteCommand({url: peer.url, stdout, tty: false})

    expect(createHash('sha256').update(stdout.bytes()).digest('hex')).toBe(checksum)
  })

  test('20 MB in, also as one chunk', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdin, stdout] = await session.streams(3)
      stdout.send(
        createHash('sha256')
          .update(await stdin.input)
          .digest('hex'),
        true,
      )
      session.finish(error, success)
    })
    const stdout = createSink()
    await runRemoteCommand({url: peer.url, stdin: Readable.from([bytes]), stdout, tty: false})

    expect(stdout.text()).toBe(checksum)
  })

  test('a slow reader stops the connection, and gets everything in the end', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdout] = await session.streams(2)
      for (let offset = 0; offset < bytes.length; offset += 50_000) {
        stdout.send(bytes.subarray(offset, offset + 50_000))
      }
      stdout.fin()
      session.finish(error, success)
    })
    const stdout = createSlowSink()
    const exit = runRemoteCommand({url: peer.url, stdout, tty: false})
    await stdout.full
    for (let turn = 0; turn < 200; turn++) await nextTurn()
    expect(stdout.writableLength).toBeLessThan(512 * 1024)

    stdout.release()
    expect(await exit).toEqual({kind: 'exited', exitCode: 0})
    expect(createHash('sha256').update(stdout.bytes()).digest('hex')).toBe(checksum)
  })

  test('a slow command stops stdin', async () => {
    let takenBytes = 0
    await using peer = await startSpdyPeer(async (session) => {
      const [error, stdin, stdout] = await session.streams(3)
      session.socket.pause()
      // As long as the client still finds room: when its source rests for many turns, it has stopped.
      for (let before = -1, rests = 0; rests < 200; await nextTurn()) {
        rests = takenBytes === before ? rests + 1 : 0
        before = takenBytes
      }
      stdout.send(takenBytes < bytes.length ? 'stopped' : 'not stopped', true)
      session.socket.resume()
      await stdin.input
      session.finish(error, success)
    })
    const chunks = function* () {
      for (let offset = 0; offset < bytes.length; offset += 50_000) {
        yield bytes.subarray(offset, offset + 50_000)
        takenBytes = offset + 50_000
      }
    }
    const stdout = createSink()
    await runRemoteCommand({url: peer.url, stdin: Readable.from(chunks()), stdout, tty: false})

    expect(stdout.text()).toBe('stopped')
  })

  test('output that waits while the runtime has closed survives pings and late stdin', async () => {
    const output = bytes.subarray(0, 800_000)
    await using peer = await startSpdyPeer(async (session) => {
      const [error, , stdout] = await session.streams(3)
      stdout.send(output, true)
      session.finish(error, exitedWith(7))
      await session.closed
    })
    const [stdin, stdout] = [new PassThrough(), createSlowSink()]
    const exit = runRemoteCommand({url: peer.url, stdin, stdout, tty: false, pingIntervalMs: 1})
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

test('pings keep the idle timer of the server from running out', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, stdout] = await session.streams(2)
    const pings = () => session.controls.filter(({type}) => type === 'ping')
    while (pings().length < 2) await nextTurn()
    stdout.send(JSON.stringify(pings().slice(0, 2)), true)
    session.finish(error, success)
  })
  const stdout = createSink()
  await runRemoteCommand({url: peer.url, stdout, tty: false, pingIntervalMs: 1})

  expect(stdout.text()).toBe('[{"type":"ping","id":1},{"type":"ping","id":3}]')
})

test('a terminal hears Ctrl-C although its output never stops', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, stdin, stdout] = await session.streams(4)
    while (!stdin.received().includes('\x03')) {
      stdout.send('y\n'.repeat(10_000))
      if (session.socket.writableNeedDrain) await once(session.socket, 'drain')
      else await nextTurn()
    }
    stdout.fin()
    session.finish(error, exitedWith(130))
  })
  const stdin = new PassThrough()
  const stdout = createSlowSink()
  const exit = runRemoteCommand({url: peer.url, stdin, stdout, tty: true})
  await stdout.full
  for (let turn = 0; turn < 50; turn++) await nextTurn()
  stdin.write('\x03')
  stdout.release()

  expect(await exit).toEqual({kind: 'exited', exitCode: 130})
})

describe('the caller ends it', () => {
  test('an abort rejects with its reason and closes the connection', async () => {
    const stop = new AbortController()
    await using peer = await startSpdyPeer(async (session) => {
      await session.streams(3)
      stop.abort(new Error('interrupted'))
      await session.closed
    })
    const stdin = new PassThrough()
    const exit = runRemoteCommand({
      url: peer.url,
      stdin,
      stdout: createSink(),
      tty: false,
      signal: stop.signal,
    })

    await expect(exit).rejects.toEqual(new Error('interrupted'))
    expect(stdin.eventNames()).toEqual(new PassThrough().eventNames())
    await peer.served
  })

  test('a signal aborted in advance opens no connection', async () => {
    const signal = AbortSignal.abort(new Error('interrupted'))
    await expect(
      runRemoteCommand({url: 'http://127.0.0.1:1/exec/x', stdout: createSink(), tty: false, signal}),
    ).rejects.toEqual(new Error('interrupted'))
  })

  test('a reader that goes away rejects with its error and closes the connection', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [, stdout] = await session.streams(2)
      stdout.send('y\n'.repeat(1000))
      await session.closed
    })
    const stdout = createSink()
    stdout._write = (_chunk, _encoding, done) =>
      done(Object.assign(new Error('write EPIPE'), {code: 'EPIPE'}))

    await expect(runRemoteCommand({url: peer.url, stdout, tty: false})).rejects.toMatchObject({code: 'EPIPE'})
    await peer.served
  })

  test('an output destroyed by the caller counts as a closed reader', async () => {
    const stdout = createSink()
    await using peer = await startSpdyPeer(async (session) => {
      await session.streams(2)
      stdout.destroy()
      await session.closed
    })

    await expect(runRemoteCommand({url: peer.url, stdout, tty: false})).rejects.toMatchObject({code: 'EPIPE'})
    await peer.served
  })

  test('an stdin that breaks rejects with its error', async () => {
    const stdin = new PassThrough()
    await using peer = await startSpdyPeer(async (session) => {
      await session.streams(3)
      stdin.destroy(new Error('read EIO'))
      await session.closed
    })

    await expect(runRemoteCommand({url: peer.url, stdin, stdout: createSink(), tty: false})).rejects.toThrow(
      'read EIO',
    )
    await peer.served
  })
})

describe('the output has ended and no status comes', () => {
  const withoutStatus = () =>
    startSpdyPeer(async (session) => {
      const [error, , stdout] = await session.streams(3)
      stdout.send('y\n', true)
      await session.closed
      error.reset(5)
    })

  test('a time limit ends the session', async () => {
    await using peer = await withoutStatus()
    const stdout = createSink()
    const command = {url: peer.url, stdin: new PassThrough(), stdout, tty: false, statusPatienceMs: 1}
    await expect(runRemoteCommand(command)).rejects.toMatchObject({kind: 'noStatus'})
    expect(stdout.text()).toBe('y\n')
  })

  test('a time limit can also only be reported', async () => {
    const stop = new AbortController()
    await using peer = await withoutStatus()
    const exit = runRemoteCommand({
      url: peer.url,
      stdin: new PassThrough(),
      stdout: createSink(),
      tty: false,
      statusPatienceMs: 1,
      onStatusLate: () => stop.abort(new Error('said')),
      signal: stop.signal,
    })
    await expect(exit).rejects.toEqual(new Error('said'))
  })
})
