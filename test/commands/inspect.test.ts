import {describe, expect, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import {id, kubeletContainer, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

const statuses: Record<string, object> = {
  [id('a1')]: {
    id: id('a1'),
    metadata: {name: 'web', attempt: 0},
    state: 'CONTAINER_RUNNING',
    createdAt: '1700000000123456789',
    startedAt: '1700000001000000000',
    finishedAt: '77',
    image: {image: 'busybox:1'},
    imageRef: 'sha256:11',
    labels: {b: '<&>', a: '1'},
    logPath: '/var/log/pods/x/web/0.log',
  },
  [id('a2')]: {
    id: id('a2'),
    metadata: {name: 'job', attempt: 3},
    state: 'CONTAINER_EXITED',
    createdAt: '1700000000000000000',
    startedAt: '1700000001000000000',
    finishedAt: '1700000002500000000',
    exitCode: 3,
    reason: 'Error',
    image: {image: 'busybox:1'},
  },
}
const node = {
  ListContainers: {
    containers: [
      kubeletContainer('default', 'p', 'web', {id: id('a1'), createdAt: '2'}),
      kubeletContainer('default', 'p', 'job', {id: id('a2'), createdAt: '1', state: 'CONTAINER_EXITED'}),
    ],
  },
  ListPodSandbox: {items: []},
  ContainerStatus: ({containerId, verbose}: {containerId: string; verbose: boolean}) => {
    const found = statuses[containerId]
    if (!found)
      throw status(
        rpcCode.notFound,
        `an error occurred when try to find container "${containerId}": not found`,
      )
    return {
      status: found,
      info: verbose
        ? {
            info: '{"pid":42,"limit":9223372036854771712,"runtimeSpec":{"b":1,"a":2}}',
            note: '"plain words"',
            list: '[1]',
          }
        : {},
    }
  },
}

test("inspect of one is an object: sorted keys, every field, local times, the runtime's info beside the status", async () => {
  await using runtime = await startFakeRuntime(node)
  expect(await runInProcess(['inspect', 'web'], runtime)).toEqual({
    stdout: `{
  "info": {
    "limit": 9223372036854771712,
    "pid": 42,
    "runtimeSpec": {
      "a": 2,
      "b": 1
    }
  },
  "list": "[1]",
  "note": "plain words",
  "status": {
    "annotations": {},
    "createdAt": "2023-11-14T22:13:20.123456789Z",
    "exitCode": 0,
    "finishedAt": "0001-01-01T00:00:00Z",
    "id": "${id('a1')}",
    "image": {
      "annotations": {},
      "image": "busybox:1",
      "imageRef": "",
      "runtimeHandler": "",
      "userSpecifiedImage": ""
    },
    "imageId": "",
    "imageRef": "sha256:11",
    "labels": {
      "a": "1",
      "b": "<&>"
    },
    "logPath": "/var/log/pods/x/web/0.log",
    "message": "",
    "metadata": {
      "attempt": 0,
      "name": "web"
    },
    "mounts": [],
    "reason": "",
    "resources": null,
    "startedAt": "2023-11-14T22:13:21Z",
    "state": "CONTAINER_RUNNING",
    "stopSignal": "SIGNAL_RUNTIME_DEFAULT",
    "user": null
  }
}
`,
    stderr: '',
    exitCode: 0,
  })
})

test('inspect of several is a list in the order asked, -q leaves the info out', async () => {
  await using runtime = await startFakeRuntime(node)
  const {stdout} = await runInProcess(['inspect', '-q', 'job', id('a1')], runtime)
  const documents = JSON.parse(stdout) as {status: {id: string; finishedAt: string}}[]
  expect(
    documents.map((document) => [Object.keys(document), document.status.id, document.status.finishedAt]),
  ).toEqual([
    [['status'], id('a2'), '2023-11-14T22:13:22.5Z'],
    [['status'], id('a1'), '0001-01-01T00:00:00Z'],
  ])
})

test('found containers are printed, missing ones are reported and set the exit code', async () => {
  await using runtime = await startFakeRuntime(node)
  const {stdout, stderr, exitCode} = await runInProcess(
    ['inspect', '-q', 'nosuch', 'web', id('dead')],
    runtime,
  )
  expect(JSON.parse(stdout).status.id).toBe(id('a1'))
  expect({stderr, exitCode}).toEqual({
    stderr: `crisp: no container "nosuch": crisp ps -a lists all\ncrisp: no container "${id('dead')}": crisp ps -a lists all\n`,
    exitCode: 3,
  })
})

test('without a name the filters choose; nothing found is exit 3', async () => {
  await using runtime = await startFakeRuntime({
    ...node,
    ListContainers: ({filter}: {filter: {state: {state: string} | null}}) => ({
      containers: node.ListContainers.containers.filter(
        ({state}) => !filter.state || filter.state.state === (state ?? 'CONTAINER_RUNNING'),
      ),
    }),
  })
  const [running, all, none] = await Promise.all(
    [[], ['-a'], ['--name', 'nosuch']].map((argv) => runInProcess(['inspect', '-q', ...argv], runtime)),
  )
  expect(JSON.parse(running?.stdout ?? '').status.id).toBe(id('a1'))
  expect(JSON.parse(all?.stdout ?? '')).toHaveLength(2)
  expect(none).toEqual({
    stdout: '',
    stderr: 'crisp: no container matches the filters: crisp ps -a lists all\n',
    exitCode: 3,
  })
})

test('-o table for people', async () => {
  await using runtime = await startFakeRuntime(node)
  const {stdout} = await runInProcess(['inspect', '-o', 'table', 'job'], runtime)
  expect(stdout.replace(/\d+ (years?|months) ago/g, 'long ago')).toBe(`ID: ${id('a2')}
Name: job
Attempt: 3
State: CONTAINER_EXITED
Image: busybox:1
Created: long ago
Started: long ago
Finished: long ago
Exit Code: 3
Reason: Error
Info:
\tinfo: {"limit":9223372036854771712,"pid":42,"runtimeSpec":{"a":2,"b":1}}
\tlist: [1]
\tnote: plain words
`)
})

describe('the other forms', () => {
  const forms: [string[], string][] = [
    [['-o', 'go-template', '--template', '{{.info.pid}}'], '42\n'],
    [['-o', 'go-template={{.status.metadata.name}}'], 'web\n'],
    [['-o', 'jsonpath={.status.image.image}'], 'busybox:1\n'],
    [['-o', 'custom-columns=ID:.status.metadata.name,PID:.info.pid'], 'ID    PID\nweb   42\n'],
    [['-o', 'name'], `${id('a1')}\n`],
  ]
  test.each(forms)('%j', async (argv, stdout) => {
    await using runtime = await startFakeRuntime(node)
    expect(await runInProcess(['inspect', 'web', ...argv], runtime)).toEqual({
      stdout,
      stderr: '',
      exitCode: 0,
    })
  })
})

test('inspectp: unset parts are null, only createdAt is a date', async () => {
  await using runtime = await startFakeRuntime({
    PodSandboxStatus: {
      status: {
        id: id('b1'),
        metadata: {name: 'p', namespace: 'n', uid: 'u'},
        createdAt: '1700000000000000000',
      },
    },
  })
  const {stdout} = await runInProcess(['inspectp', '-q', id('b1')], runtime)
  expect(JSON.parse(stdout)).toEqual({
    status: {
      annotations: {},
      createdAt: '2023-11-14T22:13:20Z',
      id: id('b1'),
      labels: {},
      linux: null,
      metadata: {attempt: 0, name: 'p', namespace: 'n', uid: 'u'},
      network: null,
      runtimeHandler: '',
      state: 'SANDBOX_READY',
    },
  })
})

test('inspecti: unset parts are left out, an unknown image is exit 3', async () => {
  const image = {id: 'sha256:11', repoTags: ['a:1'], repoDigests: [], size: '7'}
  await using runtime = await startFakeRuntime({
    ImageStatus: (request: {image: {image: string}}) =>
      request.image.image === 'a:1' ? {image, info: {}} : {},
    ListImages: {images: [image]},
  })
  const [known, unknown] = await Promise.all([
    runInProcess(['inspecti', 'a:1'], runtime),
    runInProcess(['inspecti', 'b:1'], runtime),
  ])
  expect(JSON.parse(known?.stdout ?? '')).toEqual({
    status: {id: 'sha256:11', pinned: false, repoDigests: [], repoTags: ['a:1'], size: '7', username: ''},
  })
  expect(unknown).toEqual({
    stdout: '',
    stderr: 'crisp: no image "b:1": crisp images lists all\n',
    exitCode: 3,
  })
})

test('info: camelCase status, snake_case handlers without what is empty', async () => {
  await using runtime = await startFakeRuntime({
    Status: {
      status: {
        conditions: [
          {type: 'RuntimeReady', status: true},
          {type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message: 'cni'},
        ],
      },
      runtimeHandlers: [
        {name: '', features: {recursiveReadOnlyMounts: true}},
        {name: 'kata', features: {}},
      ],
      features: {supplementalGroupsPolicy: true},
      info: {config: '{"root":"/x"}', golang: '"go1.19"'},
    },
  })
  const [json, table] = await Promise.all(
    [
      ['-o', 'json'],
      ['-o', 'table'],
    ].map((argv) => runInProcess(['info', ...argv], runtime)),
  )
  expect(JSON.parse(json?.stdout ?? '')).toEqual({
    config: {root: '/x'},
    features: {supplemental_groups_policy: true},
    golang: 'go1.19',
    runtimeHandlers: [{features: {recursive_read_only_mounts: true}}, {features: {}, name: 'kata'}],
    status: {
      conditions: [
        {message: '', reason: '', status: true, type: 'RuntimeReady'},
        {message: 'cni', reason: 'NetworkPluginNotReady', status: false, type: 'NetworkReady'},
      ],
    },
  })
  expect(table?.stdout).toBe(`Runtime: fake 1.2.3, CRI v1

CONDITION      STATUS   REASON                  MESSAGE
RuntimeReady   true
NetworkReady   FALSE    NetworkPluginNotReady   cni

HANDLER     FEATURES
(default)   recursiveReadOnlyMounts
kata        -

Features: supplementalGroupsPolicy
`)
})

const containerdConfig = {
  containerd: {
    defaultRuntimeName: 'runc',
    runtimes: {runc: {runtimeType: 'io.containerd.runc.v2', options: {SystemdCgroup: true}}},
  },
}

test.each([
  ['from RuntimeConfig', {RuntimeConfig: {linux: {cgroupDriver: 'CGROUPFS'}}}, 'CGROUPFS'],
  ["else from containerd's configuration", {}, 'SYSTEMD'],
])('info -o table: cgroup driver %s', async (_, answers, driver) => {
  await using runtime = await startFakeRuntime({
    Status: {status: {conditions: []}, info: {config: JSON.stringify(containerdConfig)}},
    ...answers,
  })
  const {stdout} = await runInProcess(['info', '-o', 'table'], runtime)
  expect(stdout.split('\n').slice(0, 2)).toEqual(['Runtime: fake 1.2.3, CRI v1', `Cgroup driver: ${driver}`])
})

test.each([
  [[], {linux: {cgroupDriver: 'SYSTEMD'}}, 'cgroup driver:   SYSTEMD\n'],
  [[], {linux: null}, ''],
  [['-o', 'jsonl'], {linux: {cgroupDriver: 'CGROUPFS'}}, '{"linux":{"cgroupDriver":"CGROUPFS"}}\n'],
])('runtime-config %j', async (argv, answer, stdout) => {
  await using runtime = await startFakeRuntime({RuntimeConfig: answer})
  expect(await runInProcess(['runtime-config', ...argv], runtime)).toEqual({stdout, stderr: '', exitCode: 0})
})
