import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {sleeper} from '../support/cluster-node.js'
import {
  type FakeRuntime,
  id,
  kubeletContainer,
  never,
  secondsAgo,
  startFakeRuntime,
} from '../support/fake-runtime.js'
import {runInProcess as crisp} from '../support/in-process.js'

const webPod = id('b1')
const jobPod = id('b2')
const web = id('a1')
const earlier = id('a0')
const byHand = id('a2')

function pod(podId: string, name: string, state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY', isKubelets = true) {
  return {
    id: podId,
    metadata: {name, namespace: 'default', uid: `uid-${name}`, attempt: 0},
    state,
    createdAt: secondsAgo(100),
    annotations: isKubelets ? {'kubernetes.io/config.source': 'api'} : {},
  }
}

const node = {
  ListPodSandbox: {items: [pod(webPod, 'web', 'SANDBOX_READY'), pod(jobPod, 'job', 'SANDBOX_NOTREADY')]},
  ListContainers: {
    containers: [
      kubeletContainer('default', 'web', 'web', {id: web, podSandboxId: webPod, createdAt: secondsAgo(50)}),
      kubeletContainer('default', 'web', 'web', {
        id: earlier,
        podSandboxId: webPod,
        createdAt: secondsAgo(90),
        state: 'CONTAINER_EXITED',
      }),
      kubeletContainer('default', 'web', 'mine', {id: byHand, podSandboxId: webPod, annotations: {}}),
    ],
  },
  RunPodSandbox: {podSandboxId: id('b9')},
  PodSandboxStatus: {status: pod(webPod, 'web', 'SANDBOX_READY')},
  CreateContainer: {containerId: id('a9')},
  StartContainer: {},
  StopContainer: {},
  StopPodSandbox: {},
  RemovePodSandbox: {},
  ContainerStatus: {status: {id: web, state: 'CONTAINER_EXITED'}},
  RemoveContainer: {},
  ImageStatus: {image: {id: 'sha256:1', size: '1'}},
  RuntimeConfig: {linux: {cgroupDriver: 'CGROUPFS'}},
}

let directory: string
let podFile: string
let containerFile: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-watched-'))
  podFile = join(directory, 'pod.yaml')
  containerFile = join(directory, 'container.yaml')
  await writeFile(podFile, 'metadata: {name: mine, namespace: default, uid: u1}\n')
  await writeFile(containerFile, 'metadata: {name: mine}\nimage: busybox\n')
})
afterAll(() => rm(directory, {recursive: true}))

const removes =
  'crisp: a kubelet runs this node: it removes pods and containers that it does not know, this one too (-q leaves this out)\n'

const makings: Record<string, () => string[]> = {
  runp: () => ['runp', podFile],
  create: () => ['create', '--no-pull', 'web', containerFile, podFile],
  run: () => ['run', '--no-pull', containerFile, podFile],
}

test.each(Object.keys(makings))(
  '%s says once that the kubelet removes what it does not know',
  async (verb) => {
    const words = makings[verb]?.() ?? []
    await using runtime: FakeRuntime = await startFakeRuntime(node)
    expect(await crisp(words, runtime)).toMatchObject({stderr: removes, exitCode: 0})
    expect(await crisp([...words.slice(0, 1), '-q', ...words.slice(1)], runtime)).toMatchObject({
      stderr: '',
      exitCode: 0,
    })
    const env = {CRISP_COMPAT: 'crictl'}
    expect(await crisp(words, {endpoint: runtime.endpoint, env})).toMatchObject({stderr: '', exitCode: 0})
    expect(await crisp([...words.slice(0, 1), '--dry-run', ...words.slice(1)], runtime)).toMatchObject({
      stderr: '',
      exitCode: 0,
    })
  },
)

test('without pods of a kubelet nothing is said, nor where the runtime does not tell', async () => {
  for (const ListPodSandbox of [{items: [pod(webPod, 'web', 'SANDBOX_READY', false)]}, never]) {
    await using runtime = await startFakeRuntime({...node, ListPodSandbox})
    expect(await crisp(['runp', podFile], runtime)).toMatchObject({stderr: '', exitCode: 0})
  }
})

const makesAgain = (names: string) =>
  `crisp: the kubelet makes ${names} again, as long as the pod is in its configuration: kubectl delete pod removes it for good (-q leaves this out)\n`

test.each([
  [['rm', web], makesAgain('default/web/web')],
  [['rmp', '-f', 'web'], makesAgain('default/web')],
  [['stop', web], makesAgain('default/web/web')],
  [['stopp', 'web'], makesAgain('default/web')],
  [['rm', '-q', web], ''],
  [['stop', '-q', web], ''],
  [['stopp', '-q', 'web'], ''],
  [['stop', earlier], ''],
  [['stop', web, '--dry-run'], ''],
  // A later attempt runs; the pod is over; nobody but a person made it.
  [['rm', earlier], ''],
  [['rmp', '-f', jobPod], ''],
  [['rm', byHand], ''],
  [['rm', web, '--dry-run'], ''],
])('%j says of what the kubelet makes again, and of nothing else, that it does', async (words, said) => {
  await using runtime = await startFakeRuntime(node)
  const {stderr, exitCode} = await crisp(words, runtime)
  expect({stderr, exitCode}).toEqual({stderr: said, exitCode: 0})
})

test.each([
  [['stop', 'web/main'], 'default/web/main'],
  [['stopp', 'web'], 'default/web'],
  [['rmp', '-f', 'web'], 'default/web'],
])("of %j the demo's kubelet is named where there is one, and there alone", async (words, name) => {
  const seed = {pods: [{name: 'web', namespace: 'default', containers: [{name: 'main', image: sleeper}]}]}
  for (const kubelet of [true, false]) {
    await using runtime = await startDemoRuntime({seed, kubelet})
    expect(await crisp(words, runtime)).toMatchObject({
      stderr: kubelet
        ? `crisp: the demo's kubelet makes ${name} again (-q leaves this out; crisp demo --no-kubelet starts a demo without)\n`
        : '',
      exitCode: 0,
    })
  }
})
