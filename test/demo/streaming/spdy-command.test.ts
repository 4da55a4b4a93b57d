import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {constants, createDeflate} from 'node:zlib'
import {describe, expect, test} from 'vitest'
import {type StreamHandler, startStreamingServer} from '../../../src/demo/server/streaming-server.js'
import {spdyDictionary} from '../../../src/streaming/spdy-dictionary.js'
import {encodePing, encodeRstStream} from '../../../src/streaming/spdy-frames.js'
import {connectSpdyClient, openSession} from '../../support/peers/spdy-client.js'
import {startWatchedServer} from '../../support/peers/watched-server.js'

const outputOnly = {stdin: false, stdout: true, stderr: false, tty: false}
const allStreams = {stdin: true, stdout: true, stderr: true, tty: false}
const neverCalled: StreamHandler = async () => {
  throw new Error('called')
}
const started = {type: 'synReply'} as const

describe('SPDY on the wire', () => {
  test('the end: data, FIN, status, resets, GOAWAY, close', async () => {
    await using server = await startStreamingServer()
    const handler: StreamHandler = async ({stdin, stdout, stderr}) => {
      stdout?.end(await text(stdin ?? Readable.from([])))
      stderr?.end('warning')
      return {exitCode: 2}
    }
    const client = await openSession(server.execUrl(allStreams, handler), [
      'error',
      'stdin',
      'stdout',
      'stderr',
    ])
    client.send(3, 'abc', true)
    await client.closed

    const status = client.data(1).toString()
    expect(client.answer).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n',
    )
    expect(client.frames.slice(0, 4)).toEqual([1, 3, 5, 7].map((streamId) => ({...started, streamId})))
    const byStream = (id: number) =>
      client.frames.filter((frame) => frame.type === 'data' && frame.streamId === id)
    expect(byStream(5)).toEqual([
      {type: 'data', streamId: 5, chunk: Buffer.from('abc'), fin: false},
      {type: 'data', streamId: 5, chunk: Buffer.alloc(0), fin: true},
    ])
    expect(byStream(7)).toEqual([
      {type: 'data', streamId: 7, chunk: Buffer.from('warning'), fin: false},
      {type: 'data', streamId: 7, chunk: Buffer.alloc(0), fin: true},
    ])
    expect(client.frames.slice(8)).toEqual([
      {type: 'data', streamId: 1, chunk: Buffer.from(status), fin: false},
      {type: 'rstStream', streamId: 1, status: 5},
      {type: 'rstStream', streamId: 3, status: 5},
      {type: 'goAway', lastStreamId: 7, status: 0},
    ])
    expect(JSON.parse(status)).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'command terminated with exit code 2',
      reason: 'NonZeroExitCode',
      details: {causes: [{reason: 'ExitCode', message: '2'}]},
    })
  })

  test.each([
    ['v4.channel.k8s.io', 0, '{"metadata":{},"status":"Success"}'],
    ['v3.channel.k8s.io', 0, ''],
    ['v3.channel.k8s.io', 4, 'command terminated with exit code 4'],
    ['v2.channel.k8s.io', 4, 'command terminated with exit code 4'],
    ['channel.k8s.io', 0, ''],
  ])('%s: exit code %d on the error stream', async (protocol, exitCode, status) => {
    await using server = await startStreamingServer()
    const client = await openSession(
      server.attachUrl(outputOnly, async () => ({exitCode})),
      ['error', 'stdout'],
      protocol,
    )
    await client.closed
    expect(client.data(1).toString()).toBe(status)
  })

  test.each([
    ['v4.channel.k8s.io', ['error', 'stdin', 'stdout', 'resize']],
    ['v3.channel.k8s.io', ['error', 'stdin', 'stdout', 'resize']],
    ['v2.channel.k8s.io', ['error', 'stdin', 'stdout']],
    ['channel.k8s.io', ['error', 'stdin', 'stdout']],
  ])('%s with a terminal starts with its streams, in any order', async (protocol, streamtypes) => {
    await using server = await startStreamingServer()
    const handler: StreamHandler = async () => ({exitCode: 0})
    const url = server.execUrl({stdin: true, stdout: true, stderr: false, tty: true}, handler)
    const client = await openSession(url, streamtypes.toReversed(), protocol)
    await client.closed
    expect(client.frames.at(-1)?.type).toBe('goAway')
  })

  test('header blocks as Go compresses them are understood', async () => {
    await using server = await startStreamingServer()
    const client = await connectSpdyClient(server.execUrl(outputOnly, async () => ({exitCode: 0})))
    const [first, second] = await compressedBlocks([{streamtype: 'error'}, {streamtype: 'stdout'}])
    client.open(1, {}, first)
    client.open(3, {}, second)
    await client.closed
    expect(client.data(1).toString()).toBe('{"metadata":{},"status":"Success"}')
  })

  test('pings are answered, odd ones only', async () => {
    await using server = await startStreamingServer()
    const client = await connectSpdyClient(server.execUrl(outputOnly, async () => ({exitCode: 0})))
    for (const id of [2, 7, 9]) client.socket.write(encodePing(id))
    await client.until(() => client.frames.length === 2)
    expect(client.frames).toEqual([
      {type: 'ping', id: 7},
      {type: 'ping', id: 9},
    ])
  })

  test('a stream that the session does not have is refused, the others go on', async () => {
    await using server = await startStreamingServer()
    const client = await connectSpdyClient(server.execUrl(outputOnly, async () => ({exitCode: 0})))
    client.open(1, {streamtype: 'error'})
    client.open(3, {streamtype: 'stdin'})
    client.open(5, {streamtype: 'error'})
    client.open(7, {streamtype: 'stdout'})
    await client.closed
    expect(client.frames.slice(0, 4)).toEqual([
      {...started, streamId: 1},
      {type: 'rstStream', streamId: 3, status: 3},
      {type: 'rstStream', streamId: 5, status: 3},
      {...started, streamId: 7},
    ])
    expect(client.data(1).toString()).toContain('Success')
  })

  test('a client that never opens its streams is given up', async () => {
    await using server = await startWatchedServer({setupTimeoutMs: 50})
    const client = await openSession(server.execUrl(allStreams, neverCalled), ['error', 'stdout'])
    await client.closed
    expect(client.frames.at(-1)).toEqual({type: 'goAway', lastStreamId: 3, status: 0})
    expect(server.refused).toEqual(['streaming: the client did not open its 4 streams in time'])
  })

  test('resize: the newest size, with or without newline, names in any case, zero and garbage passed over', async () => {
    await using server = await startStreamingServer()
    const sizes: unknown[] = []
    const handler: StreamHandler = async (io) => {
      for await (const size of io.sizes) {
        sizes.push(size)
        io.stdout?.write('.')
      }
      return {exitCode: 0}
    }
    const url = server.execUrl({stdin: false, stdout: true, stderr: false, tty: true}, handler)
    const client = await openSession(url, ['error', 'stdout', 'resize'])
    const sent = [
      '{"Width":80,"Height":24}',
      '{"Width":0,"Height":24}{"height":25,"width":81}\n',
      'garbage{"Width":"x"}{"Width":82,',
    ]
    for (const [index, message] of sent.entries()) {
      client.send(5, message)
      await client.until(() => client.data(3).length >= Math.min(index + 1, 2))
    }
    client.send(5, '"Height":26}\n', true)
    await client.closed
    expect(sizes).toEqual([
      {columns: 80, rows: 24},
      {columns: 81, rows: 25},
      {columns: 82, rows: 26},
    ])
  })

  test('a reset of stdout stops writing to it, a reset of stdin is its end', async () => {
    await using server = await startStreamingServer()
    const handler: StreamHandler = async ({stdin, stdout}) => {
      const input = await text(stdin ?? Readable.from([]))
      return {exitCode: input === 'abc' && stdout?.destroyed ? 0 : 1}
    }
    const url = server.execUrl({...allStreams, stderr: false}, handler)
    const client = await openSession(url, ['error', 'stdin', 'stdout'])
    client.send(3, 'abc')
    client.socket.write(Buffer.concat([encodeRstStream(5, 5), encodeRstStream(3, 5)]))
    await client.closed
    expect(client.data(1).toString()).toContain('Success')
  })
})

/** As a Go client does it: one zlib stream with the preset dictionary, flushed after each block. */
async function compressedBlocks(headers: Record<string, string>[]): Promise<Buffer[]> {
  const deflate = createDeflate({dictionary: spdyDictionary})
  const blocks: Buffer[] = []
  for (const block of headers) {
    const words = Object.entries(block).flat()
    deflate.write(
      Buffer.concat([
        uint32(words.length / 2),
        ...words.flatMap((word) => [uint32(word.length), Buffer.from(word)]),
      ]),
    )
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
    // One `read` gives all that there is up to Node 25, and a chunk since.
    const chunks: Buffer[] = []
    for (let chunk = deflate.read(); chunk !== null; chunk = deflate.read()) chunks.push(chunk)
    blocks.push(Buffer.concat(chunks))
  }
  deflate.destroy()
  return blocks
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
