import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtemp, readFile, stat, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {readProcess} from '../../src/demo/processes/process-table.js'
import {clientOf, codeOf, containerIn, ended, podOn, shellImage, startIn} from '../support/demo-node.js'
import {eventually} from '../support/eventually.js'
import {processesWith} from '../support/processes.js'

test('a container lives, prints and ends, and its log says so', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const logDirectory = join(runtime.directory, 'logs', 'here')
  const pod = await podOn(client, {logDirectory})
  const container = await startIn(
    client,
    pod,
    ['/bin/sh', '-c', 'echo out; echo err >&2; printf rest; exit 3'],
    {
      logPath: 'main/0.log',
    },
  )
  const status = await ended(client, container)
  expect(status).toMatchObject({
    state: 'CONTAINER_EXITED',
    exitCode: 3,
    reason: 'Error',
    logPath: join(logDirectory, 'main/0.log'),
  })
  const log = await readFile(status.logPath, 'utf8')
  expect(
    log
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\S+ /, ''))
      .toSorted(),
  ).toEqual(['stderr F err', 'stdout F out', 'stdout P rest'])
})

test.each([
  ['the command ends', ['/bin/true'], {exitCode: 0, reason: 'Completed'}],
  ['a signal ends it', ['/bin/sh', '-c', 'kill -9 $$'], {exitCode: 137, reason: 'Error'}],
])('%s', async (_, command, expected) => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const container = await startIn(client, await podOn(client), command)
  expect(await ended(client, container)).toMatchObject(expected)
})

test('a command that is not there leaves the container exited with StartError', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await containerIn(client, await podOn(client), ['/no/such/command'])
  expect(await codeOf(client.runtime.startContainer({containerId}))).toBe('unknown')
  const {status} = await client.runtime.containerStatus({containerId})
  expect(status).toMatchObject({state: 'CONTAINER_EXITED', exitCode: 128, reason: 'StartError'})
})

test('stop: the signal first, SIGKILL for what ignores it', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const logDirectory = join(runtime.directory, 'logs')
  const pod = await podOn(client, {logDirectory})
  const start = (name: string, script: string) =>
    startIn(client, pod, ['/bin/sh', '-c', script], {metadata: {name, attempt: 0}, logPath: `${name}.log`})
  const polite = await start('polite', "trap 'exit 7' TERM; echo ready; sleep 100 & wait")
  const deaf = await start('deaf', "trap '' TERM; echo ready; while :; do sleep 100; done")
  for (const name of ['polite', 'deaf'])
    await expect.poll(() => readFile(join(logDirectory, `${name}.log`), 'utf8')).toMatch(/ready\n$/)
  const said = await client.runtime.execSync({containerId: polite, cmd: ['/bin/sh', '-c', 'echo $HOSTNAME']})
  expect(Buffer.from(said.stdout).toString()).toMatch(/^pod-\d+\n$/)
  await client.runtime.stopContainer({containerId: polite, timeout: '60'})
  await client.runtime.stopContainer({containerId: deaf, timeout: '1'})
  const codes = await Promise.all(
    [polite, deaf].map(
      async (containerId) => (await client.runtime.containerStatus({containerId})).status?.exitCode,
    ),
  )
  expect(codes).toEqual([7, 137])
})

test('verbose info has the process, which is a real one', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
  const {info} = await client.runtime.containerStatus({containerId, verbose: true})
  const {pid, config} = JSON.parse(info.info ?? '')
  expect(process.kill(pid, 0)).toBe(true)
  expect(config).toEqual({
    metadata: {name: 'main'},
    image: {image: shellImage, user_specified_image: shellImage},
    command: ['/bin/sleep', '100'],
  })
  await client.runtime.removeContainer({containerId})
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

test('the socket is for its user alone, and the end leaves nothing', async () => {
  const runtime = await startDemoRuntime()
  expect((await stat(runtime.socketPath)).mode & 0o777).toBe(0o600)
  await runtime[Symbol.asyncDispose]()
  await expect(stat(dirname(runtime.socketPath))).rejects.toThrow('ENOENT')
})

test('concurrent clients leave nothing running and nothing behind', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const {runtime: cri} = client
  const codes = new Set<string>()
  for (let round = 0; round < 10; round++) {
    const podSandboxId = await podOn(client)
    const containerId = await containerIn(client, podSandboxId, [
      '/bin/sh',
      '-c',
      'setsid sleep 100 & exec sleep 100',
    ])
    const outcomes = await Promise.all(
      [
        cri.startContainer({containerId}),
        cri.startContainer({containerId}),
        cri.execSync({containerId, cmd: ['/bin/true']}),
        containerIn(client, podSandboxId, ['/bin/true'], {metadata: {name: 'late', attempt: 0}}),
        ...(round % 2 === 0 ? [cri.stopPodSandbox({podSandboxId})] : []),
        cri.removeContainer({containerId}),
        cri.removeContainer({containerId}),
        cri.removePodSandbox({podSandboxId}),
        cri.removePodSandbox({podSandboxId}),
      ].map(codeOf),
    )
    for (const code of outcomes) codes.add(code)
  }
  expect([...codes].filter((code) => !['ok', 'unknown', 'notFound'].includes(code))).toEqual([])
  const {items} = await cri.listPodSandbox()
  const {containers} = await cri.listContainers()
  expect({items, containers}).toEqual({items: [], containers: []})
  await eventually(async () => expect(await processesWith(runtime.directory)).toEqual([]))
})

test('the next start removes what a killed demo left behind', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-demo-'))
  const left = spawn('sleep', ['1000'], {detached: true})
  const row = await readProcess(left.pid ?? 0)
  await writeFile(join(directory, 'children'), `${row?.pid} ${row?.startedAt}\n`)
  // This process has not started at that time: the program is another one, which is gone.
  await writeFile(
    join(directory, 'server.json'),
    JSON.stringify({pid: process.pid, startedAt: '1', socketPath: ''}),
  )
  const exit = once(left, 'exit')
  await using _ = await startDemoRuntime()
  expect(await exit).toEqual([null, 'SIGKILL'])
  await expect(stat(directory)).rejects.toThrow('ENOENT')
})

test('the seeded node has running, stopped and crashing containers', async () => {
  await using runtime = await startDemoRuntime({seed: 'node', kubelet: true})
  using client = clientOf(runtime)
  const {containers} = await client.runtime.listContainers()
  const {items} = await client.runtime.listPodSandbox()
  expect(items.filter(({state}) => state === 'SANDBOX_NOTREADY')).toHaveLength(1)
  expect(containers.filter(({state}) => state === 'CONTAINER_RUNNING').length).toBeGreaterThan(8)
  // What crashes is made anew, as a further attempt.
  await eventually(async () => {
    const {containers: attempts} = await client.runtime.listContainers({
      filter: {labelSelector: {'io.kubernetes.container.name': 'payments'}},
    })
    expect(attempts.map(({metadata}) => metadata?.attempt).slice(0, 2)).toEqual([0, 1])
  })
})
