import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {UserError} from '../../src/errors/errors.js'
import {parsePlan} from '../../src/run/plan-file.js'
import {type Answer, type FakeRuntime, id, never, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {outcomeOf, startCli} from '../support/run-cli.js'

const podId = id('b1')
const containerId = id('c1')
const uid = '11111111-2222-4333-8444-555555555555'

/** A node that does what it is asked, and forgets what is removed. */
function willing(): Record<string, Answer> {
  const removed = new Set<string>()
  const unlessRemoved = (what: string, answer: object) => () => {
    if (removed.has(what)) throw status(5, 'not found')
    return answer
  }
  const removal = (what: string) => () => {
    removed.add(what)
    return {}
  }
  return {
    RunPodSandbox: {podSandboxId: podId},
    ImageStatus: {image: {id: 'sha256:1', size: '1'}},
    PullImage: {imageRef: 'sha256:1'},
    CreateContainer: {containerId},
    StartContainer: {},
    PodSandboxStatus: unlessRemoved('pod', {status: {id: podId, state: 'SANDBOX_READY'}}),
    StopPodSandbox: {},
    RemovePodSandbox: removal('pod'),
    ContainerStatus: unlessRemoved('container', {status: {id: containerId, state: 'CONTAINER_RUNNING'}}),
    StopContainer: {},
    RemoveContainer: removal('container'),
    RuntimeConfig: {linux: {cgroupDriver: 'CGROUPFS'}},
  }
}

let directory: string
let podFile: string
let containerFile: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'crisp-making-'))
  podFile = join(directory, 'pod.yaml')
  containerFile = join(directory, 'container.json')
  writeFileSync(
    podFile,
    `metadata: {name: web, namespace: prod, uid: ${uid}}\nlog_directory: /tmp/logs\nlinux: {cgroup_parent: /x}\n`,
  )
  writeFileSync(
    containerFile,
    JSON.stringify({
      metadata: {name: 'app'},
      image: {image: 'busybox:1.36'},
      command: ['sleep', '9'],
      envs: [{key: 'A', value: 'é'}],
      log_path: 'app.log',
      linux: {security_context: {run_as_user: {value: 1000}}},
    }),
  )
})
afterAll(() => rmSync(directory, {recursive: true, force: true}))

/** The calls that change something, with what was sent and not merely the proto's defaults. */
function sent(runtime: FakeRuntime): [string, unknown][] {
  return runtime.calls
    .filter(({method}) => !/^(Version|List|RuntimeConfig)|Status$/.test(method))
    .map(({method, request}) => [method, stripped(request)])
}

function stripped(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString()}`
  if (Array.isArray(value)) return value.map(stripped)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, stripped(item)])
      .filter(([, item]) => !defaults.includes(item) && !isEmpty(item)),
  )
}

const defaults: unknown[] = [
  '',
  '0',
  0,
  false,
  null,
  'Merge',
  'SIGNAL_RUNTIME_DEFAULT',
  'PROPAGATION_PRIVATE',
]

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

const podConfig = {
  metadata: {name: 'web', namespace: 'prod', uid},
  logDirectory: '/tmp/logs',
  linux: {cgroupParent: '/x'},
}
const containerConfig = {
  metadata: {name: 'app'},
  image: {image: 'busybox:1.36', userSpecifiedImage: 'busybox:1.36'},
  command: ['sleep', '9'],
  envs: [{key: 'A', value: 'bytes:é'}],
  logPath: 'app.log',
  linux: {securityContext: {runAsUser: {value: '1000'}}},
}
const pull = ['PullImage', {image: {image: 'busybox:1.36'}, sandboxConfig: podConfig}]
const create = ['CreateContainer', {podSandboxId: podId, config: containerConfig, sandboxConfig: podConfig}]

describe("crictl's command lines", () => {
  test('runp prints the ID of the new pod', async () => {
    await using runtime = await startFakeRuntime(willing())
    expect(await runInProcess(['runp', '-r', 'kata', podFile], runtime)).toEqual({
      stdout: `${podId}\n`,
      stderr: '',
      exitCode: 0,
    })
    expect(sent(runtime)).toEqual([['RunPodSandbox', {config: podConfig, runtimeHandler: 'kata'}]])
  })

  test('runp reads stdin', async () => {
    await using runtime = await startFakeRuntime(willing())
    const {stdout} = await runInProcess(['runp', '-'], {
      ...runtime,
      stdin: '{"metadata": {"name": "a", "namespace": "b"}}',
    })
    expect(stdout).toBe(`${podId}\n`)
    expect(sent(runtime)).toEqual([
      [
        'RunPodSandbox',
        {config: {metadata: {name: 'a', namespace: 'b', uid: expect.stringMatching(/^[\da-f-]{36}$/)}}},
      ],
    ])
  })

  test('create sends both files and pulls nothing', async () => {
    await using runtime = await startFakeRuntime(willing())
    expect(await runInProcess(['create', podId, containerFile, podFile], runtime)).toEqual({
      stdout: `${containerId}\n`,
      stderr: '',
      exitCode: 0,
    })
    expect(sent(runtime)).toEqual([create])
  })

  test('create --with-pull pulls first, as does the setting', async () => {
    await using runtime = await startFakeRuntime(willing())
    await runInProcess(['create', '--with-pull', podId, containerFile, podFile], runtime)
    const settings = join(directory, 'crictl.yaml')
    writeFileSync(settings, 'pull-image-on-create: true\n')
    await runInProcess(['create', '-c', settings, podId, containerFile, podFile], runtime)
    await runInProcess(['create', '-c', settings, '--no-pull', podId, containerFile, podFile], runtime)
    expect(sent(runtime)).toEqual([pull, create, pull, create, create])
  })

  test('create without a pod file takes what the runtime knows: containerd keeps the configuration', async () => {
    const info = {
      config: {
        metadata: {name: 'web', namespace: 'prod', uid},
        log_directory: '/tmp/logs',
        linux: {cgroup_parent: '/x'},
      },
    }
    await using runtime = await startFakeRuntime({
      ...willing(),
      ListPodSandbox: {items: [{id: podId, metadata: {name: 'web', namespace: 'prod', uid}, createdAt: '1'}]},
      PodSandboxStatus: {status: {id: podId, metadata: {name: 'web'}}, info: {info: JSON.stringify(info)}},
    })
    expect((await runInProcess(['create', 'prod/web', containerFile], runtime)).stdout).toBe(
      `${containerId}\n`,
    )
    expect(sent(runtime)).toEqual([create])
  })

  test('run takes the container file, then the pod file; it pulls unless told not to', async () => {
    await using runtime = await startFakeRuntime(willing())
    expect(await runInProcess(['run', containerFile, podFile], runtime)).toEqual({
      stdout: `${containerId}\n`,
      stderr: '',
      exitCode: 0,
    })
    const start = ['StartContainer', {containerId}]
    const pod = ['RunPodSandbox', {config: podConfig}]
    expect(sent(runtime)).toEqual([pull, pod, create, start])
    runtime.calls.length = 0
    await runInProcess(['run', '--no-pull', containerFile, podFile], runtime)
    const settings = join(directory, 'no-pull.yaml')
    writeFileSync(settings, 'disable-pull-on-run: true\n')
    await runInProcess(['-c', settings, 'run', containerFile, podFile], runtime)
    await runInProcess(['-c', settings, 'run', '--with-pull', containerFile, podFile], runtime)
    expect(sent(runtime)).toEqual([
      ...[pod, create, start],
      ...[pod, create, start],
      ...[pull, pod, create, start],
    ])
  })

  test("-u with two files is crictl's: the registry's user", async () => {
    await using runtime = await startFakeRuntime(willing())
    const options = {...runtime, stdin: 'secret\n'}
    await runInProcess(['run', '-u', 'me', '--password-stdin', containerFile, podFile], options)
    expect(sent(runtime)[0]).toEqual([
      'PullImage',
      {...(pull[1] as object), auth: {username: 'me', password: 'secret'}},
    ])
  })

  test('run pulls the images of mounts too', async () => {
    const file = join(directory, 'mounts.yaml')
    writeFileSync(
      file,
      'metadata: {name: a}\nimage: {image: one, annotations: {k: v}}\nmounts: [{container_path: /d, image: {image: two}}]\n',
    )
    await using runtime = await startFakeRuntime(willing())
    await runInProcess(['run', file, podFile], runtime)
    expect(sent(runtime).slice(0, 2)).toEqual([
      ['PullImage', {image: {image: 'one', annotations: {k: 'v'}}, sandboxConfig: podConfig}],
      ['PullImage', {image: {image: 'two', annotations: {k: 'v'}}, sandboxConfig: podConfig}],
    ])
  })

  test.each([
    [['create', '--no-pull', '--with-pull', 'p', 'c'], '--with-pull and --no-pull contradict each other'],
    [['create', 'p'], 'create needs CONTAINER-CONFIG (crisp create --help)'],
    [['runp'], 'runp needs POD-CONFIG (crisp runp --help)'],
    [['run'], 'run needs an image, two files, or -f PLAN (crisp run --help)'],
    [['run', '-', '-'], 'only one of the files can be stdin'],
    [['run', '-f', '-', '--creds-stdin'], 'stdin holds either a file or the credentials'],
    [['run', 'c.yaml'], "run c.yaml: the pod's file is missing, or is this a plan for -f?"],
    [['run', 'c.yaml', 'p.yaml', '--keep'], 'run: write flags before the two files'],
    [['run', '-f', 'plan.yaml', 'busybox'], '-f takes everything from the plan: leave out the image'],
    [['run', '-e', 'A=b', 'c.yaml', 'p.yaml'], '--env is for an image: here the files say it'],
    [
      ['run', '--cgroup-parent', '/x', '-it', 'busybox'],
      '-t with -i needs a terminal on stdin: leave out -t where there is none, as in a script',
    ],
    [['run', 'busybox', '-o', 'yaml'], '-o is for --dry-run'],
    [
      ['run', '--cgroup-parent', '/x', 'busybox', '--dry-run', '-o', 'table'],
      '--output "table" should be one of yaml, json',
    ],
    [['run', '--annotation', 'x', 'busybox'], '--annotation "x" should be KEY=VALUE, such as app=web'],
    [
      ['run', '-v', '/a', 'busybox'],
      '--volume "/a": write HOST:CONTAINER or HOST:CONTAINER:ro, such as /srv/data:/data:ro',
    ],
    [['runp', '-T', '5', '/dev/null'], '--cancel-timeout "5" is not a duration: write 5s'],
  ])('%j', async (argv, problem) => {
    await using runtime = await startFakeRuntime(willing())
    expect(await runInProcess(argv, runtime)).toEqual({
      stdout: '',
      stderr: `crisp: ${problem}\n`,
      exitCode: 2,
    })
    expect(sent(runtime)).toEqual([])
  })
})

describe('from flags', () => {
  test('every flag reaches its field in the request', async () => {
    const envFile = join(directory, 'env')
    writeFileSync(envFile, '# settings\nA=from file\nB=b=b\n\nOURS\n')
    await using runtime = await startFakeRuntime({...willing(), ListPodSandbox: {items: []}})
    const outcome = await runInProcess(
      [
        ...[
          'run',
          '--name',
          'web',
          '--namespace',
          'prod',
          '--runtime',
          'kata',
          '--hostname',
          'h',
          '--log-directory',
          '/logs',
        ],
        ...['--label', 'app=web', '--annotation', 'a.b/c=d', '-p', '127.0.0.1:8080:80', '-p', '53:5353/udp'],
        ...[
          '--dns',
          '10.0.0.1',
          '--dns-search',
          'example.org',
          '-e',
          'A=1',
          '-e',
          'EMPTY=',
          '--env-file',
          envFile,
        ],
        ...[
          '-v',
          '/srv:/data:ro,rslave',
          '-v',
          './here:/there',
          '--device',
          '/dev/fuse',
          '-u',
          '1000:1001',
          '-w',
          '/data',
        ],
        ...[
          '--read-only',
          '--cap-add',
          'cap_net_admin',
          '--cap-drop',
          'ALL',
          '--memory',
          '64m',
          '--cpus',
          '1.5',
        ],
        ...['--entrypoint', '/bin/sh', '--host-pid', 'registry.test/team/app:1', '--', '-c', 'echo a', 'a'],
      ],
      {...runtime, env: {OURS: 'ours'}},
    )
    expect(outcome).toEqual({stdout: `${containerId}\n`, stderr: '', exitCode: 0})
    const [pod, made, started, ...more] = sent(runtime) as [string, {config: {metadata: {uid: string}}}][]
    const madeUid = pod?.[1].config.metadata.uid ?? ''
    expect(madeUid).toMatch(/^[\da-f-]{36}$/)
    const podLabels = {
      app: 'web',
      'io.kubernetes.pod.name': 'web',
      'io.kubernetes.pod.namespace': 'prod',
      'io.kubernetes.pod.uid': madeUid,
    }
    const config = {
      metadata: {name: 'web', namespace: 'prod', uid: madeUid},
      hostname: 'h',
      logDirectory: `/logs/prod_web_${madeUid}`,
      dnsConfig: {servers: ['10.0.0.1'], searches: ['example.org']},
      portMappings: [
        {protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIp: '127.0.0.1'},
        {protocol: 'UDP', containerPort: 5353, hostPort: 53},
      ],
      labels: podLabels,
      annotations: {'a.b/c': 'd'},
      linux: {
        cgroupParent: `/crisp/pod${madeUid}`,
        securityContext: {namespaceOptions: {network: 'POD', pid: 'NODE', ipc: 'POD'}},
      },
    }
    expect(pod).toEqual(['RunPodSandbox', {config, runtimeHandler: 'kata'}])
    expect(made).toEqual([
      'CreateContainer',
      {
        podSandboxId: podId,
        sandboxConfig: config,
        config: {
          metadata: {name: 'web'},
          image: {image: 'registry.test/team/app:1', userSpecifiedImage: 'registry.test/team/app:1'},
          command: ['/bin/sh'],
          args: ['-c', 'echo a', 'a'],
          workingDir: '/data',
          envs: [
            {key: 'A', value: 'bytes:1'},
            {key: 'B', value: 'bytes:b=b'},
            {key: 'OURS', value: 'bytes:ours'},
            {key: 'EMPTY', value: 'bytes:'},
          ],
          mounts: [
            {
              containerPath: '/data',
              hostPath: '/srv',
              readonly: true,
              propagation: 'PROPAGATION_HOST_TO_CONTAINER',
            },
            {containerPath: '/there', hostPath: join(process.cwd(), 'here')},
          ],
          devices: [{containerPath: '/dev/fuse', hostPath: '/dev/fuse', permissions: 'rwm'}],
          labels: {...podLabels, 'io.kubernetes.container.name': 'web'},
          annotations: {'a.b/c': 'd'},
          logPath: 'web.log',
          linux: {
            resources: {cpuPeriod: '100000', cpuQuota: '150000', memoryLimitInBytes: '67108864'},
            securityContext: {
              capabilities: {addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL']},
              seccomp: {profileType: 'RuntimeDefault'},
              namespaceOptions: {network: 'POD', pid: 'NODE', ipc: 'POD'},
              runAsUser: {value: '1000'},
              runAsGroup: {value: '1001'},
              readonlyRootfs: true,
            },
          },
        },
      },
    ])
    expect(started).toEqual(['StartContainer', {containerId}])
    expect(more).toEqual([])
  })
})

describe('a failed run leaves no partial pod or container', () => {
  const since = () => `${BigInt(Date.now() + 60_000) * 1_000_000n}`
  const metadata = {name: 'web', namespace: 'prod', uid}

  test('a failure after the pod was created removes the pod', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      ListPodSandbox: {items: [{id: podId, metadata, createdAt: since()}]},
      CreateContainer: () => {
        throw status(2, 'no such binary')
      },
    })
    expect(await runInProcess(['run', containerFile, podFile], runtime)).toEqual({
      stdout: '',
      stderr: 'crisp: CreateContainer: no such binary\n',
      exitCode: 1,
    })
    expect(sent(runtime).slice(-2)).toEqual([
      ['StopPodSandbox', {podSandboxId: podId}],
      ['RemovePodSandbox', {podSandboxId: podId}],
    ])
  })

  test('--keep leaves the pod after a failure and names it', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      ListPodSandbox: {items: [{id: podId, metadata, createdAt: since()}]},
      StartContainer: () => {
        throw status(2, 'exec format error')
      },
    })
    expect(await runInProcess(['run', '--keep', containerFile, podFile], runtime)).toEqual({
      stdout: '',
      stderr: `crisp: kept what was created: pod ${podId} (crisp rmp -f b100000000000), container ${containerId}\ncrisp: the command cannot be executed in the container: exec format error\n`,
      exitCode: 1,
    })
    expect(sent(runtime).map(([method]) => method)).toEqual([
      'PullImage',
      'RunPodSandbox',
      'CreateContainer',
      'StartContainer',
    ])
  })

  test('a failure in an existing pod removes only the container', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      ListPodSandbox: {items: [{id: podId, metadata, createdAt: '1'}]},
      PodSandboxStatus: {status: {id: podId, metadata}},
      ListContainers: {
        containers: [
          {id: containerId, podSandboxId: podId, metadata: {name: 'x'}, createdAt: since()},
          {id: id('dd'), podSandboxId: podId, metadata: {name: 'x'}, createdAt: '1'},
        ],
      },
      StartContainer: () => {
        throw status(2, 'exec format error')
      },
    })
    expect((await runInProcess(['run', '--pod', 'web', '--name', 'x', 'busybox'], runtime)).exitCode).toBe(1)
    expect(sent(runtime).slice(-2)).toEqual([
      ['StopContainer', {containerId}],
      ['RemoveContainer', {containerId}],
    ])
  })

  test('an older pod of the same name, which CRI-O answers with, stays', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      ListPodSandbox: {items: [{id: podId, metadata, createdAt: '1'}]},
      StartContainer: () => {
        throw status(2, 'no')
      },
    })
    expect((await runInProcess(['run', containerFile, podFile], runtime)).exitCode).toBe(1)
    expect(sent(runtime).map(([method]) => method)).not.toContain('RemovePodSandbox')
  })

  test('a pod that the runtime refuses is not cleaned up', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      RunPodSandbox: () => {
        throw status(2, 'name is reserved')
      },
    })
    expect((await runInProcess(['runp', podFile], runtime)).stderr).toBe(
      'crisp: RunPodSandbox: name is reserved\n',
    )
    expect(runtime.calls.map(({method}) => method)).toEqual(['RunPodSandbox'])
  })

  test('Ctrl-C while the pod is created cancels the call, and removes a pod that came of it', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      RunPodSandbox: never,
      ListPodSandbox: {items: [{id: podId, metadata, createdAt: since()}]},
    })
    const cli = startCli(['runp', podFile], runtime)
    const call = await runtime.nextCall('RunPodSandbox')
    cli.kill('SIGINT')
    await call.cancelled
    expect(await outcomeOf(cli)).toEqual({stdout: '', stderr: '', exitCode: 130})
    expect(sent(runtime).slice(1)).toEqual([
      ['StopPodSandbox', {podSandboxId: podId}],
      ['RemovePodSandbox', {podSandboxId: podId}],
    ])
  })

  test('Ctrl-C while the container starts removes pod and container', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      StartContainer: never,
      ListPodSandbox: {items: [{id: podId, metadata, createdAt: since()}]},
    })
    const cli = startCli(['run', containerFile, podFile], runtime)
    const call = await runtime.nextCall('StartContainer')
    cli.kill('SIGTERM')
    await call.cancelled
    expect(await outcomeOf(cli)).toEqual({stdout: '', stderr: '', exitCode: 143})
    expect(sent(runtime).at(-1)).toEqual(['RemovePodSandbox', {podSandboxId: podId}])
  })

  test('Ctrl-C during the pull creates neither pod nor container', async () => {
    await using runtime = await startFakeRuntime({...willing(), PullImage: never})
    const cli = startCli(['run', containerFile, podFile], runtime)
    const call = await runtime.nextCall('PullImage')
    cli.kill('SIGINT')
    await call.cancelled
    expect(await outcomeOf(cli)).toEqual({stdout: '', stderr: '', exitCode: 130})
    expect(sent(runtime).map(([method]) => method)).toEqual(['PullImage'])
  })

  test('a pod that is created after the deadline is removed', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      RunPodSandbox: never,
      ListPodSandbox: {items: [{id: podId, metadata, createdAt: since()}]},
    })
    expect(await runInProcess(['runp', '--cancel-timeout', '50ms', podFile], runtime)).toEqual({
      stdout: '',
      stderr: `crisp: RunPodSandbox: no answer from ${runtime.endpoint} within 0.1 s; allow more time with --timeout\n`,
      exitCode: 124,
    })
    expect(sent(runtime).at(-1)).toEqual(['RemovePodSandbox', {podSandboxId: podId}])
  })

  test('cleanup that fails names the pod or container that is left', async () => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      ListPodSandbox: {items: [{id: podId, metadata, createdAt: since()}]},
      CreateContainer: () => {
        throw status(2, 'no')
      },
      // Not one of those that may pass, and are tried again.
      StopPodSandbox: () => {
        throw status(6, 'device broken')
      },
    })
    expect(await runInProcess(['run', containerFile, podFile], runtime)).toEqual({
      stdout: '',
      stderr: `crisp: could not remove what was created (pod ${podId} (crisp rmp -f b100000000000)): StopPodSandbox: AlreadyExists: device broken\ncrisp: CreateContainer: no\n`,
      exitCode: 1,
    })
  })
})

describe('--dry-run', () => {
  const flags = [
    '--name',
    'web',
    '-e',
    'A=ü',
    '-e',
    'N=1',
    '--memory',
    '64m',
    '-u',
    '0',
    'busybox',
    '--',
    'echo',
    'null',
    '1',
    '',
  ]

  test.each(['yaml', 'json'])('as %s prints what would be sent, and run -f sends it', async (format) => {
    await using runtime = await startFakeRuntime({...willing(), ListPodSandbox: {items: []}, ImageStatus: {}})
    const printed = await runInProcess(['run', '--dry-run', '-o', format, ...flags], runtime)
    expect({...printed, stdout: ''}).toEqual({stdout: '', stderr: '', exitCode: 0})
    expect(sent(runtime)).toEqual([])

    const plan = join(directory, `plan.${format}`)
    writeFileSync(plan, printed.stdout)
    expect((await runInProcess(['run', '-f', plan], runtime)).stdout).toBe(`${containerId}\n`)
    const fromPlan = sent(runtime)
    const planUid = /uid"?: "?([\da-f-]{36})/.exec(printed.stdout)?.[1] ?? 'none'
    expect(fromPlan.map(([method]) => method)).toEqual([
      'PullImage',
      'RunPodSandbox',
      'CreateContainer',
      'StartContainer',
    ])

    runtime.calls.length = 0
    await runInProcess(['run', ...flags], runtime)
    const fromFlags = sent(runtime)
    const flagsUid = /"uid":"([\da-f-]{36})/.exec(JSON.stringify(fromFlags))?.[1] ?? 'none'
    expect(JSON.stringify(fromFlags).replaceAll(flagsUid, planUid)).toBe(JSON.stringify(fromPlan))
    expect(
      (await runInProcess(['run', '--dry-run', '-f', '-'], {...runtime, stdin: printed.stdout})).stdout,
    ).toBe((await runInProcess(['run', '--dry-run', '-f', plan], runtime)).stdout)
  })

  test('--dry-run prints no credentials', async () => {
    await using runtime = await startFakeRuntime(willing())
    const {stdout} = await runInProcess(
      ['run', '--dry-run', '--creds', 'me:secret', containerFile, podFile],
      runtime,
    )
    expect(stdout).toContain('method: PullImage')
    expect(stdout).not.toContain('secret')
  })

  test('run -f takes a plan written by hand with only what is needed', async () => {
    let made = 0
    await using runtime = await startFakeRuntime({
      ...willing(),
      CreateContainer: () => ({containerId: id(`c${++made}`)}),
    })
    const stdin = `---
method: RunPodSandbox
request: {config: {metadata: {name: two, namespace: prod, uid: ${uid}}}}
---
method: CreateContainer
request: {config: {metadata: {name: one}, image: busybox}}
---
method: StartContainer
---
method: CreateContainer
request: {config: {metadata: {name: other}, image: busybox}}
---
method: StartContainer
`
    expect(await runInProcess(['run', '-f', '-'], {...runtime, stdin})).toEqual({
      stdout: `${id('c1')}\n${id('c2')}\n`,
      stderr: '',
      exitCode: 0,
    })
    const sandboxConfig = {metadata: {name: 'two', namespace: 'prod', uid}}
    const create = (name: string) => ({
      podSandboxId: podId,
      sandboxConfig,
      config: {metadata: {name}, image: {image: 'busybox'}},
    })
    expect(sent(runtime)).toEqual([
      ['RunPodSandbox', {config: sandboxConfig}],
      ['CreateContainer', create('one')],
      ['StartContainer', {containerId: id('c1')}],
      ['CreateContainer', create('other')],
      ['StartContainer', {containerId: id('c2')}],
    ])
  })

  test.each([
    [
      'method: RunPodSandbx',
      'method: "RunPodSandbx" should be one of RunPodSandbox, PullImage, CreateContainer, StartContainer; did you mean RunPodSandbox?',
    ],
    ['method: StartContainer', 'request.container_id: no CreateContainer before this makes the container'],
    [
      'method: CreateContainer\nrequest: {config: {metadata: {name: a}, image: b}}',
      'request.pod_sandbox_id: no RunPodSandbox before this makes the pod',
    ],
    [
      'method: RunPodSandbox\nrequest: {config: {metadata: {name: a, namspace: b}}}',
      'request.config.metadata.namspace: no such field, did you mean namespace?',
    ],
    [
      'method: RunPodSandbox\nrequest: {config: {metadata: {name: a}}}',
      'request.config.metadata.namespace is missing, and no runtime does without it',
    ],
    [
      'method: PullImage\nwhen: often\nrequest: {image: a}',
      'when: only a PullImage has one, and it is always or missing',
    ],
    ['method: PullImage\nrequst: {image: a}', 'requst: no such field, did you mean request?'],
    ['method: PullImage\nmethod: StartContainer', 'method: duplicate key, first in line 1'],
    [
      'metadata: {name: a}',
      'this is no plan: each part should hold method and request, as crisp run --dry-run prints them; for a pod and a container file: crisp run CONTAINER-CONFIG POD-CONFIG',
    ],
  ])('a plan that is wrong: %j', (text, problem) => {
    expect(() => parsePlan({name: 'plan.yaml', text})).toThrow(
      new UserError(`plan.yaml:${/no such field|duplicate/.test(problem) ? 2 : 1}: ${problem}`),
    )
  })
})

test('of a plan, --validate=warn names keys of its own too that are unknown or stand twice', () => {
  const text = `method: PullImage
request: {image: {image: first}}
request: {image: {image: last}}
comment: mine
`
  const notes: string[] = []
  const plan = parsePlan({name: 'plan.yaml', text}, {mode: 'warn', note: (line) => notes.push(line)})
  expect(plan).toEqual([{method: 'PullImage', when: 'always', request: {image: {image: 'last'}}}])
  expect(notes).toEqual([
    'plan.yaml:3: request: duplicate key, first in line 2 (the last one counts)',
    'plan.yaml:4: comment: no such field (left out)',
  ])
})

describe('--validate', () => {
  const pod = `metadata: {name: web, namespace: default, uid: u}
linux: {namespaces: {options: {}}}
`
  const container = `metadata: {name: app}
image: {image: busybox}
privileged: true
`
  const plan = `method: RunPodSandbox
request:
  config: {metadata: {name: web, namespace: default}, resources: {}}
`
  test.each([
    ['runp', ['runp', 'POD', '--dry-run'], ['POD']],
    ['create', ['create', '--dry-run', podId, 'CONTAINER', 'POD'], ['CONTAINER', 'POD']],
    ['run', ['run', '--dry-run', 'CONTAINER', 'POD'], ['CONTAINER', 'POD']],
    ['pull', ['pull', '--pod-config', 'POD', 'busybox'], ['POD']],
    ['a plan', ['run', '--dry-run', '-f', 'PLAN'], ['PLAN']],
  ] as const)('%s', async (_, [verb, ...words], files) => {
    await using runtime = await startFakeRuntime({
      ...willing(),
      ListPodSandbox: {
        items: [{id: podId, metadata: {name: 'web', namespace: 'default', uid}, createdAt: '1'}],
      },
    })
    const paths: Record<string, string> = {
      POD: join(directory, 'old-pod.yaml'),
      CONTAINER: join(directory, 'old-container.yaml'),
      PLAN: join(directory, 'old-plan.yaml'),
    }
    const said: Record<string, string> = {
      POD: ':2: linux.namespaces: no such field',
      CONTAINER: ':3: privileged: no such field, did you mean linux.security_context.privileged?',
      PLAN: ':3: request.config.resources: no such field, did you mean linux.resources?',
    }
    for (const [name, text] of Object.entries({POD: pod, CONTAINER: container, PLAN: plan}))
      writeFileSync(paths[name] as string, text)
    const [first, ...rest] = files.map((name) => `crisp: ${paths[name]}${said[name]}`)
    const notes = [first, ...rest].map((text) => `${text} (left out)\n`).join('')
    const run = (...flags: string[]) =>
      runInProcess([verb, ...flags, ...words.map((word) => paths[word] ?? word)], runtime)

    expect(await run()).toMatchObject({stderr: notes, exitCode: 0})
    expect(await run('--validate', 'warn')).toMatchObject({stderr: notes, exitCode: 0})
    expect(await run('--validate=off')).toMatchObject({stderr: '', exitCode: 0})
    expect(await run('--validate=ignore')).toMatchObject({stderr: '', exitCode: 0})
    expect(await run('--validate=strict')).toEqual({stdout: '', stderr: `${first}\n`, exitCode: 1})
  })
})

test('run refuses the name of a running pod before it creates anything', async () => {
  await using runtime = await startFakeRuntime({
    ...willing(),
    ListPodSandbox: {
      items: [{id: podId, metadata: {name: 'web', namespace: 'default', uid}, createdAt: '1'}],
    },
  })
  expect(await runInProcess(['run', '--name', 'web', 'busybox'], runtime)).toEqual({
    stdout: '',
    stderr:
      'crisp: there is a pod default/web already: choose another --name, add to it with --pod web, or remove it with crisp rmp -f web\n',
    exitCode: 1,
  })
  expect(sent(runtime)).toEqual([])
})
