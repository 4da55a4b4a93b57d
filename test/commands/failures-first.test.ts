import {expect, test} from 'vitest'
import {
  type Answer,
  id,
  kubeletContainer,
  never,
  secondsAgo,
  startFakeRuntime,
  status,
} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {textOnTerminal} from '../support/terminal-text.js'

const podOf = (beginning: string, name: string, seconds: number, state = 'SANDBOX_READY') => ({
  id: id(beginning),
  metadata: {name, namespace: 'shop', uid: `uid-${name}`, attempt: 0},
  state,
  createdAt: secondsAgo(seconds),
})

interface Ended {
  exitCode?: number
  reason?: string
  endedSeconds?: number
}

const runs = kubeletContainer('shop', 'web', 'web', {
  id: id('a1'),
  podSandboxId: id('b1'),
  createdAt: secondsAgo(40),
  metadata: {name: 'web', attempt: 1},
})
const exited = (beginning: string, pod: string, name: string, podId: string, attempt = 0) =>
  kubeletContainer('shop', pod, name, {
    id: id(beginning),
    podSandboxId: id(podId),
    createdAt: secondsAgo(100 - attempt),
    metadata: {name, attempt},
    state: 'CONTAINER_EXITED',
  })
const containers = [
  runs,
  exited('a0', 'web', 'web', 'b1'),
  exited('c5', 'pay', 'pay', 'b2', 5),
  exited('d1', 'job', 'job', 'b3'),
  exited('d2', 'job', 'side', 'b3'),
]
const pods = [
  podOf('b1', 'web', 500),
  podOf('b2', 'pay', 480),
  podOf('b3', 'job', 7200, 'SANDBOX_NOTREADY'),
  podOf('b4', 'empty', 60),
]
const endings: Readonly<Record<string, Ended>> = {
  [id('a0')]: {exitCode: 137, reason: 'OOMKilled', endedSeconds: 41},
  [id('c5')]: {exitCode: 1, reason: 'Error', endedSeconds: 5},
  [id('d1')]: {exitCode: 0, reason: 'Completed', endedSeconds: 6000},
  [id('d2')]: {exitCode: 0, reason: 'Completed', endedSeconds: 6000},
}

const statusOf = ({containerId}: {containerId: string}) => {
  const container = containers.find((each) => each.id === containerId)
  const {exitCode = 0, reason = '', endedSeconds} = endings[containerId] ?? {}
  return {
    status: {
      ...container,
      exitCode,
      reason,
      startedAt: secondsAgo((endedSeconds ?? 38) + 2),
      finishedAt: endedSeconds === undefined ? '0' : secondsAgo(endedSeconds),
    },
  }
}

type Filtered = {filter?: {state?: {state?: string} | null} | null}

const node = (containerStatus: Answer = statusOf as Answer) => ({
  ListContainers: (({filter}: Filtered) => {
    const state = filter?.state?.state
    return {containers: containers.filter((each) => state === undefined || each.state === state)}
  }) as Answer,
  ListPodSandbox: {items: pods},
  ContainerStatus: containerStatus,
})

const onTerminal = async (argv: readonly string[], endpoint: string, columns = 200) =>
  (await textOnTerminal(argv, {columns, rows: 50, endpoint, env: {NO_COLOR: '1'}})).replaceAll(/ +$/gm, '')

/** The cells under STATE, by the name beside them. */
function statesIn(text: string): Record<string, string> {
  const rows = text.split('\n').map((line) => line.split(/ {2,}/))
  const [titles = [], ...cells] = rows
  const [state, name, attempt] = ['STATE', 'NAME', 'ATTEMPT'].map((title) => titles.indexOf(title))
  return Object.fromEntries(
    cells
      .filter((row) => row.length === titles.length)
      .map((row) => [`${row[name ?? 0]} ${row[attempt ?? 0]}`, row[state ?? 0] ?? '']),
  )
}

test('on a terminal STATE says how containers ended, and which crash again and again', async () => {
  await using runtime = await startFakeRuntime(node())
  expect(statesIn(await onTerminal(['ps', '-a'], runtime.endpoint))).toEqual({
    'web 1': 'Running',
    'web 0': 'Exited (137, OOMKilled)',
    'pay 5': 'CrashLoop 6×',
    'job 0': 'Exited (0)',
    'side 0': 'Exited (0)',
  })
  const asked = runtime.calls.filter(({method}) => method === 'ContainerStatus')
  expect(asked.map(({request}) => request.containerId).sort()).toEqual(['a0', 'c5', 'd1', 'd2'].map(id))
})

test('only those are asked that are shown', async () => {
  await using runtime = await startFakeRuntime(node())
  await onTerminal(['ps', '-a', '--last', '2'], runtime.endpoint)
  const asked = runtime.calls.filter(({method}) => method === 'ContainerStatus')
  expect(asked.map(({request}) => request.containerId)).toEqual([id('c5')])
})

test('at 80 columns the image and the age give way to the attempt and the ending', async () => {
  await using runtime = await startFakeRuntime(node())
  expect(await onTerminal(['ps', '-a'], runtime.endpoint, 80)).toBe(
    `CONTAINER      STATE                    NAME  ATTEMPT  POD  NAMESPACE
a100000000000  Running                  web   1        web  shop
c500000000000  CrashLoop 6×             pay   5        pay  shop
a000000000000  Exited (137, OOMKilled)  web   0        web  shop
d100000000000  Exited (0)               job   0        job  shop
d200000000000  Exited (0)               side  0        job  shop
(no room for IMAGE, CREATED, POD ID: --no-trunc shows them)
`,
  )
})

test('pods say what is the matter with their containers', async () => {
  await using runtime = await startFakeRuntime(node())
  expect(statesIn(await onTerminal(['pods'], runtime.endpoint))).toEqual({
    'web 0': 'Ready',
    'pay 0': 'Ready, CrashLoop 6×',
    'job 0': 'NotReady, Exited (0)',
    'empty 0': 'Ready',
  })
})

test('ps says in one line what it does not show, on a terminal alone', async () => {
  await using runtime = await startFakeRuntime(node())
  const last = async (...argv: string[]) => (await onTerminal(argv, runtime.endpoint)).split('\n').at(-2)
  expect(await last('ps')).toBe('crisp: 2 exited with errors: crisp ps -a --failed')
  expect(await last('ps', '--name', 'web')).toBe(
    'crisp: 1 exited with errors: crisp ps -a --failed and the same filters',
  )
  expect(await last('ps', '--name', 'job')).toMatch(/^CONTAINER /)
  expect(await last('ps', '-q')).toBe(id('a1'))
  expect((await runInProcess(['ps'], runtime)).stderr).toBe('')
})

test('in a pipe, and in crictl’s mode, tables are as they were, and nobody is asked how anything ended', async () => {
  await using runtime = await startFakeRuntime(node())
  expect(statesIn((await runInProcess(['ps', '-a'], runtime)).stdout)['pay 5']).toBe('Exited')
  expect(statesIn((await runInProcess(['pods'], runtime)).stdout)['pay 0']).toBe('Ready')
  const {endpoint} = runtime
  const env = {CRISP_COMPAT: 'crictl', NO_COLOR: '1'}
  const asCrictl = await textOnTerminal(['ps', '-a', '-o', 'table'], {columns: 200, endpoint, env})
  expect(statesIn(asCrictl.replaceAll(/ +$/gm, ''))['pay 5']).toBe('Exited')
  expect(runtime.calls.filter(({method}) => method === 'ContainerStatus')).toEqual([])
})

test('a runtime that does not tell how containers ended costs two seconds, and nothing else', async () => {
  await using runtime = await startFakeRuntime(
    node((request: {containerId: string}) =>
      request.containerId === id('c5') ? never() : statusOf(request),
    ),
  )
  expect(statesIn(await onTerminal(['ps', '-a'], runtime.endpoint))).toMatchObject({
    'pay 5': 'Exited',
    'web 0': 'Exited (137, OOMKilled)',
  })
})

test('--failed: containers that ended with an error, pods with one whose last attempt did', async () => {
  await using runtime = await startFakeRuntime(node())
  const ids = async (...argv: string[]) => (await runInProcess(argv, runtime)).stdout.trim().split('\n')
  expect(await ids('ps', '--failed', '-q')).toEqual([id('c5'), id('a0')])
  expect(await ids('ps', '-a', '--failed', '-q', '--last', '1')).toEqual([id('c5')])
  expect(await ids('pods', '--failed', '-q')).toEqual([id('b2')])
  expect(await ids('rm', '--failed', '--dry-run')).toEqual([
    expect.stringMatching(/shop\/pay\/pay {2}/),
    // There is another attempt of this one.
    expect.stringContaining('shop/web/web (attempt 0)  '),
  ])
  expect(await ids('rmp', '--failed', '--dry-run')).toEqual([expect.stringContaining('shop/pay')])
  expect(await runInProcess(['ps', '--failed', '--state', 'running'], runtime)).toEqual({
    stdout: '',
    stderr: 'crisp: --failed chooses exited containers: leave --state out\n',
    exitCode: 2,
  })
})

test.each(['start', 'stop', 'exec'])(
  '%s can do nothing with what has ended, and has no --failed',
  async (verb) => {
    const {stdout, stderr, exitCode} = await runInProcess([verb, '--failed'])
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 2})
    expect(stderr).toContain('--failed')
  },
)

test('--failed leaves out what the runtime does not tell of, and says so', async () => {
  await using runtime = await startFakeRuntime(
    node((request: {containerId: string}) => {
      if (request.containerId === id('c5')) throw status(13, 'its shim is gone')
      return statusOf(request)
    }),
  )
  const {stdout, stderr} = await runInProcess(['ps', '--failed', '-q'], runtime)
  expect(stdout).toBe(`${id('a0')}\n`)
  expect(stderr).toMatch(
    /^crisp: left out, for the runtime does not tell how it ended: .*its shim is gone.*\n$/,
  )
})

test('columns of the user’s own show exit codes and reasons, and only then they are asked for', async () => {
  await using runtime = await startFakeRuntime(node())
  const columns = async (text: string) =>
    (await runInProcess(['ps', '-a', '--no-trunc', '-o', `custom-columns=${text}`], runtime)).stdout
  expect(await columns('NAME:.metadata.name')).toContain('pay')
  expect(runtime.calls.filter(({method}) => method === 'ContainerStatus')).toEqual([])
  expect(await columns('NAME:.metadata.name,EXIT:.exitCode,REASON:.reason')).toBe(
    `NAME   EXIT     REASON
web    <none>   <none>
pay    1        Error
web    137      OOMKilled
job    0        Completed
side   0        Completed
`,
  )
})

test('-o tree: pods, and below each its containers', async () => {
  await using runtime = await startFakeRuntime(node())
  const {stdout} = await runInProcess(['pods', '-o', 'tree', '--name', '^(web|pay|empty)$'], runtime)
  expect(stdout.replaceAll(/ {2}([^ ]+ (seconds|minutes|hours)|about a minute) ago/g, '')).toBe(
    `shop/empty  Ready
shop/pay  Ready
└─ pay  Exited  attempt 5  docker.io/library/busybox:1.36
shop/web  Ready
├─ web  Exited  docker.io/library/busybox:1.36
└─ web  Running  attempt 1  docker.io/library/busybox:1.36
`,
  )
  const shown = await onTerminal(['ps', '-a', '-o', 'tree', '--pod', 'pay'], runtime.endpoint, 40)
  expect(shown).toMatch(/^shop\/pay {2}Ready, CrashLoop 6× {2}.*\n└─ pay {2}CrashLoop 6× {2}attempt 5 .*…\n$/)
})
