import {expect, test} from 'vitest'
import {id, secondsAgo, startFakeRuntime} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

const pod = {
  id: id('b1'),
  metadata: {name: 'web-1', namespace: 'default', uid: 'uid-1', attempt: 1},
  state: 'SANDBOX_READY' as const,
  createdAt: secondsAgo(180),
  labels: {app: 'web'},
}
const stopped = {
  id: id('b2'),
  metadata: {name: 'job', namespace: 'batch', uid: 'uid-2', attempt: 0},
  state: 'SANDBOX_NOTREADY' as const,
  createdAt: secondsAgo(360),
  runtimeHandler: 'kata',
}

test("pods shows crictl's columns and all states, the newest first", async () => {
  await using runtime = await startFakeRuntime({ListPodSandbox: {items: [stopped, pod]}})
  expect(await runInProcess(['pods'], runtime)).toEqual({
    stdout: `POD ID          CREATED         STATE      NAME    NAMESPACE   ATTEMPT   RUNTIME
b100000000000   3 minutes ago   Ready      web-1   default     1         (default)
b200000000000   6 minutes ago   NotReady   job     batch       0         kata
`,
    stderr: '',
    exitCode: 0,
  })
})

test('pods -o wide adds running and all containers, addresses and uid', async () => {
  await using runtime = await startFakeRuntime({
    ListPodSandbox: {items: [pod]},
    ListContainers: {
      containers: [
        {id: id('c1'), podSandboxId: id('b1'), state: 'CONTAINER_RUNNING'},
        {id: id('c2'), podSandboxId: id('b1'), state: 'CONTAINER_EXITED'},
        {id: id('c3'), podSandboxId: id('b9'), state: 'CONTAINER_RUNNING'},
      ],
    },
    PodSandboxStatus: {status: {id: id('b1'), network: {ip: '10.0.0.7', additionalIps: [{ip: 'fd00::7'}]}}},
  })
  const {stdout} = await runInProcess(['pods', '-o', 'wide'], runtime)
  expect(
    stdout
      .split('\n')
      .slice(0, 2)
      .map((line) => line.slice(line.search(/CONTAINERS|1\/2/))),
  ).toEqual(['CONTAINERS   IP                 UID', '1/2          10.0.0.7,fd00::7   uid-1'])
})

test('pods -v, -q, -o name and --state each print their own form', async () => {
  await using runtime = await startFakeRuntime({ListPodSandbox: {items: [pod]}})
  const [verbose, quiet, names, state] = await Promise.all(
    [['-v'], ['-q'], ['-o', 'name'], ['--state', 'NotReady', '-q']].map((argv) =>
      runInProcess(['pods', ...argv], runtime),
    ),
  )
  expect(verbose?.stdout).toMatch(
    new RegExp(
      `^ID: ${id('b1')}\nName: web-1\nUID: uid-1\nNamespace: default\nAttempt: 1\nStatus: Ready\nCreated: 20.*Z\nLabels:\n\tapp -> web\nRuntime: \\(default\\)\n\n$`,
    ),
  )
  expect(quiet?.stdout).toBe(`${id('b1')}\n`)
  expect(names?.stdout).toBe('default/web-1\n')
  expect(state?.exitCode).toBe(0)
  expect(runtime.calls.map(({request}) => request.filter)).toContainEqual(
    expect.objectContaining({state: {state: 'SANDBOX_NOTREADY'}}),
  )
})

const images = [
  {
    id: `sha256:${'1'.repeat(64)}`,
    repoTags: [
      'docker.io/library/busybox:1.36',
      'docker.io/library/busybox:latest',
      'localhost:5000/busybox:mine',
    ],
    repoDigests: [
      `docker.io/library/busybox@sha256:${'d'.repeat(64)}`,
      `localhost:5000/busybox@sha256:${'e'.repeat(64)}`,
    ],
    size: '2130000',
    pinned: true,
    username: 'nobody',
    uid: {value: '65534'},
  },
  {id: `sha256:${'2'.repeat(64)}`, repoTags: [], repoDigests: [], size: '999'},
]

test('images prints a row for each tag, and <none> for an image without', async () => {
  await using runtime = await startFakeRuntime({ListImages: {images}})
  expect(await runInProcess(['images', '--digests', '--pinned'], runtime)).toEqual({
    stdout: `IMAGE                       TAG      DIGEST          IMAGE ID        SIZE     PINNED
docker.io/library/busybox   1.36     ddddddddddddd   1111111111111   2.13MB   true
docker.io/library/busybox   latest   ddddddddddddd   1111111111111   2.13MB   true
localhost:5000/busybox      mine     eeeeeeeeeeeee   1111111111111   2.13MB   true
<none>                      <none>   <none>          2222222222222   999B     false
`,
    stderr: '',
    exitCode: 0,
  })
})

test('images takes the tag of a reference with tag and digest, and none of one without', async () => {
  const sha = (digit: string) => `sha256:${digit.repeat(64)}`
  await using runtime = await startFakeRuntime({
    ListImages: {
      images: [
        {id: sha('1'), repoTags: [`docker.io/library/busybox:1.36@${sha('d')}`], size: '999'},
        {id: sha('2'), repoDigests: [`quay.io/team/app:2@${sha('e')}`], size: '999'},
        {id: sha('3'), repoTags: ['localhost:5000/team/app'], size: '999'},
      ],
    },
  })
  const {stdout} = await runInProcess(['images', '--digests'], runtime)
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +/).slice(0, 3))
  expect(rows).toEqual([
    ['IMAGE', 'TAG', 'DIGEST'],
    ['docker.io/library/busybox', '1.36', 'd'.repeat(13)],
    ['quay.io/team/app', '2', 'e'.repeat(13)],
    ['localhost:5000/team/app', '<none>', '<none>'],
  ])
})

test('images -q prints an ID for each image, -v blocks, and an argument filters', async () => {
  await using runtime = await startFakeRuntime({ListImages: {images}, ImageStatus: {image: null}})
  const [quiet, verbose, one] = await Promise.all(
    [['-q'], ['-v', 'busybox'], ['-q', 'library/busybox:1.36']].map((argv) =>
      runInProcess(['img', ...argv], runtime),
    ),
  )
  expect(quiet?.stdout).toBe(`${images[0]?.id}\n${images[1]?.id}\n`)
  expect(one?.stdout).toBe(`${images[0]?.id}\n`)
  expect(verbose?.stdout).toBe(`ID: ${images[0]?.id}
RepoTags: docker.io/library/busybox:1.36
RepoTags: docker.io/library/busybox:latest
RepoTags: localhost:5000/busybox:mine
RepoDigests: docker.io/library/busybox@sha256:${'d'.repeat(64)}
RepoDigests: localhost:5000/busybox@sha256:${'e'.repeat(64)}
Size: 2130000
Uid: 65534
Username: nobody
Pinned: true

`)
})

test.each([['images'], ['inspecti'], ['rmi', '--prune']])(
  '%j: a wrong filter is refused before anything is sent',
  async (...argv) => {
    await using runtime = await startFakeRuntime({ListImages: {images: []}})
    expect({
      ...(await runInProcess([...argv, '--filter', 'wrong=x'], runtime)),
      calls: runtime.calls,
    }).toEqual({
      stdout: '',
      stderr: 'crisp: --filter "wrong=x" is not a filter: use dangling=, reference=, before= or since=\n',
      exitCode: 2,
      calls: [],
    })
  },
)

test("imagefsinfo prints JSON, and crictl's text with -o table", async () => {
  await using runtime = await startFakeRuntime({
    ImageFsInfo: {
      imageFilesystems: [
        {
          timestamp: '5',
          fsId: {mountpoint: '/var/lib/x'},
          usedBytes: {value: '847912'},
          inodesUsed: {value: '77'},
        },
      ],
    },
  })
  const [json, text] = await Promise.all(
    [
      ['-o', 'json'],
      ['-o', 'table'],
    ].map((argv) => runInProcess(['imagefsinfo', ...argv], runtime)),
  )
  expect(JSON.parse(json?.stdout ?? '')).toEqual({
    status: {
      containerFilesystems: [],
      imageFilesystems: [
        {
          fsId: {mountpoint: '/var/lib/x'},
          inodesUsed: {value: '77'},
          timestamp: '5',
          usedBytes: {value: '847912'},
        },
      ],
    },
  })
  expect(text?.stdout).toBe(
    'Container Filesystem \nImage Filesystem \nTimeStamp[0]: 5\nDisk[0]: 847.9kB\nInodes[0]: 77\nMountpoint[0]: /var/lib/x\n',
  )
})

test("version prints crictl's four lines", async () => {
  await using runtime = await startFakeRuntime()
  expect(await runInProcess(['version'], runtime)).toEqual({
    stdout: 'Version:  0.1.0\nRuntimeName:  fake\nRuntimeVersion:  1.2.3\nRuntimeApiVersion:  v1\n',
    stderr: '',
    exitCode: 0,
  })
})
