import {expect, test} from 'vitest'
import {silent} from '../support/broken-servers.js'
import {startFakeNode, type TestContainer} from '../support/fake-node.js'
import {never, startFakeRuntime} from '../support/fake-runtime.js'
import {record} from '../support/log-files.js'
import {outcomeOf, startCli} from '../support/run-cli.js'

// The node's clock is set by an hour, forth and back, ten times a second: what lasts is measured by another one.

const jumping = `const now = Date.now
const offsets = [0, 3_600_000, -3_600_000]
let at = 0
Date.now = () => now() + offsets[at]
globalThis.Date = class extends Date {
  constructor(...parts) {
    if (parts.length === 0) super(Date.now())
    else super(...parts)
  }
}
setInterval(() => { at = (at + 1) % offsets.length }, 100).unref()`
const env = {NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(jumping)}`}

async function timed(argv: readonly string[], endpoint: string) {
  const startedAtMs = performance.now()
  const outcome = await outcomeOf(startCli(argv, {endpoint, env}))
  return {...outcome, ms: performance.now() - startedAtMs}
}

test('deadlines and limits end when they should', async () => {
  await using runtime = await startFakeRuntime({ListContainers: never, ListPodSandbox: {items: []}})
  await using mute = await silent()
  const limits: [string[], string, number][] = [
    [['-t', '900ms', 'ps'], runtime.endpoint, 124],
    [['wait', 'app', '--timeout', '900ms'], runtime.endpoint, 124],
    [['-t', '900ms', 'ps'], mute.endpoint, 4],
  ]
  for (const [argv, endpoint, code] of limits) {
    const {exitCode, stderr, ms} = await timed(argv, endpoint)
    expect({argv, exitCode}).toEqual({argv, exitCode: code})
    expect(stderr).toMatch(/^crisp: .*\n$/)
    expect(ms).toBeGreaterThan(900)
    // An hour is meant, whatever else the machine has to do.
    expect(ms).toBeLessThan(100_000)
  }
})

test('logs -f, events and wait go on and end', async () => {
  const app: TestContainer = {pod: 'web-1', name: 'app'}
  await using node = await startFakeNode({containers: [app]})
  const path = 'default_web-1_uid-web-1/app/0.log'
  node.logs.write(path, record(0, 'one'))
  const seen = async (argv: string[], text: string) => {
    const cli = startCli(argv, {endpoint: node.endpoint, env})
    const outcome = outcomeOf(cli)
    let shown = ''
    const found = new Promise<void>((resolve) =>
      cli.stdout.on('data', (chunk: Buffer) => {
        shown += chunk
        if (shown.includes(text)) resolve()
      }),
    )
    return {found, outcome, kill: () => cli.kill('SIGINT')}
  }
  const logs = await seen(['logs', '-f', 'app'], 'two')
  const events = await seen(['events', '--poll', '--poll-interval', '50ms', '-o', 'jsonl'], 'STOPPED')
  const wait = outcomeOf(startCli(['wait', 'app'], {endpoint: node.endpoint, env}))
  for (const method of ['ListContainers', 'ContainerStatus', 'ContainerStatus'])
    await node.runtime.nextCall(method)
  node.logs.write(path, record(0, 'one') + record(1, 'two'))
  await logs.found
  while (node.runtime.calls.filter(({method}) => method === 'ListPodSandbox').length < 12)
    await node.runtime.nextCall('ListPodSandbox')
  Object.assign(app, {state: 'CONTAINER_EXITED', exitCode: 7})
  node.endedPods.add('web-1')
  await events.found
  events.kill()
  expect((await logs.outcome).exitCode).toBe(0)
  expect(await wait).toEqual({stdout: '7\n', stderr: '', exitCode: 0})
  expect((await events.outcome).exitCode).toBe(130)
})
