import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type * as cri from '../../src/generated/cri.js'
import {clusterNode, expendable, type SeenNode, startNode} from '../support/cluster-node.js'
import {container, id, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

// On a kubelet's node a user's labels are the pod's alone: nginx is in a pod with run=nginx and app=web.

const hint =
  'crisp: no container has the label app=web, pod default/nginx-65899c769f-wv2gp has it: --pod-label app=web chooses by it\n'

describe('on a node', () => {
  let node: SeenNode
  beforeAll(async () => {
    node = await startNode(clusterNode)
  })
  afterAll(() => node[Symbol.asyncDispose]())

  const shown: [string, string][] = [
    ['ps -q --pod-label app=web', '$nginx\n'],
    ["ps -q --pod-label ' app=web , run=nginx '", '$nginx\n'],
    ['ps -q --pod-label app=web --pod-label run=nginx', '$nginx\n'],
    ['ps -q --pod-label app=web --pod-label run=other', ''],
    ['ps -q --pod-label app=web --label io.kubernetes.container.name=nginx', '$nginx\n'],
    ['ps -q --pod-label app=web --label io.kubernetes.container.name=etcd', ''],
    ['ps -q --pod-label app=web --pod default/nginx-65899c769f-wv2gp', '$nginx\n'],
    ['ps -q --pod-label app=web --pod etcd-cp1', ''],
    ['ps -q --pod-label app=web --namespace kube-system', ''],
    ['ps -q --pod-label job-name=job', ''],
    ['ps -q --pod-label job-name=job -a', '$job\n'],
    ['ps -q --pod-label job-name=job --state exited', '$job\n'],
    // The newest of those that are chosen, not those that are chosen of the newest.
    ['ps -q --pod-label component=etcd --latest', '$etcd\n'],
    ['ps -q --pod-label component=etcd --last 3', '$etcd\n'],
    ["inspect --pod-label app=web -o 'jsonpath={.status.metadata.name}'", 'nginx\n'],
    ["stats --pod-label app=web -o 'jsonpath={.stats[*].attributes.metadata.name}'", 'nginx\n'],
    ['exec -q --pod-label app=web echo there', 'there\n'],
    [
      'stop --pod-label app=web --dry-run',
      'would stop container $nginx13  default/nginx-65899c769f-wv2gp/nginx  running\n',
    ],
    [
      'rm --pod-label job-name=job --dry-run',
      'would remove container $job13  default/job-7xk2p/job  exited\n',
    ],
    ['wait --pod-label job-name=job', '3\n'],
    ['logs -o raw --pod-label component=etcd', 'first\nsecond\nlast\n'],
    ['logs -o raw --pod-label io.kubernetes.container.name=etcd --label component=etcd', ''],
    [
      'logs -o raw --label io.kubernetes.container.name=etcd --pod-label component=etcd',
      'first\nsecond\nlast\n',
    ],
  ]
  test.each(shown)('%s', async (line, stdout) => {
    expect((await node.run(`crisp ${line}`)).stdout).toBe(stdout)
  })

  test("top and events take it for --label, which is the pod's there", async () => {
    const frames = await Promise.all(
      ['--label', '--pod-label'].map((flag) => node.run(`crisp top --once ${flag} app=web`)),
    )
    for (const {stdout} of frames) {
      expect(stdout).toContain('nginx')
      expect(stdout).not.toContain('etcd')
    }
  })

  test('no pods are listed where their labels are not asked for', async () => {
    const asked = async (line: string) => (await node.run(line)).calls.map(({method}) => method)
    expect(await asked('crisp ps -q --label io.kubernetes.container.name=etcd')).toEqual(['ListContainers'])
    expect(await asked('crisp ps -q --pod-label app=web')).toEqual(['ListContainers', 'ListPodSandbox'])
    expect(await asked('crisp ps -q --state unknown')).toEqual(['ListContainers'])
  })

  describe('--label that only pods have', () => {
    const empty: [string, Partial<{stdout: string; stderr: string; exitCode: number}>][] = [
      ['ps -q --label app=web', {stdout: '', stderr: hint, exitCode: 0}],
      ['ps -q --label app=web --state exited', {stdout: '', stderr: hint, exitCode: 0}],
      ['ps --label app=web -o json', {stdout: '{\n  "containers": []\n}\n', stderr: hint, exitCode: 0}],
      ['stats --label app=web -o json', {stdout: '{\n  "stats": []\n}\n', stderr: hint, exitCode: 0}],
      [
        'inspect --label app=web',
        {stderr: `${hint}crisp: no container matches the filters: crisp ps -a lists all\n`, exitCode: 3},
      ],
      [
        'exec --label app=web hostname',
        {stderr: `${hint}crisp: no container matches the filters: crisp ps -a lists all\n`, exitCode: 125},
      ],
      ['start --label app=web', {stderr: `${hint}crisp: No containers to start\n`, exitCode: 0}],
      ['stop --label app=web', {stderr: `${hint}crisp: No containers to stop\n`, exitCode: 0}],
      ['rm -f --label app=web', {stderr: `${hint}crisp: No containers to remove\n`, exitCode: 0}],
      ['wait --label app=web', {stdout: '', stderr: hint, exitCode: 0}],
    ]
    test.each(empty)('%s says so and finds no more than crictl', async (line, expected) => {
      expect(await node.run(`crisp ${line}`)).toMatchObject(expected)
    })

    test('beside another that containers have, is the one that is named', async () => {
      const line = 'crisp ps -q --label app=web,io.kubernetes.container.name=nginx,run=nginx'
      expect((await node.run(line)).stderr).toBe(
        'crisp: no container has the labels app=web,run=nginx, pod default/nginx-65899c769f-wv2gp has them: --pod-label app=web,run=nginx chooses by them\n',
      )
    })

    test.each(['app=other', 'io.kubernetes.container.name=job', 'io.kubernetes.pod.name=job-7xk2p'])(
      'nothing is said of %s, which no pod has, or a container has',
      async (label) => {
        expect(await node.run(`crisp ps -q --label ${label}`)).toMatchObject({stdout: '', stderr: ''})
      },
    )
  })

  test('--for=ready waits for pods, whose labels are --label', async () => {
    expect(await node.run('crisp wait --for=ready --pod-label app=web')).toMatchObject({
      stderr: 'crisp: --for=ready waits for pods: leave --pod-label out, it chooses containers\n',
      exitCode: 2,
    })
  })

  test.each([
    ['rm --pod-label a=b web', '--pod-label chooses containers by itself: leave it out, or the names'],
    [
      'logs --pod-label a=b web',
      '"web" can\'t be used together with --label, --pod-label, --namespace, --name or --pod',
    ],
  ])('%s is a wrong usage', async (line, text) => {
    expect(await node.run(`crisp ${line}`)).toMatchObject({
      stdout: '',
      stderr: `crisp: ${text}\n`,
      exitCode: 2,
    })
  })
})

test('rm -f --pod-label removes the containers of those pods, and no others', async () => {
  await using node = await startNode(expendable('web', 'db'))
  expect(await node.run('crisp rm -f --pod-label run=web')).toMatchObject({stdout: '$web\n', exitCode: 0})
  expect(await node.containers()).toEqual(['db:RUNNING'])
})

test('a runtime that ignores selectors has nothing else chosen', async () => {
  const pod = (hex: string, app: string) => ({
    id: id(hex),
    metadata: {name: app, namespace: 'default', uid: hex, attempt: 0},
    labels: {app},
  })
  const removed: string[] = []
  await using runtime = await startFakeRuntime({
    ListPodSandbox: {items: [pod('b1', 'web'), pod('b2', 'db')]},
    ListContainers: {
      containers: [
        container({id: id('c1'), podSandboxId: id('b1')}),
        container({id: id('c2'), podSandboxId: id('b2')}),
      ],
    },
    ContainerStatus: ({containerId}: cri.ContainerStatusRequest) => ({
      status: {id: containerId, state: 'CONTAINER_EXITED' as const},
    }),
    RemoveContainer: ({containerId}: cri.RemoveContainerRequest) => {
      removed.push(containerId)
      return {}
    },
  })
  await runInProcess(['rm', '--pod-label', 'app=web'], runtime)
  expect(removed).toEqual([id('c1')])
})
