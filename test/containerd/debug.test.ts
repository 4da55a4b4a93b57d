import {readdir, readFile} from 'node:fs/promises'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {
  busyboxImage,
  type Containerd,
  startContainerd,
  type TestPod,
} from '../support/containerd/containerd.js'
import {eventually} from '../support/eventually.js'
import {isMet} from '../support/needs.js'
import {onTerminal, type Session} from '../support/on-terminal.js'
import {runCli, startCli} from '../support/run-cli.js'
import {type SshNode, startSshNode} from '../support/ssh-node.js'
import {callsMade, unlikeTable} from '../support/verb-calls.js'

/** As the kubelet asks for it. */
const own = {namespaceOptions: {network: 'POD', pid: 'CONTAINER'}} as const

describeOnContainerd('a toolbox beside a container', () => {
  let containerd: Containerd
  let pod: TestPod
  let id: string

  beforeAll(async () => {
    containerd = await startContainerd()
    const linux = {cgroupParent: `/crisp-${containerd.directory.slice(-6)}`, securityContext: own}
    pod = await containerd.runPod('web-1', {hostname: 'web-1', linux})
    // All that is left in it is one static program.
    id = await pod.runContainer(
      'web',
      'echo mine > /tmp/mine; rm -f /bin/sh /bin/ls /bin/id /bin/cat; exec sleep 1001',
      {
        config: {linux: {securityContext: own}},
      },
    )
  })
  afterAll(async () => {
    await containerd?.[Symbol.asyncDispose]()
  })

  const debug = (...argv: string[]) =>
    runCli(['debug', '--image', busyboxImage, ...argv], {endpoint: containerd.endpoint})
  const others = async () => {
    const {containers} = await containerd.client.runtime.listContainers({filter: {}})
    return containers.filter((container) => container.id !== id).map((container) => container.id)
  }

  test('makes the calls that explain tells of it', async () => {
    const {stderr} = await debug('--trace=json', 'web-1', '--', 'echo', 'hi')
    expect(unlikeTable('debug', callsMade(stderr))).toEqual([])
  })

  test('sees its processes and files, says what it is before, and is gone at the end', async () => {
    const {stdout, stderr, exitCode} = await debug(
      'web-1',
      '--',
      'sh',
      '-c',
      'cat /proc/1/root/tmp/mine; cat /proc/1/comm; hostname; grep CapEff /proc/self/status; exit 7',
    )
    expect(stderr).toMatch(
      /^crisp: image test\.local\/busybox:1\.35: \S*sha256:[0-9a-f]{64}\ncrisp: profile general: SYS_PTRACE, the runtime's seccomp filter\ncrisp: files of web: \/proc\/1\/root\n$/,
    )
    const [mine, name, hostname, rights = ''] = stdout.split('\n')
    expect([mine, name, hostname]).toEqual(['mine', 'sleep', 'web-1'])
    // CAP_SYS_PTRACE is there, CAP_SYS_ADMIN and CAP_NET_ADMIN are not.
    const bits = BigInt(`0x${rights.split('\t')[1]}`)
    expect([19n, 21n, 12n].map((bit) => (bits >> bit) & 1n)).toEqual([1n, 0n, 0n])
    expect(exitCode).toBe(7)
    expect(await others()).toEqual([])
    expect((await readdir(pod.config.logDirectory ?? '')).filter((file) => file.startsWith('debug'))).toEqual(
      [],
    )
  })

  test('has the rights of its profile, and mounts nothing of the node', async () => {
    const net = await debug(
      '--profile',
      'netadmin',
      'web',
      '--',
      'ip',
      'link',
      'add',
      'dummy9',
      'type',
      'bridge',
    )
    const denied = await debug('web', '--', 'ip', 'link', 'add', 'dummy8', 'type', 'bridge')
    expect([net.exitCode, denied.exitCode === 0]).toEqual([0, false])
    const all = await debug(
      '--profile',
      'sysadmin',
      'web',
      '--',
      'sh',
      '-c',
      'grep Seccomp: /proc/self/status; cat /proc/mounts',
    )
    expect(all.stderr).toContain('all capabilities, no seccomp filter: nearly root on the node')
    expect(all.stdout).toMatch(/^Seccomp:\t0\n/)
    expect(all.stdout).not.toContain('docker.sock')
    expect(await others()).toEqual([])
  })

  test('is removed after a signal, and after a kill by --clean alone; one in use stays', async () => {
    const words = ['debug', '--image', busyboxImage, 'web', '--', 'sh', '-c', 'echo up; exec sleep 1003']
    const start = async () => {
      const cli = startCli(words, {endpoint: containerd.endpoint})
      const exited = new Promise<number | null>((resolve) => cli.once('close', resolve))
      await new Promise((resolve) => cli.stdout.once('data', resolve))
      return {cli, exited}
    }
    const first = await start()
    first.cli.kill('SIGTERM')
    expect(await first.exited).toBe(143)
    expect(await others()).toEqual([])

    const killed = await start()
    killed.cli.kill('SIGKILL')
    await killed.exited
    const [left] = await others()
    const used = await start()
    expect(await runCli(['debug', '--clean'], {endpoint: containerd.endpoint})).toEqual({
      stdout: `${left}\n`,
      stderr: '',
      exitCode: 0,
    })
    expect((await others()).length).toBe(1)
    used.cli.kill('SIGINT')
    expect(await used.exited).toBe(130)
    expect(await others()).toEqual([])
  })

  test('the PID is another one where the pod’s containers share their processes', async () => {
    const shared = {namespaceOptions: {network: 'NODE', pid: 'POD'}} as const
    const linux = {cgroupParent: `/crisp-${containerd.directory.slice(-6)}`, securityContext: shared}
    const together = await containerd.runPod('shared', {linux})
    const target = await together.runContainer('app', 'echo shared > /tmp/mine; exec sleep 1004', {
      config: {linux: {securityContext: shared}},
    })
    const {info} = await containerd.client.runtime.containerStatus({containerId: target, verbose: true})
    const status = await readFile(`/proc/${JSON.parse(info.info ?? '{}').pid}/status`, 'utf8')
    const pid = /^NSpid:.*\t(\d+)$/m.exec(status)?.[1]
    expect(pid).not.toBe('1')
    const {stdout, stderr} = await debug('app', '--', 'cat', `/proc/${pid}/root/tmp/mine`)
    expect(stderr).toContain(`files of app: /proc/${pid}/root\n`)
    expect(stdout).toBe('shared\n')
    await containerd.client.runtime.stopPodSandbox({podSandboxId: together.id})
    await containerd.client.runtime.removePodSandbox({podSandboxId: together.id})
  })

  describe.skipIf(!isMet('ssh'))('over ssh, with the user’s terminal', () => {
    let node: SshNode
    beforeAll(async () => {
      node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: containerd.endpoint}})
    })
    afterAll(() => node?.[Symbol.dispose]())

    const start = async (script: string): Promise<Session> => {
      const words = ['debug', '-it', '--image', busyboxImage, 'web', '--', 'sh', '-c', script]
      const session = await onTerminal(['--node', 'root', ...words], '', {env: node.env})
      await session.until('ready')
      return session
    }

    test('keys and sizes are the toolbox’s, and so is the code', async () => {
      const until = (what: string) => `until [ ${what} ]; do sleep 0.1; done`
      const session = await start(
        `trap caught=1 INT; echo re""ady; ${until('"$(stty size)" = "20 70"')}; echo sized; ${until('"$caught"')}; echo caught; read a; echo "got $a"; exit 6`,
      )
      // What it says first may come of its log; its size comes when it has the terminal.
      await session.terminal.resize(70, 20)
      await session.until('sized')
      session.terminal.input.write('\x03')
      await session.until('caught')
      session.terminal.input.write('word\r')
      await session.until('got word')
      const {exitCode, before, after} = await session.outcome()
      expect({exitCode, after}).toEqual({exitCode: 6, after: before})
      expect(await others()).toEqual([])
    })

    test('a connection that is lost is one line, and the toolbox goes', async () => {
      const session = await start('echo re""ady; exec sleep 1004')
      node.cut()
      const {output, exitCode, before, after} = await session.outcome()
      expect({exitCode, after}).toEqual({exitCode: 4, after: before})
      expect(output.replace(/\s+/g, ' ')).toMatch(
        /crisp: root: the connection was lost.*; what was started there may still run$/,
      )
      await eventually(async () => expect(await others()).toEqual([]))
    })
  })
})
