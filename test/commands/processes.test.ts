import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {createServer} from 'node:net'
import {Ajv2020} from 'ajv/dist/2020.js'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {type DemoRuntime, startDemoRuntime} from '../../src/demo/index.js'
import {inTreeOrder} from '../../src/node/container-processes.js'
import {ownerInCgroups} from '../../src/node/host/owned.js'
import type {HostProcess} from '../../src/node/host/processes.js'
import {parseInet, parseUnix} from '../../src/node/host/sockets.js'
import {branchesOf} from '../../src/views/processes.js'
import {clientOf, podOn, startIn} from '../support/demo-node.js'
import {id, kubeletContainer, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {runCli} from '../support/run-cli.js'
import {textOnTerminal} from '../support/terminal-text.js'

describe('on the embedded runtime, which makes no groups', () => {
  let runtime: DemoRuntime
  let client: CriClient
  beforeAll(async () => {
    runtime = await startDemoRuntime()
    client = clientOf(runtime)
    const pod = await podOn(client)
    await startIn(client, pod, ['sh', '-c', 'sleep 1000 & sleep 1001; :'], {
      metadata: {name: 'tree', attempt: 0},
    })
    await startIn(client, pod, ['sleep', '1002'], {metadata: {name: 'one', attempt: 0}})
  })
  afterAll(() => runtime[Symbol.asyncDispose]())

  const schemaOf = async (verb: string) => {
    const {stdout} = await runInProcess(['jsonschema', verb])
    return new Ajv2020({strict: true}).compile(JSON.parse(stdout))
  }

  test('a tree of what descends from the first process, and one line about what is missing', async () => {
    const shown = async () => {
      const {stdout, stderr, exitCode} = await runInProcess(['processes', 'tree', '-s', '0'], runtime)
      const lines = stdout.split('\n').map((line) => line.replace(/^.*\d[smhdy] +(?=\S|[├└])/, ''))
      return {commands: lines.slice(1, -1), stderr, exitCode}
    }
    // While a shell waits for its child's beginning it is in state D, in which nobody reads its command.
    await expect.poll(shown).toEqual({
      commands: [
        expect.stringMatching(/sh -c sleep 1000 & sleep 1001; :$/),
        '├─ sleep 1000',
        '└─ sleep 1001',
      ],
      stderr:
        'crisp: this runtime makes no control groups and namespaces: its processes were found by their parents\n',
      exitCode: 0,
    })
  })

  test('a terminal is told whom was asked', async () => {
    const {endpoint} = runtime
    const shown = await textOnTerminal(['processes', 'one', '-s', '0'], {columns: 120, endpoint})
    expect(shown).toContain('crisp: sources: CRI, host (/proc)\n')
  })

  test('JSON is as its schema says, and so is YAML', async () => {
    const valid = await schemaOf('processes')
    const {stdout} = await runInProcess(['processes', 'tree', 'one', '-o', 'json'], runtime)
    expect(valid(JSON.parse(stdout)), JSON.stringify(valid.errors)).toBe(true)
    const {stdout: yaml} = await runInProcess(['processes', 'one', '-s', '0', '-o', 'yaml'], runtime)
    expect(yaml).toMatch(/^processes:\n- ageSeconds: /)
  })

  test('sockets are those of its processes, on the node’s network', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const valid = await schemaOf('sockets')
    const {stdout, stderr, exitCode} = await runInProcess(['sockets', 'one', '-o', 'json'], runtime)
    const document = JSON.parse(stdout)
    expect(valid(document), JSON.stringify(valid.errors)).toBe(true)
    expect(document.sockets.filter(({protocol}: {protocol: string}) => protocol === 'tcp')).toEqual([])
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    server.close()
  })
})

test('a process that was started at another time than the container is not taken for its', async () => {
  const child = spawn('sleep', ['100'])
  try {
    await once(child, 'spawn')
    const at = (seconds: number) => String(BigInt(Date.now() - seconds * 1000) * 1_000_000n)
    const container = kubeletContainer('shop', 'web', 'web', {id: id('a1'), podSandboxId: id('b1')})
    await using runtime = await startFakeRuntime({
      ListContainers: {containers: [container]},
      ListPodSandbox: {items: []},
      ContainerStatus: {
        status: {...container, createdAt: at(3600), startedAt: at(3599)},
        info: {info: JSON.stringify({pid: child.pid})},
      },
    })
    expect(await runCli(['processes', 'web', '-s', '0'], runtime)).toEqual({
      stdout: '',
      stderr: 'crisp: container shop/web/web has no process on this machine: run this on its node\n',
      exitCode: 1,
    })
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

test('a group that a container has made and named for another is its own', () => {
  const known = new Set([id('aa'), id('bb')])
  expect(ownerInCgroups(`0::/kubepods/pod1/${id('aa')}/${id('bb')}\n`, known)).toBe(id('aa'))
  expect(
    ownerInCgroups(`5:memory:/docker/${id('cc')}/kubepods/cri-containerd-${id('bb')}.scope\n`, known),
  ).toBe(id('bb'))
  expect(ownerInCgroups(`0::/docker/${id('cc')}\n`, known)).toBeUndefined()
})

const processAt = (pid: number, parent: number, startedTicks = pid) =>
  ({pid, parent, startedTicks}) as HostProcess

test('a tree keeps every process, also those whose parents have changed while they were read', () => {
  const placed = inTreeOrder([
    processAt(5, 4),
    processAt(4, 1),
    processAt(6, 4),
    processAt(9, 8),
    processAt(8, 9),
  ])
  expect(placed.map(({process, depth}) => [process.pid, depth])).toEqual([
    [4, 0],
    [5, 1],
    [6, 1],
    [8, 0],
    [9, 0],
  ])
  expect(branchesOf([0, 1, 2, 2, 1, 2, 0])).toEqual(['', '├─ ', '│  ├─ ', '│  └─ ', '└─ ', '   └─ ', ''])
})

test('tables of sockets', () => {
  const head = '  sl  local_address rem_address   st\n'
  expect(
    parseInet(
      `${head}   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 0100007F:1F90 0200007F:D431 01 00000010:00000000 00:00000000 00000000     0        0 113 1 0 20 4 30 10 -1
`,
      'tcp',
    ),
  ).toEqual([
    {
      protocol: 'tcp',
      state: 'LISTEN',
      listening: true,
      local: {address: '127.0.0.1', port: 8080},
      remote: {address: '0.0.0.0', port: 0},
      receiveQueue: 3,
      sendQueue: 0,
      inode: '111',
    },
    {
      protocol: 'tcp',
      state: 'ESTABLISHED',
      listening: false,
      local: {address: '127.0.0.1', port: 8080},
      remote: {address: '127.0.0.2', port: 54321},
      receiveQueue: 0,
      sendQueue: 16,
      inode: '113',
    },
  ])
  expect(
    parseUnix(`Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/a b
ends here
0000000000000000: 00000003 00000000 00000000 0001 03 12346
`),
  ).toEqual([
    {protocol: 'unix', state: 'LISTEN', listening: true, local: {address: '/run/a b'}, inode: '12345'},
    {protocol: 'unix', state: 'ESTABLISHED', listening: false, local: {address: ''}, inode: '12346'},
  ])
})
