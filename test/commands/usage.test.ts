import {expect, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import {container, id, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {outcomeOf, runCli, startCli} from '../support/run-cli.js'

const second = 1_000_000_000n

/** A container whose counter has grown by so many cores since the last sample, a second earlier. */
function sampler(
  containers: {beginning: string; name: string; cores: number; memory: number; rate?: string}[],
) {
  let round = 0n
  return () => {
    round++
    return {
      stats: containers.map(({beginning, name, cores, memory, rate}) => ({
        attributes: {
          id: id(beginning),
          metadata: {name, attempt: 0},
          labels: {'io.kubernetes.pod.name': 'web-1', 'io.kubernetes.pod.namespace': 'default'},
        },
        cpu: {
          timestamp: `${round * second}`,
          usageCoreNanoSeconds: {value: `${BigInt(Math.round(cores * 1e9)) * round}`},
          ...(rate === undefined ? {} : {usageNanoCores: {value: rate}}),
        },
        memory: {timestamp: '1', workingSetBytes: {value: `${memory}`}},
        writableLayer: {timestamp: '1', usedBytes: {value: '847912'}, inodesUsed: {value: '12'}},
        swap: {timestamp: '1', swapUsageBytes: {value: '0'}},
      })),
    }
  }
}

const busy = {beginning: 'a1', name: 'busy', cores: 1.5, memory: 16_777_216}
const idle = {beginning: 'b1', name: 'idle', cores: 0.001, memory: 33_554_432}
const unused = {beginning: 'c1', name: 'unused', cores: 0, memory: 0}

test("stats shows crictl's columns with CPU from two samples, without idle containers or clear-screen codes", async () => {
  await using runtime = await startFakeRuntime({ListContainerStats: sampler([idle, busy, unused])})
  expect(await runInProcess(['stats', '-s', '0'], runtime)).toEqual({
    stdout: `CONTAINER       NAME   CPU %    MEM       DISK      INODES   SWAP
a100000000000   busy   150.00   16.78MB   847.9kB   12       0B
b100000000000   idle   0.10     33.55MB   847.9kB   12       0B
`,
    stderr: '',
    exitCode: 0,
  })
})

test('stats takes one sample where the runtime tells a rate', async () => {
  await using runtime = await startFakeRuntime({ListContainerStats: sampler([{...busy, rate: '250000000'}])})
  const {stdout} = await runInProcess(['stats'], runtime)
  expect(stdout.split('\n')[1]).toMatch(/^a100000000000 {3}busy {3}25\.00 /)
  expect(runtime.calls).toHaveLength(1)
})

test.each([
  [
    ['--sort', 'cpu'],
    ['busy', 'idle'],
  ],
  [
    ['--sort', 'mem'],
    ['idle', 'busy'],
  ],
  [['--sort', 'name', '--limit', '1'], ['busy']],
  [
    ['-a', '--sort', 'name'],
    ['busy', 'idle', 'unused'],
  ],
])('stats %j', async (argv, names) => {
  await using runtime = await startFakeRuntime({ListContainerStats: sampler([busy, idle, unused])})
  const {stdout} = await runInProcess(['stats', '-s', '0', ...argv], runtime)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/\s+/)[1]),
  ).toEqual(names)
})

test('stats -o wide compares use with limits, in the units asked for', async () => {
  await using runtime = await startFakeRuntime({
    ListContainerStats: sampler([busy]),
    ContainerStatus: {
      status: {
        id: id('a1'),
        resources: {linux: {cpuQuota: '200000', cpuPeriod: '100000', memoryLimitInBytes: '67108864'}},
      },
    },
  })
  const {stdout} = await runInProcess(['stats', '-s', '0', '-o', 'wide', '--units', 'iec'], runtime)
  expect(stdout.split('\n')[1]).toMatch(/ 16MiB .* 2 +75\.00 +64MiB +25\.00 +web-1 +default$/)
})

test('stats -o json prints the answer of one call', async () => {
  await using runtime = await startFakeRuntime({ListContainerStats: sampler([idle, busy])})
  const {stdout} = await runInProcess(['stats', '-o', 'json'], runtime)
  const {stats} = JSON.parse(stdout) as {
    stats: {attributes: {id: string}; cpu: {usageCoreNanoSeconds: {value: string}}}[]
  }
  expect(stats.map(({attributes, cpu}) => [attributes.id, cpu.usageCoreNanoSeconds.value])).toEqual([
    [id('a1'), '1500000000'],
    [id('b1'), '1000000'],
  ])
  expect(runtime.calls).toHaveLength(1)
})

test('stats --watch -o json prints an object a line, survives an outage of the runtime, and ends with Ctrl-C', async () => {
  const sample = sampler([busy])
  let calls = 0
  await using runtime = await startFakeRuntime({
    ListContainerStats: () => {
      calls++
      if (calls === 2) throw status(rpcCode.unavailable, 'gone')
      return sample()
    },
  })
  const watch = ['stats', '--watch', '-s', '0', '-o', 'json']
  const {stdout, stderr, exitCode} = await runCli(watch, {
    ...runtime,
    enough: (text) => text.split('\n').length > 3,
  })
  const documents = stdout
    .split('\n')
    .slice(0, 3)
    .map((line) => Object.keys(JSON.parse(line)))
  expect(documents).toEqual([['stats'], ['stats'], ['stats']])
  expect({stderr, exitCode}).toEqual({
    stderr:
      'crisp: the runtime does not answer: asking again until it does\ncrisp: the runtime answers again\n',
    exitCode: 130,
  })
})

test('a CPU rate of 0 with a nonzero counter makes crisp take two samples', async () => {
  await using runtime = await startFakeRuntime({ListContainerStats: sampler([{...busy, rate: '0'}])})
  const {stdout} = await runInProcess(['stats', '-s', '0'], runtime)
  expect(stdout.split('\n')[1]).toMatch(/^a100000000000 {3}busy {3}150\.00 /)
})

test('stats filters labels and namespace itself, and sends pod and ID to the runtime', async () => {
  const placed = (beginning: string, namespace: string, labels = {}) => ({
    attributes: {
      id: id(beginning),
      metadata: {name: `of-${namespace}`},
      labels: {'io.kubernetes.pod.namespace': namespace, ...labels},
    },
    cpu: {timestamp: '1', usageCoreNanoSeconds: {value: '7'}, usageNanoCores: {value: '5'}},
    memory: {workingSetBytes: {value: '1000'}},
  })
  await using runtime = await startFakeRuntime({
    ListContainerStats: {
      stats: [placed('a1', 'jobs', {app: 'web'}), placed('b1', 'jobs'), placed('c1', 'web')],
    },
    ListPodSandbox: {items: [{id: id('51'), metadata: {name: 'web-1', namespace: 'jobs', uid: 'u'}}]},
  })
  const [label, namespace, pod] = await Promise.all([
    runInProcess(['stats', '-o', 'name', '--label', 'app=web'], runtime),
    runInProcess(['stats', '-o', 'name', '--namespace', '^jobs$'], runtime),
    runInProcess(['stats', '-o', 'name', '--pod', 'jobs/web-1', '--id', id('a1')], runtime),
  ])
  expect([label.stdout, namespace.stdout]).toEqual([`${id('a1')}\n`, `${id('a1')}\n${id('b1')}\n`])
  expect(pod.exitCode).toBe(0)
  const filters = runtime.calls
    .filter(({method}) => method === 'ListContainerStats')
    .map(({request}) => request.filter)
  expect(filters).toContainEqual({id: id('a1'), podSandboxId: id('51'), labelSelector: {}})
  expect(filters).toContainEqual({id: '', podSandboxId: '', labelSelector: {app: 'web'}})
})

test('stats -o wide shows pressure where it is measured, and finds pods without labels by the lists', async () => {
  const psi = (avg10: number) => ({Some: {Avg10: avg10}, Full: {Avg10: 0}})
  await using runtime = await startFakeRuntime({
    ListContainerStats: {
      stats: [
        {
          attributes: {id: id('a1'), metadata: {name: 'app'}},
          cpu: {
            timestamp: '1',
            usageCoreNanoSeconds: {value: '9'},
            usageNanoCores: {value: '1000000000'},
            psi: psi(12.5),
          },
          memory: {workingSetBytes: {value: '2000'}, psi: psi(0)},
          io: {psi: psi(99.99)},
        },
      ],
    },
    ContainerStatus: {status: {id: id('a1')}},
    ListContainers: {containers: [container({id: id('a1'), podSandboxId: id('51')})]},
    ListPodSandbox: {items: [{id: id('51'), metadata: {name: 'web-1', namespace: 'jobs', uid: 'u'}}]},
  })
  const {stdout} = await runInProcess(['stats', '-o', 'wide'], runtime)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    'CONTAINER;NAME;CPU %;MEM;DISK;INODES;SWAP;CPU LIMIT;CPU % OF LIMIT;MEM LIMIT;MEM % OF LIMIT;CPU PSI %;MEM PSI %;IO PSI %;POD;NAMESPACE'.split(
      ';',
    ),
    'a100000000000;app;100.00;2kB;0B;0;0B;-;-;-;-;12.50;0.00;99.99;web-1;jobs'.split(';'),
  ])
})

test('stats --watch goes on when the runtime is restarted on its socket', async () => {
  await using runtime = await startFakeRuntime({ListContainerStats: sampler([busy])})
  const cli = startCli(['stats', '--watch', '-s', '0', '-o', 'json'], runtime)
  const outcome = outcomeOf(cli)
  let restarted = false
  let rounds = 0
  cli.stdout.on('data', async () => {
    rounds++
    if (rounds === 1) await runtime.stop()
    if (restarted) cli.kill('SIGINT')
  })
  cli.stderr.once('data', async () => {
    await runtime.start()
    restarted = true
  })
  const {stderr, exitCode} = await outcome
  expect({stderr, exitCode}).toEqual({
    stderr:
      'crisp: the runtime does not answer: asking again until it does\ncrisp: the runtime answers again\n',
    exitCode: 130,
  })
})

test("statsp shows crictl's columns, and -o wide the network", async () => {
  let round = 0n
  await using runtime = await startFakeRuntime({
    ListPodSandboxStats: () => {
      round++
      return {
        stats: [
          {
            attributes: {id: id('51'), metadata: {name: 'web-1', namespace: 'default', uid: 'u'}},
            linux: {
              cpu: {
                timestamp: `${round * second}`,
                usageCoreNanoSeconds: {value: `${(second / 4n) * round}`},
              },
              memory: {timestamp: '1', workingSetBytes: {value: '1500000'}},
              network: {
                timestamp: '0',
                defaultInterface: {name: 'lo', rxBytes: {value: '7'}, txBytes: {value: '7'}},
                interfaces: [
                  {
                    name: 'eth0',
                    rxBytes: {value: `${2000n * round}`},
                    txBytes: {value: `${500_000n * round}`},
                  },
                ],
              },
              process: {timestamp: '1', processCount: {value: '7'}},
            },
          },
        ],
      }
    },
  })
  const narrow = await runInProcess(['statsp', '-s', '0'], runtime)
  expect(narrow.stdout).toBe('POD     POD ID          CPU %   MEM\nweb-1   5100000000000   25.00   1.5MB\n')
  const wide = await runInProcess(['statsp', '-s', '0', '-o', 'wide'], runtime)
  expect(
    wide.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    'POD;POD ID;CPU %;MEM;NAMESPACE;RX;RX/S;TX;TX/S;DISK;INODES;SWAP;PROCESSES;CONTAINERS'.split(';'),
    'web-1;5100000000000;25.00;1.5MB;default;8kB;2kB;2MB;500kB;0B;0;0B;7;0'.split(';'),
  ])
})

test('statsp leaves out only the pod that cannot be measured', async () => {
  const podStats = (beginning: string, name: string) => ({
    attributes: {id: id(beginning), metadata: {name, namespace: 'default', uid: 'u'}},
    linux: {
      cpu: {timestamp: '1', usageCoreNanoSeconds: {value: '7'}, usageNanoCores: {value: '500000000'}},
      memory: {workingSetBytes: {value: '1000'}},
    },
  })
  const refusal = () => {
    throw status(rpcCode.unknown, 'failed to obtain pod stats: no cgroup parent')
  }
  await using runtime = await startFakeRuntime({
    ListPodSandboxStats: refusal,
    ListPodSandbox: {
      items: ['51', '52'].map((beginning) => ({
        id: id(beginning),
        metadata: {name: `web-${beginning}`, namespace: 'default', uid: 'u'},
      })),
    },
    PodSandboxStats: ({podSandboxId}: {podSandboxId: string}) =>
      podSandboxId === id('51') ? {stats: podStats('51', 'web-51')} : refusal(),
  })
  expect(await runInProcess(['statsp', '-s', '0'], runtime)).toEqual({
    stdout: 'POD      POD ID          CPU %   MEM\nweb-51   5100000000000   50.00   1kB\n',
    stderr: 'crisp: default/web-52: PodSandboxStats: failed to obtain pod stats: no cgroup parent\n',
    exitCode: 1,
  })
})
