import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, test} from 'vitest'
import {parseMemory} from '../../src/text/quantity.js'
import {type FakeRuntime, id, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

const web = id('aa')
const db = id('bb')
const willing = {
  UpdateContainerResources: {},
  CheckpointContainer: {},
  UpdateRuntimeConfig: {},
  ListPodSandbox: {items: []},
  ListContainers: {
    containers: [
      {id: web, metadata: {name: 'web'}, createdAt: '1'},
      {id: db, metadata: {name: 'db'}, createdAt: '1'},
    ],
  },
}

/** What was sent to one method, without the proto's defaults. */
function sentTo(runtime: FakeRuntime, method: string): unknown[] {
  return runtime.calls
    .filter((call) => call.method === method)
    .map(({request}) => JSON.parse(JSON.stringify(request), dropDefaults))
}

function dropDefaults(_: string, value: unknown): unknown {
  if (value === null || value === '' || value === '0' || value === 0) return undefined
  if (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0) return undefined
  return Array.isArray(value) && value.length === 0 ? undefined : value
}

describe('update', () => {
  test("crictl's flags each fill their field, and the typed word is printed", async () => {
    await using runtime = await startFakeRuntime(willing)
    const flags = ['--cpu-period', '100', '--cpu-quota', '50', '--cpu-share', '512', '--memory', '1000000']
    const more = [
      '--cpuset-cpus',
      '0-1',
      '--cpuset-mems',
      '1',
      '--oom-score-adj',
      '-17',
      '--annotation',
      'a=b',
    ]
    expect(await runInProcess(['update', ...flags, ...more, 'web'], runtime)).toEqual({
      stdout: 'web\n',
      stderr: '',
      exitCode: 0,
    })
    expect(sentTo(runtime, 'UpdateContainerResources')).toEqual([
      {
        containerId: web,
        linux: {
          cpuPeriod: '100',
          cpuQuota: '50',
          cpuShares: '512',
          memoryLimitInBytes: '1000000',
          oomScoreAdj: '-17',
          cpusetCpus: '0-1',
          cpusetMems: '1',
        },
        annotations: {a: 'b'},
      },
    ])
  })

  test('--cpus and --memory take human values, and every container is tried', async () => {
    await using runtime = await startFakeRuntime({
      ...willing,
      UpdateContainerResources: ({containerId}: {containerId: string}) => {
        if (containerId === web) throw status(2, 'no such cgroup')
        return {}
      },
    })
    const argv = ['update', '--cpus', '0.5', '--memory', '64Mi', 'web', 'nobody', 'db']
    const {stdout, stderr, exitCode} = await runInProcess(argv, runtime)
    expect({stdout, exitCode, lines: stderr.trimEnd().split('\n').sort()}).toEqual({
      stdout: 'db\n',
      exitCode: 3,
      lines: [
        'crisp: no container "nobody": crisp ps -a lists all',
        expect.stringMatching(/^crisp: updating container "web": .*no such cgroup$/),
      ],
    })
    expect(sentTo(runtime, 'UpdateContainerResources').at(-1)).toEqual({
      containerId: db,
      linux: {cpuPeriod: '100000', cpuQuota: '50000', memoryLimitInBytes: '67108864'},
    })
  })

  test('flags for Windows each fill their field', async () => {
    await using runtime = await startFakeRuntime(willing)
    await runInProcess(
      ['update', '--cpu-count', '2', '--cpu-maximum', '5000', '--cpu-share', '3', '--memory', '1g', web],
      runtime,
    )
    expect(sentTo(runtime, 'UpdateContainerResources')).toEqual([
      {
        containerId: web,
        linux: {cpuShares: '3', memoryLimitInBytes: '1073741824'},
        windows: {cpuCount: '2', cpuMaximum: '5000', cpuShares: '3', memoryLimitInBytes: '1073741824'},
      },
    ])
  })

  test.each([
    [['update', 'web'], 'update what? name a limit, such as --memory 256m (crisp update --help)'],
    [['update', '--memory', '1m'], 'update needs CONTAINER (crisp update --help)'],
    [['update', '--oom-score-adj', 'abc', 'web'], '--oom-score-adj "abc" is not a whole number'],
    [
      ['update', '--cpus', '1', '--cpu-quota', '5', 'web'],
      '--cpus sets quota and period: leave it out, or those',
    ],
    [
      ['update', '--memory', 'lots', 'web'],
      '--memory "lots" is not a size: write bytes, or 64m, 512Mi, 1.5g',
    ],
    [['checkpoint', 'web'], 'checkpoint needs --export FILE'],
    [
      ['checkpoint', '-e', '/x.tar', 'web', 'db'],
      '--export /x.tar: several containers need a directory, or each would end in one file',
    ],
    [['update-runtime-config'], 'update-runtime-config needs --pod-cidr'],
    [
      ['update-runtime-config', '-p', '10.0.0.0'],
      '--pod-cidr "10.0.0.0" is no address range: write 10.244.1.0/24 or fd00:10::/64',
    ],
    [
      ['update-runtime-config', '-p', '10.0.0.0/33'],
      '--pod-cidr "10.0.0.0/33" is no address range: write 10.244.1.0/24 or fd00:10::/64',
    ],
  ])('%j', async (argv, problem) => {
    await using runtime = await startFakeRuntime(willing)
    expect(await runInProcess(argv, runtime)).toEqual({
      stdout: '',
      stderr: `crisp: ${problem}\n`,
      exitCode: 2,
    })
    expect(runtime.calls).toEqual([])
  })

  test.each([
    ['0x10', 16],
    ['-1', -1],
    ['1_000', 1000],
    ['010', 8],
    ['10b', 10],
    ['2m', 2097152],
  ])('memory %s', (text, bytes) => expect(parseMemory(text)).toBe(bytes))
})

describe('checkpoint', () => {
  test("one container is sent with its file and the user's time limit in seconds", async () => {
    await using runtime = await startFakeRuntime(willing)
    expect(
      await runInProcess(['checkpoint', '--export=/var/tmp/web.tar', '--timeout', '90s', 'web'], runtime),
    ).toEqual({
      stdout: 'web\n',
      stderr: '',
      exitCode: 0,
    })
    expect(sentTo(runtime, 'CheckpointContainer')).toEqual([
      {containerId: web, location: '/var/tmp/web.tar', timeout: '90'},
    ])
  })

  test('several containers are saved into a directory', async () => {
    await using runtime = await startFakeRuntime(willing)
    expect((await runInProcess(['checkpoint', '-e', '/var/tmp/', 'web', 'db'], runtime)).stdout).toBe(
      'web\ndb\n',
    )
    expect(sentTo(runtime, 'CheckpointContainer')).toEqual([
      {containerId: web, location: `/var/tmp/${web}.tar`},
      {containerId: db, location: `/var/tmp/${db}.tar`},
    ])
  })

  test('a runtime without checkpoint fails with the release that has it', async () => {
    const {CheckpointContainer: _, ...without} = willing
    await using runtime = await startFakeRuntime(without)
    const {stderr, exitCode} = await runInProcess(['checkpoint', '-e', '/x.tar', 'web'], runtime)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      'fake 1.2.3 does not implement CheckpointContainer, which needs containerd 2.0 or CRI-O 1.30, both with CRIU',
    )
  })
})

test.each(['10.244.1.0/24', '10.244.0.0/16,fd00:10::/64', ''])(
  'update-runtime-config --pod-cidr %j',
  async (podCidr) => {
    await using runtime = await startFakeRuntime(willing)
    expect(await runInProcess(['update-runtime-config', '--pod-cidr', podCidr], runtime)).toEqual({
      stdout: '',
      stderr: `crisp: the runtime has been told the pod CIDR "${podCidr}"\n`,
      exitCode: 0,
    })
    const networkConfig = podCidr === '' ? {} : {runtimeConfig: {networkConfig: {podCidr}}}
    expect(sentTo(runtime, 'UpdateRuntimeConfig')).toEqual([podCidr === '' ? undefined : networkConfig])
  },
)

describe('init', () => {
  test.each(['pod', 'container'])('a %s file works, with and without what is commented out', async (kind) => {
    await using runtime = await startFakeRuntime({RuntimeConfig: {linux: {cgroupDriver: 'SYSTEMD'}}})
    const {stdout, stderr, exitCode} = await runInProcess(['init', kind], runtime)
    const explanations = stdout.split('\n').filter((line) => /^ *# /.test(line))
    expect(explanations.length).toBeGreaterThan(20)
    expect(explanations.filter((line) => line.length > 80)).toEqual([])
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    const {parseContainerConfig, parsePodConfig} = await import('../../src/config-files/configs.js')
    const parse = kind === 'pod' ? parsePodConfig : parseContainerConfig
    const asItIs = parse({name: 'file', text: stdout})
    expect(asItIs.linux).toBeDefined()
    if (kind === 'pod') expect(asItIs.linux).toMatchObject({cgroupParent: 'crisp-example.slice'})
    const all = parse({name: 'file', text: stdout.replace(/^( *)#(?=\w)/gm, '$1')})
    expect(Object.keys(all).length).toBeGreaterThan(Object.keys(asItIs).length)
    // Every line of YAML stands below an explanation.
    const lines = stdout.split('\n')
    const bare = lines.filter((line, index) => /^ *#?\w+:/.test(line) && !/^ *#/.test(lines[index - 1] ?? ''))
    expect(bare).toEqual([])
  })

  test('init needs no runtime, writes a new file and overwrites none', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'crisp-init-'))
    const path = join(directory, 'pod.yaml')
    const endpoint = `unix://${directory}/none.sock`
    expect(await runInProcess(['init', 'pod', path], {endpoint})).toEqual({
      stdout: '',
      stderr: '',
      exitCode: 0,
    })
    expect(await runInProcess(['init', 'pod', path], {endpoint})).toEqual({
      stdout: '',
      stderr: `crisp: ${path}: is there already: choose another name, or remove it\n`,
      exitCode: 1,
    })
    rmSync(directory, {recursive: true})
  })

  test('init refuses an unknown kind', async () =>
    expect((await runInProcess(['init', 'deployment'])).stderr).toBe(
      'crisp: init "deployment": write init pod or init container\n',
    ))
})
