import {expect, test} from 'vitest'
import {widthOf} from '../../src/formats/table.js'
import type {ContainerStatus} from '../../src/generated/cri.js'
import {plainTopStyle, type TopFrame, topLines, topPage, topTarget, topText} from '../../src/top/frame.js'
import type {TopContainer, TopPod} from '../../src/top/node.js'
import {topRows} from '../../src/top/rows.js'
import {initialState, point, type TopState} from '../../src/top/state.js'

const nowMs = new Date('2026-01-02T03:04:05').getTime()

function container(name: string, fields: Partial<TopContainer> = {}): TopContainer {
  return {
    id: `id-${name}`,
    name,
    pod: 'web-1',
    namespace: 'shop',
    podId: 'pod-web-1',
    state: 'CONTAINER_RUNNING',
    attempt: 0,
    createdAtMs: nowMs - 90_000,
    cores: 0.5,
    memoryBytes: 20_000_000,
    diskBytes: 4_096,
    history: [0, 0.25, 0.5],
    ...fields,
  }
}

const pods: TopPod[] = [
  {
    id: 'pod-web-1',
    name: 'web-1',
    namespace: 'shop',
    state: 'SANDBOX_READY',
    createdAtMs: nowMs - 3_700_000,
    labels: {},
    containers: [
      container('app'),
      container('sidecar', {cores: 0.01, memoryBytes: 1_500_000, history: [0.01, 0.01, 0.01]}),
    ],
  },
  {
    id: 'pod-db-0',
    name: 'db-0',
    namespace: 'data',
    state: 'SANDBOX_READY',
    createdAtMs: nowMs - 86_400_000 * 3,
    labels: {},
    containers: [
      container('postgres', {
        pod: 'db-0',
        namespace: 'data',
        podId: 'pod-db-0',
        cores: 1.25,
        memoryBytes: 900_000_000,
        history: [1.25],
        attempt: 2,
      }),
      container('init', {
        pod: 'db-0',
        namespace: 'data',
        podId: 'pod-db-0',
        state: 'CONTAINER_EXITED',
        cores: undefined,
        memoryBytes: 0,
        history: [],
      }),
    ],
  },
]

function frame(state: Partial<TopState> = {}, more: Partial<TopFrame> = {}): TopFrame {
  return {
    node: {
      version: {
        version: '0.1.0',
        runtimeName: 'containerd',
        runtimeVersion: '1.6.20',
        runtimeApiVersion: 'v1',
      },
      conditions: [
        {type: 'RuntimeReady', status: true, reason: '', message: ''},
        {type: 'NetworkReady', status: true, reason: '', message: ''},
      ],
      imageFilesystems: [
        {
          timestamp: '0',
          fsId: {mountpoint: '/var/lib/containerd'},
          usedBytes: {value: '3100000000'},
          inodesUsed: null,
        },
      ],
    },
    machine: {cores: 4, memoryBytes: 16_000_000_000, imageDiskBytes: 100_000_000_000},
    pods,
    state: {...initialState, ...state},
    units: 'si',
    nowMs,
    ...more,
  }
}

const size = (columns: number, rows: number) => ({columns, rows})
const trimmed = (lines: string[]) => lines.map((line) => line.trimEnd())

test('80x24: node, table, the selected container and its log, keys', () => {
  const status: Partial<ContainerStatus> = {
    state: 'CONTAINER_RUNNING',
    startedAt: `${BigInt(nowMs - 60_000) * 1_000_000n}`,
    image: {
      image: 'docker.io/library/postgres:16',
      annotations: {},
      userSpecifiedImage: '',
      runtimeHandler: '',
      imageRef: '',
    },
    resources: {
      linux: {cpuQuota: '200000', cpuPeriod: '100000', memoryLimitInBytes: '1000000000'},
    } as unknown as ContainerStatus['resources'],
  }
  const detail = {
    id: 'id-postgres',
    container: status as ContainerStatus,
    log: ['old', 'one', 'two', 'three', 'four', 'fi\u001b[2Jve'],
  }
  expect(trimmed(topLines(frame({}, {detail}), size(80, 24)))).toEqual([
    'containerd 1.6.20                                                       03:04:05',
    'RuntimeReady  NetworkReady',
    'CPU 176% of 400%  MEM 921.5MB of 16GB  3 running  1 exited  2 of 2 pods ready',
    'images 3.1GB of 100GB  /var/lib/containerd',
    'CONTAINER                  STATE     CPU %▼              HISTORY       MEM   AGE',
    '> db-0/postgres            Running    125.0                    █     900MB    1m',
    '  web-1/app                Running     50.0                  ▁▅█      20MB    1m',
    '  web-1/sidecar            Running      1.0                  ▂▂▂     1.5MB    1m',
    ...Array<string>(8).fill(''),
    '── data/db-0/postgres ──────────────────────────────────────────────────────────',
    'running for 1m  restart 2  MEM 90% of 1GB  CPU 63% of 2  docker.io/library/post…',
    'one',
    'two',
    'three',
    'four',
    'fi\\x1b[2Jve',
    'q quit  ? keys  / filter  Tab pods  c m D n t sort  l logs  s shell  d describe',
  ])
})

test('40x10: what matters most', () => {
  expect(trimmed(topLines(frame({mode: 'pods', expanded: new Set(['pod-db-0'])}), size(40, 10)))).toEqual([
    'containerd 1.6.20               03:04:05',
    'CPU 176% of 400%  MEM 921.5MB of 16GB  …',
    'POD                     CPU %▼       MEM',
    '> ▾ data/db-0            125.0     900MB',
    '      postgres           125.0     900MB',
    '      init                   -        0B',
    '  ▸ shop/web-1            51.0    21.5MB',
    '',
    '',
    'q quit  / filter  ? keys',
  ])
})

test('wide: namespaces and restarts have columns of their own', () => {
  const [, , , , title, first] = topLines(frame({order: 'restarts'}), size(120, 20))
  expect([title, first].map((line) => line?.trim().split(/ +/))).toEqual([
    ['CONTAINER', 'NAMESPACE', 'STATE', 'CPU', '%', 'HISTORY', 'MEM', 'DISK', 'RESTARTS▼', 'AGE'],
    ['>', 'db-0/postgres', 'data', 'Running', '125.0', '█', '900MB', '4.096kB', '2', '1m'],
  ])
})

test.each([
  ['disk', 80, 'CONTAINER                  STATE      CPU %    HISTORY       MEM     DISK▼   AGE'],
  ['restarts', 40, 'CONTAINER      CPU %       MEM RESTARTS▼'],
  ['age', 40, 'CONTAINER          CPU %       MEM  AGE▼'],
  ['restarts', 20, 'CONTAINER      CPU %'],
] as const)('the column by which is sorted is shown where it has room: %s, %d', (order, columns, title) => {
  expect(topLines(frame({order}), size(columns, 10))[2]?.trimEnd()).toBe(title)
})

test('20x5: rows and no node, as many columns as leave room for names', () => {
  expect(trimmed(topLines(frame(), size(20, 5)))).toEqual([
    'CONTAINER     CPU %▼',
    '> …/postgres   125.0',
    '  web-1/app     50.0',
    '  …1/sidecar     1.0',
    'q quit  / filter  ?…',
  ])
})

test.each([
  [80, 24],
  [40, 10],
])('%dx%d: help on one screen, nothing cut', (columns, rows) => {
  const lines = trimmed(topLines(frame({help: true}), size(columns, rows)))
  const text = lines.join('\n')
  for (const key of ['q Ctrl-C', 'Tab', 'Enter', 'c m D', 'n t R', 'l s', '/ ', 'r '])
    expect(text).toContain(`\n${key}`.trimStart())
  expect(text).not.toContain('…')
  expect(lines.at(-1)).toBe('any key closes this')
})

test('names of two columns a character do not make the lines of the pane longer', () => {
  const wide = [
    {
      ...(pods[0] as TopPod),
      namespace: '商店',
      name: '商店-支付',
      containers: [container('支付📦', {namespace: '商店', pod: '商店-支付'})],
    },
  ]
  expect(trimmed(topLines(frame({}, {pods: wide}), size(40, 24))).find((line) => line.startsWith('──'))).toBe(
    '── 商店/商店-支付/支付📦 ───────────────',
  )
})

test.each([
  ['cpu', false, ['postgres', 'app', 'sidecar']],
  ['cpu', true, ['sidecar', 'app', 'postgres']],
  ['mem', false, ['postgres', 'app', 'sidecar']],
  ['name', false, ['postgres', 'app', 'sidecar']],
  ['name', true, ['sidecar', 'app', 'postgres']],
] as const)('sorted by %s, reversed %s', (order, reversed, names) => {
  const lines = topLines(frame({order, reversed, pane: false}), size(80, 24)).slice(5, 8)
  expect(lines.map((line) => /\/(\w+)/.exec(line)?.[1])).toEqual(names)
})

test('a filter, what does not run, and a notice', () => {
  const filtered = trimmed(topLines(frame({filter: 'DATA/', all: true}), size(80, 16)))
  expect(filtered.slice(5, 8).map((line) => line.slice(0, 45).trimEnd())).toEqual([
    '> db-0/postgres            Running    125.0',
    '  db-0/init                Exited         -',
    '',
  ])
  expect(filtered.at(-1)).toMatch(/^filter "DATA\/", Esc clears it {2}q quit/)
  const typing = topLines(frame({typing: true, filter: 'si'}), size(80, 16))
  expect(typing.at(-1)?.trimEnd()).toBe('/si_  (Enter keeps it, Esc clears it; 1 found)')
  const narrow = (columns: number, filter: string) =>
    topLines(frame({typing: true, filter}), size(columns, 16))
      .at(-1)
      ?.trimEnd()
  expect(narrow(40, 'si')).toBe('/si_  (1 found)')
  expect(narrow(12, 'a long filter')).toBe('…ong filter_')
  const noticed = topLines(frame({}, {notice: 'the runtime is away'}), size(80, 16))
  expect(noticed.at(-1)?.trimEnd()).toBe('the runtime is away')
})

test('colours: what fails, is near its limit, runs and has ended', () => {
  const failing: TopPod = {
    ...(pods[0] as TopPod),
    containers: [
      container('app'),
      container('loop', {state: 'CONTAINER_EXITED', failure: 'CrashLoop 3×', memoryBytes: 0}),
      container('done', {state: 'CONTAINER_EXITED', memoryBytes: 0}),
      container('last', {name: 'last'}),
    ],
  }
  const shown = (selectedId: string, more: Partial<TopFrame> = {}) =>
    topLines(frame({all: true, selectedId}, {pods: [failing], ...more}), size(80, 24), {
      ...plainTopStyle,
      paint: (meaning, text) => (meaning ? `<${meaning}>${text.trim()}</>` : text),
    }).join('\n')
  const {id: last = ''} = failing.containers[3] ?? {}
  const text = shown(last)
  expect(text).toContain('<failed>CrashLoop 3×</>')
  expect(text).toMatch(/web-1\/app +<running>Running<\/>/)
  expect(text).toMatch(/<ended>web-1\/done +.*Exited/)
  expect(shown(last, {notice: 'the runtime has not answered'})).toContain(
    '<failed>the runtime has not answered</>',
  )
  const status = {
    state: 'CONTAINER_RUNNING',
    startedAt: '0',
    resources: {linux: {memoryLimitInBytes: '21000000'}},
  } as unknown as ContainerStatus
  expect(shown(last, {detail: {id: last, container: status, log: []}})).toMatch(/<warning>running .*MEM 95%/)
})

test('a condition that is not met stands first, with its reason', () => {
  const node = frame().node
  const conditions = [
    {type: 'RuntimeReady', status: true, reason: '', message: ''},
    {
      type: 'NetworkReady',
      status: false,
      reason: 'NetworkPluginNotReady',
      message: 'cni\u001b not initialized',
    },
  ]
  for (const rows of [10, 24]) {
    const lines = topLines(frame({}, {node: {...node, conditions}}), size(90, rows))
    expect(lines[rows === 10 ? 0 : 1]?.trimEnd()).toBe(
      'NOT NetworkReady: NetworkPluginNotReady: cni\\x1b not initialized  RuntimeReady',
    )
  }
})

test.each([
  [80, 24],
  [40, 10],
  [20, 5],
  [200, 60],
  [1, 1],
])('%dx%d: as many lines as there are rows, none too wide, in every mode', (columns, rows) => {
  const many = Array.from({length: 100}, (_, index) => ({
    ...(pods[0] as TopPod),
    id: `pod-${index}`,
    name: `系統-📦-${index}`,
    containers: [container(`c${index}`, {podId: `pod-${index}`, pod: `系統-📦-${index}`})],
  }))
  for (const mode of ['pods', 'containers'] as const)
    for (const help of [true, false]) {
      const state = {mode, help, selectedId: 'id-c70', expanded: new Set(['pod-3'])}
      const lines = topLines(frame(state, {pods: many}), size(columns, rows))
      expect(lines).toHaveLength(rows)
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
    }
})

test('the selected row is always among the visible ones', () => {
  const many = [
    {
      ...(pods[0] as TopPod),
      containers: Array.from({length: 100}, (_, index) => container(`c${String(index).padStart(3, '0')}`)),
    },
  ]
  const page = topPage(size(80, 24), initialState)
  for (const index of [0, page - 1, page, 57, 99]) {
    const selectedId = `id-c${String(index).padStart(3, '0')}`
    const lines = topLines(frame({selectedId, order: 'name'}, {pods: many}), size(80, 24))
    expect(lines.filter((line) => line.startsWith('>'))).toEqual([
      expect.stringContaining(selectedId.slice(3)),
    ])
    const rows = lines.filter((line) => line.includes('web-1/c') && !line.startsWith('──'))
    const first = Number(/c(\d+)/.exec(rows[0] ?? '')?.[1])
    expect(lines[4]).toMatch(new RegExp(`^CONTAINER▲ ${first + 1}-${first + page} of 100 `))
    expect(rows).toHaveLength(page)
  }
})

test('for a script: all rows, nothing cut, no marks', () => {
  const text = topText(frame({all: true}), undefined, undefined)
  expect(text.split('\n').slice(4)).toEqual([
    expect.stringMatching(/^CONTAINER +NAMESPACE +STATE +CPU %▼/),
    expect.stringMatching(/^ {2}db-0\/postgres /),
    expect.stringMatching(/^ {2}web-1\/app /),
    expect.stringMatching(/^ {2}web-1\/sidecar /),
    expect.stringMatching(/^ {2}db-0\/init /),
    '',
  ])
  expect(topText(frame(), 80, 1).trimEnd().split('\n')).toHaveLength(6)
})

test('what fails although it should run is shown without being asked for, first, whole and not dim', () => {
  const failing = {state: 'CONTAINER_EXITED', cores: undefined, memoryBytes: 0, history: []} as const
  const [web, db] = pods as [TopPod, TopPod]
  const sick = [
    {...web, containers: [...web.containers, container('queue', {...failing, failure: 'CrashLoop 6×'})]},
    {...db, containers: [...db.containers, container('cache', {...failing, failure: 'OOMKilled'})]},
  ]
  const shown = (state: Partial<TopState>) =>
    trimmed(topLines(frame(state, {pods: sick}), size(80, 24)))
      .slice(5, 10)
      .map((line) => line.slice(0, 40).trimEnd())
  expect(shown({order: 'name'})).toEqual([
    '> web-1/cache              OOMKilled',
    '  web-1/queue              CrashLoop 6×',
    '  db-0/postgres            Running',
    '  web-1/app                Running',
    '  web-1/sidecar            Running',
  ])
  expect(shown({mode: 'pods', order: 'name'}).slice(0, 2)).toEqual([
    '> ▸ data/db-0              OOMKilled',
    '  ▸ shop/web-1             CrashLoop 6×',
  ])
})

test.each([
  [80, 24, 5],
  [120, 30, 7],
  [200, 50, 15],
])('%ix%i: the pane with the log grows with the screen', (columns, rows, lines) => {
  const log = Array.from({length: 60}, (_, index) => `line ${index + 1} of the log`)
  const text = topLines(frame({}, {detail: {id: 'id-postgres', log}}), size(columns, rows))
  expect(text).toHaveLength(rows)
  expect(text.filter((line) => line.includes('of the log'))).toHaveLength(lines)
  for (const line of text) expect(widthOf(line)).toBeLessThanOrEqual(columns)
})

test('names and the history share what is left over', () => {
  const history = (columns: number) => topLines(frame(), size(columns, 24))[6]?.indexOf('▁▅█')
  expect([history(80), history(120), history(200)]).toEqual([61, 81, 161])
})

test('a click on a row selects it, on a title sorts, the wheel goes on', () => {
  const at = (column: number, row: number) => topTarget(frame(), size(80, 24), {column, row})
  const rows = topRows(pods, initialState)
  const names = [6, 7, 8, 9].map((row) => {
    const target = at(3, row)
    return target && 'row' in target ? target.row.name : target
  })
  expect(names).toEqual(['postgres', 'app', 'sidecar', undefined])
  expect([1, 28, 40, 60, 70, 78].map((column) => at(column, 5))).toEqual([
    {order: 'name'},
    undefined,
    {order: 'cpu'},
    undefined,
    {order: 'mem'},
    {order: 'age'},
  ])
  const mouse = (what: 'click' | 'wheel-up' | 'wheel-down', row = 1, column = 1) =>
    point(initialState, {mouse: what, column, row}, at(column, row), rows)
  expect(mouse('click', 7).selectedId).toBe('id-app')
  expect(mouse('click', 5, 70)).toMatchObject({order: 'mem', reversed: false})
  expect(mouse('wheel-down').selectedId).toBe('id-sidecar')
  expect(mouse('wheel-up').selectedId).toBe('id-postgres')
})

test.each([
  [80, 24],
  [40, 10],
  [120, 30],
  [200, 50],
])('%ix%i, with what fails', async (columns, rows) => {
  const [web, db] = pods as [TopPod, TopPod]
  const failure = 'CrashLoop 6×'
  const queue = container('queue', {
    state: 'CONTAINER_EXITED',
    cores: undefined,
    memoryBytes: 0,
    history: [],
    failure,
  })
  const sick = [{...web, containers: [...web.containers, queue]}, db]
  const detail = {id: 'id-queue', log: ['connecting to the queue', 'refused', 'giving up']}
  const lines = topLines(frame({}, {pods: sick, detail}), size(columns, rows))
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
  const text = `${trimmed(lines).join('\n')}\n`
  await expect(text).toMatchFileSnapshot(`../commands/screens/top-${columns}.txt`)
})
