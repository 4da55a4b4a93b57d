import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {CgroupTrees, parseCgroups, readCgroup} from '../../../src/node/host/cgroups.js'
import {parseMount} from '../../../src/node/host/mounts.js'
import {
  idInside,
  isOneToOne,
  parseIdMap,
  parseStat,
  readProcess,
  readProcesses,
  startedTicks,
} from '../../../src/node/host/processes.js'

test('a process by its own /proc: name, arguments, user, start', {
  skip: process.platform !== 'linux',
}, async () => {
  const child = spawn('sleep', ['60'], {argv0: 'a\nb'})
  try {
    await once(child, 'spawn')
    const pid = child.pid ?? 0
    const found = await readProcess(pid)
    expect(found).toMatchObject({
      pid,
      parent: process.pid,
      name: 'sleep',
      command: ['a\nb', '60'],
      uid: process.getuid?.(),
      threads: 1,
    })
    expect(found?.pids.at(0)).toBe(pid)
    expect(await startedTicks(pid)).toBe(found?.startedTicks)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  expect(await readProcesses([child.pid ?? 0, process.pid])).toEqual([
    expect.objectContaining({pid: process.pid}),
  ])
})

test('a name with brackets, blanks and line ends does not shift the figures', () => {
  const rest = 'S 1 2 3 0 -1 4194560 1 2 3 4 11 22 33 44 20 0 7 0 9999 1 2'
  expect(parseStat(`42 (a) R 9 (\n) ${rest}\n`)).toEqual({
    pid: 42,
    name: 'a) R 9 (\n',
    state: 'S',
    parent: 1,
    cpuTicks: 33,
    threads: 7,
    startedTicks: 9999,
  })
  expect(parseStat('')).toBeUndefined()
})

test('users of a user namespace', () => {
  const ranges = parseIdMap('         0     100000      65536\n     70000     300000          1\n')
  expect([99_999, 100_000, 100_999, 165_535, 165_536, 300_000].map((id) => idInside(ranges, id))).toEqual([
    undefined,
    0,
    999,
    65_535,
    undefined,
    70_000,
  ])
  expect(isOneToOne(ranges)).toBe(false)
  expect(isOneToOne(parseIdMap('         0          0 4294967295\n'))).toBe(true)
})

test('a mount whose path has blanks and a line end', () => {
  expect(
    parseMount('36 35 98:0 /mnt1 /mnt\\0402\\012x rw,noatime master:1 - ext3 /dev/root rw,errors=continue'),
  ).toEqual({
    root: '/mnt1',
    path: '/mnt 2\nx',
    type: 'ext3',
    source: '/dev/root',
    options: ['rw', 'noatime'],
    superOptions: ['rw', 'errors=continue'],
  })
  expect(parseMount('')).toBeUndefined()
})

async function filesIn(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, {recursive: true})
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), `${text}\n`)
}

const mount = (path: string, type: string, options: string) =>
  parseMount(`1 2 0:1 / ${path} rw - ${type} cgroup ${options}`) ?? expect.fail()

test('limits and counters of a group of version 2', async () => {
  const root = await mkdtemp(join(tmpdir(), 'crisp-cgroup-'))
  await filesIn(join(root, 'kubepods/pod1/c1'), {
    'cpu.max': '50000 100000',
    'cpu.weight': '39',
    'cpu.stat': 'usage_usec 5\nnr_periods 9\nnr_throttled 4',
    'cpuset.cpus': '',
    'cpuset.cpus.effective': '0-3',
    'memory.max': '134217728',
    'memory.high': 'max',
    'memory.current': '1048576',
    'memory.swap.max': '0',
    'memory.events': 'low 0\noom 3\noom_kill 2',
    'pids.max': 'max',
  })
  const trees = new CgroupTrees([mount(root, 'cgroup2', 'rw')])
  expect(trees.version).toBe(2)
  expect(await readCgroup(parseCgroups('0::/kubepods/pod1/c1\n'), trees)).toEqual({
    version: 2,
    path: join(root, 'kubepods/pod1/c1'),
    cpuCores: 0.5,
    cpuShares: 998,
    cpus: '0-3',
    memoryBytes: 134_217_728,
    memoryHighBytes: Number.POSITIVE_INFINITY,
    swapBytes: 0,
    pids: Number.POSITIVE_INFINITY,
    usedMemoryBytes: 1_048_576,
    oomKills: 2,
    throttled: 4,
  })
  expect(await readCgroup(parseCgroups('0::/../../elsewhere\n'), trees)).toBeUndefined()
  await rm(root, {recursive: true})
})

test('limits and counters of a group of version 1, whose controllers have a tree each', async () => {
  const root = await mkdtemp(join(tmpdir(), 'crisp-cgroup-'))
  await filesIn(join(root, 'cpu/pod1/c1'), {
    'cpu.cfs_quota_us': '-1',
    'cpu.cfs_period_us': '100000',
    'cpu.shares': '102',
  })
  await filesIn(join(root, 'memory/pod1/c1'), {
    'memory.limit_in_bytes': '9223372036854771712',
    'memory.usage_in_bytes': '4096',
    'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1',
  })
  const trees = new CgroupTrees([
    mount(join(root, 'cpu'), 'cgroup', 'rw,cpu,cpuacct'),
    mount(join(root, 'memory'), 'cgroup', 'rw,memory'),
    mount(join(root, 'unified'), 'cgroup2', 'rw'),
  ])
  expect(trees.version).toBe(1)
  const cgroups = parseCgroups('5:memory:/pod1/c1\n4:cpu,cpuacct:/pod1/c1\n0::/\n')
  expect(await readCgroup(cgroups, trees)).toEqual({
    version: 1,
    path: join(root, 'memory/pod1/c1'),
    cpuCores: Number.POSITIVE_INFINITY,
    cpuShares: 102,
    memoryBytes: Number.POSITIVE_INFINITY,
    usedMemoryBytes: 4096,
    oomKills: 1,
  })
  await rm(root, {recursive: true})
})
