import {copyFile, mkdtemp, rm} from 'node:fs/promises'
import {expect, test} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {startDemoRuntime} from '../../src/demo/index.js'
import {attemptsOf, restartAfterKill, steps} from '../support/cut-restart.js'
import {clientOf, containerIn, podOn, shellImage, startIn} from '../support/demo-node.js'
import {runInProcess as crisp} from '../support/in-process.js'

const sleep = ['sleep', '1000']
const image = {image: shellImage, userSpecifiedImage: shellImage}

async function configOf(client: CriClient, containerId: string) {
  const {info} = await client.runtime.containerStatus({containerId, verbose: true})
  return JSON.parse(info.info ?? '{}').config
}

test('one of ours is made again as it was, in its pod, and the old one goes', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  const envs = [{key: 'COLOUR', value: Buffer.from('grün "x"')}]
  const old = await startIn(client, pod, sleep, {envs, labels: {app: 'web'}, logPath: 'main.log'})
  const before = await configOf(client, old)

  expect(await crisp(['restart', 'main', '--dry-run'], runtime)).toEqual({
    stdout: expect.stringMatching(
      new RegExp(
        `^would restart container ${old.slice(0, 13)}  test/pod-\\d+/main  crisp makes attempt 1\n$`,
      ),
    ),
    stderr: '',
    exitCode: 0,
  })
  expect(await attemptsOf(client, pod)).toEqual(['0 RUNNING'])

  const {stdout, stderr, exitCode} = await crisp(['restart', 'main', '-t', '0', '-o', 'json'], runtime)
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  const {restarted} = JSON.parse(stdout)
  expect(restarted).toEqual([
    {
      id: expect.stringMatching(/^[\da-f]{64}$/),
      previousId: old,
      name: expect.stringMatching(/^test\/pod-\d+\/main$/),
      attempt: 1,
      by: 'crisp',
    },
  ])
  expect(await attemptsOf(client, pod)).toEqual(['1 RUNNING'])
  expect(await configOf(client, restarted[0].id)).toEqual({
    ...before,
    metadata: {name: 'main', attempt: 1},
    annotations: {'crisp.restart/replaces': old},
  })
})

test('what has exited comes back too; several at once, and what is not there is one failure', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  for (const name of ['one', 'two']) await startIn(client, pod, sleep, {metadata: {name, attempt: 0}})
  await crisp(['stop', 'one'], runtime)
  const {stdout, stderr, exitCode} = await crisp(
    ['restart', '-t', '0', '-o', 'name', 'one', 'gone', 'two'],
    runtime,
  )
  expect({stderr, exitCode}).toEqual({
    stderr: expect.stringMatching(/^crisp: no container "gone"/),
    exitCode: 3,
  })
  expect(stdout).toMatch(/^[\da-f]{64}\n[\da-f]{64}\n$/)
  expect(await attemptsOf(client, pod)).toEqual(['1 RUNNING', '1 RUNNING'])
})

test("the kubelet's is stopped, its next attempt awaited and named", async () => {
  await using runtime = await startDemoRuntime({seed: 'node', kubelet: {lookEveryMs: 20}})
  using client = clientOf(runtime)
  const {stdout, stderr, exitCode} = await crisp(['restart', '-t', '0', 'toolbox/shell'], runtime)
  expect({stderr, exitCode}).toEqual({
    stderr: 'crisp: default/toolbox/shell is stopped: waiting up to 6m for the kubelet to make attempt 1\n',
    exitCode: 0,
  })
  const {containers} = await client.runtime.listContainers({
    filter: {state: {state: 'CONTAINER_RUNNING'}, labelSelector: {'io.kubernetes.container.name': 'shell'}},
  })
  expect(stdout.split('\n')[1]).toMatch(
    new RegExp(`^${containers[0]?.id.slice(0, 13)} +default/toolbox/shell +1 +kubelet +[\\da-f]{13}$`),
  )
})

test('a kubelet that does not come back with it in time is said, with 124', async () => {
  await using runtime = await startDemoRuntime({seed: 'node'})
  const words = ['restart', '-t', '0', 'toolbox/shell', '--attempt-timeout', '200ms']
  const {stdout, stderr, exitCode} = await crisp(words, runtime)
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 124})
  expect(stderr).toContain(
    'the kubelet has made no next attempt of default/toolbox/shell in 200ms: it is stopped',
  )
})

test.each([
  ['CRI-O', 'crio-1.36', 'main', 'this runtime does not tell what it was made with'],
  ['one that was never started', undefined, 'created', 'was never started: crisp start'],
])('%s is refused with the reason, and nothing changes', async (_, like, name, reason) => {
  await using runtime = await startDemoRuntime({like})
  using client = clientOf(runtime)
  const pod = await podOn(client)
  await startIn(client, pod, sleep, {image})
  await containerIn(client, pod, sleep, {image, metadata: {name: 'created', attempt: 0}})
  for (const more of [[], ['--dry-run']]) {
    const {stdout, stderr, exitCode} = await crisp(['restart', name, ...more], runtime)
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
    expect(stderr).toContain(reason)
  }
  expect(await attemptsOf(client, pod)).toEqual(['0 CREATED', '0 RUNNING'])
})

test('what cannot be created leaves the old one running', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  await startIn(client, pod, sleep)
  await client.image.removeImage({image: {image: shellImage}})
  const {stderr, exitCode} = await crisp(['restart', '-t', '0', 'main'], runtime)
  expect({stderr, exitCode}).toEqual({stderr: expect.stringContaining(shellImage), exitCode: 3})
  expect(await attemptsOf(client, pod)).toEqual(['0 RUNNING'])
})

test('what cannot be started is taken back, and the old one stays as it ended', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  const directory = await mkdtemp('/tmp/crisp-restart-')
  await copyFile('/bin/sleep', `${directory}/once`)
  await startIn(client, pod, [`${directory}/once`, '1000'])
  await rm(directory, {recursive: true})
  const {stderr, exitCode} = await crisp(['restart', '-t', '0', 'main'], runtime)
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/main is stopped, and another attempt cannot be started: .* stays\n$/)
  expect(await attemptsOf(client, pod)).toEqual(['0 EXITED'])
})

test.each(steps)('killed after %s: never none, and the next restart goes on from there', async (call) => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  await startIn(client, pod, sleep)
  await restartAfterKill({endpoint: runtime.endpoint, client}, pod, call)
})
