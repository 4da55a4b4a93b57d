import {expect, onTestFinished, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import type * as cri from '../../src/generated/cri.js'
import type {ContainerEventResponse, Input} from '../../src/generated/cri.js'
import {container, id, kubeletContainer, never, startFakeRuntime, status} from '../support/fake-runtime.js'
import {outcomeOf, runCli, startCli} from '../support/run-cli.js'

const pod = {
  id: id('51'),
  metadata: {name: 'web-1', namespace: 'default', uid: 'u', attempt: 0},
  labels: {app: 'web'},
}

function event(
  type: ContainerEventResponse['containerEventType'],
  containerId: string,
  statuses: object[] = [],
): Input<ContainerEventResponse> {
  return {
    containerId,
    containerEventType: type,
    createdAt: '1700000000000000000',
    podSandboxStatus: pod,
    containersStatuses: statuses,
  }
}

const exited = {
  id: id('a1'),
  metadata: {name: 'app'},
  state: 'CONTAINER_EXITED',
  exitCode: 137,
  reason: 'OOMKilled',
}
const lifecycle = [
  event('CONTAINER_STARTED_EVENT', id('51')),
  event('CONTAINER_CREATED_EVENT', id('a1'), [{...exited, state: 'CONTAINER_CREATED'}]),
  event('CONTAINER_STOPPED_EVENT', id('a1'), [exited]),
  {...event('CONTAINER_DELETED_EVENT', id('a1')), podSandboxStatus: null},
  {...event('CONTAINER_DELETED_EVENT', id('51')), podSandboxStatus: null},
]
const empty = {ListContainers: {containers: []}, ListPodSandbox: {items: []}}

/** The first so many lines, and how Ctrl-C ended it. */
async function firstLines(argv: string[], count: number, endpoint: string) {
  const {stdout, stderr, exitCode} = await runCli(argv, {
    enough: (text) => text.split('\n').length > count,
    endpoint,
  })
  return {lines: stdout.split('\n').slice(0, count), stderr, exitCode}
}

test('events asks the runtime about an event that tells only an ID, as CRI-O without the kubelet’s labels', async () => {
  const bare = {podSandboxStatus: null, containersStatuses: []}
  await using runtime = await startFakeRuntime({
    ListContainers: ({filter}: cri.ListContainersRequest) => ({
      // Nothing at the start.
      containers:
        filter?.id === id('a1')
          ? [container({id: id('a1'), podSandboxId: pod.id, metadata: {name: 'app'}})]
          : [],
    }),
    ListPodSandbox: ({filter}: cri.ListPodSandboxRequest) => ({items: filter?.id === pod.id ? [pod] : []}),
    GetContainerEvents: () =>
      sent([
        {...event('CONTAINER_STARTED_EVENT', pod.id), ...bare},
        {...event('CONTAINER_STARTED_EVENT', id('a1')), ...bare},
        {...event('CONTAINER_STARTED_EVENT', id('ff')), ...bare},
        {...event('CONTAINER_DELETED_EVENT', id('a1')), ...bare},
      ]),
  })
  expect(await firstLines(['events', '--pod', 'web-1', '-o', 'wide'], 4, runtime.endpoint)).toMatchObject({
    lines: [
      '2023-11-14',
      '22:13:20  default/web-1  pod started  5100000000000',
      '22:13:20  default/web-1/app  started  a100000000000',
      '22:13:20  default/web-1/app  removed  a100000000000',
    ],
  })
})

async function* sent(events: object[]) {
  yield* events
  await never()
}

test('events says in words what happened to which container and how it ended', async () => {
  await using runtime = await startFakeRuntime({...empty, GetContainerEvents: () => sent(lifecycle)})
  expect(await firstLines(['events', '-o', 'table'], 6, runtime.endpoint)).toEqual({
    lines: [
      '2023-11-14',
      '22:13:20  default/web-1  pod started',
      '22:13:20  default/web-1/app  created',
      '22:13:20  default/web-1/app  killed, out of memory (137)',
      '22:13:20  default/web-1/app  removed',
      '22:13:20  default/web-1      pod removed',
    ],
    stderr: '',
    exitCode: 130,
  })
})

test("events in a pipe prints crictl's JSON, one object after another", async () => {
  await using runtime = await startFakeRuntime({GetContainerEvents: () => sent(lifecycle.slice(0, 1))})
  const {lines} = await firstLines(['events'], 4, runtime.endpoint)
  expect(lines).toEqual([
    '{',
    `  "containerId": "${id('51')}",`,
    '  "containerEventType": "CONTAINER_STARTED_EVENT",',
    '  "createdAt": "1700000000000000000",',
  ])
})

test.each([
  [['--type', 'stopped'], 'CONTAINER_STOPPED_EVENT'],
  [['--type', 'deleted,stopped', '--namespace', 'def'], 'CONTAINER_STOPPED_EVENT'],
  [['--label', 'app=web', '--type', 'CONTAINER_CREATED_EVENT'], 'CONTAINER_CREATED_EVENT'],
  [['--pod', '^web', '--type=started'], 'CONTAINER_STARTED_EVENT'],
])('filters %j', async (argv, type) => {
  await using runtime = await startFakeRuntime({...empty, GetContainerEvents: () => sent(lifecycle)})
  const {lines} = await firstLines(['events', '-o', 'jsonl', ...argv], 1, runtime.endpoint)
  expect(JSON.parse(lines[0] ?? '').containerEventType).toBe(type)
})

test('without events from the runtime, crisp compares lists and says so once', async () => {
  let looks = 0
  await using runtime = await startFakeRuntime({
    GetContainerEvents: () => {
      throw status(rpcCode.unimplemented, 'unknown method')
    },
    ListPodSandbox: {items: [pod]},
    ListContainers: () => {
      looks++
      const state = looks === 2 ? ('CONTAINER_RUNNING' as const) : ('CONTAINER_EXITED' as const)
      return {
        containers:
          looks === 1 || looks > 3
            ? []
            : [container({id: id('a1'), podSandboxId: id('51'), metadata: {name: 'app'}, state})],
      }
    },
    ContainerStatus: {status: {...exited, finishedAt: '1700000009000000000'}},
  })
  const {lines, stderr} = await firstLines(
    ['events', '-o', 'jsonl', '--poll-interval', '50ms'],
    4,
    runtime.endpoint,
  )
  const seen = lines.map((line) => JSON.parse(line) as ContainerEventResponse)
  expect(
    seen.map((item) => [item.containerEventType, item.containerId, item.containersStatuses[0]?.exitCode]),
  ).toEqual([
    ['CONTAINER_CREATED_EVENT', id('a1'), 0],
    ['CONTAINER_STARTED_EVENT', id('a1'), 0],
    ['CONTAINER_STOPPED_EVENT', id('a1'), 137],
    ['CONTAINER_DELETED_EVENT', id('a1'), 0],
  ])
  expect(stderr).toBe(
    'crisp: the runtime sends no events: lists are compared, what comes and goes between two of them is missed\n',
  )
})

/** The words of polled events, without their times; the lists are those of one look after another. */
async function polledWords(looks: {pods: object[]; containers: object[]}[], answers: object, count: number) {
  let look = -1
  await using runtime = await startFakeRuntime({
    ListContainers: () => {
      look = Math.min(look + 1, looks.length - 1)
      return {containers: looks[look]?.containers ?? []}
    },
    ListPodSandbox: () => ({items: looks[Math.max(0, look)]?.pods ?? []}),
    ...answers,
  })
  // The first lists are for names.
  const argv = ['events', '--poll', '--poll-interval', '20ms', '-o', 'wide']
  const {lines} = await firstLines(argv, count + 1, runtime.endpoint)
  return evenly(lines).map((line) => line.slice('22:13:20  '.length))
}

/** Without the days, and as far apart everywhere. */
function evenly(lines: readonly string[]): string[] {
  return lines.filter((line) => line.includes('  ')).map((line) => line.replace(/ {3,}/g, '  '))
}

const ready = {...pod, state: 'SANDBOX_READY' as const}
const runs = kubeletContainer('default', 'web-1', 'app', {id: id('a1'), podSandboxId: id('51')})

test('polling tells no exit code of an exit without a status', async () => {
  const before = {pods: [ready], containers: [runs]}
  const now = {pods: [ready], containers: [{...runs, state: 'CONTAINER_EXITED'}]}
  expect(await polledWords([before, before, now], {}, 1)).toEqual([
    'default/web-1/app  stopped  a100000000000',
  ])
})

test('polling asks again for an exit code that it missed while the runtime was down', async () => {
  const before = {pods: [ready], containers: [runs]}
  const now = {pods: [ready], containers: [{...runs, state: 'CONTAINER_EXITED'}]}
  let asked = 0
  const ContainerStatus = () => {
    if (++asked === 1) throw status(rpcCode.unavailable, 'going down')
    return {status: exited}
  }
  expect(await polledWords([before, before, now], {ContainerStatus}, 1)).toEqual([
    'default/web-1/app  killed, out of memory (137)  a100000000000',
  ])
})

test('polling tells stopped, then removed, of a running container or pod that disappears', async () => {
  const before = {pods: [ready], containers: [runs]}
  const now = {pods: [], containers: []}
  expect(await polledWords([before, before, now], {}, 4)).toEqual([
    'default/web-1/app  stopped  a100000000000',
    'default/web-1  pod stopped  5100000000000',
    'default/web-1/app  removed  a100000000000',
    'default/web-1  pod removed  5100000000000',
  ])
})

test('polling tells no stop of a container or pod that was not running when it was removed', async () => {
  const stopped = {...pod, id: id('52'), state: 'SANDBOX_NOTREADY'}
  const created = {...runs, id: id('a2'), state: 'CONTAINER_CREATED'}
  const exited = {...runs, id: id('a3'), state: 'CONTAINER_EXITED'}
  const before = {pods: [ready, stopped], containers: [created, exited]}
  const now = {pods: [ready], containers: []}
  expect(await polledWords([before, before, now], {}, 3)).toEqual([
    'default/web-1/app  removed  a200000000000',
    'default/web-1/app  removed  a300000000000',
    'default/web-1  pod removed  5200000000000',
  ])
})

test('events compares lists and does not reconnect where CRI-O with events off ends the stream at once', async () => {
  let looks = 0
  await using runtime = await startFakeRuntime({
    GetContainerEvents: async function* () {},
    ListPodSandbox: () => ({items: looks++ === 0 ? [] : [{...pod, state: 'SANDBOX_READY'}]}),
    ListContainers: {containers: []},
  })
  await firstLines(['events', '-o', 'jsonl', '--poll-interval', '50ms'], 1, runtime.endpoint)
  expect(runtime.calls.filter(({method}) => method === 'GetContainerEvents')).toHaveLength(1)
})

test('events reopens a stream that ends after each event, ever more slowly, and says so once', async () => {
  const opened: number[] = []
  await using runtime = await startFakeRuntime({
    GetContainerEvents: async function* () {
      opened.push(Date.now())
      yield event('CONTAINER_STARTED_EVENT', id(`a${opened.length}`))
    },
  })
  const {stderr} = await firstLines(['events', '-o', 'jsonl'], 3, runtime.endpoint)
  const pauses = opened.slice(1).map((time, index) => time - (opened[index] ?? 0))
  expect(pauses[0]).toBeGreaterThan(400)
  expect(pauses[1]).toBeGreaterThan(900)
  expect(stderr.split('\n').filter((line) => line.includes('ended its stream'))).toEqual([
    'crisp: the runtime ended its stream of events: listening again',
  ])
})

test('events listens again after a restart, and tells from the lists what happened meanwhile', async () => {
  const before = kubeletContainer('default', 'web-1', 'app', {id: id('a1'), podSandboxId: id('51')})
  const later = kubeletContainer('default', 'web-1', 'app', {
    id: id('a2'),
    podSandboxId: id('51'),
    createdAt: '1700000005000000000',
  })
  let containers = [before]
  let opened = 0
  await using runtime = await startFakeRuntime({
    ListPodSandbox: {items: [ready]},
    ListContainers: () => ({containers}),
    ContainerStatus: ({containerId}: {containerId: string}) => ({
      status: {
        ...exited,
        id: containerId,
        reason: 'Error',
        startedAt: '1700000006000000000',
        finishedAt: '1700000007000000000',
      },
    }),
    // The second stream repeats one of the changes that the lists have told already.
    GetContainerEvents: () =>
      ++opened === 1
        ? sent([event('CONTAINER_CREATED_EVENT', id('a3'))])
        : sent([event('CONTAINER_STOPPED_EVENT', id('a1'), []), event('CONTAINER_DELETED_EVENT', id('a2'))]),
  })
  const cli = startCli(['events', '-o', 'wide'], runtime)
  onTestFinished(() => void cli.kill('SIGKILL'))
  const outcome = outcomeOf(cli)
  cli.stdout.once('data', () => {
    containers = [{...before, state: 'CONTAINER_EXITED'}, later]
    void runtime.stop()
  })
  cli.stderr.once('data', () => void runtime.start())
  cli.stdout.on('data', (chunk: Buffer) => {
    if (String(chunk).includes('removed  a2')) cli.kill('SIGINT')
  })
  const {stdout, stderr, exitCode} = await outcome
  expect(evenly(stdout.trimEnd().split('\n'))).toEqual([
    '22:13:20  a300000000000  created  a300000000000',
    '22:13:27  default/web-1/app  exited with 137 (SIGKILL)  a100000000000',
    '22:13:25  default/web-1/app  created  a200000000000',
    '22:13:26  default/web-1/app  started  a200000000000',
    expect.stringMatching(/ {2}a300000000000 {2}removed {2}a300000000000$/),
    '22:13:20  default/web-1/app  removed  a200000000000',
  ])
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(/^crisp: (connection to the runtime lost|the runtime ended its stream)/),
    expect.stringMatching(
      /^crisp: listening again after \d+\.\d s: the lists show 4 changes meanwhile, what was created and removed in between is missing$/,
    ),
    '',
  ])
  expect(exitCode).toBe(130)
})

test('polling goes on when the runtime is restarted, and says so once', async () => {
  let items: object[] = []
  await using runtime = await startFakeRuntime({
    ListPodSandbox: () => ({items}),
    ListContainers: {containers: []},
  })
  const cli = startCli(['events', '--poll', '--poll-interval', '20ms', '-o', 'jsonl'], runtime)
  const outcome = outcomeOf(cli)
  const seen = new Promise((resolve) => cli.stdout.once('data', resolve))
  await runtime.nextCall('ListPodSandbox')
  await runtime.nextCall('ListPodSandbox')
  const lost = new Promise((resolve) => cli.stderr.once('data', resolve))
  await runtime.stop()
  await lost
  items = [{...pod, state: 'SANDBOX_READY'}]
  await runtime.start()
  await seen
  cli.kill('SIGINT')
  const {stdout, stderr} = await outcome
  expect(stdout).toContain('CONTAINER_STARTED_EVENT')
  expect(stderr).toBe(
    'crisp: the runtime does not answer: asking again until it does\ncrisp: the runtime answers again\n',
  )
})

test('a deletion event without a pod still passes the filters', async () => {
  await using runtime = await startFakeRuntime({
    ListPodSandbox: {items: [pod]},
    ListContainers: {
      containers: [kubeletContainer('default', 'web-1', 'app', {id: id('a1'), podSandboxId: id('51')})],
    },
    GetContainerEvents: () =>
      sent([
        {...event('CONTAINER_DELETED_EVENT', id('b1')), podSandboxStatus: null},
        {...event('CONTAINER_DELETED_EVENT', id('a1')), podSandboxStatus: null},
      ]),
  })
  const {lines} = await firstLines(
    ['events', '-o', 'name', '--namespace', 'default', '--label', 'app=web'],
    1,
    runtime.endpoint,
  )
  expect(lines).toEqual(['default/web-1/app'])
})

test('events needs --force on containerd 1.7, which shares one queue with the kubelet', async () => {
  await using runtime = await startFakeRuntime({
    Version: {version: '0.1.0', runtimeName: 'containerd', runtimeVersion: '1.7.24', runtimeApiVersion: 'v1'},
    GetContainerEvents: () => sent(lifecycle),
  })
  expect(await runCli(['events'], runtime)).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^crisp: containerd 1.7.24 has one queue .* --poll .* --force .*\n$/),
    exitCode: 1,
  })
  const forced = await firstLines(['events', '--force', '-o', 'jsonl'], 1, runtime.endpoint)
  expect(forced.lines[0]).toContain('CONTAINER_STARTED_EVENT')
  expect(forced.stderr).toMatch(/^crisp: containerd 1.7.24 has one queue [^;]* lost to the kubelet\n$/)
})

test.each([
  [['events', '--template', '{{.x'], 'template 1:1: this {{ has no }}'],
  [['events', '--type', 'exploded'], '--type "exploded" should be one of created, started, stopped, deleted'],
  [['events', '--poll-interval', '0'], '--poll-interval "0" should be 10ms or more'],
  [['events', '-o', 'xml'], '-o "xml" is not an output format'],
])('%j is refused before anything is sent', async (argv, text) => {
  const {stderr, exitCode} = await runCli(argv)
  expect({stderr, exitCode}).toEqual({stderr: expect.stringContaining(text), exitCode: 2})
})
