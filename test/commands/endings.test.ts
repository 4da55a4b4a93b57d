import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {describe, expect, test} from 'vitest'
import {silent} from '../support/broken-servers.js'
import {startFakeNode} from '../support/fake-node.js'
import {container, id, never, secondsAgo, startFakeRuntime} from '../support/fake-runtime.js'
import {crispInShell, outcomeOf, startCli} from '../support/run-cli.js'

describe('a signal during a slow call cancels it on the server', () => {
  const endings: [NodeJS.Signals, number | null, string | null][] = [
    ['SIGINT', 130, null],
    ['SIGTERM', 143, null],
    ['SIGHUP', null, 'SIGHUP'],
  ]
  test.each(endings)('%s ends with %j', async (signal, exitCode, endedBy) => {
    await using runtime = await startFakeRuntime({ListContainers: never})
    const arrived = runtime.nextCall('ListContainers')
    const cli = startCli(['ps'], runtime)
    const outcome = outcomeOf(cli)
    const call = await arrived
    cli.kill(signal)
    await call.cancelled
    expect(await outcome).toEqual({stdout: '', stderr: '', exitCode})
    expect(cli.signalCode).toBe(endedBy)
  })
})

test('what could not be asked for any more is not said to be absent', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: [container({id: id('1a')})]},
    ListPodSandbox: {items: []},
    ContainerStatus: never,
  })
  const arrived = runtime.nextCall('ContainerStatus')
  const cli = startCli(['which', String(process.pid)], runtime)
  const outcome = outcomeOf(cli)
  await arrived
  cli.kill('SIGTERM')
  expect(await outcome).toEqual({stdout: '', stderr: '', exitCode: 143})
})

test('port-forward ends with 0 by Ctrl-C, and with the code of SIGTERM by SIGTERM', async () => {
  await using node = await startFakeNode()
  for (const [signal, exitCode] of [
    ['SIGINT', 0],
    ['SIGTERM', 143],
  ] as const) {
    const cli = startCli(['port-forward', 'web-0', ':80'], node)
    const outcome = outcomeOf(cli)
    cli.stdout.once('data', () => cli.kill(signal))
    expect(await outcome).toMatchObject({stderr: '', exitCode})
  }
})

test('Ctrl-C ends the wait for a runtime', async () => {
  await using server = await silent()
  const connected = once(server.server, 'connection')
  const cli = startCli(['-r', server.endpoint, 'ps'])
  const outcome = outcomeOf(cli)
  await connected
  cli.kill('SIGINT')
  expect(await outcome).toEqual({stdout: '', stderr: '', exitCode: 130})
})

test('a closed stdout pipe ends the command without an error', async () => {
  const containers = Array.from({length: 20_000}, (_, index) =>
    container({
      id: id(index.toString(16)),
      metadata: {name: `c${index}`},
      createdAt: secondsAgo(index),
      labels: {},
    }),
  )
  await using runtime = await startFakeRuntime({ListContainers: {containers}, ListPodSandbox: {items: []}})
  const shell = spawn('bash', ['--norc', '-c', `${crispInShell} ps | head -1; echo "\${PIPESTATUS[0]}"`], {
    env: {
      PATH: process.env.PATH,
      CRI_CONFIG_FILE: '/dev/null',
      CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  expect(await outcomeOf(shell)).toEqual({
    stdout: expect.stringMatching(/^CONTAINER .*NAMESPACE\n0\n$/),
    stderr: '',
    exitCode: 0,
  })
})
