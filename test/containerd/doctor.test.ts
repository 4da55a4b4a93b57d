import {execFile, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, rename, rm, rmdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {Finding} from '../../src/doctor/check.js'
import {checks} from '../../src/doctor/checks/index.js'
import {examine, type Outcome} from '../../src/doctor/examine.js'
import {Host} from '../../src/doctor/host.js'
import {Subject} from '../../src/doctor/subject.js'
import {describeOnOwnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd, type TestPod} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'

const run = promisify(execFile)

/** What says something of this machine, not of the containerd that the test made on it. */
const ofTheMachine = ['disk', 'pressure', 'limits', 'kubelet', 'pulls', 'log-folders', 'namespaces']

describeOnOwnContainerd('doctor, on a real containerd', () => {
  let containerd: Containerd
  let pod: TestPod
  let web: string
  beforeAll(async () => {
    containerd = await startContainerd()
    const network = {securityContext: {namespaceOptions: {network: 'POD'} as const}}
    pod = await containerd.runPod('web-1', {linux: network})
    web = await pod.runContainer('web', 'sleep 1000')
    await pod.runContainer('done', 'exit 0')
  })
  afterAll(() => containerd[Symbol.asyncDispose]())

  const examineWith = (nowMs: number): Promise<Outcome[]> =>
    examine(
      checks.filter(
        ({name}) => name === 'namespaces' || (name !== 'upgrade' && !ofTheMachine.includes(name)),
      ),
      new Subject({
        client: containerd.client,
        host: new Host(),
        limitMs: 60_000,
        nowMs,
        sinceMs: nowMs - 3_600_000,
      }),
    )
  /** Two minutes later, when nothing is in the making any more. */
  const findings = async (): Promise<(Finding & {check: string})[]> =>
    (await examineWith(Date.now() + 120_000)).flatMap(({name, findings}) =>
      findings.map((finding) => ({check: name, ...finding})),
    )

  test('on a node that is well every check of the runtime is done, and none finds more than info', async () => {
    const outcomes = await examineWith(Date.now() + 120_000)
    const bad = outcomes.filter(({result}) => !['ok', 'info'].includes(result))
    expect(bad.filter(({name}) => !ofTheMachine.includes(name))).toEqual([])
    const {stdout, stderr, exitCode} = await runInProcess(
      ['doctor', '--ignore', ofTheMachine.join(',')],
      containerd,
    )
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    expect(stdout).toMatch(/ checks of containerd 1\./)
  })

  test('without its network plugin', async () => {
    const file = join(containerd.directory, 'cni', '10-test.conflist')
    await rename(file, `${file}.away`)
    try {
      const found = await findings()
      expect(found).toContainEqual(expect.objectContaining({check: 'cni', severity: 'broken'}))
    } finally {
      await rename(`${file}.away`, file)
    }
  })

  test('with a shim that it has forgotten', async () => {
    const id = 'dead'.padEnd(64, '0')
    const socket = containerd.endpoint.replace('unix://', '')
    // By its arguments and its name a shim.
    const shim = spawn(
      'bash',
      [
        '-c',
        'printf containerd-shim >/proc/$$/comm; read',
        '-namespace',
        'k8s.io',
        '-id',
        id,
        '-address',
        socket,
      ],
      {stdio: ['pipe', 'ignore', 'ignore']},
    )
    try {
      await expect
        .poll(async () => (await findings()).filter(({check}) => check === 'shims'))
        .toMatchObject([{severity: 'warning', object: id}])
    } finally {
      const ended = once(shim, 'exit')
      shim.stdin?.end()
      await ended
    }
  })

  test('with a network namespace, a mount and a control group that nobody has', async () => {
    const name = 'cni-00000000-0000-4000-8000-00000000c415'
    const id = 'dead'.padEnd(64, '1')
    const mount = join(containerd.directory, 'state', 'io.containerd.grpc.v1.cri', 'sandboxes', id, 'shm')
    const group = await groupBeside(web, id)
    // As a runtime does it: ip makes all of the folder a mount, over those of the pods.
    await writeFile(`/run/netns/${name}`, '')
    await run('unshare', [`--net=/run/netns/${name}`, 'true'])
    await mkdir(mount, {recursive: true})
    await run('mount', ['-t', 'tmpfs', 'shm', mount])
    await mkdir(group)
    try {
      // Other runtimes of this machine have namespaces in the same folder.
      const found = (await findings()).filter(
        ({severity, check, object}) =>
          severity !== 'info' && (check !== 'namespaces' || object?.endsWith(name) === true),
      )
      expect(found.map(({check, object}) => [check, object]).sort()).toEqual([
        ['cgroup-folders', group],
        ['mounts', mount],
        ['namespaces', `/run/netns/${name}`],
      ])
    } finally {
      await run('umount', [`/run/netns/${name}`])
      await rm(`/run/netns/${name}`)
      await run('umount', [mount])
      await rm(join(mount, '..'), {recursive: true})
      await rmdir(group)
    }
  })

  test('with a shim that is stopped', async () => {
    const {stdout} = await run('pgrep', ['-f', `containerd-shim.* -id ${pod.id}`])
    const shim = Number(stdout)
    process.kill(shim, 'SIGSTOP')
    try {
      expect(await findings()).toContainEqual({
        check: 'shims',
        severity: 'broken',
        what: 'the shim of default/web-1 is stopped',
        object: 'default/web-1',
        evidence: [`process ${shim} (containerd-shim) is in state T`],
        fix: expect.stringContaining(`kill -CONT ${shim}`),
      })
    } finally {
      process.kill(shim, 'SIGCONT')
    }
  })

  /** Where a control group for another ID would be. */
  async function groupBeside(containerId: string, id: string): Promise<string> {
    const {info} = await containerd.client.runtime.containerStatus({containerId, verbose: true})
    const {pid} = JSON.parse(info.info ?? '{}')
    const {stdout} = await run('grep', ['-m1', ':memory:\\|^0::', `/proc/${pid}/cgroup`])
    const path = stdout.trim().split(':')[2] ?? ''
    const tree = stdout.startsWith('0::') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory'
    return join(tree, path, '..', id)
  }
})
