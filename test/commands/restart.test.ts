import {access, copyFile, mkdtemp, rm} from 'node:fs/promises'
import {expect, test} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {startDemoRuntime} from '../../src/demo/index.js'
import {lookAtNode} from '../../src/node/view.js'
import {carryOutRestart, planRestart, type Restart} from '../../src/run/restart.js'
import {attemptsOf, restartAfterKill, steps} from '../support/cut-restart.js'
import {clientOf, containerIn, ended, podOn, shellImage, startIn} from '../support/demo-node.js'
import {eventually} from '../support/eventually.js'
import {id, secondsAgo, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess as crisp} from '../support/in-process.js'
import {outcomeOf, runCli, startCli} from '../support/run-cli.js'

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
  // Words that lead to what runs now, as everywhere.
  expect(stdout).toMatch(/^test\/pod-\d+\/one\ntest\/pod-\d+\/two\n$/)
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
  await using runtime = await startDemoRuntime({seed: 'node', kubelet: true})
  const words = ['restart', '-t', '0', 'toolbox/shell', '--attempt-timeout', '200ms']
  // Before the second attempt it waits.
  await crisp(['restart', '-t', '0', 'toolbox/shell'], runtime)
  const {stdout, stderr, exitCode} = await crisp(words, runtime)
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 124})
  expect(stderr).toContain(
    'the kubelet has made no next attempt of default/toolbox/shell in 200ms: it is stopped',
  )
})

test('without a kubelet its containers are not stopped', async () => {
  await using runtime = await startDemoRuntime({seed: 'node'})
  using client = clientOf(runtime)
  for (const more of [[], ['--dry-run']])
    expect(await crisp(['restart', 'toolbox/shell', ...more], runtime)).toEqual({
      stdout: '',
      stderr:
        'crisp: default/toolbox/shell is for a kubelet to start again, and this demo has none: start it without --no-kubelet; crisp stop only stops it\n',
      exitCode: 1,
    })
  const labelSelector = {'io.kubernetes.container.name': 'shell'}
  const {containers} = await client.runtime.listContainers({filter: {labelSelector}})
  expect(containers).toMatchObject([{state: 'CONTAINER_RUNNING'}])
})

test('what is over is not waited for', async () => {
  await using runtime = await startDemoRuntime({seed: 'node', kubelet: true})
  const {stdout, stderr, exitCode} = await crisp(['restart', 'migrate'], runtime)
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
  expect(stderr).toMatch(/^crisp: shop\/orders-0\/migrate has done its work \(exit code 0\) and others .*\n$/)
})

test.each([
  ['Never', 0],
  ['OnFailure', 3],
])(
  'what the kubelet has left alone for longer than it ever waits stays so: as with %s',
  async (_, exitCode) => {
    const [pod, container] = [id('b1'), id('a1')]
    const annotations = {'io.kubernetes.container.restartCount': '0'}
    const own = {id: container, podSandboxId: pod, metadata: {name: 'job', attempt: 0}, annotations}
    const ended = {...own, state: 'CONTAINER_EXITED', createdAt: secondsAgo(800)}
    const metadata = {name: 'job', namespace: 'default', uid: 'u', attempt: 0}
    await using runtime = await startFakeRuntime({
      ListPodSandbox: {items: [{id: pod, metadata, state: 'SANDBOX_READY', createdAt: secondsAgo(900)}]},
      ListContainers: {containers: [ended]},
      ContainerStatus: {status: {...ended, exitCode, finishedAt: secondsAgo(700)}},
    })
    expect(await crisp(['restart', 'job'], runtime)).toEqual({
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(
          `^crisp: default/job/job has exited with ${exitCode} 1[123]m\\S* ago, and the kubelet has made no other: it leaves it so, by its pod's restartPolicy\n$`,
        ),
      ),
      exitCode: 1,
    })
  },
)

test('a new one that ends at once is a failure, and the one before is still there', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  await ended(client, await startIn(client, pod, ['sh', '-c', 'exit 3']))
  const {stdout, stderr, exitCode} = await crisp(['restart', 'main'], runtime)
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
  expect(stderr).toMatch(
    /^crisp: attempt 1 of (test\/pod-\d+\/main) has exited with 3 \(Error\) already, and [\da-f]{13}, which it replaces, is still there: crisp logs \1 may show why\n$/,
  )
  expect(await attemptsOf(client, pod)).toEqual(['0 EXITED', '1 EXITED'])
})

test('of two at once one does it, and the other says so', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  const old = await startIn(client, pod, sleep)
  const {podSandboxId} = {podSandboxId: pod}
  // The other one has come as far as this between what is asked and what is made.
  await client.runtime.createContainer({
    podSandboxId,
    config: {
      metadata: {name: 'main', attempt: 1},
      image,
      command: sleep,
      annotations: {'crisp.restart/replaces': old},
    },
  })
  const restart = {...(await planOf(client, old)), begun: undefined, attempt: 1}
  const options = {grace: '0', limitMs: 0, signal: new AbortController().signal, note: () => undefined}
  await expect(carryOutRestart(client, restart as Restart, options)).rejects.toThrow(
    /^another restart of test\/pod-\d+\/main is under way, and has made [\da-f]{13} for it: nothing is left to do here$/,
  )
  expect(await attemptsOf(client, pod)).toEqual(['0 RUNNING', '1 CREATED'])
})

async function planOf(client: CriClient, containerId: string): Promise<Restart> {
  return planRestart(client, {id: containerId, word: containerId}, await lookAtNode(client))
}

/** Runs until it is killed, and tells by a file that it was asked to end before. */
function deafTo(stop: string): string[] {
  return ['sh', '-c', `trap 'echo > ${stop}' TERM; while :; do sleep 0.05; done`]
}

async function withStopFile(work: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp('/tmp/crisp-restart-')
  try {
    await work(`${directory}/stop`)
  } finally {
    await rm(directory, {recursive: true})
  }
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  // It ends itself by that one.
  ['SIGHUP', null],
] as const)(
  '%s in the grace period leaves that, says what is under way and goes on',
  async (signal, code) => {
    await using runtime = await startDemoRuntime()
    using client = clientOf(runtime)
    const pod = await podOn(client)
    await withStopFile(async (stop) => {
      await startIn(client, pod, deafTo(stop))
      const restart = startCli(['restart', '-t', '2', '-o', 'name', 'main'], runtime)
      const outcome = outcomeOf(restart)
      await eventually(() => access(stop))
      expect(await attemptsOf(client, pod)).toEqual(['0 RUNNING', '1 CREATED'])
      restart.kill(signal)
      const {stdout, stderr, exitCode} = await outcome
      expect(stderr).toMatch(
        /^crisp: (test\/pod-\d+\/main) has got its stop signal; when it has ended, in 2s at most, attempt 1 is started \(a second signal ends crisp at once, and crisp restart \1 goes on\)\n$/,
      )
      expect({stdout, exitCode}).toEqual({stdout: expect.stringMatching(/main\n$/), exitCode: code})
      expect(await attemptsOf(client, pod)).toEqual(['1 RUNNING'])
    })
  },
)

test('a second one ends it at once, and the next restart goes on', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  await withStopFile(async (stop) => {
    await startIn(client, pod, deafTo(stop))
    const restart = startCli(['restart', '-t', '1000', 'main'], runtime)
    restart.stderr.once('data', () => restart.kill('SIGINT'))
    const outcome = outcomeOf(restart)
    await eventually(() => access(stop))
    restart.kill('SIGINT')
    expect(await outcome).toMatchObject({exitCode: 130})
    expect(await attemptsOf(client, pod)).toEqual(['0 RUNNING', '1 CREATED'])
    expect(await crisp(['restart', '-t', '0', 'main'], runtime)).toMatchObject({stderr: '', exitCode: 0})
    expect(await attemptsOf(client, pod)).toEqual(['1 RUNNING'])
  })
})

test('Ctrl-C before anything is stopped leaves all as it was', async () => {
  await using runtime = await startDemoRuntime({faults: {latencyMs: {CreateContainer: 1_000}}})
  using client = clientOf(runtime)
  const pod = await podOn(client)
  await startIn(client, pod, sleep)
  // What is asked last before the new one is made.
  const saidEnough = (text: string) => text.includes('PodSandboxStatus')
  const {stdout, stderr, exitCode} = await runCli(['--trace', 'restart', 'main'], {...runtime, saidEnough})
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 130})
  expect(stderr).toMatch(/^crisp: test\/pod-\d+\/main is left as it was$/m)
  expect(stderr).not.toContain('StopContainer')
  expect(await attemptsOf(client, pod)).toEqual(['0 RUNNING'])
})

test("of a kubelet's what Ctrl-C leaves is said, in its grace period and while the next attempt is awaited", async () => {
  await withStopFile(async (stop) => {
    const main = {name: 'main', image: shellImage, command: deafTo(stop)}
    const seed = {pods: [{name: 'web', namespace: 'default', containers: [main]}]}
    await using runtime = await startDemoRuntime({seed, kubelet: true})
    const restart = startCli(['restart', '-t', '1000', 'web/main'], runtime)
    const outcome = outcomeOf(restart)
    await eventually(() => access(stop))
    restart.kill('SIGINT')
    expect(await outcome).toEqual({
      stdout: '',
      stderr:
        'crisp: default/web/main has got its stop signal; when it has ended its kubelet makes attempt 1\n',
      exitCode: 130,
    })
    await crisp(['restart', '-t', '0', 'web/main'], runtime)
    const waiting = {endpoint: runtime.endpoint, saidEnough: (text: string) => text.includes('waiting up to')}
    expect(await crisp(['restart', '-t', '0', 'web/main'], waiting)).toEqual({
      stdout: '',
      stderr:
        'crisp: default/web/main is stopped: waiting up to 6m for the kubelet to make attempt 2\n' +
        'crisp: default/web/main is stopped, and its kubelet makes attempt 2: crisp wait default/web/main --for=running waits for it\n',
      exitCode: 130,
    })
    expect((await crisp(['restart', 'web/main'], waiting)).stderr).toMatch(
      /^crisp: default\/web\/main has ended: waiting up to 6m/,
    )
  })
})

test('filters choose what is restarted, and nothing else is', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const [web, job] = [
    await podOn(client, {labels: {app: 'web'}}),
    await podOn(client, {labels: {app: 'job'}}),
  ]
  for (const [pod, name] of [
    [web, 'one'],
    [web, 'two'],
    [job, 'three'],
  ] as const)
    await startIn(client, pod, sleep, {metadata: {name, attempt: 0}, labels: {tier: name}})
  const restart = async (...filters: string[]) => {
    const {stdout, stderr, exitCode} = await crisp(['restart', '-t', '0', '-o', 'name', ...filters], runtime)
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    return stdout.match(/[^/\n]+$/gm)?.toSorted()
  }
  expect(await restart('--pod-label', 'app=web')).toEqual(['one', 'two'])
  expect(await restart('--name', '^t')).toEqual(['three', 'two'])
  expect(await restart('--label', 'tier=three')).toEqual(['three'])
  expect(await restart('-a')).toEqual(['one', 'three', 'two'])
  expect(await attemptsOf(client, web)).toEqual(['2 RUNNING', '3 RUNNING'])
  expect(await attemptsOf(client, job)).toEqual(['3 RUNNING'])
  expect(await crisp(['restart', '--name', 'none'], runtime)).toEqual({
    stdout: '',
    stderr: 'crisp: No containers to restart\n',
    exitCode: 0,
  })
  expect((await crisp(['restart', 'one', '-a'], runtime)).exitCode).toBe(2)
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

test('what cannot be created, since its image is gone, leaves the old one running', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  await startIn(client, pod, sleep)
  await client.image.removeImage({image: {image: shellImage}})
  const {stderr, exitCode} = await crisp(['restart', '-t', '0', 'main'], runtime)
  expect({stderr, exitCode}).toEqual({
    stderr: `crisp: container "main": its image ${shellImage} is not on the node any more: crisp pull it, or load it, first\n`,
    exitCode: 3,
  })
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
