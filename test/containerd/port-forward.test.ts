import {once} from 'node:events'
import net from 'node:net'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {type Cli, outcomeOf, startCli} from '../support/run-cli.js'

const rounds = Number(process.env.ROUNDS ?? 30)

describeOnContainerd('port-forward to a real containerd', () => {
  let containerd: Containerd

  beforeAll(async () => {
    containerd = await startContainerd()
    const pod = await containerd.runPod('forward', {
      // An own network: nothing else of the machine listens in there.
      linux: {securityContext: {namespaceOptions: {network: 'POD'}}},
    })
    const containerId = await pod.runContainer(
      'server',
      'nc -ll -p 80 -e /bin/sh -c "read line; echo to you: \\$line"',
    )
    const listens = 'until netstat -ltn | grep -q :80; do sleep 0.1; done'
    await containerd.client.runtime.execSync({containerId, cmd: ['sh', '-c', listens], timeout: '30'})
  }, 60_000)

  afterAll(async () => {
    await containerd?.[Symbol.asyncDispose]()
  }, 60_000)

  test(`${rounds} connections to a port where nobody listens: each is reset, and told in a line`, async () => {
    const forward = startCli(['port-forward', '--address', '127.0.0.1', 'forward', ':9999'], containerd)
    const outcome = outcomeOf(forward)
    const port = await portOf(forward)
    const ends: Record<string, number> = {}
    for (let round = 0; round < rounds; round++) {
      // Some say something first, some close their side, as clients do.
      const {text, end} = await talk(port, {say: round % 2 === 0, finish: round % 3 === 0})
      ends[`${end}:${text}`] = (ends[`${end}:${text}`] ?? 0) + 1
    }
    forward.kill('SIGINT')
    const {stderr} = await outcome
    const lines = stderr.split('\n').filter((line) => /port 9999 of forward failed: .*refused/.test(line))

    expect({ends, told: lines.length}).toEqual({ends: {'ECONNRESET:': rounds}, told: rounds})
  }, 120_000)

  test('where somebody listens the answer comes whole, and ends in order', async () => {
    const forward = startCli(['port-forward', '--address', '127.0.0.1', 'forward', ':80'], containerd)
    const outcome = outcomeOf(forward)
    const port = await portOf(forward)

    for (let round = 0; round < 3; round++)
      expect(await talk(port, {say: true, finish: false})).toEqual({text: 'to you: hello\n', end: 'end'})
    forward.kill('SIGINT')
    expect(await outcome).toMatchObject({stderr: '', exitCode: 0})
  }, 60_000)
})

async function portOf(forward: Cli): Promise<number> {
  let printed = ''
  while (!printed.includes('\n')) printed += String((await once(forward.stdout, 'data'))[0])
  return Number(/^Forwarding from 127\.0\.0\.1:(\d+) ->/.exec(printed)?.[1])
}

/** What a client of the local port reads, and how that ends. */
async function talk(
  port: number,
  {say, finish}: {say: boolean; finish: boolean},
): Promise<{text: string; end: string | undefined}> {
  const client = net.connect({port, host: '127.0.0.1', allowHalfOpen: true})
  let text = ''
  client.on('data', (chunk) => {
    text += chunk
  })
  if (say) client.write('hello\n')
  if (finish) client.end()
  const end = await new Promise<string | undefined>((resolve) => {
    client.on('end', () => resolve('end'))
    client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
  client.destroy()
  return {text, end}
}
