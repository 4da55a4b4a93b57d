import {execFile} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, mkdtemp, readFile, readlink, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {type Containerd, startContainerd, type TestPod} from '../support/containerd/containerd.js'
import {eventually} from '../support/eventually.js'
import {isMet, testWith} from '../support/needs.js'
import {onTerminal} from '../support/on-terminal.js'
import {runCli, startCli} from '../support/run-cli.js'
import {type SshNode, startSshNode} from '../support/ssh-node.js'
import {callsMade, unlikeTable} from '../support/verb-calls.js'

const run = promisify(execFile)

/** As the kubelet asks for it. */
const own = {namespaceOptions: {network: 'POD', pid: 'CONTAINER'}} as const

describeOnContainerd("the node's own tools in the namespaces of a pod", () => {
  let containerd: Containerd
  let pod: TestPod
  let id: string

  beforeAll(async () => {
    containerd = await startContainerd()
    const linux = {cgroupParent: `/crisp-${containerd.directory.slice(-6)}`, securityContext: own}
    pod = await containerd.runPod('web-1', {hostname: 'web-1', linux})
    // Its own sh, id and ip would all tell on themselves, and so would a program that is written over.
    id = await pod.runContainer(
      'web',
      `cp /bin/busybox /tmp/sleep; rm /bin/ip /bin/id /bin/ss
       for name in ip id ss; do printf '#!/bin/sh\\ntouch /stolen\\necho stolen\\n' > /bin/$name; chmod 755 /bin/$name; done
       httpd -p 8080; (while :; do printf x > /proc/self/exe; sleep 0.1; done) 2>/dev/null & exec sleep 1001`,
      {config: {linux: {securityContext: own}}},
    )
    await containerd.runPod('other', {hostname: 'other', linux})
    await containerd.runPod('host', {
      linux: {...linux, securityContext: {namespaceOptions: {network: 'NODE'}}},
    })
  })
  afterAll(async () => {
    await containerd?.[Symbol.asyncDispose]()
  })

  const crisp = (...argv: string[]) => runCli(argv, {endpoint: containerd.endpoint})
  const hostPid = async () => {
    const {info} = await containerd.client.runtime.containerStatus({containerId: id, verbose: true})
    return Number(JSON.parse(info.info ?? '{}').pid)
  }

  test('makes the calls that explain tells of it', async () => {
    const {stderr} = await crisp('enter', '--trace=json', 'web', '--', 'true')
    expect(unlikeTable('enter', callsMade(stderr))).toEqual([])
  })

  test('the network of a pod, and not the node’s, seen with tools that the node has', async () => {
    const inside = await crisp('enter', 'web-1', '--', 'ip', '-o', 'addr')
    expect(inside).toMatchObject({stderr: '', exitCode: 0})
    const {status} = await containerd.client.runtime.podSandboxStatus({podSandboxId: pod.id})
    expect(inside.stdout).toContain(`inet ${status?.network?.ip}/`)
    expect((await run('ip', ['-o', 'addr'])).stdout).not.toContain(`inet ${status?.network?.ip}/`)
    const sockets = await crisp('enter', 'web', '--', 'readlink', '/proc/self/ns/net', '/proc/self/ns/mnt')
    expect(sockets).toEqual({
      stdout: `${await readlink(`/proc/${await hostPid()}/ns/net`)}\n${await readlink('/proc/self/ns/mnt')}\n`,
      stderr: '',
      exitCode: 0,
    })
  })

  test('the other namespaces where they are asked for, and those alone', async () => {
    const all = await crisp(
      'enter',
      '--uts',
      '--ipc',
      '--pid',
      'web',
      '--',
      'sh',
      '-c',
      'hostname; echo $$ $PPID; cat /proc/1/comm',
    )
    expect(all.stderr).toBe('')
    const [hostname, pids, first] = all.stdout.split('\n')
    expect(hostname).toBe('web-1')
    // Its parent is the node's, so that inside there is none.
    expect(pids).toMatch(/^\d+ 0$/)
    expect(first).toBe((await readFile('/proc/1/comm', 'utf8')).trim())
    const names = ['net', 'uts', 'ipc'].map((kind) => `/proc/self/ns/${kind}`)
    const {stdout} = await crisp('enter', '--uts', 'web', '--', 'readlink', ...names)
    const [net, uts, ipc] = stdout.split('\n')
    expect([net, ipc]).toEqual([await readlink('/proc/self/ns/net'), await readlink('/proc/self/ns/ipc')])
    expect(uts).not.toBe(await readlink('/proc/self/ns/uts'))
  })

  test('codes, words and stdin of the command are its own', async () => {
    expect(await crisp('enter', 'web', 'sh', '-c', 'echo said >&2; exit 7')).toEqual({
      stdout: '',
      stderr: 'said\n',
      exitCode: 7,
    })
    expect(await crisp('enter', 'web', 'sh', '-c', 'kill -9 $$')).toMatchObject({exitCode: 137})
    expect(await runCli(['enter', 'web', 'cat'], {endpoint: containerd.endpoint, stdin: 'typed'})).toEqual({
      stdout: 'typed',
      stderr: '',
      exitCode: 0,
    })
    const {stdout} = await runCli(['enter', 'web', 'env'], {
      endpoint: containerd.endpoint,
      env: {LD_LIBRARY_PATH: '/tmp', BASH_ENV: '/tmp/x', TERM: 'xterm'},
    })
    expect(stdout).toContain('TERM=xterm')
    expect(stdout).not.toMatch(/LD_|BASH_ENV|CONTAINER_RUNTIME/)
  })

  test.each([
    {flags: [], signal: 'SIGTERM', code: 143},
    {flags: ['--pid'], signal: 'SIGTERM', code: 143},
    {flags: [], signal: 'SIGINT', code: 130},
  ] as const)('$signal is passed on with $flags, and nothing stays behind', async ({flags, signal, code}) => {
    const cli = startCli(['enter', ...flags, 'web', '--', 'sh', '-c', 'echo up; exec sleep 2000.5'], {
      endpoint: containerd.endpoint,
    })
    const exited = new Promise<number | null>((resolve) => cli.once('close', resolve))
    await new Promise((resolve) => cli.stdout.once('data', resolve))
    cli.kill(signal)
    expect(await exited).toBe(code)
    const {stdout} = await run('ps', ['-eo', 'args'])
    expect(stdout).not.toContain('sleep 2000.5')
  })

  test('nothing of a container is run, whatever it has in its place', async () => {
    const directory = await mkdtemp(join('/var/tmp', 'crisp-enter-'))
    try {
      const pid = await hostPid()
      for (const name of ['id', 'ip', 'ss']) {
        const {stdout} = await crisp('enter', 'web', '--', name, '--version')
        expect(stdout).not.toContain('stolen')
      }
      const through = await crisp('enter', 'web', '--', `/proc/${pid}/root/bin/id`)
      expect(through).toMatchObject({stdout: '', exitCode: 126})
      const table = await readFile('/proc/mounts', 'utf8')
      const mounted = table.split('\n').flatMap((line) => line.split(' ')[1] ?? [])
      const rootFileSystem = mounted.find((path) => path.endsWith(`/${id}/rootfs`))
      // CRI-O mounts it by the ID of the layer.
      if (!containerd.isCrio) {
        expect(rootFileSystem).toBeDefined()
        const onNode = await crisp('enter', 'web', '--', `${rootFileSystem}/bin/id`)
        expect(onNode).toMatchObject({stdout: '', exitCode: 126})
      }
      await mkdir(join(directory, 'bin'))
      const planted = join(directory, 'bin', 'tool')
      await writeFile(planted, '#!/bin/sh\necho stolen\n', {mode: 0o755})
      await run('chown', ['65534', join(directory, 'bin')])
      expect(await crisp('enter', 'web', '--', planted)).toMatchObject({stdout: '', exitCode: 126})
      expect(await crisp('enter', 'web', '--', './tool')).toMatchObject({stdout: '', exitCode: 126})
      const found = await runCli(['enter', 'web', '--', 'tool'], {
        endpoint: containerd.endpoint,
        env: {PATH: `${join(directory, 'bin')}:${process.env.PATH}`},
      })
      expect(found).toEqual({
        stdout: '',
        stderr: "crisp: the node has no program tool in root's own directories\n",
        exitCode: 127,
      })
      const stolen = await readFile(`/proc/${pid}/root/stolen`).catch(({code}) => code)
      expect(stolen).toBe('ENOENT')
    } finally {
      await rm(directory, {recursive: true})
    }
  })

  test('one pod’s ping to another', async () => {
    const {items} = await containerd.client.runtime.listPodSandbox({filter: {}})
    const other = items.find(({metadata}) => metadata?.name === 'other')?.id ?? ''
    const {status} = await containerd.client.runtime.podSandboxStatus({podSandboxId: other})
    const ip = status?.network?.ip ?? ''
    // busybox of the node: Debian's slim images have no other ping.
    const ping = await crisp('enter', 'web-1', '--', 'busybox', 'ping', '-c', '1', '-W', '5', ip)
    expect(ping).toMatchObject({stderr: '', exitCode: 0})
    const neighbours = await crisp('enter', 'other', '--', 'ip', 'neigh')
    const {status: mine} = await containerd.client.runtime.podSandboxStatus({podSandboxId: pod.id})
    expect(neighbours.stdout).toContain(mine?.network?.ip ?? 'none')
  })

  describe.skipIf(!isMet('ssh'))('over ssh', () => {
    let node: SshNode
    beforeAll(async () => {
      node = await startSshNode({environment: {CONTAINER_RUNTIME_ENDPOINT: containerd.endpoint}})
    })
    afterAll(() => node?.[Symbol.dispose]())

    test.each([
      ['enter', 'web', '--', 'cat'],
      ['exec', '-i', '--user', '1000', 'web', 'cat'],
    ])('the user’s stdin is that of %s', async (...argv) => {
      const {stdout, stderr, exitCode} = await runCli(['--node', 'root', ...argv], {
        env: node.env,
        stdin: 'typed\n',
      })
      expect({stdout, stderr, exitCode}).toEqual({stdout: 'typed\n', stderr: '', exitCode: 0})
    })

    test('Ctrl-C on the user’s terminal ends the command', async () => {
      const session = await onTerminal(
        ['--node', 'root', 'enter', 'web', '--', 'sh', '-c', 'echo en""tered; exec sleep 2000.7'],
        '',
        {env: node.env},
      )
      await session.until('entered')
      session.terminal.input.write('\x03')
      const {exitCode, before, after} = await session.outcome()
      expect({exitCode, after}).toEqual({exitCode: 130, after: before})
      const {stdout} = await run('ps', ['-eo', 'args'])
      expect(stdout).not.toContain('sleep 2000.7')
    })

    test('a terminal for another user is refused', async () => {
      const session = await onTerminal(['--node', 'root', 'exec', '-it', '--user', '1', 'web', 'sh'], '', {
        env: node.env,
      })
      const {output, exitCode} = await session.outcome()
      expect(exitCode).toBe(125)
      expect(output.replace(/\s+/g, ' ')).toContain('there is none over --node: leave out --tty')
    })
  })

  testWith('tcpdump')('one pod’s ping to another, captured by tcpdump of the node', async () => {
    const {items} = await containerd.client.runtime.listPodSandbox({filter: {}})
    const addressOf = async (name: string) => {
      const podSandboxId = items.find(({metadata}) => metadata?.name === name)?.id ?? ''
      return (await containerd.client.runtime.podSandboxStatus({podSandboxId})).status?.network?.ip ?? ''
    }
    const [mine, other] = await Promise.all([addressOf('web-1'), addressOf('other')])
    const dump = startCli(['enter', 'other', '--', 'tcpdump', '-lnc', '2', '-i', 'eth0', 'icmp'], {
      endpoint: containerd.endpoint,
    })
    const captured = Promise.all([text(dump.stdout), once(dump, 'close')])
    await new Promise<void>((resolve, reject) => {
      let said = ''
      dump.stderr.on('data', (chunk) => {
        said += chunk
        if (said.includes('listening on eth0')) resolve()
      })
      dump.once('close', () => reject(new Error(said)))
    })
    await crisp('enter', 'web-1', '--', 'busybox', 'ping', '-c', '1', '-W', '5', other)
    const [packets, [code]] = await captured
    expect(packets).toContain(`IP ${mine} > ${other}: ICMP echo request`)
    expect(packets).toContain(`IP ${other} > ${mine}: ICMP echo reply`)
    expect(code).toBe(0)
  })

  test('a pod on the node’s network is said to be there, and one that does not run is refused', async () => {
    const {stdout, stderr, exitCode} = await crisp('enter', 'host', '--', 'readlink', '/proc/self/ns/net')
    expect({stdout, stderr, exitCode}).toEqual({
      stdout: `${await readlink('/proc/self/ns/net')}\n`,
      stderr: "crisp: host has the node's own net namespace: nothing is changed by entering it\n",
      exitCode: 0,
    })
    const gone = await pod.runContainer('gone', 'exit 3', {config: {linux: {securityContext: own}}})
    await eventually(async () => {
      const {status} = await containerd.client.runtime.containerStatus({containerId: gone})
      if (status?.state !== 'CONTAINER_EXITED') throw new Error('it still runs')
    })
    expect(await crisp('enter', 'gone', '--', 'id')).toEqual({
      stdout: '',
      stderr: 'crisp: gone has no process on this machine: it does not run, or it runs elsewhere\n',
      exitCode: 125,
    })
    expect(await crisp('enter', 'nosuch', '--', 'id')).toMatchObject({stdout: '', exitCode: 125})
  })
})
