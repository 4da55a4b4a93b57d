import {once} from 'node:events'
import {Readable} from 'node:stream'
import {text} from 'node:stream/consumers'
import {expect, test} from 'vitest'
import {WebSocket} from 'ws'
import {type StreamHandler, startStreamingServer} from '../../../src/demo/server/streaming-server.js'

const allStreams = {stdin: true, stdout: true, stderr: true, tty: false}

/** Everything the server sends until it closes, and the close code. */
async function converse(url: string, protocols: string[], messages: (Buffer | string)[]) {
  const socket = new WebSocket(url, protocols)
  const received: string[] = []
  socket.on('message', (message: Buffer) => {
    received.push(message.toString('latin1'))
    if (received.length === 1) for (const each of messages) socket.send(each)
  })
  const [closeCode] = await once(socket, 'close')
  return {protocol: socket.protocol, received, closeCode}
}

/** Answers the first chunk of stdin. */
const answering: StreamHandler = async ({stdin, stdout, stderr}) => {
  const [chunk] = await once(stdin ?? Readable.from([]), 'data')
  stdout?.write(`got ${chunk}`)
  stderr?.write('!')
  return {exitCode: 3}
}

const failed =
  '{"metadata":{},"status":"Failure","message":"command terminated with exit code 3",' +
  '"reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}'
const base64 = (value: string) => Buffer.from(value).toString('base64')

test.each([
  ['v5.channel.k8s.io', failed],
  ['v4.channel.k8s.io', failed],
  ['channel.k8s.io', 'command terminated with exit code 3'],
  ['', 'command terminated with exit code 3'],
])('binary "%s": ready, output, status, close 1000', async (protocol, status) => {
  await using server = await startStreamingServer()
  const protocols = protocol === '' ? [] : [protocol]
  const conversation = await converse(server.execUrl(allStreams, answering), protocols, [
    Buffer.alloc(0),
    Buffer.from('\x00hello'),
  ])
  expect({...conversation, received: conversation.received.toSorted()}).toEqual({
    protocol,
    received: ['\x01', '\x01got hello', '\x02!', `\x03${status}`],
    closeCode: 1000,
  })
})

test.each([
  ['v4.base64.channel.k8s.io', failed],
  ['base64.channel.k8s.io', 'command terminated with exit code 3'],
])('%s: the same as text', async (protocol, status) => {
  await using server = await startStreamingServer()
  const conversation = await converse(
    server.attachUrl(allStreams, answering),
    [protocol],
    [`0${base64('hello')}`],
  )
  expect({...conversation, received: conversation.received.toSorted()}).toEqual({
    protocol,
    received: ['1', `1${base64('got hello')}`, `2${base64('!')}`, `3${base64(status)}`],
    closeCode: 1000,
  })
})

test('v5 ends stdin alone', async () => {
  await using server = await startStreamingServer()
  const handler: StreamHandler = async ({stdin, stdout}) => {
    stdout?.end((await text(stdin ?? Readable.from([]))).toUpperCase())
    return {exitCode: 0}
  }
  const {received} = await converse(
    server.execUrl({...allStreams, stderr: false}, handler),
    ['v5.channel.k8s.io'],
    [Buffer.from('\x00abc'), Buffer.from('ff00', 'hex'), Buffer.from('\x00late')],
  )
  expect(received).toEqual(['\x01', '\x01ABC', '\x03{"metadata":{},"status":"Success"}'])
})

test.each([
  [{stdin: true, stdout: false, stderr: true, tty: false}, '\x02'],
  [{stdin: true, stdout: false, stderr: false, tty: false}, '\x03'],
])('the message that says ready goes where there is output: %j', async (request, ready) => {
  await using server = await startStreamingServer()
  const {received} = await converse(
    server.execUrl(request, async () => ({exitCode: 0})),
    ['v4.channel.k8s.io'],
    [],
  )
  expect(received).toEqual([ready, '\x03{"metadata":{},"status":"Success"}'])
})

test('what comes on channels that the session does not have is thrown away', async () => {
  await using server = await startStreamingServer()
  const {received} = await converse(
    server.execUrl(allStreams, answering),
    ['v4.channel.k8s.io'],
    [Buffer.from('\x04{}'), Buffer.from('\x01x'), Buffer.from('\xffx', 'latin1'), Buffer.from('\x00x')],
  )
  expect(received).toContain('\x01got x')
})

test('resize messages arrive as sizes', async () => {
  await using server = await startStreamingServer()
  const handler: StreamHandler = async ({sizes, stdout}) => {
    for await (const size of sizes) {
      stdout?.write(JSON.stringify(size))
      break
    }
    return {exitCode: 0}
  }
  const {received} = await converse(
    server.execUrl({stdin: true, stdout: true, stderr: false, tty: true}, handler),
    ['v4.channel.k8s.io'],
    [Buffer.from('\x04{"Width":101,"Height":33}')],
  )
  expect(received[1]).toBe('\x01{"columns":101,"rows":33}')
})
