import {describe, expect, test} from 'vitest'
import {container, id, kubeletContainer, secondsAgo, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

const web = kubeletContainer('default', 'web-1', 'web', {
  id: id('aa1'),
  podSandboxId: id('b1'),
  createdAt: secondsAgo(180),
  imageRef: 'sha256:1111',
})
const sidecar = kubeletContainer('default', 'web-1', 'sidecar', {
  id: id('aa2'),
  podSandboxId: id('b1'),
  createdAt: secondsAgo(60),
  image: {image: `sha256:${'4'.repeat(64)}`},
})
const job = container({
  id: id('cc3'),
  podSandboxId: id('b2'),
  metadata: {name: 'job', attempt: 2},
  createdAt: secondsAgo(7300),
  state: 'CONTAINER_EXITED',
  labels: {app: 'job'},
})
const jobPod = {
  id: id('b2'),
  metadata: {name: 'job-pod', namespace: 'batch', uid: 'u2', attempt: 0},
  createdAt: '1',
}

const node = {
  ListContainers: {containers: [web, job, sidecar]},
  ListPodSandbox: {items: [jobPod]},
}

test("a table with crictl's columns, newest first, nothing wrapped in a pipe", async () => {
  await using runtime = await startFakeRuntime(node)
  expect(await runInProcess(['ps', '-a'], runtime)).toEqual({
    stdout: `CONTAINER       IMAGE                            CREATED              STATE     NAME      ATTEMPT   POD ID          POD       NAMESPACE
aa20000000000   4444444444444                    About a minute ago   Running   sidecar   0         b100000000000   web-1     default
aa10000000000   docker.io/library/busybox:1.36   3 minutes ago        Running   web       0         b100000000000   web-1     default
cc30000000000   docker.io/library/busybox:1.36   2 hours ago          Exited    job       2         b200000000000   job-pod   batch
`,
    stderr: '',
    exitCode: 0,
  })
})

test('-q prints full IDs, one a line', async () => {
  await using runtime = await startFakeRuntime(node)
  expect(await runInProcess(['ps', '-aq'], runtime)).toEqual({
    stdout: `${id('aa2')}\n${id('aa1')}\n${id('cc3')}\n`,
    stderr: '',
    exitCode: 0,
  })
})

test("-o json is the list answer in the proto's field order, 64-bit integers as strings, empty values kept", async () => {
  const only = {...job, createdAt: '1795470734207885363'}
  await using runtime = await startFakeRuntime({ListContainers: {containers: [only]}})
  const {stdout} = await runInProcess(['ps', '-a', '-o', 'json', '-q'], runtime)
  expect(stdout).toBe(`{
  "containers": [
    {
      "id": "${id('cc3')}",
      "podSandboxId": "${id('b2')}",
      "metadata": {
        "name": "job",
        "attempt": 2
      },
      "image": {
        "image": "docker.io/library/busybox:1.36",
        "annotations": {},
        "userSpecifiedImage": "",
        "runtimeHandler": "",
        "imageRef": ""
      },
      "imageRef": "",
      "state": "CONTAINER_EXITED",
      "createdAt": "1795470734207885363",
      "labels": {
        "app": "job"
      },
      "annotations": {},
      "imageId": ""
    }
  ]
}
`)
})

test('-o yaml has sorted keys, flat lists, quoted digits and a blank line at the end', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: [{...job, createdAt: '1795470734207885363'}]},
  })
  const {stdout} = await runInProcess(['ps', '-a', '-o=yaml'], runtime)
  expect(stdout).toBe(
    `containers:
- annotations: {}
  createdAt: "1795470734207885363"
  id: "${id('cc3')}"
  image:
    annotations: {}
    image: docker.io/library/busybox:1.36
    imageRef: ""
    runtimeHandler: ""
    userSpecifiedImage: ""
  imageId: ""
  imageRef: ""
  labels:
    app: job
  metadata:
    attempt: 2
    name: job
  podSandboxId: "${id('b2')}"
  state: CONTAINER_EXITED

`
      .replace(`"${id('cc3')}"`, id('cc3'))
      .replace(`"${id('b2')}"`, id('b2')),
  )
})

test('-o name gives references that lead back, an ID where a name would not', async () => {
  const older = kubeletContainer('default', 'web-1', 'web', {
    id: id('aa0'),
    podSandboxId: id('b1'),
    createdAt: secondsAgo(900),
  })
  await using runtime = await startFakeRuntime({...node, ListContainers: {containers: [web, older, job]}})
  const {stdout} = await runInProcess(['ps', '-a', '-o', 'name'], runtime)
  expect(stdout).toBe(`default/web-1/web\n${id('aa0')}\nbatch/job-pod/job\n`)
})

test('-o jsonl prints one object a line', async () => {
  await using runtime = await startFakeRuntime(node)
  const {stdout} = await runInProcess(['ps', '-a', '-o', 'jsonl'], runtime)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id),
  ).toEqual([id('aa2'), id('aa1'), id('cc3')])
})

test('-o wide adds how containers ended', async () => {
  await using runtime = await startFakeRuntime({
    ...node,
    ListContainers: {containers: [job]},
    ContainerStatus: {
      status: {
        id: id('cc3'),
        state: 'CONTAINER_EXITED',
        exitCode: 137,
        reason: 'OOMKilled',
        finishedAt: secondsAgo(3700),
      },
    },
  })
  const {stdout} = await runInProcess(['ps', '-a', '-o', 'wide'], runtime)
  expect(stdout.split('\n')[1]).toMatch(/ batch {7}137 {4}OOMKilled {3}About an hour ago$/)
})

test('-o wide calls an OOM kill the end of a container only where SIGKILL ended it', async () => {
  await using runtime = await startFakeRuntime({
    ...node,
    ListContainers: {containers: [job]},
    ContainerStatus: {
      status: {id: id('cc3'), state: 'CONTAINER_EXITED', exitCode: 143, reason: 'OOMKilled'},
    },
  })
  const {stdout} = await runInProcess(['ps', '-a', '-o', 'wide'], runtime)
  expect(stdout.split('\n')[1]).toMatch(/ batch {7}143 {4}OOMKilled \(a process in it\)$/)
})

test('-v prints blocks', async () => {
  await using runtime = await startFakeRuntime({...node, ListContainers: {containers: [job]}})
  const {stdout} = await runInProcess(['ps', '-a', '-v'], runtime)
  expect(stdout).toBe(`ID: ${id('cc3')}
PodID: ${id('b2')}
Namespace: batch
Name: job
Attempt: 2
State: Exited
Image: docker.io/library/busybox:1.36
Created: 2 hours ago
Labels:
\tapp -> job

`)
})

test('--no-trunc shows whole IDs and images', async () => {
  await using runtime = await startFakeRuntime({...node, ListContainers: {containers: [sidecar]}})
  const {stdout} = await runInProcess(['ps', '--no-trunc'], runtime)
  expect(stdout).toContain(`${id('aa2')}   sha256:${'4'.repeat(64)}`)
})

test('-r shows the tag instead of the image ID', async () => {
  await using runtime = await startFakeRuntime({
    ...node,
    ListContainers: {containers: [sidecar]},
    ListImages: {
      images: [{id: `sha256:${'4'.repeat(64)}`, repoTags: ['registry.k8s.io/proxy:v3'], repoDigests: []}],
    },
  })
  const {stdout} = await runInProcess(['ps', '-r'], runtime)
  expect(stdout.split('\n')[1]).toMatch(/^aa20000000000 {3}registry.k8s.io\/proxy:v3 {3}/)
})

test("the kubelet's labels spare a list of pods", async () => {
  await using runtime = await startFakeRuntime({...node, ListContainers: {containers: [web]}})
  await runInProcess(['ps'], runtime)
  expect(runtime.calls.map(({method}) => method)).toEqual(['ListContainers'])
})

test('an empty node is a header, no IDs, an empty list', async () => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
  const outputs = await Promise.all(
    [['ps'], ['ps', '-q'], ['ps', '-o', 'json']].map((argv) => runInProcess(argv, runtime)),
  )
  expect(outputs.map(({stdout, exitCode}) => [stdout, exitCode])).toEqual([
    ['CONTAINER   IMAGE   CREATED   STATE   NAME   ATTEMPT   POD ID   POD   NAMESPACE\n', 0],
    ['', 0],
    ['{\n  "containers": []\n}\n', 0],
  ])
})

describe('filters that the runtime applies', () => {
  const sent: [string[], object][] = [
    [[], {state: {state: 'CONTAINER_RUNNING'}}],
    [['-a'], {state: null}],
    [['-s', 'Exited'], {state: {state: 'CONTAINER_EXITED'}}],
    [['-a', '--state', 'created'], {state: {state: 'CONTAINER_CREATED'}}],
    [['--latest'], {state: null}],
    [['--latest', '--state=exited'], {state: {state: 'CONTAINER_EXITED'}}],
    [['--last', '0'], {state: {state: 'CONTAINER_RUNNING'}}],
    [['--pod', id('b1')], {podSandboxId: id('b1')}],
    [['--pod', 'batch/job-pod'], {podSandboxId: id('b2')}],
    [['-p', 'b2'], {podSandboxId: id('b2')}],
    [['-p', 'fff'], {podSandboxId: 'fff'}],
    [['--id', id('aa1')], {id: id('aa1')}],
    [['--label', 'a=b,c=d', '--label', 'e=f'], {labelSelector: {a: 'b', c: 'd', e: 'f'}}],
    [['--label', 'list=1,2'], {labelSelector: {list: '1,2'}}],
  ]
  test.each(sent)('%j', async (argv, filter) => {
    await using runtime = await startFakeRuntime(node)
    await runInProcess(['ps', ...argv], runtime)
    const asked = runtime.calls.filter(({method}) => method === 'ListContainers')
    expect(asked.map(({request}) => request)).toContainEqual({filter: expect.objectContaining(filter)})
  })
})

describe('filters on names', () => {
  const kept: [string[], string[]][] = [
    [['--name', 'web'], ['aa1']],
    [
      ['--name', 'e'],
      ['aa2', 'aa1'],
    ],
    [
      ['--name', '^(web|job)$'],
      ['aa1', 'cc3'],
    ],
    [['--name', '(?i)WEB'], ['aa1']],
    [['--name', '-a|web'], ['aa1']],
    [['--namespace', 'batch'], ['cc3']],
    [['--namespace', 'a', '--name', 'job'], ['cc3']],
    [
      ['--last', '2'],
      ['aa2', 'aa1'],
    ],
    [
      ['-n2', '-l'],
      ['aa2', 'aa1'],
    ],
    [['-l'], ['aa2']],
  ]
  test.each(kept)('%j', async (argv, ids) => {
    await using runtime = await startFakeRuntime(node)
    const {stdout} = await runInProcess(['ps', '-aq', ...argv], runtime)
    expect(stdout).toBe(ids.map((beginning) => `${id(beginning)}\n`).join(''))
  })
})

test('--image finds containers however they name the image, with two calls', async () => {
  const image = {id: 'sha256:1111', repoTags: ['docker.io/library/nginx:1'], repoDigests: [], size: '5'}
  await using runtime = await startFakeRuntime({...node, ImageStatus: {image}, ListImages: {images: [image]}})
  const {stdout} = await runInProcess(['ps', '-aq', '--image', 'nginx:1'], runtime)
  expect(stdout).toBe(`${id('aa1')}\n`)
  expect(runtime.calls.map(({method}) => method).sort()).toEqual([
    'ImageStatus',
    'ListContainers',
    'ListImages',
  ])
})

test('a flag or value of 100,000 letters is shortened in the error', async () => {
  const word = 'x'.repeat(100_000)
  expect(await runInProcess(['ps', '--label', word])).toEqual({
    stdout: '',
    stderr: `crisp: --label "${'x'.repeat(99)}…" should be KEY=VALUE, such as app=web\n`,
    exitCode: 2,
  })
  expect(await runInProcess([`--${word}`])).toEqual({
    stdout: '',
    stderr: `crisp: unknown flag --${'x'.repeat(98)}… before the command (crisp --help)\n`,
    exitCode: 2,
  })
})

describe('bad input is one line and exit 2, before anything is sent', () => {
  const refused: [string[], string][] = [
    [['ps', '--bogus'], 'unknown flag --bogus for ps (crisp ps --help)'],
    [['ps', '--al'], 'unknown flag --al for ps: did you mean --all? (crisp ps --help)'],
    [
      ['ps', '-o', 'xml'],
      '-o "xml" is not an output format: table, wide, json, yaml, name, jsonl, go-template, jsonpath=…, custom-columns=…, custom-columns-file=… or tree',
    ],
    [['ps', '--state', 'dead'], '--state "dead" should be one of created, running, exited, unknown'],
    [['ps', '--label', 'novalue'], '--label "novalue" should be KEY=VALUE, such as app=web'],
    [['ps', '--name', '('], '--name "(" is not a regular expression: missing closing ): `(`'],
    [['ps', '--last', 'x'], '--last "x" is not a whole number'],
    [['ps', '--last'], '--last needs a value'],
    [['ps', 'extra'], 'unexpected argument: extra (crisp ps --help)'],
    [['ps', '--all=maybe'], '--all=maybe: a switch is true or false'],
    [['--timeout', '5', 'ps'], '--request-timeout "5" is not a duration: write 5s'],
    [
      ['-r', 'tcp://127.0.0.1:80', 'ps'],
      '--runtime-endpoint: endpoint "tcp://127.0.0.1:80": tcp is not supported, the CRI is served on unix sockets: write unix:///path/to.sock',
    ],
    [
      ['-r', 'socket', 'ps'],
      '--runtime-endpoint: endpoint "socket" is not a socket: write unix:///path/to.sock',
    ],
  ]
  test.each(refused)('%j', async (argv, text) => {
    await using runtime = await startFakeRuntime(node)
    expect({...(await runInProcess(argv, runtime)), calls: runtime.calls}).toEqual({
      stdout: '',
      stderr: `crisp: ${text}\n`,
      exitCode: 2,
      calls: [],
    })
  })
})

test('control characters of the runtime never reach the terminal raw', async () => {
  const hostile = kubeletContainer('default', 'evil\u001b]0;owned\u0007', 'x\u001b[2J\u009b31m\r\n\u202e', {
    id: id('dd'),
    createdAt: secondsAgo(5),
  })
  await using runtime = await startFakeRuntime({ListContainers: {containers: [hostile]}})
  const outputs = await Promise.all(
    [['ps'], ['ps', '-v'], ['ps', '-o', 'json'], ['ps', '-o', 'yaml'], ['ps', '-o', 'wide']].map((argv) =>
      runInProcess(argv, runtime),
    ),
  )
  for (const {stdout} of outputs) expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  expect(outputs[0]?.stdout).toContain('x\\x1b[2J\\x9b31m\\r\\n\\u202e')
})
