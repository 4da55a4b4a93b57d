import {createHash, randomBytes} from 'node:crypto'
import {once} from 'node:events'
import net, {type AddressInfo, type Server, type Socket} from 'node:net'
import {describe, expect, test} from 'vitest'
import type {PortHandler} from '../../src/demo/server/streaming-server.js'
import {type NodeBehaviour, startFakeNode} from '../support/fake-node.js'
import {id} from '../support/fake-runtime.js'
import {type Cli, outcomeOf, runCli, startCli} from '../support/run-cli.js'

interface Forward extends AsyncDisposable {
  cli: Cli
  /** Local ports by remote port, of 127.0.0.1. */
  ports: Map<number, number>
  /** Ends it as Ctrl-C does. */
  end(): Promise<{stdout: string; stderr: string; exitCode: number | null}>
}

/** A port-forward of the fake node's pod that listens already. */
async function startForward(
  behaviour: NodeBehaviour,
  argv: readonly string[],
  lines: number,
): Promise<Forward> {
  const node = await startFakeNode(behaviour)
  const cli = startCli(['port-forward', 'web-0', ...argv], node)
  const outcome = outcomeOf(cli)
  let printed = ''
  while (printed.split('\n').length <= lines) printed += String((await once(cli.stdout, 'data'))[0])
  const ports = new Map(
    [...printed.matchAll(/^Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)$/gm)].map(([, local, remote]) => [
      Number(remote),
      Number(local),
    ]),
  )
  return {
    cli,
    ports,
    async end() {
      cli.kill('SIGINT')
      return outcome
    },
    async [Symbol.asyncDispose]() {
      cli.kill('SIGINT')
      await outcome
      await node[Symbol.asyncDispose]()
    },
  }
}

interface Pod extends AsyncDisposable {
  port: PortHandler
}

/** What listens in the pod: on port 80 an echo; on 81 a sink of 100 MB of `bytes`; nothing else. */
async function startPod(serve: Record<number, (socket: Socket) => void>): Promise<Pod> {
  const servers = new Map<number, Server>()
  for (const [port, handler] of Object.entries(serve)) {
    const server = net.createServer({allowHalfOpen: true}, (socket) => {
      socket.on('error', () => {})
      handler(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.set(Number(port), server)
  }
  return {
    async port(port) {
      const server = servers.get(port)
      if (!server) throw new Error(`dial tcp4 127.0.0.1:${port}: connect: connection refused`)
      const socket = net.connect({
        port: (server.address() as AddressInfo).port,
        host: '127.0.0.1',
        allowHalfOpen: true,
      })
      await once(socket, 'connect')
      return socket
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers.values()) server.close()
    },
  }
}

const echo = (socket: Socket): void => void socket.pipe(socket)

async function exchange(port: number | undefined, sent: string, host = '127.0.0.1'): Promise<string> {
  const socket = net.connect({port: port ?? 0, host, allowHalfOpen: true})
  socket.end(sent)
  let received = ''
  try {
    for await (const chunk of socket) received += chunk
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  }
  return received
}

test('several ports, printed as crictl prints them; Ctrl-C is exit code 0, as with crictl', async () => {
  await using pod = await startPod({80: echo, 81: (socket) => void socket.end('from 81')})
  await using forward = await startForward(pod, [':80', '0:81'], 4)
  const [first, second] = [forward.ports.get(80), forward.ports.get(81)]

  expect(await exchange(first, 'hello')).toBe('hello')
  expect(await exchange(second, '', '::1')).toBe('from 81')
  expect(await forward.end()).toEqual({
    stdout: `Forwarding from 127.0.0.1:${first} -> 80
Forwarding from [::1]:${first} -> 80
Forwarding from 127.0.0.1:${second} -> 81
Forwarding from [::1]:${second} -> 81
Handling connection for ${first}
Handling connection for ${second}
`,
    stderr: '',
    exitCode: 0,
  })
})

test.each([
  [
    ['--address', '::1,127.0.0.1', ':80'],
    ['[::1]', '127.0.0.1'],
  ],
  [['--address', '127.0.0.1', ':80'], ['127.0.0.1']],
  [
    ['[::1]::80', '127.0.0.1::80'],
    ['[::1]', '127.0.0.1'],
  ],
])('listens where it is told: %j', async (argv, hosts) => {
  await using forward = await startForward({}, argv, hosts.length)
  const {stdout} = await forward.end()
  const lines = stdout.trim().split('\n')
  expect(lines.map((line) => /from (.*):\d+ -> 80$/.exec(line)?.[1])).toEqual(hosts)
  if (argv[0] === '--address') expect(new Set(lines.map((line) => /(\d+) -> /.exec(line)?.[1])).size).toBe(1)
})

test('100 connections at once and 20 MB through another, while one more is refused', async () => {
  const bytes = randomBytes(20_000_000)
  await using pod = await startPod({80: echo, 81: (socket) => void socket.end(bytes)})
  await using forward = await startForward(pod, [':80', ':81', ':82'], 6)
  const [echoes, large, refused] = [80, 81, 82].map((port) => forward.ports.get(port))

  const download = (async () => {
    const socket = net.connect({port: large ?? 0, host: '127.0.0.1'})
    const hash = createHash('sha256')
    for await (const chunk of socket) hash.update(chunk)
    return hash.digest('hex')
  })()
  const refusal = exchange(refused, 'anyone?')
  const answers = await Promise.all(
    Array.from({length: 100}, (_, index) => exchange(echoes, `number ${index}`)),
  )

  expect(answers).toEqual(Array.from({length: 100}, (_, index) => `number ${index}`))
  expect(await download).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(await refusal).toBe('ECONNRESET')
  expect((await forward.end()).stderr).toBe(
    'crisp: a connection to port 82 of web-0 failed: dial tcp4 127.0.0.1:82: connect: connection refused\n',
  )
})

describe('local ports that are in use', () => {
  async function taken(): Promise<AsyncDisposable & {port: number}> {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      async [Symbol.asyncDispose]() {
        server.close()
      },
    }
  }

  test('if no port is free, the exit code is 1', async () => {
    await using other = await taken()
    await using node = await startFakeNode({})
    expect(
      await runCli(['port-forward', '--address', '127.0.0.1', 'web-0', `${other.port}:80`], node),
    ).toEqual({
      stdout: '',
      stderr: `crisp: 127.0.0.1:${other.port}: another program has this port; choose one, or let :REMOTE find a free one
crisp: no port can be forwarded
`,
      exitCode: 1,
    })
  })

  test('if one loopback address is in use, crisp says so and serves the other', async () => {
    await using other = await taken()
    await using forward = await startForward({}, [`${other.port}:80`], 1)
    expect(await forward.end()).toEqual({
      stdout: `Forwarding from [::1]:${other.port} -> 80\n`,
      stderr: `crisp: listen EADDRINUSE: address already in use 127.0.0.1:${other.port}: only ::1 leads to the pod\n`,
      exitCode: 0,
    })
  })

  test('if one of several ports is in use, the others are forwarded', async () => {
    await using other = await taken()
    await using forward = await startForward({}, ['--address', '127.0.0.1', `${other.port}:80`, ':81'], 1)
    expect(await forward.end()).toMatchObject({
      stdout: expect.stringMatching(/^Forwarding from 127.0.0.1:\d+ -> 81\n$/),
      stderr: expect.stringContaining(`127.0.0.1:${other.port}: another program has this port`),
    })
  })
})

test.each([
  [['web-0'], 2, 'which pod and ports? crisp port-forward POD LOCAL:REMOTE'],
  [[], 2, 'which pod and ports? crisp port-forward POD LOCAL:REMOTE'],
  [
    ['web-0', '80:http'],
    2,
    '"80:http": not a port; write REMOTE, LOCAL:REMOTE, :REMOTE or ADDRESS:LOCAL:REMOTE',
  ],
  [['nope', '80'], 3, 'no pod "nope": crisp pods lists all'],
  [['web-0', '80'], 1, 'pod web-0 is not running any more: crisp pods --state ready shows those that are'],
])('%j ends before anything is opened', async (argv, exitCode, message) => {
  await using node = await startFakeNode({
    answers: {PodSandboxStatus: {status: {id: id('b1'), state: 'SANDBOX_NOTREADY'}}},
  })
  expect(await runCli(['port-forward', ...argv], node)).toEqual({
    stdout: '',
    stderr: `crisp: ${message}\n`,
    exitCode,
  })
})

test('a pod that goes away: its connections fail, each with the word of the runtime', async () => {
  await using forward = await startForward(
    {
      answers: {
        PortForward: () => Promise.reject(Object.assign(new Error(), {code: 5, details: 'pod not found'})),
      },
    },
    [':80'],
    2,
  )
  const [port] = forward.ports.values()
  expect(await exchange(port, 'hello')).toBe('ECONNRESET')
  expect(await forward.end()).toMatchObject({
    stderr: 'crisp: a connection to port 80 of web-0 failed: PortForward: pod not found\n',
    exitCode: 0,
  })
})
