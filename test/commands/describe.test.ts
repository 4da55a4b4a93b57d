import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {ContainerState} from '../../src/generated/cri.js'
import {
  type FakeRuntime,
  id,
  kubeletContainer,
  secondsAgo,
  startFakeRuntime,
} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

describe('describe', () => {
  let runtime: FakeRuntime
  const directory = mkdtempSync(join(tmpdir(), 'crisp-describe-'))
  const logPath = join(directory, '2.log')
  const crisp = (...argv: string[]) => runInProcess(argv, runtime)

  const attempts: {
    id: string
    attempt: number
    state: ContainerState
    startedAt?: string
    finishedAt?: string
    exitCode?: number
    reason?: string
    message?: string
  }[] = [
    {
      id: id('a1'),
      attempt: 1,
      state: 'CONTAINER_EXITED',
      exitCode: 137,
      reason: 'OOMKilled',
      startedAt: secondsAgo(5 * 3600 + 100),
      finishedAt: secondsAgo(5 * 3600),
    },
    {id: id('a2'), attempt: 2, state: 'CONTAINER_RUNNING', startedAt: secondsAgo(3 * 3600)},
    {
      id: id('a3'),
      attempt: 0,
      state: 'CONTAINER_EXITED',
      exitCode: 128,
      reason: 'StartError',
      message: 'no such file\n\u001b[31mred',
      finishedAt: secondsAgo(2 * 3600),
    },
  ]

  beforeAll(async () => {
    writeFileSync(
      logPath,
      ['one', 'two', 'three'].map((line) => `2026-01-02T03:04:05.5Z stdout F ${line}\n`).join(''),
    )
    runtime = await startFakeRuntime({
      ListContainers: {
        containers: attempts.map(({id: containerId, attempt, state}, index) =>
          kubeletContainer('shop', 'web-1', attempt === 0 ? 'init' : 'app', {
            id: containerId,
            metadata: {name: attempt === 0 ? 'init' : 'app', attempt},
            podSandboxId: id('b1'),
            createdAt: `${index + 1}`,
            state,
          }),
        ),
      },
      ListPodSandbox: {
        items: [
          {id: id('b1'), metadata: {name: 'web-1', namespace: 'shop', uid: 'u1'}, state: 'SANDBOX_READY'},
        ],
      },
      ContainerStatus: ({containerId, verbose}: {containerId: string; verbose: boolean}) => {
        const {attempt, ...status} = attempts.find((each) => each.id === containerId) ?? {}
        const running = containerId === id('a2')
        return {
          status: {
            ...status,
            metadata: {name: attempt === 0 ? 'init' : 'app', attempt},
            createdAt: secondsAgo(6 * 3600),
            image: {image: 'docker.io/library/app:1'},
            imageRef: 'sha256:77',
            ...(running
              ? {
                  logPath,
                  mounts: [
                    {containerPath: '/etc/app', hostPath: '/srv/app', readonly: true},
                    {containerPath: '/data', hostPath: '/srv/data'},
                  ],
                  labels: {'io.kubernetes.pod.name': 'web-1', tier: 'front'},
                  resources: {
                    linux: {cpuQuota: '50000', cpuPeriod: '100000', memoryLimitInBytes: '134217728'},
                  },
                }
              : {}),
          },
          info: verbose
            ? {
                info: JSON.stringify({
                  pid: 4711,
                  runtimeSpec: {
                    process: {args: ['sh', '-c', "echo 'a b'"], cwd: '/app'},
                    linux: {cgroupsPath: '/kubepods/x'},
                  },
                }),
              }
            : {},
        }
      },
      ContainerStats: {
        stats: {
          cpu: {timestamp: '1', usageNanoCores: {value: '250000000'}},
          memory: {timestamp: '1', workingSetBytes: {value: '67108864'}},
        },
      },
      PodSandboxStatus: {
        status: {
          id: id('b1'),
          metadata: {name: 'web-1', namespace: 'shop', uid: 'u1', attempt: 0},
          state: 'SANDBOX_READY',
          createdAt: secondsAgo(10 * 3600),
          network: {ip: '10.0.0.7', additionalIps: [{ip: 'fd00::7'}]},
          linux: {namespaces: {options: {network: 'POD', pid: 'NODE', ipc: 'POD'}}},
        },
        info: {info: '[]'},
      },
    })
  })
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]()
    rmSync(directory, {recursive: true})
  })

  test('a container: how it runs, what came before, what it is, the end of its log', async () => {
    const {stdout, stderr, exitCode} = await crisp('describe', 'app', '--tail', '2')
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    expect(stdout).toBe(`container shop/web-1/app, attempt 2
  State       running for 3 hours
  Before      attempt 1 killed, out of memory (137), 5 hours ago, after about a minute
  ID          ${id('a2')}
  Image       docker.io/library/app:1
  Image ID    sha256:77
  Command     sh -c 'echo '\\''a b'\\'''
  Directory   /app
  PID         4711
  CPU         25.0 % of one, limit 0.5
  Memory      67.11MB, limit 134.2MB
  Mounts      /etc/app from /srv/app, read-only
              /data from /srv/data
  Pod         ${id('b1').slice(0, 13)}, ready
  Cgroup      /kubepods/x
  Labels      tier=front
  Log         ${logPath}
  Last lines  two
              three
`)
  })

  test('a container that could not start: reason and message, which may not act on the terminal', async () => {
    const {stdout} = await crisp('describe', 'web-1/init')
    expect(stdout).toMatch(/^ {2}State +exited with 128, StartError, 2 hours ago, not started$/m)
    expect(stdout).toMatch(/^ {2}Message +no such file\n +\\x1b\[31mred$/m)
    expect(stdout).toContain('Last lines  (no log: the runtime tells no path)')
    expect(stdout).not.toContain('CPU')
  })

  test('a pod: its addresses, what it shares with the node, and all of its containers', async () => {
    const {stdout} = await crisp('describe', 'shop/web-1')
    expect(stdout).toBe(`pod shop/web-1
  State       ready, made 10 hours ago
  ID          ${id('b1')}
  UID         u1
  Address     10.0.0.7
              fd00::7
  Shares      the node's processes
  Containers  app (attempt 1) killed, out of memory (137), 5 hours ago, after about a minute
              app (attempt 2) running for 3 hours
              init exited with 128, StartError, 2 hours ago, not started
`)
  })

  test('several names are described in turn; a missing one is reported with exit code 3', async () => {
    const {stdout, stderr, exitCode} = await crisp('describe', 'app', 'nosuch', 'shop/web-1')
    expect(stdout).toMatch(/^container shop\/web-1\/app[\s\S]*\n\npod shop\/web-1\n/)
    expect({stderr, exitCode}).toEqual({
      stderr: 'crisp: no container "nosuch": crisp ps -a lists all\n',
      exitCode: 3,
    })
  })

  test('for scripts: an object for one, a list for several, names that lead back', async () => {
    const one = JSON.parse((await crisp('describe', 'app', '-o', 'json')).stdout)
    expect(one).toMatchObject({
      kind: 'container',
      name: 'shop/web-1/app',
      process: {pid: 4711, cgroup: '/kubepods/x'},
      status: {id: id('a2'), state: 'CONTAINER_RUNNING'},
      earlier: [{id: id('a1'), exitCode: 137}],
      pod: {id: id('b1')},
      logLines: ['one', 'two', 'three'],
    })
    const both = JSON.parse((await crisp('describe', 'app', 'web-1', '-o', 'json')).stdout)
    expect(both.map(({kind}: {kind: string}) => kind)).toEqual(['container', 'pod'])
    const {stdout} = await crisp('describe', 'app', 'web-1', '-o', 'name')
    expect(stdout).toBe('shop/web-1/app\nshop/web-1\n')
  })
})

describe('describe a pod that is not ready', () => {
  const podId = id('b2')
  const jobs = [
    {id: id('c1'), name: 'app', exitCode: 137, reason: 'OOMKilled', log: 'app.log'},
    {id: id('c2'), name: 'side', exitCode: 0, reason: 'Completed', log: 'side.log'},
  ]
  const directory = mkdtempSync(join(tmpdir(), 'crisp-describe-'))
  let runtime: FakeRuntime

  beforeAll(async () => {
    writeFileSync(join(directory, 'app.log'), '2026-01-02T03:04:05.5Z stdout F out of heap\n')
    const pod = (beginning: string, createdAt: string, state: string) => ({
      id: id(beginning),
      metadata: {name: 'job', namespace: 'shop', uid: 'u2', attempt: 0},
      state,
      createdAt,
    })
    runtime = await startFakeRuntime({
      ListContainers: {
        containers: jobs.map((job, index) =>
          kubeletContainer('shop', 'job', job.name, {
            id: job.id,
            podSandboxId: podId,
            state: 'CONTAINER_EXITED',
            createdAt: `${index + 1}`,
          }),
        ),
      },
      ListPodSandbox: {
        items: [
          pod('b3', secondsAgo(30), 'SANDBOX_NOTREADY'),
          pod('b2', secondsAgo(900), 'SANDBOX_NOTREADY'),
        ],
      },
      ContainerStatus: ({containerId}: {containerId: string}) => {
        const job = jobs.find((each) => each.id === containerId)
        return {
          status: {
            ...job,
            metadata: {name: job?.name, attempt: 0},
            state: 'CONTAINER_EXITED',
            createdAt: '1',
            startedAt: secondsAgo(3659),
            finishedAt: secondsAgo(3600),
            image: {image: 'sha256:77', userSpecifiedImage: 'shop/app:1'},
            logPath: join(directory, job?.log ?? ''),
            stopSignal: 'SIGNAL_SIGQUIT',
            mounts: [
              {
                containerPath: '/models',
                image: {image: 'sha256:88', userSpecifiedImage: 'shop/models:2'},
                imageSubPath: 'small',
                readonly: true,
              },
            ],
          },
        }
      },
      PodSandboxStatus: {
        status: {
          ...pod('b2', secondsAgo(900), 'SANDBOX_NOTREADY'),
          linux: {
            namespaces: {
              options: {
                network: 'POD',
                usernsOptions: {mode: 'POD', uids: [{hostId: 231_072, containerId: 0, length: 65_536}]},
              },
            },
          },
        },
        info: {info: JSON.stringify({processStatus: 'deleted', netNamespaceClosed: false})},
      },
    })
  })
  afterAll(async () => {
    await runtime[Symbol.asyncDispose]()
    rmSync(directory, {recursive: true})
  })

  test('why, and the last lines of what has failed', async () => {
    const {stdout} = await runInProcess(['describe', podId], runtime)
    expect(stdout.replace(/^ {2}(ID|UID|State).*\n/gm, '')).toBe(`pod shop/job
  Why             its sandbox process has ended without a stop: its network is still there
                  app killed, out of memory (137)
                  a newer sandbox of the same pod has taken its place: ${id('b3').slice(0, 13)}
  User namespace  users 0-65535 are 231072-296607 on the node
  Containers      app killed, out of memory (137), about an hour ago, after 59 seconds
                  side exited with 0, about an hour ago, after 59 seconds
  Failed          app:
                    out of heap
`)
    const {stdout: json} = await runInProcess(['describe', podId, '-o', 'json'], runtime)
    expect(JSON.parse(json)).toMatchObject({
      notReady: [expect.any(String), 'app killed, out of memory (137)', expect.any(String)],
      failedLogs: [{id: id('c1'), name: 'app', lines: ['out of heap']}],
    })
  })

  test('a container: the image as its user named it, image volumes, stop signal, user namespace', async () => {
    const {stdout} = await runInProcess(['describe', 'side', '--tail', '0'], runtime)
    expect(stdout).toMatch(/^ {2}Image +shop\/app:1$/m)
    expect(stdout).toMatch(/^ {2}Stop signal +SIGQUIT$/m)
    expect(stdout).toMatch(/^ {2}User namespace +users 0-65535 are 231072-296607 on the node$/m)
    expect(stdout).toMatch(/^ {2}Mounts +\/models from image shop\/models:2, small in it, read-only$/m)
  })
})
