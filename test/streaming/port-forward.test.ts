import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import net, {type AddressInfo, type Socket} from 'node:net'
import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises'
import {describe, expect, test} from 'vitest'
import {type ForwardedConnection, forwardConnection} from '../../src/streaming/port-forward.js'
import {startRawPeer} from '../support/peers/raw-peer.js'
import {type PeerSession, type PeerStream, startSpdyPeer} from '../support/peers/spdy-peer.js'

interface Forward extends AsyncDisposable {
  client: Socket
  /** Settles as the forwarding does. */
  outcome: Promise<void>
}

/** A local connection whose accepted end is forwarded to the peer. */
async function startForward(
  url: string,
  options: Partial<Omit<ForwardedConnection, 'local'>> = {},
): Promise<Forward> {
  const server = net.createServer({allowHalfOpen: true}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = net.connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  client.on('error', () => {})
  const [local] = (await once(server, 'connection')) as [Socket]
  const outcome = forwardConnection({
    openUrl: async () => url,
    remotePort: 8080,
    quietMs: 20,
    ...options,
    local,
  })
  outcome.catch(() => {})
  return {
    client,
    outcome,
    async [Symbol.asyncDispose]() {
      client.destroy()
      local.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function readAll(client: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of client) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What the client reads, and how that ends. */
function endOf(client: Socket): Promise<{text: string; end: string | undefined}> {
  let text = ''
  client.on('data', (chunk) => {
    text += chunk
  })
  return new Promise((resolve) => {
    client.on('end', () => resolve({text, end: 'end'}))
    client.on('error', (error: NodeJS.ErrnoException) => resolve({text, end: error.code}))
  })
}

/** Resolves when the local connection has been closed under the client, by an end or a reset. */
async function closed(client: Socket): Promise<void> {
  client.allowHalfOpen = false
  client.resume()
  if (!client.closed) await new Promise((resolve) => client.once('close', resolve))
}

/** A pod that answers what it has read with `answer`, when the client has half-closed. */
function answering(answer: (input: Buffer) => Buffer | string) {
  return async (session: PeerSession): Promise<void> => {
    const [error, data] = await session.streams(2)
    data.send(answer(await data.input), true)
    error.fin()
    await session.closed
  }
}

test('bytes go both ways, and each side hears the end of the other', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, data] = await session.streams(2)
    data.send(`echo ${await data.input}`, true)
    error.fin()
    await session.closed
    expect(session.request.headers['x-stream-protocol-version']).toBe('portforward.k8s.io')
    expect([error.headers, data.headers]).toEqual([
      {streamtype: 'error', port: '8080', requestid: '0'},
      {streamtype: 'data', port: '8080', requestid: '0'},
    ])
    expect((await error.input).toString()).toBe('')
  })
  await using forward = await startForward(peer.url)
  forward.client.end('hello')

  expect((await readAll(forward.client)).toString()).toBe('echo hello')
  await forward.outcome
  await peer.served
})

test('the pod ends first: the client gets everything, then the end', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [error, data] = await session.streams(2)
    data.send('goodbye', true)
    error.fin()
    await session.closed
  })
  await using forward = await startForward(peer.url)

  expect((await readAll(forward.client)).toString()).toBe('goodbye')
  forward.client.end()
  await forward.outcome
})

test('the pod ends first and goes on listening: the client hears the end, and can go on too', async () => {
  let heard = ''
  await using peer = await startSpdyPeer(async (session) => {
    const [error, data] = await session.streams(2)
    data.send('goodbye', true)
    heard = String(await data.input)
    error.fin()
    await session.closed
  })
  await using forward = await startForward(peer.url)
  let answer = ''
  forward.client.on('data', (chunk) => {
    answer += chunk
  })
  await once(forward.client, 'end')
  forward.client.end('one more thing')
  await forward.outcome
  await peer.served
  expect(answer).toBe('goodbye')
  expect(heard).toBe('one more thing')
})

test('the pod hears the end of the client when it has nothing more to say', async () => {
  const bytes = randomBytes(20_000_000)
  let sent = false
  await using peer = await startSpdyPeer(async (session) => {
    const [error, data] = await session.streams(2)
    let ended = false
    // As containerd: what is still to come at the client's end is dropped.
    void data.input.then(() => {
      ended = true
    })
    while (!data.received().includes('please')) await nextTurn()
    for (let offset = 0; offset < bytes.length && !ended; offset += 200_000) {
      data.send(bytes.subarray(offset, offset + 200_000))
      await nextTurn()
    }
    sent = !ended
    await data.input
    data.fin()
    error.fin()
  })
  await using forward = await startForward(peer.url, {quietMs: 500})
  forward.client.end('please')
  expect((await readAll(forward.client)).equals(bytes)).toBe(true)
  expect(sent).toBe(true)
  await forward.outcome
})

test('20 MB each way', async () => {
  const bytes = randomBytes(20_000_000)
  await using peer = await startSpdyPeer(answering((input) => input.reverse()))
  await using forward = await startForward(peer.url)
  forward.client.end(bytes)
  const received = await readAll(forward.client)
  await forward.outcome

  expect(createHash('sha256').update(received.reverse()).digest('hex')).toBe(
    createHash('sha256').update(bytes).digest('hex'),
  )
})

test('a local reader that rests does not stop what it sends', async () => {
  const bytes = Buffer.alloc(20_000_000, 'x')
  await using peer = await startSpdyPeer(async (session) => {
    const [error, data] = await session.streams(2)
    data.send(bytes)
    while (!data.received().includes('stop')) await nextTurn()
    data.fin()
    error.fin()
    await session.closed
  })
  await using forward = await startForward(peer.url)
  forward.client.pause()
  forward.client.write('stop')
  await once(forward.client, 'readable')
  const received = await readAll(forward.client)
  forward.client.end()
  await forward.outcome

  expect(received.equals(bytes)).toBe(true)
})

describe('failures end this connection alone', () => {
  const refusal = 'error forwarding port 8080: connection refused\n'
  type Ending = (error: PeerStream, data: PeerStream) => Promise<void> | void
  const endings: [string, Ending][] = [
    [
      'the text, then the end of the data',
      (error, data) => {
        error.send(refusal, true)
        data.fin()
      },
    ],
    [
      'the end of the data, and the text 5 ms later, as containerd',
      async (error, data) => {
        data.fin()
        await sleep(5)
        error.send(refusal, true)
      },
    ],
    [
      'the end of the data, and the text in two pieces',
      async (error, data) => {
        data.fin()
        await sleep(5)
        error.send(refusal.slice(0, 10))
        await sleep(5)
        error.send(refusal.slice(10), true)
      },
    ],
    [
      'a reset of the data, and the text 5 ms later',
      async (error, data) => {
        data.reset()
        await sleep(5)
        error.send(refusal, true)
      },
    ],
    [
      'the text, then resets of both',
      (error, data) => {
        error.send(refusal)
        data.reset()
        error.reset()
      },
    ],
  ]

  test.each(endings)('nobody listens in the pod, told by %s: a reset', async (_name, end) => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, data] = await session.streams(2)
      await end(error, data)
      await session.closed
    })
    await using forward = await startForward(peer.url)
    const seen = endOf(forward.client)

    await expect(forward.outcome).rejects.toMatchObject({kind: 'failed', message: refusal.trim()})
    expect(await seen).toEqual({text: '', end: 'ECONNRESET'})
    await peer.served
  })

  test.each(endings.filter(([name]) => name.includes('reset')))(
    'nobody listens in the pod, told by %s before the data are taken',
    async (_name, end) => {
      await using peer = await startSpdyPeer(async (session) => {
        const [error, data] = await session.streams(2, false)
        await end(error, data)
        await session.closed
      })
      await using forward = await startForward(peer.url)

      await expect(forward.outcome).rejects.toMatchObject({kind: 'failed', message: refusal.trim()})
      await peer.served
    },
  )

  test.each(endings)('an answer that breaks off, told by %s: a reset', async (_name, end) => {
    await using peer = await startSpdyPeer(async (session) => {
      const [error, data] = await session.streams(2)
      data.send('half an ')
      // Told once the client has it: a reset throws away what nobody has read.
      await data.input
      await end(error, data)
      await session.closed
    })
    await using forward = await startForward(peer.url)
    const seen = endOf(forward.client)
    await once(forward.client, 'data')
    forward.client.end()

    await expect(forward.outcome).rejects.toMatchObject({kind: 'failed', message: refusal.trim()})
    expect(await seen).toEqual({text: 'half an ', end: 'ECONNRESET'})
    await peer.served
  })

  test('an error stream that stays open does not keep the end of the data for long', async () => {
    await using peer = await startSpdyPeer(async (session) => {
      const [, data] = await session.streams(2)
      data.send('all of it', true)
      await session.closed
    })
    await using forward = await startForward(peer.url)

    expect(await endOf(forward.client)).toEqual({text: 'all of it', end: 'end'})
    forward.client.end()
    await forward.outcome
  })

  test.each([
    ['is cut', (session: PeerSession) => void session.socket.destroy(), 'lost'],
    ['sends garbage', (session: PeerSession) => void session.socket.write('HTTP/1.1 400\r\n'), 'protocol'],
  ])('the connection %s', async (_name, breakIt, kind) => {
    await using peer = await startSpdyPeer(async (session) => {
      const [, data] = await session.streams(2)
      data.send('half an answer')
      breakIt(session)
      await session.closed
    })
    await using forward = await startForward(peer.url)

    await expect(forward.outcome).rejects.toMatchObject({kind})
    await closed(forward.client)
  })

  test('a refused upgrade', async () => {
    await using peer = await startRawPeer((socket) => {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
    })
    await using forward = await startForward(peer.url)

    await expect(forward.outcome).rejects.toMatchObject({kind: 'refused', httpStatus: 404})
    await closed(forward.client)
  })

  test('the PortForward call fails', async () => {
    await using forward = await startForward('', {
      openUrl: async () => {
        throw new Error('no such pod')
      },
    })

    await expect(forward.outcome).rejects.toEqual(new Error('no such pod'))
    await closed(forward.client)
  })
})

test('a client that resets ends quietly, and the connection to the runtime with it', async () => {
  await using peer = await startSpdyPeer(async (session) => {
    const [, data] = await session.streams(2)
    data.send('something')
    await session.closed
  })
  await using forward = await startForward(peer.url)
  await once(forward.client, 'data')
  forward.client.resetAndDestroy()

  await expect(forward.outcome).resolves.toBeUndefined()
  await peer.served
})

test('an abort rejects with its reason and closes both connections', async () => {
  const stop = new AbortController()
  await using peer = await startSpdyPeer(async (session) => {
    await session.streams(2)
    stop.abort(new Error('interrupted'))
    await session.closed
  })
  await using forward = await startForward(peer.url, {signal: stop.signal})

  await expect(forward.outcome).rejects.toEqual(new Error('interrupted'))
  await closed(forward.client)
  await peer.served
})

test('100 connections at once, with one signal and without a warning', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)
  process.on('warning', onWarning)
  const {signal} = new AbortController()
  await using peer = await startSpdyPeer(answering((input) => input.toString().toUpperCase()))
  const forwards = await Promise.all(Array.from({length: 100}, () => startForward(peer.url, {signal})))
  const answers = await Promise.all(
    forwards.map(async ({client}, index) => {
      client.end(`connection ${index}`)
      return (await readAll(client)).toString()
    }),
  )
  await Promise.all(forwards.map(({outcome}) => outcome))
  await Promise.all(forwards.map((forward) => forward[Symbol.asyncDispose]()))

  process.off('warning', onWarning)
  expect(warnings).toEqual([])
  expect(answers).toEqual(forwards.map((_forward, index) => `CONNECTION ${index}`))
})
