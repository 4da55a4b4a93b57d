import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import {id, kubeletContainer, never, secondsAgo, startFakeRuntime, status} from '../support/fake-runtime.js'
import {outcomeOf, runCli} from '../support/run-cli.js'
import {startOnTerminal, textOnTerminal} from '../support/terminal-text.js'

function onTerminal(
  argv: readonly string[],
  columns: number,
  endpoint: string,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  return textOnTerminal(argv, {columns, endpoint, env})
}

const node = {
  ListContainers: {
    containers: [
      kubeletContainer('kube-system', 'coredns-7c65d6cfc9-x2x4z', 'coredns', {
        id: id('1a'),
        podSandboxId: id('b1'),
        createdAt: secondsAgo(180),
        image: {image: 'registry.k8s.io/coredns/coredns:v1.11.3'},
      }),
    ],
  },
}

test('80 columns: what does not fit is left out and said, IDs are whole, states have a colour', async () => {
  await using runtime = await startFakeRuntime(node)
  const text = await onTerminal(['ps'], 80, runtime.endpoint)
  expect(
    text,
  ).toBe(`\u001b[1mCONTAINER\u001b[22m      \u001b[1mCREATED\u001b[22m        \u001b[1mSTATE\u001b[22m    \u001b[1mNAME\u001b[22m     \u001b[1mATTEMPT\u001b[22m  \u001b[1mPOD\u001b[22m           \u001b[1mNAMESPACE\u001b[22m
1a00000000000  3 minutes ago  \u001b[38;5;28mRunning\u001b[39m  coredns  0        coredns-7c6…  kube-sys…
(no room for IMAGE, POD ID: --no-trunc shows them)
`)
})

test('a terminal that does not know its width, as a serial line, gets whole rows', async () => {
  await using runtime = await startFakeRuntime(node)
  const text = await onTerminal(['ps'], 0, runtime.endpoint, {NO_COLOR: '1'})
  expect(text).toBe((await runCli(['ps'], runtime)).stdout)
})

test('NO_COLOR and a dumb terminal get none', async () => {
  await using runtime = await startFakeRuntime(node)
  const texts = await Promise.all([
    onTerminal(['ps'], 200, runtime.endpoint, {NO_COLOR: '1'}),
    onTerminal(['ps'], 200, runtime.endpoint, {TERM: 'dumb'}),
  ])
  for (const text of texts)
    expect(text).toMatch(/^CONTAINER {7}IMAGE .*NAMESPACE\n1a00000000000 .* Running .*kube-system\n$/)
})

test('stats --watch on a dumb terminal: one table after another', async () => {
  let samples = 0
  const stats = {
    attributes: {id: id('1a'), metadata: {name: 'coredns'}},
    cpu: {timestamp: '1', usageCoreNanoSeconds: {value: '9'}, usageNanoCores: {value: '10000000'}},
    memory: {workingSetBytes: {value: '2000'}},
  }
  await using runtime = await startFakeRuntime({
    ListContainerStats: () => {
      if (++samples === 3) throw status(rpcCode.unknown, 'enough')
      return {stats: [stats]}
    },
  })
  const table = `CONTAINER       NAME      CPU %   MEM   DISK   INODES   SWAP
1a00000000000   coredns   1.00    2kB   0B     0        0B
`
  const text = await onTerminal(['stats', '--watch'], 80, runtime.endpoint, {TERM: 'dumb'})
  expect(text.replace(/in [\d.]+m?s/, 'in 2s')).toBe(
    `${table}${table}crisp: 2 looks in 2s\ncrisp: ListContainerStats: enough\n`,
  )
})

test('info is a table on a terminal', async () => {
  await using runtime = await startFakeRuntime({
    Status: {status: {conditions: [{type: 'RuntimeReady', status: true}]}},
    RuntimeConfig: {linux: {cgroupDriver: 'SYSTEMD'}},
  })
  expect(await onTerminal(['info'], 80, runtime.endpoint, {NO_COLOR: '1'})).toBe(
    `Runtime: fake 1.2.3, CRI v1
Cgroup driver: SYSTEMD

CONDITION      STATUS   REASON   MESSAGE
RuntimeReady   true
`,
  )
})

test('info and config go on in the next line where the terminal has no room', async () => {
  const message =
    'container runtime network not ready: cni plugin not initialized, no network config found in /etc/cni/net.d'
  await using runtime = await startFakeRuntime({
    Status: {
      status: {
        conditions: [
          {type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message},
          {type: 'RuntimeReady', status: true},
        ],
      },
    },
  })
  expect(await onTerminal(['info'], 80, runtime.endpoint, {NO_COLOR: '1'})).toBe(
    `Runtime: fake 1.2.3, CRI v1

CONDITION      STATUS   REASON                  MESSAGE
NetworkReady   FALSE    NetworkPluginNotReady   container runtime network not
                                                ready: cni plugin not
                                                initialized, no network config
                                                found in /etc/cni/net.d
RuntimeReady   true
`,
  )
  const directory = await mkdtemp(join(tmpdir(), 'crisp-report-'))
  try {
    const file = join(directory, 'crictl.yaml')
    const socket = `unix:///run/${'a-long-way-down/'.repeat(5)}crio.sock`
    await writeFile(file, `runtime-endpoint: ${socket}\ntimeout: 5\n`)
    const shown = await onTerminal(['config', '--config', file], 80, runtime.endpoint, {NO_COLOR: '1'})
    expect(shown.split('\n').filter((line) => line.length > 80 || line.endsWith(' '))).toEqual([])
    expect(shown.replace(/\n +/g, '')).toContain(`runtime-endpoint       ${socket}\n`)
  } finally {
    await rm(directory, {recursive: true})
  }
})

const payments = {namespace: 'shop', name: 'payments-7d4b8c6f95-m5n6p', uid: 'u', attempt: 0}
const ended = (attempt: number, exit: object) => ({
  containerId: id('a1'),
  containerEventType: 'CONTAINER_STOPPED_EVENT' as const,
  createdAt: String(1_700_000_000_000_000_000n + BigInt(attempt) * 86_400_000_000_000n),
  podSandboxStatus: {id: id('51'), metadata: payments},
  containersStatuses: [
    {id: id('a1'), metadata: {name: 'payments', attempt}, state: 'CONTAINER_EXITED' as const, ...exit},
  ],
})

/** Until the terminal has shown it, then Ctrl-C. */
async function untilShown(text: string, argv: readonly string[], columns: number, endpoint: string) {
  const child = startOnTerminal(argv, {columns, endpoint, env: {NO_COLOR: '1'}})
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const wasShown = shown.includes(text)
    shown += chunk
    if (!wasShown && shown.includes(text)) child.stdin.write('\u0003')
  })
  const {stdout} = await outcomeOf(child)
  return stdout.replaceAll('\r\n', '\n')
}

const events = {
  GetContainerEvents: async function* () {
    yield ended(0, {exitCode: 0})
    yield ended(6, {exitCode: 128, reason: 'StartError', message: 'no such file in $PATH: payments-server'})
    await never()
  },
}

test.each([
  [
    80,
    `2023-11-14
22:13:20  shop/payments-7d4b8c6f95-m5n6p/payments  exited with 0
2023-11-20
22:13:20  …6p/payments  exited with 128, StartError: no such file in $PATH: pay…
`,
  ],
  [
    40,
    `2023-11-14
22:13:20  …m5n6p/payments  exited with 0
2023-11-20
22:13:20  …6p/payments  exited with 128…
`,
  ],
])(
  'an event is one line of %d columns, and at the end stands how many there were',
  async (columns, lines) => {
    await using runtime = await startFakeRuntime({
      ListContainers: {containers: []},
      ListPodSandbox: {items: []},
      ...events,
    })
    const [shown, end] = (await untilShown('exited with 128', ['events'], columns, runtime.endpoint)).split(
      '^C\n',
    )
    expect(shown).toBe(lines)
    expect(end).toMatch(/^crisp: 2 events in [\d.]+m?s\n$/)
  },
)

test('what failed is red, and broken at words on a terminal alone', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {
      containers: ['a1', 'a2'].map((each) =>
        kubeletContainer('shop', `payments-7d4b8c6f95-${each}`, 'payments', {id: id(each)}),
      ),
    },
    ListPodSandbox: {items: []},
  })
  const argv = ['inspect', 'payments']
  const inPipe = await runCli(argv, runtime)
  const [line = '', ...rows] = inPipe.stderr.trimEnd().split('\n')
  expect(line.length).toBeGreaterThan(40)
  const shown = await onTerminal(argv, 40, runtime.endpoint)
  const lines = shown.trimEnd().split('\n')
  const red = lines.filter((each) => each.startsWith('\u001b[38;5;196m') && each.endsWith('\u001b[39m'))
  const plain = lines.map((each) => each.replaceAll(/\u001b\[[\d;]*m/g, ''))
  expect(plain.filter((each) => each.length > 40 && /\S +\S/.test(each.trim()))).toEqual([])
  expect(
    plain
      .slice(0, red.length)
      .map((each) => each.trim())
      .join(' '),
  ).toBe(line)
  expect(red.length).toBeGreaterThan(1)
  const words = (text: string) => text.split(/\s+/).filter(Boolean)
  expect(words(plain.slice(red.length).join('\n'))).toEqual(words(rows.join('\n')))
  const [uncoloured, asCrictl] = await Promise.all([
    onTerminal(argv, 40, runtime.endpoint, {NO_COLOR: '1'}),
    onTerminal(argv, 40, runtime.endpoint, {NO_COLOR: '1', CRISP_COMPAT: 'crictl'}),
  ])
  expect(uncoloured).toBe(`${plain.join('\n')}\n`)
  expect(asCrictl).toBe(inPipe.stderr.replace('crisp: ', 'crictl: '))
})
