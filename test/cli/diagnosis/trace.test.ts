import {link, mkdtemp, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {startDemoRuntime} from '../../../src/demo/index.js'
import {shellImage} from '../../support/demo-node.js'
import {id, startFakeRuntime, status} from '../../support/fake-runtime.js'
import {runInProcess} from '../../support/in-process.js'
import {onTerminal} from '../../support/on-terminal.js'
import {runCli} from '../../support/run-cli.js'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-trace-'))
})
afterAll(() => rm(directory, {recursive: true}))

const container = {
  id: id('a'),
  podSandboxId: id('b'),
  metadata: {name: 'web', attempt: 0},
  state: 'CONTAINER_RUNNING',
  createdAt: '1',
  labels: {tier: 'front'},
  imageId: 'sha256:1',
}

/** Lines without the time of day and how long it took. */
function linesOf(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} {2}/, '').replace(/ +[\d.]+ ms/, ' MS'))
}

test('a line for each call, with what was asked, how it ended and what came', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: [container]},
    ListPodSandbox: {items: []},
    StopContainer: () => {
      throw status(2, 'no way')
    },
  })
  const {stdout, stderr, exitCode} = await runInProcess(['stop', '--trace', 'web'], runtime)
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
  expect(linesOf(stderr).sort()).toEqual([
    'crisp: stopping container "web": StopContainer: no way',
    'runtime ListContainers MS  OK  -> 1 containers',
    'runtime ListContainers MS  OK  -> 1 containers',
    'runtime ListPodSandbox MS  OK  -> 0 items',
    'runtime ListPodSandbox MS  OK  -> 0 items',
    'runtime StopContainer MS  a000000000000  Unknown: no way',
    'runtime Version MS  OK  -> fake 1.2.3',
  ])
})

test('run shows the dance of the calls', async () => {
  await using runtime = await startDemoRuntime({seed: 'empty'})
  const {stderr} = await runCli(['run', '-d', '--trace', shellImage, '--', 'sleep', '100'], runtime)
  expect(
    linesOf(stderr)
      .map((line) => line.split(/ +/)[1])
      .filter((method) => /^(RunPod|Create|Start|Image)/.test(method ?? '')),
  ).toEqual(['ImageStatus', 'RunPodSandbox', 'CreateContainer', 'StartContainer'])
})

test('it takes no word that is not glued to it, before the verb and behind it', async () => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
  for (const argv of [
    ['ps', '--trace', 'full'],
    ['--trace', 'ps', 'full'],
    ['ps', '-trace', 'full'],
  ])
    expect(await runInProcess(argv, runtime)).toMatchObject({
      exitCode: 2,
      stderr: 'crisp: unexpected argument: full (crisp ps --help)\n',
    })
  expect(await runInProcess(['ps', '--trace=long'], runtime)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--trace "long"'),
  })
})

test('with =full the whole request and answer follow, also of a list of which little is read', async () => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: [container]}})
  const {stderr} = await runInProcess(['ps', '-q', '-a', '--trace=full'], runtime)
  expect(stderr.split('\n').slice(1).join('\n')).toBe(`    request:
      filter: {}
    answer:
      containers:
      - id: ${id('a')}
        pod_sandbox_id: ${id('b')}
        metadata:
          name: web
        state: CONTAINER_RUNNING
        created_at: '1'
        labels:
          tier: front
        image_id: sha256:1
`)
})

test('with =json each line is an object, and a stream has one for each message', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: []},
    ListPodSandbox: {items: []},
    GetContainerEvents: async function* () {
      yield {containerId: id('a'), containerEventType: 'CONTAINER_STARTED_EVENT', createdAt: '1'}
      await new Promise(() => undefined)
    },
  })
  const {stderr} = await runCli(['events', '-o', 'jsonl', '--trace=json'], {
    ...runtime,
    enough: (stdout) => stdout.includes('STARTED'),
  })
  const events = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({method}) => method === 'GetContainerEvents')
  const call = {
    call: expect.any(Number),
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    service: 'RuntimeService',
    method: 'GetContainerEvents',
  }
  expect(events).toEqual([
    {...call, event: 'begin', request: {}},
    {
      ...call,
      event: 'message',
      response: {
        containerId: id('a'),
        containerEventType: 'CONTAINER_STARTED_EVENT',
        createdAt: '1',
      },
    },
    {
      ...call,
      event: 'call',
      request: {},
      messages: 1,
      durationMs: expect.any(Number),
      status: 'interrupted',
    },
  ])
})

test('a streaming connection has its lines, without the token', async () => {
  await using runtime = await startDemoRuntime({seed: 'node'})
  const {stdout, stderr} = await runCli(
    ['exec', '--trace', 'toolbox/shell', 'sh', '-c', 'echo hi; exit 3'],
    runtime,
  )
  expect(stdout).toBe('hi\n')
  expect(linesOf(stderr).slice(-2)).toEqual([
    expect.stringMatching(
      /^stream {2}connection +begins {2}spdy http:\/\/127\.0\.0\.1:\d+\/exec\/\(secret\)$/,
    ),
    expect.stringMatching(/^stream {2}connection MS {2}OK {2}spdy .*\/\(secret\) {2}-> exit code 3$/),
  ])
})

test('--trace=full shows the beginning of a long list, and how much more there is', async () => {
  const containers = Array.from({length: 10_000}, (_, index) => ({...container, id: id(`a${index}`)}))
  await using runtime = await startFakeRuntime({ListContainers: {containers}})
  const {stderr} = await runInProcess(['ps', '-aq', '--trace=full'], runtime)
  expect(stderr.match(/^ +(?:- )?id: /gm)).toHaveLength(20)
  expect(stderr).toContain('    # and 9980 more containers, which --trace=json has too\n')
  expect(stderr.split('\n').length).toBeLessThan(500)
  const json = await runInProcess(['ps', '-aq', '--trace=json'], runtime)
  expect(JSON.parse(json.stderr.split('\n')[0] ?? '').response.containers).toHaveLength(10_000)
})

test('failures are red, and only they', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: [container]},
    ListPodSandbox: {items: []},
    StopContainer: () => {
      throw status(2, 'no way')
    },
  })
  const {stderr} = await runInProcess(['stop', '--trace', '--color', 'always', 'web'], runtime)
  const red = [...stderr.matchAll(/\u001b\[38;5;196m(.*?)\u001b/g)].map(([, text]) => text)
  expect(red).toEqual(['Unknown: no way', 'crisp: stopping container "web": StopContainer: no way'])
})

describe('-D', () => {
  test('is as it was in a pipe', async () => {
    await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
    const {stderr} = await runInProcess(['ps', '-q', '-D'], runtime)
    expect(stderr.replace(/\d+ ms/, 'MS')).toBe(
      'crisp: -> ListContainers {"filter":{"labelSelector":{},"state":{"state":"CONTAINER_RUNNING"}}}\n' +
        'crisp: <- ListContainers MS {"containers":[]}\n',
    )
  })

  test('has the short line too on a terminal', async () => {
    await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
    const session = await onTerminal(['ps', '-q', '-D'], runtime.endpoint)
    const shown = (await session.outcome()).output
    expect(shown).toContain('-> ListContainers {')
    expect(shown).toMatch(/runtime ListContainers .* ms.* {2}OK/)
  })
})

describe('--trace-file', () => {
  const path = (name: string) => join(directory, name)

  test('goes to a file that only its owner reads, and nothing of it to stderr', async () => {
    await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
    await writeFile(path('old'), 'old words', {mode: 0o644})
    for (const name of ['new', 'old']) {
      const {stderr} = await runInProcess(['ps', '-q', '--trace-file', path(name)], runtime)
      expect(stderr).toBe('')
      expect((await stat(path(name))).mode & 0o777).toBe(0o600)
      expect(linesOf(await readFile(path(name), 'utf8'))).toEqual([
        'runtime ListContainers MS  OK  state=CONTAINER_RUNNING  -> 0 containers',
      ])
    }
  })

  test.each<[string, string, (path: string) => Promise<void>]>([
    ['link', 'it is a link, which is not followed', (at) => symlink(path('target'), at)],
    ['second', 'it has another name', (at) => link(path('target'), at)],
    ['missing/file', 'ENOENT', async () => undefined],
  ])('%s is refused', async (name, reason, make) => {
    await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
    await writeFile(path('target'), 'untouched')
    await make(path(name))
    const {stderr, exitCode} = await runInProcess(['ps', '-q', '--trace-file', path(name)], runtime)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`--trace-file: cannot write ${path(name)}: ${reason}`)
    expect(await readFile(path('target'), 'utf8')).toBe('untouched')
    await rm(path('target'))
  })
})

test('--show-secrets shows what is masked otherwise', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: [container]},
    ListPodSandbox: {items: []},
    Exec: {url: 'http://127.0.0.1:1/exec/letmein'},
    ContainerStatus: {
      status: {...container, image: {image: 'i'}},
      info: {info: '{"runtimeSpec":{"process":{"env":["PASSWORD=hidden"]}},"pid":12345678901234567890}'},
    },
  })
  const traceOf = async (...argv: string[]) => (await runInProcess(argv, runtime)).stderr
  const inspect = ['inspect', 'web', '-o', 'name', '--trace=full']
  expect(await traceOf(...inspect)).toContain('- PASSWORD=(secret)')
  expect(await traceOf(...inspect)).toContain("pid: '12345678901234567890'")
  expect(await traceOf(...inspect, '--show-secrets')).toContain('- PASSWORD=hidden')
  expect(await traceOf('--trace', 'exec', 'web', 'true')).toContain('/exec/(secret)')
  expect(await traceOf('--trace', '--show-secrets', 'exec', 'web', 'true')).toContain('/exec/letmein')
})
