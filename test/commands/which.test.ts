import {spawn} from 'node:child_process'
import {mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {describeError} from '../../src/cli/failures/describe.js'
import {connect} from '../../src/client/connect.js'
import {Proc} from '../../src/node/owner/proc.js'
import {parseQuery, Which} from '../../src/node/owner/which.js'
import {id, kubeletContainer, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {runCli} from '../support/run-cli.js'

const uid = '0e1c4b1e-6d6b-4f7a-9a3e-0c2f8f1f1b11'

/** A pod with one container, whose first process is the one given; there are no control groups in it. */
function startNode(pid: number, logPath = '/var/log/pods/default_web_u/app/0.log') {
  const mounts = [
    {hostPath: '/srv', containerPath: '/data'},
    {hostPath: '/srv/www', containerPath: '/www'},
  ]
  return startFakeRuntime({
    ListContainers: {
      containers: [kubeletContainer('default', 'web', 'app', {id: id('a1'), podSandboxId: id('b1')})],
    },
    ListPodSandbox: {
      items: [{id: id('b1'), state: 'SANDBOX_READY', metadata: {name: 'web', namespace: 'default', uid}}],
    },
    ContainerStatus: {
      status: {id: id('a1'), state: 'CONTAINER_RUNNING', mounts, logPath},
      info: {sandboxID: 'no JSON', info: JSON.stringify({pid})},
    },
    PodSandboxStatus: {status: {id: id('b1'), network: {ip: '10.1.2.3', additionalIps: [{ip: 'fd00::0:7'}]}}},
  })
}

const cells = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {2,}/))
const place = ['a100000000000', 'app', 'Running', 'b100000000000', 'web', 'default']
const pod = ['', 'b100000000000', 'web', 'default']

test('a process below the first one of a container, and a port that one listens on', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as {port: number}
  const child = spawn('sleep', ['60'])
  await using runtime = await startNode(process.pid)
  const {stdout, stderr, exitCode} = await runCli(['which', String(child.pid), `:${port}`], runtime)
  child.kill()
  server.close()
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  expect(cells(stdout)).toEqual([
    [...place, `process ${child.pid} (sleep)`],
    [
      ...place,
      expect.stringMatching(
        new RegExp(`^process ${process.pid} \\(.*\\) listens on 127\\.0\\.0\\.1:${port}/tcp$`),
      ),
    ],
  ])
})

test('a port of an address: who listens there, or on all addresses of the network that has it', async () => {
  const listen = async (host: string) => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, host, resolve))
    return {server, port: (server.address() as {port: number}).port}
  }
  const [one, all] = [await listen('127.0.0.1'), await listen('0.0.0.0')]
  await using runtime = await startNode(process.pid)
  const ports = [
    [`127.0.0.1:${one.port}`, true],
    [`[::ffff:127.0.0.1]:${one.port}`, true],
    [`127.0.0.2:${one.port}`, false],
    [`10.1.2.3:${one.port}`, false],
    [`10.1.2.3:${all.port}`, true],
    [`[fd00::0:7]:${all.port}`, true],
    [`127.0.0.1:${all.port}`, true],
    [`0.0.0.0:${all.port}`, true],
    [`*:${all.port}`, true],
    [`10.9.9.9:${all.port}`, false],
  ] as const
  for (const [query, found] of ports) {
    const {stdout, stderr, exitCode} = await runInProcess(['which', query], runtime)
    expect({query, exitCode}).toEqual({query, exitCode: found ? 0 : 3})
    if (found) expect(cells(stdout)).toEqual([[...place, expect.stringMatching(/ listens on /)]])
    else expect(stderr).toMatch(/^crisp: .*:\d+ belongs to no container of this runtime\n$/)
  }
  one.server.close()
  all.server.close()
})

test('addresses and paths: volumes, logs, rotated logs, links, and what a path names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crisp-which-'))
  const log = join(folder, '0.log')
  await writeFile(log, '')
  await symlink('0.log', join(folder, 'link.log'))
  await using runtime = await startNode(0, log)
  const queries = [
    '10.1.2.3',
    '[fd00::7]',
    '::ffff:10.1.2.3',
    '/srv/www/a',
    '/srv/',
    log,
    `${log}.20261125.gz`,
    `${folder}/link.log`,
  ]
  const named = [`/var/lib/kubelet/pods/${uid}/volumes/x`, `/run/x/${id('a1')}/rootfs`]
  const {stdout, stderr} = await runCli(['which', ...queries, ...named], runtime)
  await rm(folder, {recursive: true})
  expect(stderr).toBe('')
  expect(cells(stdout)).toEqual([
    [...pod, 'address 10.1.2.3'],
    [...pod, 'address fd00::7'],
    [...pod, 'address 10.1.2.3'],
    [...place, 'mounts /srv/www as /www'],
    [...place, 'mounts /srv as /data'],
    [...place, 'its log'],
    [...place, 'its log'],
    [...place, 'its log'],
    [...pod, 'named in the path'],
    [...place, 'named in the path'],
  ])
})

test('-q, -o name and -o json go on to other commands', async () => {
  await using runtime = await startNode(process.pid)
  const which = async (...argv: string[]) => (await runCli(['which', ...argv], runtime)).stdout
  expect(await which(String(process.pid), '10.1.2.3', '-q')).toBe(`${id('a1')}\n${id('b1')}\n`)
  expect(await which(String(process.pid), '10.1.2.3', '-o', 'name')).toBe('default/web/app\ndefault/web\n')
  expect(JSON.parse(await which('/srv/x', '-o', 'json'))).toMatchObject({
    findings: [{because: 'mounts /srv as /data', container: {id: id('a1')}, pod: {id: id('b1')}}],
  })
})

test('a query without an owner exits with 3; an invalid query exits with 2 before any call', async () => {
  await using runtime = await startNode(0)
  const {stdout, stderr, exitCode} = await runCli(
    ['which', '1', '4194305', ':1', '10.9.9.9', '/opt/x'],
    runtime,
  )
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 3})
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(/^crisp: process 1 \(.*\) belongs to no container of this runtime$/),
    'crisp: no process 4194305 on this machine (a port is written :4194305)',
    'crisp: port 1 belongs to no container of this runtime',
    'crisp: 10.9.9.9 belongs to no container of this runtime',
    'crisp: /opt/x belongs to no container of this runtime',
    '',
  ])
  const calls = runtime.calls.length
  expect(await runCli(['which', '1', 'web'], runtime)).toMatchObject({
    stderr: 'crisp: "web" should be a PID, a :PORT, an IP address, an ADDRESS:PORT or a /PATH\n',
    exitCode: 2,
  })
  expect(runtime.calls).toHaveLength(calls)
})

test('control groups name the container; an overlay mount its layers', async () => {
  await using runtime = await startNode(0)
  using client = connect({endpoint: runtime.endpoint})
  const proc = Object.assign(new Proc('/nonexistent'), {
    nameOf: async () => 'nginx',
    cgroupOf: async () => `0::/kubepods/pod1/cri-containerd-${id('a1')}.scope`,
    mountsOf: async () => [
      `35 24 0:30 / /run/c/${id('a1')}/rootfs rw - overlay overlay rw,lowerdir=/s/2/fs:/s/1/fs,upperdir=/s/9/fs,workdir=/s/9/work`,
    ],
  })
  const which = new Which(client, proc, {pid: 1, uid: 0})
  expect(await which.find({kind: 'process', pid: 7})).toMatchObject([
    {container: {id: id('a1')}, because: 'process 7 (nginx)'},
  ])
  for (const path of ['/s/9/fs/etc', '/s/1/fs', '/s/9/work'])
    expect(await which.find({kind: 'path', path})).toMatchObject([
      {container: {id: id('a1')}, because: 'a layer of its root file system'},
    ])
  await expect(which.find({kind: 'path', path: '/s/3/fs'})).rejects.toThrow('belongs to no container')
})

test('without permission to look, crisp suggests sudo and does not claim that nothing was found', async () => {
  await using runtime = await startNode(0)
  using client = connect({endpoint: runtime.endpoint})
  const proc = new Proc('/nonexistent')
  proc.networkOf = async () => {
    proc.denied = true
    return undefined
  }
  const find = (uid: number) => new Which(client, proc, {pid: 1, uid}).find({kind: 'port', port: 80})
  const failure = await find(1000).catch(describeError)
  expect(failure).toEqual({
    text: "port 80: other users' processes may not be looked at; try sudo",
    exitCode: 1,
  })
  await expect(find(0)).rejects.toThrow('port 80 belongs to no container of this runtime')
})

test.each([
  'web',
  ':0',
  '1.2.3.4:0',
  'web:80',
  'fd00::7]:80',
  '1.2.3:80',
  ':65536',
  '-1',
  '1.2.3',
  'relative/path',
  '',
])('%j is no question', (text) => {
  expect(() => parseQuery(text)).toThrow(
    'should be a PID, a :PORT, an IP address, an ADDRESS:PORT or a /PATH',
  )
})

test('on a system without /proc, which says to run it on the node', async () => {
  await using runtime = await startNode(0)
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor
  Object.defineProperty(process, 'platform', {...platform, value: 'darwin'})
  try {
    for (const query of ['4711', ':80'])
      expect(await runInProcess(['which', query], {...runtime, here: true})).toMatchObject({
        stderr: "crisp: processes and ports are looked up in Linux's /proc: run this on the node itself\n",
        exitCode: 1,
      })
  } finally {
    Object.defineProperty(process, 'platform', platform)
  }
})

test('--uid: the pod whose user namespace has it, and the containers that run as it', async () => {
  const pod = (name: string, hostId: number) => ({
    id: id(name),
    metadata: {name, namespace: 'shop', uid: name, attempt: 0},
    state: 'SANDBOX_READY',
    createdAt: '1',
    linux: {
      namespaces: {options: {usernsOptions: {mode: 'POD', uids: [{hostId, containerId: 0, length: 65_536}]}}},
    },
  })
  const pods = [pod('aa', 4_200_000_000), pod('bb', 4_200_065_536)]
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: []},
    ListPodSandbox: {items: pods},
    PodSandboxStatus: ({podSandboxId}: {podSandboxId: string}) => ({
      status: pods.find(({id: each}) => each === podSandboxId),
    }),
  })
  const which = (uid: string) =>
    runInProcess(['which', '--uid', uid, '-o', 'custom-columns=P:.pod.metadata.name,B:.because'], runtime)
  expect((await which('4200065535')).stdout).toBe(
    'P    B\naa   user 4200065535 of the node is its user 65535\n',
  )
  expect((await which('4200065536')).stdout).toContain('bb   user 4200065536 of the node is its user 0\n')
  expect(await which('4200131072')).toEqual({
    stdout: '',
    stderr: 'crisp: user 4200131072 belongs to no container of this runtime\n',
    exitCode: 3,
  })
  expect(await runInProcess(['which'], runtime)).toMatchObject({stdout: '', exitCode: 2})
})
