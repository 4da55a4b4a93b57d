import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {readdir, readFile, writeFile} from 'node:fs/promises'
import {type AddressInfo, createServer} from 'node:net'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {stopPod} from '../../src/node/remove.js'
import {removeLeftovers} from '../../src/run/leftovers.js'
import {podConfigOf} from '../../src/run/pod-config-of.js'
import {describeOnContainerd} from '../support/containerd/availability.js'
import {busyboxImage, type Containerd, startContainerd} from '../support/containerd/containerd.js'
import {runInProcess} from '../support/in-process.js'
import {outcomeOf as ending, runCli, startCli} from '../support/run-cli.js'

describeOnContainerd('pods and containers made on a real containerd', () => {
  let containerd: Containerd
  beforeAll(async () => {
    containerd = await startContainerd()
  })
  afterAll(() => containerd[Symbol.asyncDispose]())

  /** stdout of a command that must succeed and say nothing else. */
  async function crisp(...argv: string[]): Promise<string> {
    const outcome = await runInProcess(argv, containerd)
    expect({...outcome, stdout: ''}).toEqual({stdout: '', stderr: '', exitCode: 0})
    return outcome.stdout
  }

  /** The ID alone, as scripts expect it of crictl. */
  async function newId(...argv: string[]): Promise<string> {
    const stdout = await crisp(...argv)
    expect(stdout).toMatch(/^[\da-f]{64}\n$/)
    return stdout.trim()
  }

  async function statusOf(containerId: string) {
    const {status, info} = await containerd.client.runtime.containerStatus({containerId, verbose: true})
    if (!status) throw new Error(`no status of ${containerId}`)
    return {...status, info: JSON.parse(info.info ?? '{}')}
  }

  /** Exit code and what it wrote, once it has exited. */
  async function outcomeOf(containerId: string): Promise<{exitCode: number; lines: string[]}> {
    for (;;) {
      const {state, exitCode, logPath} = await statusOf(containerId)
      if (state === 'CONTAINER_EXITED') {
        const log = await readFile(logPath, 'utf8')
        return {
          exitCode,
          lines: log
            .trimEnd()
            .split('\n')
            .map((line) => line.replace(/^\S+ \S+ F /, '')),
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  const podIdOf = async (containerId: string) => {
    const {containers} = await containerd.client.runtime.listContainers({filter: {id: containerId}})
    return containers[0]?.podSandboxId ?? ''
  }

  const podStates = async () => {
    const {items} = await containerd.client.runtime.listPodSandbox()
    return items.map(({metadata, state}) => [`${metadata?.namespace}/${metadata?.name}`, state])
  }

  async function removePod(podSandboxId: string): Promise<void> {
    const {metadata, linux} = await podConfigOf(containerd.client, podSandboxId)
    await stopPod(containerd.client, podSandboxId)
    await containerd.client.runtime.removePodSandbox({podSandboxId})
    await removeLeftovers({metadata: metadata ?? null, linux: {cgroupParent: linux?.cgroupParent ?? ''}})
  }

  const ownCgroups = () => readdir('/sys/fs/cgroup/crisp').catch(() => readdir('/sys/fs/cgroup/pids/crisp'))

  const here = () => ['--log-directory', join(containerd.directory, 'logs')]

  test('two containers of one pod from flags only: what they see is what was asked for', async () => {
    await writeFile(join(containerd.directory, 'shared'), 'from the node\n')
    const first = await newId(
      ...[
        'run',
        '--name',
        'web',
        ...here(),
        '-e',
        'GREETING=hello',
        '-e',
        'EMPTY=',
        '-u',
        '1000:1001',
        '-w',
        '/tmp',
      ],
      ...[
        '-v',
        `${join(containerd.directory, 'shared')}:/shared:ro`,
        '--memory',
        '64m',
        '--cpus',
        '0.5',
        '--label',
        'app=web',
      ],
      ...[
        busyboxImage,
        'sh',
        '-c',
        'exec 2>&1; echo "$GREETING[$EMPTY]"; id -u; id -g; pwd; cat /shared; hostname; echo no > /shared; exit 3',
      ],
    )
    expect(await outcomeOf(first)).toEqual({
      exitCode: 3,
      lines: [
        'hello[]',
        '1000',
        '1001',
        '/tmp',
        'from the node',
        'web',
        expect.stringContaining("can't create /shared: Read-only file system"),
      ],
    })
    const {info, labels, logPath} = await statusOf(first)
    expect(info.runtimeSpec.linux.resources).toMatchObject({
      memory: {limit: 67108864},
      cpu: {quota: 50000, period: 100000},
    })
    expect(info.runtimeSpec.linux.seccomp.defaultAction).toBe('SCMP_ACT_ERRNO')
    expect(labels).toMatchObject({
      app: 'web',
      'io.kubernetes.pod.name': 'web',
      'io.kubernetes.container.name': 'web',
    })
    expect(logPath.startsWith(join(containerd.directory, 'logs', 'default_web_'))).toBe(true)

    const second = await newId(
      'run',
      '--pod',
      'web',
      '--name',
      'side',
      busyboxImage,
      '--',
      'cat',
      '/etc/hostname',
      '/etc/resolv.conf',
    )
    const podId = await podIdOf(first)
    expect(await podIdOf(second)).toBe(podId)
    const side = await outcomeOf(second)
    expect(side.exitCode).toBe(0)
    expect(side.lines[0]).toBe('web')
    expect((await readFile('/etc/resolv.conf', 'utf8')).trimEnd().split('\n')).toEqual(side.lines.slice(1))
    expect((await statusOf(second)).logPath).toContain('/logs/default_web_')

    // Statistics fail for the whole list where a pod has no cgroup.
    const {stats} = JSON.parse(await crisp('statsp', '-o', 'json'))
    expect(stats.map(({attributes}: {attributes: {id: string}}) => attributes.id)).toEqual([podId])

    const uid = labels['io.kubernetes.pod.uid']
    expect(await ownCgroups()).toContain(`pod${uid}`)
    expect(await crisp('rmp', '-f', 'web')).toBe('Stopped sandbox web\nRemoved sandbox web\n')
    expect(await ownCgroups()).not.toContain(`pod${uid}`)
    expect(await readdir(join(containerd.directory, 'logs'))).not.toContain(`default_web_${uid}`)
  })

  test.each([
    [
      'YAML',
      'yaml',
      (directory: string) => [
        `metadata:\n  name: files\n  namespace: test\n  uid: u-yaml\nlog_directory: ${directory}/logs-yaml\nlinux:\n  cgroup_parent: /crisp/pod0\n  security_context:\n    namespace_options:\n      network: NODE\n`,
        `metadata:\n  name: one\nimage: ${busyboxImage}\ncommand: [sh, -c, 'echo $A; sleep 1000']\nenvs:\n  A: 1.50\nlog_path: one.log\nlinux:\n  security_context:\n    run_as_user: 7\n`,
        `metadata:\n  name: two\nimage: ${busyboxImage}\ncommand: [id, -u]\nlog_path: two.log\n`,
      ],
    ],
    [
      'JSON',
      'json',
      (directory: string) => [
        `{"metadata": {"name": "files", "namespace": "test", "uid": "u-json"}, "logDirectory": "${directory}/logs-json",
          "linux": {"cgroupParent": "/crisp/pod0", "securityContext": {"namespaceOptions": {"network": 2}}}}`,
        `{"metadata": {"name": "one"}, "image": {"image": "${busyboxImage}"}, "command": ["sh", "-c", "echo $A; sleep 1000"],
          "envs": [{"key": "A", "value": "1.50"}], "logPath": "one.log", "linux": {"securityContext": {"runAsUser": {"value": "7"}}}}`,
        `{"metadata": {"name": "two"}, "image": {"image": "${busyboxImage}"}, "command": ["id", "-u"], "log_path": "two.log"}`,
      ],
    ],
  ])('the life of a pod with two containers from %s', async (_, extension, contents) => {
    const files = ['pod', 'one', 'two'].map((name) => join(containerd.directory, `${name}.${extension}`))
    const [pod, one, two] = files as [string, string, string]
    for (const [index, text] of contents(containerd.directory).entries())
      await writeFile(files[index] as string, text)

    const podId = await newId('runp', pod)
    const first = await newId('create', podId, one, pod)
    expect((await statusOf(first)).state).toBe('CONTAINER_CREATED')
    await containerd.client.runtime.startContainer({containerId: first})
    const second = await newId('create', 'test/files', two)
    await containerd.client.runtime.startContainer({containerId: second})
    expect(await outcomeOf(second)).toEqual({exitCode: 0, lines: ['0']})
    expect((await crisp('ps', '-q')).trim()).toBe(first)
    await containerd.client.runtime.stopContainer({containerId: first, timeout: '0'})
    expect((await outcomeOf(first)).lines).toEqual(['1.50'])
    expect((await statusOf(first)).info.runtimeSpec.process.user.uid).toBe(7)
    await crisp('rmp', '-f', podId)

    const both = await newId('run', '--no-pull', two, pod)
    // The log of the first time is still there, and is added to.
    expect(await outcomeOf(both)).toEqual({exitCode: 0, lines: ['0', '0']})
    await removePod(await podIdOf(both))
    expect(await podStates()).toEqual([])
  })

  test('what --dry-run prints makes the same container when it is fed back', async () => {
    const flags = [
      ...[
        '--name',
        'twin',
        '--host-network',
        ...here(),
        '-e',
        'A=b',
        '-u',
        '5',
        '--memory',
        '32m',
        '--read-only',
      ],
      ...['--cap-drop', 'ALL', busyboxImage, '--', 'sleep', '1000'],
    ]
    const yaml = await crisp('run', '--dry-run', ...flags)
    const json = await crisp('run', '--dry-run', '-o', 'json', ...flags)
    expect(await podStates()).toEqual([])

    const specs: string[] = []
    for (const make of [flags, ['-f', '-', yaml], ['-f', '-', json]]) {
      const stdin = make[0] === '-f' ? (make.pop() ?? '') : ''
      const outcome = await runCli(['run', ...make], {...containerd, stdin})
      expect(outcome).toEqual({stdout: expect.stringMatching(/^[\da-f]{64}\n$/), stderr: '', exitCode: 0})
      const containerId = outcome.stdout.trim()
      const podId = await podIdOf(containerId)
      const {info, labels} = await statusOf(containerId)
      const uid = labels['io.kubernetes.pod.uid'] ?? ''
      const {process, linux} = info.runtimeSpec
      // CRI-O's has times, and names made anew for each container.
      const spec = containerd.isCrio ? {process, resources: linux.resources} : info.runtimeSpec
      const steady = JSON.stringify({config: info.config, spec})
        .replaceAll(containerId, 'CONTAINER')
        .replaceAll(podId, 'POD')
        .replaceAll(uid, 'UID')
        .replace(/\/proc\/\d+\//g, '/proc/PID/')
      specs.push(steady)
      await removePod(podId)
    }
    expect(specs[1]).toBe(specs[0])
    expect(specs[2]).toBe(specs[0])
  })

  test('the files that init writes run as they are, and update changes the limits in them', async () => {
    const [pod, container] = ['init-pod.yaml', 'init-container.yaml'].map((name) =>
      join(containerd.directory, name),
    ) as [string, string]
    await crisp('init', 'pod', pod)
    await crisp('init', 'container', container, '--image', busyboxImage)
    const text = (await readFile(pod, 'utf8'))
      .replace(/^log_directory: .*$/m, `log_directory: ${join(containerd.directory, 'logs')}`)
      .replace('/crisp/example', '/crisp/pod0')
    await writeFile(pod, text)
    const containerId = await newId('run', '--no-pull', container, pod)
    const limits = async () => (await statusOf(containerId)).info.runtimeSpec.linux.resources
    expect(await limits()).toMatchObject({memory: {limit: 67108864}})

    expect(await crisp('update', '--memory', '128Mi', '--cpus', '1.5', 'example/app')).toBe('example/app\n')
    const group = `/sys/fs/cgroup/${existsSync('/sys/fs/cgroup/memory') ? 'memory' : ''}/crisp/pod0/${containerd.isCrio ? 'crio-' : ''}${containerId}`
    const file = existsSync(`${group}/memory.max`) ? 'memory.max' : 'memory.limit_in_bytes'
    expect((await readFile(`${group}/${file}`, 'utf8')).trim()).toBe('134217728')
    expect(await limits()).toMatchObject({
      memory: {limit: 134217728},
      cpu: {quota: 150000, period: 100000},
    })
    expect(await runInProcess(['checkpoint', '-e', '/x.tar', containerId], containerd)).toEqual({
      stdout: '',
      stderr: expect.stringMatching(
        /CheckpointContainer(, which needs containerd 2\.0|: .*(criu|not available))/i,
      ),
      exitCode: 1,
    })
    expect(await runInProcess(['update-runtime-config', '-p', '10.1.0.0/16'], containerd)).toMatchObject({
      stdout: '',
      exitCode: 0,
    })
    await removePod(await podIdOf(containerId))
  })

  test('a container that cannot start leaves no pod, no cgroup and no logs behind', async () => {
    const flags = ['--name', 'broken', '--host-network', ...here(), busyboxImage, '--', '/no/such']
    const stdin = await crisp('run', '--dry-run', ...flags)
    const [, uid = ''] = /uid: (\S+)/.exec(stdin) ?? []
    expect(await runCli(['run', '-f', '-'], {...containerd, stdin})).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/^crisp: there is no "\/no\/such" in the container: .*\n$/),
      exitCode: 1,
    })
    expect(await podStates()).toEqual([])
    expect(await ownCgroups()).not.toContain(`pod${uid}`)
    expect(await readdir(join(containerd.directory, 'logs'))).not.toContain(`default_broken_${uid}`)
  })

  test('-p: a port of the host leads to the one of the container', async () => {
    const port = await freePort()
    const script = 'echo "hello from the pod" > /tmp/index.html; exec httpd -f -p 8080 -h /tmp'
    const flags = [
      '--name',
      'published',
      ...here(),
      '-p',
      `${port}:8080`,
      busyboxImage,
      '--',
      'sh',
      '-c',
      script,
    ]
    await newId('run', ...flags)
    // CRI-O leaves it to the kubelet that the host's loopback leads to pods.
    const ip = (await crisp('inspectp', 'published', '-o', 'jsonpath={.status.network.ip}')).trim()
    const address = containerd.isCrio ? `http://${ip}:8080/` : `http://127.0.0.1:${port}/`
    // Nobody tells when httpd listens.
    let answer: Response | undefined
    for (let waitMs = 20; answer === undefined; waitMs *= 2) {
      answer = await fetch(address).catch(() => undefined)
      if (!answer) await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
    expect(await answer.text()).toBe('hello from the pod\n')

    await crisp('rmp', '-f', 'published')
    await expect(fetch(address, {signal: AbortSignal.timeout(2_000)})).rejects.toThrow()
  })

  test.each(['RunPodSandbox', 'CreateContainer', 'StartContainer'])(
    'Ctrl-C during %s leaves nothing behind',
    async (method) => {
      const flags = ['--name', 'ended', '--host-network', ...here(), busyboxImage, '--', 'sleep', '1000']
      const cli = startCli(['run', '--debug', ...flags], containerd)
      let ended = false
      cli.stderr.on('data', (chunk: Buffer) => {
        // The request is shown as it is sent.
        if (!ended && chunk.toString().includes(`${method} `)) ended = cli.kill('SIGINT')
      })
      const {stdout, exitCode} = await ending(cli)
      expect({ended, stdout, exitCode}).toEqual({ended: true, stdout: '', exitCode: 130})
      expect(await podStates()).toEqual([])
    },
  )

  test('--keep leaves the pod and names it', async () => {
    const {stderr} = await runInProcess(
      ['run', '--keep', '--name', 'broken', '--host-network', ...here(), busyboxImage, '--', '/no/such'],
      containerd,
    )
    const [, podId = ''] = /kept what was created: pod ([\da-f]{64}) /.exec(stderr) ?? []
    expect(await podStates()).toEqual([['default/broken', 'SANDBOX_READY']])
    await removePod(podId)
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
