import {once} from 'node:events'
import {connect as connectHttp2} from 'node:http2'
import {connect as connectSocket} from 'node:net'
import {expect, test} from 'vitest'
import {type DemoRuntime, type ObservedCall, startDemoRuntime} from '../../../src/demo/index.js'
import {clientOf, podOn, startIn} from '../../support/demo-node.js'
import {eventually} from '../../support/eventually.js'

interface Watched extends AsyncDisposable {
  runtime: DemoRuntime
  calls: ObservedCall[]
  refused: string[]
}

async function watched(): Promise<Watched> {
  const calls: ObservedCall[] = []
  const refused: string[] = []
  const runtime = await startDemoRuntime({
    onCall: (call) => calls.push(call),
    onRefused: (line) => refused.push(line),
  })
  return {runtime, calls, refused, [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose]()}
}

/** Sends bytes as a gRPC request body, and gives the status of the answer. */
async function rawCall({socketPath}: DemoRuntime, path: string, body: Buffer): Promise<string | undefined> {
  const session = connectHttp2('http://localhost', {createConnection: () => connectSocket(socketPath)})
  session.on('error', () => {})
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  let status: string | undefined
  stream.on('response', (headers) => {
    status ??= headers['grpc-status'] as string | undefined
  })
  stream.on('trailers', (trailers) => {
    status ??= trailers['grpc-status'] as string | undefined
  })
  stream.on('error', () => {})
  stream.resume()
  stream.end(body)
  await new Promise((resolve) => stream.once('close', resolve))
  session.destroy()
  return status
}

function message(payload: Buffer, length = payload.length): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(length, 1)
  return Buffer.concat([header, payload])
}

async function stillServes({runtime}: Watched): Promise<void> {
  using client = clientOf(runtime)
  expect((await client.runtime.version()).runtimeName).toBe('crisp-demo')
}

const list = '/runtime.v1.RuntimeService/ListContainers'

test.each([
  ['no protobuf', message(Buffer.from('ffffffffff', 'hex')), '13'],
  ['a field cut short', message(Buffer.from([0x0a, 0x7f, 0x01])), '13'],
  // The server hangs up on it, so its status may not arrive.
  ['a message of 17 MiB', message(Buffer.alloc(17 * 1024 * 1024)), expect.toBeOneOf(['8', undefined])],
  ['a length of 4 GiB', message(Buffer.alloc(10), 0xffff_ffff), '8'],
])('%s is refused, told in one line, and the next call is served', async (_, body, code) => {
  await using server = await watched()
  expect(await rawCall(server.runtime, list, body)).toEqual(code)
  await eventually(() => expect(server.calls).toHaveLength(1))
  expect(server.calls[0]).toMatchObject({
    method: 'ListContainers',
    code: 13,
    details: 'refused: no request that can be read',
  })
  await stillServes(server)
})

test('a call outside the CRI is unimplemented', async () => {
  await using server = await watched()
  expect(await rawCall(server.runtime, '/runtime.v1.RuntimeService/Destroy', message(Buffer.alloc(0)))).toBe(
    '12',
  )
  await stillServes(server)
})

test('bytes that are not HTTP/2 are rejected', async () => {
  await using server = await watched()
  const socket = connectSocket(server.runtime.socketPath)
  socket.write('GET / HTTP/1.1\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  expect(server.refused).toEqual(['socket: a client that does not speak HTTP/2'])
  await stillServes(server)
})

test('a client that hangs does not keep the runtime from ending', async () => {
  const server = await watched()
  const socket = connectSocket(server.runtime.socketPath)
  socket.on('error', () => {})
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  await once(socket, 'connect')
  socket.pause()
  await expect(server[Symbol.asyncDispose]()).resolves.toBeUndefined()
  socket.destroy()
})

test('wrong and used tokens on the streaming port, and paths that are none', async () => {
  await using server = await watched()
  using client = clientOf(server.runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
  const {url} = await client.runtime.exec({containerId, cmd: ['/bin/true'], stdout: true})
  const {origin} = new URL(url)
  const paths = [
    '/exec/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '/exec/../../etc/passwd',
    '/',
    `/attach/${url.split('/').at(-1)}`,
  ]
  for (const path of paths) expect((await fetch(`${origin}${path}`)).status).toBe(404)
  // The token of an exec is no key to an attach, and is used up by the attempt.
  expect((await fetch(url)).status).toBe(404)
  expect(server.refused).toHaveLength(5)
  await stillServes(server)
})
