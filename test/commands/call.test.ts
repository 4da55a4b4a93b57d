import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {messageFields} from '../../src/client/descriptor.js'
import {exampleText} from '../../src/config-files/example.js'
import {allRpcs, onlyReads, parseRequest} from '../../src/config-files/requests.js'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {docsJson} from '../../src/generated/docs.js'
import {clientOf, podOn, shellImage, startIn} from '../support/demo-node.js'
import {id, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {onTerminal} from '../support/on-terminal.js'
import {runCli} from '../support/run-cli.js'

const rpcs = allRpcs()
const docs = JSON.parse(docsJson)

describe('--example', () => {
  test.each(rpcs.map((rpc) => [rpc.name, rpc] as const))(
    '%s is accepted, also with all that it offers',
    (_, rpc) => {
      const text = exampleText(rpc, docs)
      const offered = text.replace(/^( *)#(?=\w+:)/gm, '$1')
      const messages = [text, offered].map((one) => parseRequest(rpc, {name: 'example', text: one}))
      const {requestType} = rpc
      expect(Object.keys(messages[1] ?? {})).toHaveLength(
        rpc.name === 'CreateContainer' ? 3 : Object.keys(messageFields(requestType) ?? {}).length,
      )
    },
  )

  test('is what the command takes', async () => {
    await using runtime = await startFakeRuntime({StopContainer: {}})
    const {stdout} = await runInProcess(['call', 'stopcontainer', '--example'])
    expect(stdout).toMatch(/^# .*\ncontainer_id: CONTAINER-ID\n/s)
    const sent = await runCli(['call', 'StopContainer', '-'], {...runtime, stdin: stdout})
    expect(sent).toEqual({stdout: '{}\n', stderr: '', exitCode: 0})
    expect(runtime.calls.find(({method}) => method === 'StopContainer')?.request).toMatchObject({
      containerId: 'CONTAINER-ID',
    })
  })
})

describe('against the embedded runtime', () => {
  let runtime: DemoRuntime
  let ids: {pod: string; container: string}
  beforeAll(async () => {
    runtime = await startDemoRuntime()
    const client = clientOf(runtime)
    const pod = await podOn(client)
    ids = {pod, container: await startIn(client, pod, ['sleep', '1000'])}
    client[Symbol.dispose]()
  })
  afterAll(() => runtime[Symbol.asyncDispose]())

  /** What is sent in order: what is made first is asked for and taken away last. */
  const requests = (): Record<string, string> => ({
    RunPodSandbox: '{config: {metadata: {name: called, namespace: test, uid: u1}}}',
    CreateContainer: `{pod_sandbox_id: ${ids.pod}, config: {metadata: {name: called}, image: ${shellImage}, command: [sleep, "1000"]}, sandbox_config: {metadata: {name: p, namespace: test, uid: u}}}`,
    StartContainer: '{container_id: MADE}',
    PodSandboxStatus: `{pod_sandbox_id: ${ids.pod}}`,
    ContainerStatus: `{container_id: ${ids.container}}`,
    UpdateContainerResources: `{container_id: ${ids.container}, linux: {cpu_shares: 512}}`,
    ReopenContainerLog: `{container_id: ${ids.container}}`,
    ExecSync: `{container_id: ${ids.container}, cmd: [echo, hi]}`,
    Exec: `{container_id: ${ids.container}, cmd: [echo], stdout: true}`,
    Attach: `{container_id: ${ids.container}, stdout: true}`,
    PortForward: `{pod_sandbox_id: ${ids.pod}, port: [80]}`,
    ContainerStats: `{container_id: ${ids.container}}`,
    PodSandboxStats: `{pod_sandbox_id: ${ids.pod}}`,
    UpdateRuntimeConfig: '{runtime_config: {network_config: {pod_cidr: 10.1.0.0/16}}}',
    CheckpointContainer: `{container_id: ${ids.container}, location: /nowhere/at/all.tar}`,
    UpdatePodSandboxResources: `{pod_sandbox_id: ${ids.pod}}`,
    ImageStatus: `{image: ${shellImage}}`,
    PullImage: `{image: ${shellImage}}`,
    RemoveImage: '{image: absent.example/none}',
    StopContainer: '{container_id: MADE}',
    RemoveContainer: '{container_id: MADE}',
    StopPodSandbox: '{pod_sandbox_id: MADE-POD}',
    RemovePodSandbox: '{pod_sandbox_id: MADE-POD}',
  })
  /** These are made after all others. */
  const last = ['StopContainer', 'RemoveContainer', 'StopPodSandbox', 'RemovePodSandbox']
  const ordered = rpcs.toSorted((a, b) => last.indexOf(a.name) - last.indexOf(b.name))
  let made = ''
  let madePod = ''

  test.each(ordered.map(({name, isStream}) => ({name, isStream})))('$name', async ({name, isStream}) => {
    const request = (requests()[name] ?? '{}').replace('MADE-POD', madePod).replace('MADE', made)
    const options = {endpoint: runtime.endpoint}
    const argv = ['call', name, request, '--yes']
    const {stdout, stderr, exitCode} =
      name === 'GetContainerEvents'
        ? await runCli(argv, {...options, enough: (text) => text.includes('\n')})
        : await runInProcess(argv, options)
    if (name === 'GetContainerEvents') expect(exitCode).toBe(130)
    else if (name === 'CheckpointContainer') expect(stderr).toMatch(/^crisp: CheckpointContainer: .*nowhere/)
    else expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    if (isStream) for (const line of stdout.split('\n').filter(Boolean)) JSON.parse(line)
    else if (exitCode === 0) {
      const answer = JSON.parse(stdout)
      if (name === 'RunPodSandbox') madePod = answer.podSandboxId
      if (name === 'CreateContainer') made = answer.containerId
    }
  })
})

test('a call that is none, one of the other service, a field that is none: the nearest is offered', async () => {
  await using runtime = await startFakeRuntime({})
  const said = async (...argv: string[]) => (await runInProcess(['call', ...argv], runtime)).stderr
  expect(await said('ListContainer')).toBe(
    'crisp: the CRI has no call "ListContainer", did you mean ListContainers?\n',
  )
  expect(await said('ImageService.Version')).toContain('did you mean Version?')
  expect(await said('StopContainer', '{container_id: a, timeuot: 3}')).toBe(
    'crisp: request:1: timeuot: no such field, did you mean timeout?\n',
  )
  expect(await said('ListContainers', 'filter.stat.state=1')).toContain(
    'filter.stat: no such field, did you mean state?',
  )
  expect(await said('ListContainers', 'constructor.name=a')).toContain('constructor: no such field')
  expect(runtime.calls.filter(({method}) => method !== 'Version')).toEqual([])
})

test.each([
  [
    ['ListContainers', 'filter.id=a', 'filter.id=b'],
    "filter.id is given twice: write it once, a list as 'filter.id=[a, b]'",
  ],
  [['ListContainers', 'filter=x', 'filter.id=b'], 'filter.id is given twice'],
  [['ListContainers', 'filter.id=b', 'filter=x'], 'filter is given twice'],
  [['ExecSync', 'container_id=x', 'cmd[0]=ls'], "a list is one word: 'cmd=[a, b]'"],
  [
    ['StopContainer', 'container_id', 'abc'],
    'container_id is a field of StopContainer, and wants a value: container_id=VALUE',
  ],
  [['StopContainer', 'containerId'], 'wants a value: containerId=VALUE'],
])('%j is a mistake that says what to write', async (words, said) => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}, StopContainer: {}})
  const {stdout, stderr, exitCode} = await runInProcess(['call', ...words], runtime)
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 2})
  expect(stderr).toContain(said)
  expect(runtime.calls).toEqual([])
})

test.each(['// all\n{}\n', '{\n  /* all */\n}\n'])('in %j it is said how comments begin', async (stdin) => {
  const {stderr, exitCode} = await runCli(['call', 'ListContainers', '-'], {
    stdin,
    endpoint: 'unix:///nonexistent',
  })
  expect({stderr, exitCode}).toEqual({
    stderr: expect.stringMatching(/:\d: .* \(comments begin with #\)/),
    exitCode: 1,
  })
})

test('fields on the command line make the request', async () => {
  await using runtime = await startFakeRuntime({StopContainer: {}})
  await runInProcess(['call', 'RuntimeService.StopContainer', 'container_id=a b', 'timeout=10'], runtime)
  expect(runtime.calls.at(-1)?.request).toMatchObject({containerId: 'a b', timeout: '10'})
})

test('a call that the runtime does not have is answered with those that have it', async () => {
  await using runtime = await startFakeRuntime({})
  const {stderr, exitCode} = await runInProcess(['call', 'UpdatePodSandboxResources', '{}'], runtime)
  expect({stderr, exitCode}).toEqual({
    stderr:
      'crisp: fake 1.2.3 does not implement UpdatePodSandboxResources, which needs containerd 2.3 or CRI-O 1.33\n',
    exitCode: 1,
  })
})

test('--repeat sends it again, --timing says how long that took', async () => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
  const {stdout, stderr} = await runInProcess(
    ['call', 'ListContainers', '--repeat', '3', '--timing'],
    runtime,
  )
  expect(stdout).toBe('{\n  "containers": []\n}\n'.repeat(3))
  expect(stderr).toMatch(/^crisp: 3 times ListContainers: fastest [\d.]+ ms, median .*, slowest [\d.]+ ms\n$/)
})

test('a stream that fails in its middle has shown what came', async () => {
  await using runtime = await startFakeRuntime({
    StreamContainers: async function* () {
      yield {containers: [{id: id('a')}]}
      throw status(14, 'gone')
    },
  })
  const {stdout, exitCode} = await runInProcess(['call', 'StreamContainers'], runtime)
  expect(stdout.split('\n')).toHaveLength(2)
  expect(JSON.parse(stdout)).toMatchObject({containers: [{id: id('a')}]})
  expect(exitCode).toBe(4)
})

describe('on a terminal', () => {
  test.each([
    ['y', 0, 1],
    ['n', 1, 0],
    ['', 1, 0],
  ])('what changes something asks: %j ends with %i', async (typed, exitCode, calls) => {
    await using runtime = await startFakeRuntime({StopContainer: {}})
    const session = await onTerminal(['call', 'StopContainer', 'container_id=a'], runtime.endpoint)
    await session.until('Send it? [y/N] ')
    session.terminal.input.write(`${typed}\r`)
    expect((await session.outcome()).exitCode).toBe(exitCode)
    expect(runtime.calls.filter(({method}) => method === 'StopContainer')).toHaveLength(calls)
  })

  test('what only reads does not', () => {
    expect(rpcs.filter(onlyReads).map(({name}) => name)).toEqual(
      expect.arrayContaining(['Version', 'ListContainers', 'StreamImages', 'ImageFsInfo', 'PodSandboxStats']),
    )
    const changing = rpcs.filter((rpc) => !onlyReads(rpc)).map(({name}) => name)
    expect(changing).toEqual(
      expect.arrayContaining([
        'ExecSync',
        'PullImage',
        'RemoveImage',
        'UpdateRuntimeConfig',
        'ReopenContainerLog',
      ]),
    )
    expect(changing).toHaveLength(18)
  })
})

test('Tab completes methods, and fields with what is inside them', async () => {
  const complete = async (line: string) =>
    (await runInProcess(['__complete', 'bash', line, ''])).stdout.split('\n').slice(1).filter(Boolean)
  expect(await complete('crisp call StopC')).toEqual([expect.stringContaining('StopContainer')])
  expect((await complete('crisp call StopContainer t')).join()).toContain('timeout=')
  expect((await complete('crisp call RunPodSandbox config.meta')).join()).toContain('config.metadata.')
})
