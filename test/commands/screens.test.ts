import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {widthOf} from '../../src/formats/table.js'
import {
  type FakeRuntime,
  id,
  kubeletContainer,
  never,
  secondsAgo,
  startFakeRuntime,
} from '../support/fake-runtime.js'
import {textOnTerminal} from '../support/terminal-text.js'

const logPath = '/var/log/pods/shop_payments-7d4b8c6f95-m5n6p_u2/payments/0.log'
const message =
  'the migration of table orders was refused by the database because another one has not been finished yet'
const containers = [
  kubeletContainer('kube-system', 'coredns-5dd5756b68-q9x4z', 'coredns', {
    id: id('1a'),
    podSandboxId: id('b1'),
    createdAt: secondsAgo(12_000),
    image: {image: 'registry.k8s.io/coredns/coredns:v1.11.3'},
  }),
  kubeletContainer('shop', 'payments-7d4b8c6f95-m5n6p', 'payments', {
    id: id('2b'),
    podSandboxId: id('b2'),
    createdAt: secondsAgo(90_000),
    state: 'CONTAINER_EXITED',
    image: {image: 'registry.example/shop/payments:3.0.1'},
  }),
]
const limits = {linux: {cpuQuota: '50000', cpuPeriod: '100000', memoryLimitInBytes: '134217728'}}
const statusOf = (containerId: string) => {
  const container = containers.find(({id: each}) => each === containerId)
  return {
    id: containerId,
    metadata: container?.metadata,
    labels: container?.labels,
    state: container?.state,
    createdAt: container?.createdAt,
    startedAt: container?.createdAt,
    finishedAt: container?.state === 'CONTAINER_EXITED' ? secondsAgo(80_000) : '0',
    exitCode: container?.state === 'CONTAINER_EXITED' ? 1 : 0,
    reason: container?.state === 'CONTAINER_EXITED' ? 'Error' : '',
    message: container?.state === 'CONTAINER_EXITED' ? message : '',
    image: container?.image,
    imageRef: 'sha256:77',
    logPath,
    resources: limits,
  }
}

const second = 1_000_000_000n
/** A quarter past one at night, which the next event has behind it. */
const nightNs = 1_794_964_497n * second
const payments = {
  containerId: id('2b'),
  podSandboxStatus: {
    id: id('b2'),
    metadata: {name: 'payments-7d4b8c6f95-m5n6p', namespace: 'shop', uid: 'b2', attempt: 0},
  },
}
const ended = (containerId: string, exitCode: number, reason: string, attempt = 0) => [
  {
    ...statusOf(id('2b')),
    id: containerId,
    metadata: {name: 'payments', attempt},
    state: 'CONTAINER_EXITED',
    exitCode,
    reason,
  },
]
const events = [
  {...payments, containerId: id('b2'), containerEventType: 'CONTAINER_STARTED_EVENT', createdAt: nightNs},
  {...payments, containerEventType: 'CONTAINER_CREATED_EVENT', createdAt: nightNs + second},
  {
    ...payments,
    containerEventType: 'CONTAINER_STARTED_EVENT',
    createdAt: nightNs + 2n * second,
    containersStatuses: [{...statusOf(id('2b')), metadata: {name: 'payments', attempt: 6}}],
  },
  {
    ...payments,
    containerEventType: 'CONTAINER_STOPPED_EVENT',
    createdAt: nightNs + 86_400n * second,
    containersStatuses: ended(id('2b'), 1, 'Error', 6),
  },
  {
    ...payments,
    containerEventType: 'CONTAINER_STOPPED_EVENT',
    createdAt: nightNs + 86_401n * second,
    containersStatuses: ended(id('2b'), 137, 'OOMKilled', 7),
  },
  {
    containerId: id('1a'),
    containerEventType: 'CONTAINER_DELETED_EVENT',
    createdAt: nightNs + 86_402n * second,
  },
].map((event) => ({...event, createdAt: String(event.createdAt)}))

let runtime: FakeRuntime & AsyncDisposable
beforeAll(async () => {
  runtime = await startFakeRuntime({
    Version: {version: '0.1.0', runtimeName: 'containerd', runtimeVersion: '2.1.4', runtimeApiVersion: 'v1'},
    Status: {status: {conditions: [{type: 'RuntimeReady', status: true}]}},
    ListContainers: {containers},
    ListPodSandbox: {
      items: [
        pod('b1', 'kube-system', 'coredns-5dd5756b68-q9x4z'),
        pod('b2', 'shop', 'payments-7d4b8c6f95-m5n6p'),
      ],
    },
    ContainerStatus: ({containerId}: {containerId: string}) => ({status: statusOf(containerId), info: {}}),
    ListContainerStats: {
      stats: [
        {
          attributes: {id: id('1a'), metadata: {name: 'coredns'}, labels: containers[0]?.labels},
          cpu: {usageNanoCores: {value: '4000000'}, usageCoreNanoSeconds: {value: '0'}},
          memory: {workingSetBytes: {value: '128000000'}},
          writableLayer: {usedBytes: {value: '8192'}, inodesUsed: {value: '11'}},
        },
      ],
    },
    ImageFsInfo: {imageFilesystems: []},
    GetContainerEvents: async function* () {
      yield* events
      await never()
    },
  } as never)
})
afterAll(async () => {
  await runtime[Symbol.asyncDispose]()
})

function pod(beginning: string, namespace: string, name: string) {
  return {
    id: id(beginning),
    metadata: {name, namespace, uid: beginning, attempt: 0},
    state: 'SANDBOX_READY',
    createdAt: secondsAgo(90_000),
  }
}

// vitest -u writes the screens anew, where what they show has changed on purpose.
const lines: readonly (readonly string[])[] = [
  [],
  ['version', '--help'],
  ['help', 'names'],
  ['help', 'exit-codes'],
  ['ps', '--help'],
  ['enter', '--help'],
  ['explain', 'StopContainer'],
  ['explain', 'CrashLoopBackOff'],
  ['explain', 'doctor/cni'],
  ['stop', '--help'],
  ['ps', '-a'],
  ['ps', '-a', '-o', 'wide'],
  ['pods'],
  ['describe', 'payments', '--tail', '0'],
  ['stats'],
  ['stats', '-o', 'wide'],
]
/** What has no end by itself, the lines after which it has shown all, and what is another each time. */
const endless: readonly {line: readonly string[]; lines: number; changing: [RegExp, string][]}[] = [
  {line: ['events'], lines: 8, changing: [[/ in \d[\w.]*\n/, ' in 1.2s\n']]},
]

describe.each([
  [80, 24],
  [40, 10],
  [120, 30],
  [200, 50],
])('%i columns, %i rows', (columns, rows) => {
  test.each(lines.map((line) => [line.join(' ') || 'alone', line] as const))(
    'crisp %s',
    async (name, line) => {
      const text = await textOnTerminal(line, {
        columns,
        rows: line.length === 0 || line.some((word) => /help/.test(word)) ? 500 : rows,
        endpoint: runtime.endpoint,
        env: {NO_COLOR: '1'},
      })
      // What is shown to be typed is not broken.
      for (const each of text.split('\n'))
        if (!(name.includes('help') && (each.startsWith('  ') || /^\S+$/.test(each))))
          expect(widthOf(each), each).toBeLessThanOrEqual(columns)
      const file = `screens/${name.replaceAll(/[ /]/g, '_')}-${columns}.txt`
      await expect(text).toMatchFileSnapshot(file)
    },
  )

  test.each(endless.map(({line, ...rest}) => ({name: line.join(' '), line, ...rest})))(
    'crisp $name, until Ctrl-C',
    async ({name, line, lines, changing}) => {
      const shown = await textOnTerminal(line, {
        columns,
        rows,
        endpoint: runtime.endpoint,
        env: {NO_COLOR: '1'},
        enough: (text) => text.split('\n').length > lines,
      })
      let text = shown.replace(/\^C\r/, '')
      for (const [from, to] of changing) text = text.replace(from, to)
      for (const each of text.split('\n')) expect(widthOf(each), each).toBeLessThanOrEqual(columns)
      await expect(text).toMatchFileSnapshot(`screens/${name.replaceAll(' ', '_')}-${columns}.txt`)
    },
  )
})
