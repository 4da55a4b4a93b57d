import {once} from 'node:events'
import {connect, createServer} from 'node:net'
import {describe, expect, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import type * as cri from '../../src/generated/cri.js'
import {
  type Answer,
  type FakeRuntime,
  id,
  kubeletContainer,
  never,
  restarts,
  startFakeRuntime,
  status,
} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {outcomeOf, startCli} from '../support/run-cli.js'

interface Thing {
  state: string
  exitCode?: number
  madeByHand?: boolean
}

/** A node whose events come when the test sends them; without `events` it has none, as containerd 1.6. */
function node(options: {events: boolean; version?: object}) {
  const containers = new Map<string, Thing & {name: string; attempt?: number}>()
  const pods = new Map<string, Thing & {name: string}>()
  let send = () => {}
  async function* events() {
    for (;;) {
      await new Promise<void>((resolve) => {
        send = resolve
      })
      yield {containerId: id('ee'), containerEventType: 'CONTAINER_STOPPED_EVENT'}
    }
  }
  const answers: Record<string, Answer> = {
    ...(options.version ? {Version: options.version} : {}),
    ...(options.events ? {GetContainerEvents: events} : {}),
    ListContainers: () => ({
      containers: [...containers].map(([containerId, {name, state, attempt = 0}], index) =>
        kubeletContainer('default', 'web', name, {
          id: containerId,
          state: state as cri.ContainerState,
          createdAt: `${index}`,
          metadata: {name, attempt},
        }),
      ),
    }),
    ListPodSandbox: () => ({
      items: [...pods].map(([podId, {name, state}], index) => ({
        id: podId,
        state,
        createdAt: `${index}`,
        metadata: {name, namespace: 'default', uid: 'u'},
      })),
    }),
    ContainerStatus: ({containerId}: cri.ContainerStatusRequest) => {
      const found = containers.get(containerId)
      if (!found) throw status(rpcCode.notFound, 'not found')
      return {
        status: {
          id: containerId,
          annotations: found.madeByHand ? {} : restarts(found.attempt ?? 0),
          ...found,
        },
      }
    },
    PodSandboxStatus: ({podSandboxId}: cri.PodSandboxStatusRequest) => {
      const found = pods.get(podSandboxId)
      if (!found) throw status(rpcCode.notFound, 'not found')
      const annotations = found.madeByHand ? {} : {'kubernetes.io/config.source': 'api'}
      return {status: {id: podSandboxId, annotations, ...found}}
    },
  }
  return {containers, pods, answers, send: () => send()}
}

/** Resolves when the command has looked so often. */
async function looks(runtime: FakeRuntime, method: string, count: number): Promise<void> {
  while (runtime.calls.filter((call) => call.method === method).length < count) await runtime.nextCall(method)
}

describe.each([true, false])('with events: %s', (events) => {
  test('--for=exited prints the exit codes in the order of the arguments', async () => {
    const {containers, answers, send} = node({events})
    containers.set(id('a1'), {name: 'slow', state: 'CONTAINER_RUNNING'})
    containers.set(id('a2'), {name: 'done', state: 'CONTAINER_EXITED', exitCode: 3})
    await using runtime = await startFakeRuntime(answers)
    const outcome = runInProcess(['wait', 'slow', 'web/done'], runtime)
    await looks(runtime, 'ContainerStatus', 3)
    containers.set(id('a1'), {name: 'slow', state: 'CONTAINER_EXITED', exitCode: 137})
    send()
    expect(await outcome).toEqual({stdout: '137\n3\n', stderr: '', exitCode: 0})
  })

  test('--for=running also waits for the next attempt of a name', async () => {
    const {containers, answers, send} = node({events})
    containers.set(id('a1'), {name: 'app', state: 'CONTAINER_EXITED', exitCode: 1})
    await using runtime = await startFakeRuntime(answers)
    const outcome = runInProcess(['wait', 'app', '--for=running'], runtime)
    await looks(runtime, 'ContainerStatus', 2)
    containers.set(id('a2'), {name: 'app', attempt: 1, state: 'CONTAINER_RUNNING'})
    send()
    expect(await outcome).toEqual({
      stdout: `${id('a2')}\n`,
      stderr: 'crisp: container "app" has exited with 1: waiting for its next attempt\n',
      exitCode: 0,
    })
  })

  test('--for=removed waits for a container or a pod', async () => {
    const {containers, pods, answers, send} = node({events})
    containers.set(id('a1'), {name: 'app', state: 'CONTAINER_EXITED'})
    pods.set(id('b1'), {name: 'sandbox', state: 'SANDBOX_NOTREADY'})
    await using runtime = await startFakeRuntime(answers)
    const outcome = runInProcess(['wait', 'app', 'sandbox', 'never-was', '--for=removed'], runtime)
    await Promise.all([looks(runtime, 'ContainerStatus', 1), looks(runtime, 'PodSandboxStatus', 1)])
    containers.clear()
    pods.clear()
    send()
    expect(await outcome).toEqual({stdout: 'app\nsandbox\nnever-was\n', stderr: '', exitCode: 0})
  })

  test('--for=ready waits for a pod that does not exist yet', async () => {
    const {pods, answers, send} = node({events})
    await using runtime = await startFakeRuntime(answers)
    const outcome = runInProcess(['wait', 'default/web', '--for=ready'], runtime)
    await looks(runtime, 'ListPodSandbox', 2)
    pods.set(id('b1'), {name: 'web', state: 'SANDBOX_READY'})
    send()
    expect(await outcome).toEqual({
      stdout: `${id('b1')}\n`,
      stderr: 'crisp: no pod "default/web" yet: waiting for one of this name\n',
      exitCode: 0,
    })
  })
})

test("wait leaves containerd 1.7's events to the kubelet", async () => {
  const {containers, answers} = node({
    events: true,
    version: {
      version: '0.1.0',
      runtimeName: 'containerd',
      runtimeVersion: 'v1.7.20',
      runtimeApiVersion: 'v1',
    },
  })
  containers.set(id('a1'), {name: 'app', state: 'CONTAINER_RUNNING'})
  await using runtime = await startFakeRuntime(answers)
  const outcome = runInProcess(['wait', 'app'], runtime)
  await looks(runtime, 'ContainerStatus', 3)
  containers.set(id('a1'), {name: 'app', state: 'CONTAINER_EXITED', exitCode: 0})
  expect(await outcome).toEqual({stdout: '0\n', stderr: '', exitCode: 0})
  expect(runtime.calls.map(({method}) => method)).not.toContain('GetContainerEvents')
})

describe('results and errors of wait', () => {
  test.each([
    ['exited', 'CONTAINER_RUNNING'],
    ['running', 'CONTAINER_CREATED'],
    ['removed', 'CONTAINER_EXITED'],
  ])('--timeout of --for=%s is 124', async (condition, state) => {
    const {containers, answers} = node({events: false})
    containers.set(id('a1'), {name: 'app', state})
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['wait', 'app', `--for=${condition}`, '--timeout', '20ms'], runtime)).toEqual({
      stdout: '',
      stderr: `crisp: "app" is not ${condition} after 20ms\n`,
      exitCode: 124,
    })
  })

  test.each(['1000h', '1500h', '1000.5ms', '1h0.5ms'])('--timeout %s is waited for', async (timeout) => {
    const {containers, answers} = node({events: true})
    containers.set(id('a1'), {name: 'app', state: 'CONTAINER_RUNNING'})
    await using runtime = await startFakeRuntime(answers)
    const outcome = runInProcess(['--timeout', timeout, 'wait', 'app', '-t', timeout], runtime)
    await runtime.nextCall('ContainerStatus')
    containers.set(id('a1'), {name: 'app', state: 'CONTAINER_EXITED', exitCode: 4})
    expect(await outcome).toEqual({stdout: '4\n', stderr: '', exitCode: 0})
  })

  test('--timeout 0 looks once', async () => {
    const {containers, answers} = node({events: false})
    containers.set(id('a1'), {name: 'app', state: 'CONTAINER_EXITED', exitCode: 4})
    containers.set(id('a2'), {name: 'web', state: 'CONTAINER_RUNNING'})
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['wait', 'app', 'web', '-t', '0'], runtime)).toEqual({
      stdout: '4\n',
      stderr: 'crisp: "web" is not exited after 0ms\n',
      exitCode: 124,
    })
  })

  test('a negative --timeout is refused', async () => {
    expect(await runInProcess(['wait', 'app', '-t', '-5s'])).toEqual({
      stdout: '',
      stderr: 'crisp: --timeout "-5s" should not be negative\n',
      exitCode: 2,
    })
  })

  test('--timeout ends a call that hangs', async () => {
    await using runtime = await startFakeRuntime({...node({events: false}).answers, ListContainers: never})
    const outcome = runInProcess(['wait', 'app', '-t', '200ms'], runtime)
    await (await runtime.nextCall('ListContainers')).cancelled
    expect(await outcome).toMatchObject({stderr: 'crisp: "app" is not exited after 200ms\n', exitCode: 124})
  })

  test('Ctrl-C ends with 130', async () => {
    const {containers, answers} = node({events: true})
    containers.set(id('a1'), {name: 'app', state: 'CONTAINER_RUNNING'})
    await using runtime = await startFakeRuntime(answers)
    const cli = startCli(['wait', 'app'], runtime)
    const outcome = outcomeOf(cli)
    const stream = await runtime.nextCall('GetContainerEvents')
    cli.kill('SIGINT')
    expect(await outcome).toEqual({stdout: '', stderr: '', exitCode: 130})
    await stream.cancelled
  })

  test.each([
    ['exited', 'app', 3, 'no container "app": crisp ps -a lists all'],
    ['exited', id('a9'), 3, `container "${id('a9')}" is gone, and its exit code with it`],
    ['running', id('a9'), 3, `no container "${id('a9')}": crisp ps -a lists all`],
    [
      'running',
      id('a2'),
      1,
      `container "${id('a2')}" has exited with 4: a container runs once, its successor has another ID`,
    ],
    ['ready', id('b9'), 3, `no pod "${id('b9')}": crisp pods lists all`],
    ['ready', id('b2'), 1, `pod "${id('b2')}" has ended: its successor has another ID`],
    [
      'running',
      'ours',
      1,
      'container "ours" has exited with 5: the kubelet did not make it, so nothing starts it again',
    ],
    [
      'ready',
      'our-pod',
      1,
      'pod "our-pod" has ended: the kubelet did not make it, so nothing starts it again',
    ],
  ])('what can never be: --for=%s of %s ends with %d', async (condition, reference, exitCode, message) => {
    const {containers, pods, answers} = node({events: false})
    containers.set(id('a2'), {name: 'old', state: 'CONTAINER_EXITED', exitCode: 4})
    containers.set(id('a3'), {name: 'ours', state: 'CONTAINER_EXITED', exitCode: 5, madeByHand: true})
    pods.set(id('b2'), {name: 'old', state: 'SANDBOX_NOTREADY'})
    pods.set(id('b3'), {name: 'our-pod', state: 'SANDBOX_NOTREADY', madeByHand: true})
    await using runtime = await startFakeRuntime(answers)
    expect(await runInProcess(['wait', reference, `--for=${condition}`], runtime)).toEqual({
      stdout: '',
      stderr: `crisp: ${message}\n`,
      exitCode,
    })
  })
})

describe('for the runtime', () => {
  const ready = (status: boolean) => ({
    status: {conditions: [{type: 'RuntimeReady', status, reason: '', message: 'still loading'}]},
  })

  test('waits until the runtime reports ready', async () => {
    let asked = 0
    await using runtime = await startFakeRuntime({Status: () => ready(++asked > 2)})
    expect(await runInProcess(['wait', '--for=runtime'], runtime)).toEqual({
      stdout: 'fake 1.2.3\n',
      stderr: 'crisp: fake answers but is not ready: still loading\n',
      exitCode: 0,
    })
  })

  test('retries a runtime that starts during the check', async () => {
    await using runtime = await startFakeRuntime({Status: () => ready(true)})
    let connections = 0
    const door = createServer((socket) => {
      if (++connections === 1) return socket.destroy()
      const inside = connect(runtime.path)
      socket.pipe(inside).pipe(socket)
      for (const end of [socket, inside]) end.on('error', () => undefined)
    })
    const path = `${runtime.path}.door`
    await once(door.listen(path), 'listening')
    try {
      expect(await runInProcess(['-r', path, 'wait', '--for=runtime'])).toEqual({
        stdout: 'fake 1.2.3\n',
        stderr: '',
        exitCode: 0,
      })
    } finally {
      door.close()
    }
  })

  test('--timeout 0 looks once', async () => {
    await using runtime = await startFakeRuntime({Status: ready(true)})
    expect(await runInProcess(['wait', '--for=runtime', '-t', '0'], runtime)).toMatchObject({
      stderr: '',
      exitCode: 0,
    })
    expect(await runInProcess(['wait', '--for=runtime', '-t', '0', '-r', 'unix:///nowhere.sock'])).toEqual({
      stdout: '',
      stderr: 'crisp: no runtime is ready after 0ms\n',
      exitCode: 124,
    })
  })

  test('reports a runtime that is absent', async () => {
    const outcome = await runInProcess([
      '-r',
      '/tmp/crisp-absent.sock',
      'wait',
      '--for=runtime',
      '--timeout',
      '20ms',
    ])
    // On a busy machine the time is up before it has looked.
    const stderr = outcome.stderr.replace('crisp: no runtime yet: waiting for it\n', '')
    expect({...outcome, stderr}).toEqual({
      stdout: '',
      stderr: 'crisp: no runtime is ready after 20ms\n',
      exitCode: 124,
    })
  })

  test('fails at once on a path that cannot become a runtime', async () => {
    expect(await runInProcess(['-r', '/dev/null', 'wait', '--for=runtime'])).toMatchObject({exitCode: 4})
  })
})

test.each([
  [['wait'], 'which container? name it, or choose with --all, --label and other filters'],
  [['wait', 'a', '--for=gone'], '--for "gone" should be one of exited, running, ready, removed, runtime'],
  [['wait', 'a', '--for=runtime'], '--for=runtime waits for the runtime: leave the names out'],
  [['wait', '--for=runtime', '--label', 'a=b'], '--for=runtime waits for the runtime: leave --label out'],
  [['wait', '--for=runtime', '-a'], '--for=runtime waits for the runtime: leave --all out'],
  [
    ['wait', '--for=ready', '--image', 'busybox'],
    '--for=ready waits for pods: leave --image out, it chooses containers',
  ],
  [
    ['wait', '--for=ready', '-p', 'web'],
    '--for=ready waits for pods: leave --pod out, it chooses containers',
  ],
  [['wait', 'a', '--timeout', '5'], '--timeout "5" is not a duration: write 5s'],
])('%j is a mistake', async (argv, message) => {
  expect(await runInProcess(argv)).toEqual({stdout: '', stderr: `crisp: ${message}\n`, exitCode: 2})
})
