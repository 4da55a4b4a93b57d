import {mkdtemp, readdir, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {goJson} from '../../src/demo/calls/go-json.js'
import {LogLines, localTimestamp} from '../../src/demo/processes/log-lines.js'
import {parsePsLine, parseStat, processesByOwner} from '../../src/demo/processes/process-table.js'
import {tidyRotatedLogs, unusedSuffix} from '../../src/demo/processes/rotated-logs.js'
import {behaviourLike, releaseNames} from '../../src/demo/server/behaviour.js'
import {Events} from '../../src/demo/state/events.js'
import {isImageName, normalizedImageName, repositoryOf} from '../../src/demo/state/image-names.js'
import {checkSeed} from '../../src/demo/state/seed-check.js'

describe('lines of a log', () => {
  const lines = (chunks: (string | Buffer)[]) => {
    const log = new LogLines('stdout', 'containerd', () => 'T')
    return [...chunks.map((chunk) => String(log.take(Buffer.from(chunk)))), String(log.end())].join('|')
  }
  test.each([
    ['whole lines', ['a\nb\n'], 'T stdout F a\nT stdout F b\n|'],
    ['a line in two chunks', ['a', 'b\n'], '|T stdout F ab\n|'],
    ['an empty line', ['\n'], 'T stdout F \n|'],
    ['no newline at the end', ['a'], '|T stdout P a\n'],
    ['a return before the newline', ['a\r\n'], 'T stdout F a\n|'],
    ['a return anywhere else', ['a\rb\n'], 'T stdout F a\rb\n|'],
  ])('%s', (_, chunks, expected) => {
    expect(lines(chunks)).toBe(expected)
  })

  test.each([
    [16_384, [['F', 16_384]]],
    [
      16_385,
      [
        ['P', 16_384],
        ['F', 1],
      ],
    ],
    [
      40_000,
      [
        ['P', 16_384],
        ['P', 16_384],
        ['F', 7_232],
      ],
    ],
  ])('a line of %i bytes', (length, expected) => {
    const written = lines([`${'x'.repeat(length)}\n`]).slice(0, -1)
    const pieces = written
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
    expect(pieces.map(([, , tag, content]) => [tag, content?.length])).toEqual(expected)
  })

  test('bytes that are no text stay as they are', () => {
    const log = new LogLines('stderr', 'containerd', () => 'T')
    expect(log.take(Buffer.from([0xff, 0x00, 0x0a])).subarray(-3)).toEqual(Buffer.from([0xff, 0x00, 0x0a]))
  })

  test('the time is one that any reader understands', () => {
    expect(localTimestamp()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?(Z|[+-]\d\d:\d\d)$/)
    expect(Math.abs(Date.parse(localTimestamp()) - Date.now())).toBeLessThan(1000)
  })
})

test('rotated logs: the newest stays plain, older ones are compressed, the oldest go', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-rotated-'))
  const log = join(directory, '0.log')
  const others = ['0.log', '0.log.old', '1.log.20260101-000000']
  for (const name of [...others, ...['01', '02', '03'].map((day) => `0.log.202601${day}-000000`)])
    await writeFile(join(directory, name), name)
  await tidyRotatedLogs(log, 2)
  expect((await readdir(directory)).toSorted()).toEqual(
    [...others, '0.log.20260102-000000.gz', '0.log.20260103-000000.gz'].toSorted(),
  )
  const noon = new Date(2026, 0, 2, 0, 0, 0)
  expect(await unusedSuffix(log, noon)).toBe('20260102-000001')
  await rm(directory, {recursive: true})
})

test.each([
  ['busybox', 'docker.io/library/busybox:latest', 'docker.io/library/busybox'],
  ['user/tool:1', 'docker.io/user/tool:1', 'docker.io/user/tool'],
  ['localhost/a', 'localhost/a:latest', 'localhost/a'],
  ['host:5000/a/b', 'host:5000/a/b:latest', 'host:5000/a/b'],
  ['quay.io/a:1@sha256:00', 'quay.io/a@sha256:00', 'quay.io/a'],
])('the image %s is %s', (name, normalized, repository) => {
  expect(normalizedImageName(name)).toBe(normalized)
  expect(repositoryOf(normalized)).toBe(repository)
})

test.each(['', ' ', 'UPPER', 'a//b', 'a:', 'a@sha256:12', '-a', 'a b'])('"%s" names no image', (name) => {
  expect(isImageName(name)).toBe(false)
})

describe('the process table', () => {
  const stat = (name: string, state: string) =>
    `7 (${name}) ${state} 1 7 6 0 -1 4194560 100 0 3 0 20 10 4 2 20 0 1 0 555 1000 250 18446744073709551615`

  test.each(['sh', 'a) S 9 9', '(x) (y'])('a process called "%s"', (name) => {
    expect(parseStat(7, stat(name, 'S'))).toEqual({
      pid: 7,
      parentPid: 1,
      session: 6,
      cpuNs: 300_000_000,
      cpuWithChildrenNs: 360_000_000,
      residentBytes: 1_024_000,
      pageFaults: 100,
      majorPageFaults: 3,
      startedAt: '555',
    })
  })

  test('one that has ended is none', () => {
    expect(parseStat(7, stat('sh', 'Z'))).toBeUndefined()
  })

  test('as ps tells it on macOS', () => {
    expect(parsePsLine('  42     1    42   0:01.50   2048 Ss   Wed Nov 25 03:40:06 2026')).toMatchObject({
      pid: 42,
      parentPid: 1,
      session: 42,
      cpuNs: 1_500_000_000,
      residentBytes: 2_097_152,
      startedAt: 'Wed Nov 25 03:40:06 2026',
    })
  })

  test('whose processes are whose, also where a child has made a session of its own', () => {
    const row = (pid: number, parentPid: number, session: number) => ({
      pid,
      parentPid,
      session,
      cpuNs: 0,
      cpuWithChildrenNs: 0,
      residentBytes: 0,
      pageFaults: 0,
      majorPageFaults: 0,
      startedAt: '',
    })
    const rows = [
      row(1, 0, 1),
      row(10, 1, 10),
      row(11, 10, 10),
      row(12, 11, 12),
      row(13, 1, 10),
      row(20, 1, 20),
    ]
    const owned = processesByOwner(
      rows,
      new Map([
        [10, 'a'],
        [20, 'b'],
      ]),
    )
    expect([...owned].map(([owner, found]) => [owner, found.map(({pid}) => pid)])).toEqual([
      ['a', [10, 11, 12, 13]],
      ['b', [20]],
    ])
  })
})

test('messages as Go writes them', () => {
  const value = {
    metadata: {name: 'a', attempt: 0},
    image: null,
    envs: [{key: 'K', value: Buffer.from('v')}],
    mounts: [{containerPath: '/x', hostPath: '', propagation: 'PROPAGATION_BIDIRECTIONAL', uidMappings: []}],
    labels: {},
    annotations: {z: ''},
    logPath: 'x.log',
    stdin: false,
    tty: true,
    linux: {resources: {cpuQuota: '5000', cpuShares: '0'}},
    stopSignal: 'SIGNAL_SIGTERM',
  }
  expect(goJson('ContainerConfig', value)).toEqual({
    metadata: {name: 'a'},
    envs: [{key: 'K', value: 'v'}],
    mounts: [{container_path: '/x', propagation: 2}],
    annotations: {z: ''},
    log_path: 'x.log',
    tty: true,
    linux: {resources: {cpu_quota: 5000}},
    stop_signal: 23,
  })
})

test.each([
  ['a list', [], 'the file should have fields such as "name: value"'],
  ['a pod without a name', {pods: [{}]}, 'pods[0].name is missing'],
  ['a wrong list', {pods: 'x'}, 'pods should be a list'],
  ['a wrong word', {pods: [{name: 'a', ready: 'yes'}]}, 'pods[0].ready should be true or false'],
  [
    'a state that is none',
    {pods: [{name: 'a', containers: [{name: 'b', image: 'c', state: 'dead'}]}]},
    'pods[0].containers[0].state should be created or running or exited',
  ],
  ['a number as a text', {pods: [{name: 'a', labels: {x: 1}}]}, 'pods[0].labels.x should be a text'],
])('a seed with %s', (_, value, message) => {
  expect(() => checkSeed(value)).toThrow(message)
})

describe('releases', () => {
  test.each([
    ['containerd-1.6', 12],
    ['containerd-1.7', 11],
    ['containerd-2.0', 9],
    ['containerd-2.1', 9],
    ['containerd-2.2', 7],
    ['containerd-2.3', 6],
    ['crio-1.30', 7],
    ['crio-1.33', 6],
    ['crio-1.36', 0],
    ['cri-dockerd-0.4', 13],
  ])('%s lacks %i calls', (name, count) => {
    expect(releaseNames).toContain(name)
    expect(behaviourLike(name)?.missing.size).toBe(count)
  })
})

describe('events', () => {
  const read = async (events: Events, count: number) => {
    const stop = new AbortController()
    const ids: unknown[] = []
    for await (const {containerId} of events.read(stop.signal))
      if (ids.push(containerId) === count) stop.abort()
    return ids
  }

  test('what came before the first reader is kept for it', async () => {
    const events = new Events()
    for (const containerId of ['a', 'b']) events.emit({containerId})
    expect(await read(events, 2)).toEqual(['a', 'b'])
  })

  test('as in containerd 1.7 readers take events away from one another', async () => {
    const events = new Events('shared')
    const readers = [read(events, 2), read(events, 2)]
    for (const containerId of ['a', 'b', 'c', 'd']) events.emit({containerId})
    expect(await Promise.all(readers)).toEqual([
      ['a', 'c'],
      ['b', 'd'],
    ])
  })

  test('as in CRI-O by default there are none', async () => {
    const events = new Events('none')
    events.emit({containerId: 'a'})
    expect(await read(events, 1)).toEqual([])
  })
})
