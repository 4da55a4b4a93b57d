import {chmod, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {readJournal} from '../../src/cli/diagnosis/journal.js'
import {journalMoments} from '../../src/node/journal-moments.js'

const id = 'a'.repeat(64)
const sandboxId = 'c'.repeat(64)
const web = {
  namespace: 'shop',
  name: 'web-1',
  uid: 'uid-1',
  sandboxes: [{id: sandboxId, attempt: 1}],
  containers: [{id, name: 'app', attempt: 2, images: ['docker.io/library/nginx:1.25']}],
}

const momentOf = (text: string) =>
  journalMoments([{timeNs: 7n, text}], web).map(({timeNs: _, ...rest}) => rest)
const info = (message: string) =>
  `time="2026-03-14T23:59:50.1Z" level=info msg="${message.replaceAll('"', '\\"')}"`

test.each([
  [
    'containerd 1.6',
    info('RunPodsandbox for &PodSandboxMetadata{Name:web-1,Uid:uid-1,Namespace:shop,Attempt:3,}'),
    {kind: 'asked', attempt: 3},
  ],
  [
    'containerd 2',
    info('RunPodSandbox for name:"web-1"  uid:"uid-1"  namespace:"shop"'),
    {kind: 'asked', attempt: 0},
  ],
  [
    'CRI-O',
    `${info('Running pod sandbox: shop/web-1/POD')} id=1 name=/runtime.v1.RuntimeService/RunPodSandbox`,
    {kind: 'asked', attempt: 0},
  ],
  [
    'containerd: a pull',
    info('PullImage "nginx:1.25"'),
    {kind: 'pulling', container: 'app', attempt: 0, text: 'nginx:1.25'},
  ],
  [
    'and its end',
    info('PullImage "nginx:1.25" returns image reference "sha256:1"'),
    {kind: 'pulled', container: 'app', attempt: 0, text: 'nginx:1.25'},
  ],
  [
    'CRI-O: a pull',
    info('Pulling image: docker.io/library/nginx:1.25'),
    {kind: 'pulling', container: 'app', attempt: 0, text: 'docker.io/library/nginx:1.25'},
  ],
  [
    'the kubelet: a pull',
    'I0314 23:59:52.1 812 event.go:307] "Event occurred" object="shop/web-1" fieldPath="spec.containers{app}" kind="Pod" reason="Pulled" message="Successfully pulled image \\"nginx:1.25\\" in 2.3s"',
    {kind: 'pulled', container: 'app', attempt: 0, text: 'nginx:1.25'},
  ],
  [
    'out of memory, containerd 1.6',
    info(`TaskOOM event &TaskOOM{ContainerID:${id},XXX_unrecognized:[],}`),
    {kind: 'out of memory', container: 'app', attempt: 2},
  ],
  [
    'out of memory, containerd 2',
    info(`TaskOOM event container_id:"${id}"`),
    {kind: 'out of memory', container: 'app', attempt: 2},
  ],
  [
    'a failure of containerd',
    'time="2026-03-14T23:59:50.1Z" level=error msg="RunPodSandbox for &PodSandboxMetadata{Name:web-1,Uid:uid-1,Namespace:shop,Attempt:0,} failed, error" error="failed to setup network: plugin type=\\"bridge\\" failed"',
    {
      kind: 'said',
      attempt: 0,
      text: 'RunPodSandbox failed: failed to setup network: plugin type="bridge" failed',
    },
  ],
  [
    'a failure of the kubelet',
    'E0314 23:59:52.1 812 pod_workers.go:1298] "Error syncing pod, skipping" err="back-off 40s" pod="shop/web-1" podUID="uid-1"',
    {kind: 'said', attempt: 0, text: 'Error syncing pod, skipping: back-off 40s'},
  ],
])('%s', (_, text, moment) => {
  expect(momentOf(text)).toEqual([moment])
})

test.each([
  ['another pod', info('RunPodSandbox for &PodSandboxMetadata{Name:web-2,Uid:u,Namespace:shop,Attempt:0,}')],
  [
    'a pod of that name that was there before',
    info('RunPodSandbox for &PodSandboxMetadata{Name:web-1,Uid:old,Namespace:shop,Attempt:0,}'),
  ],
  [
    'an answer',
    info(
      'RunPodSandbox for &PodSandboxMetadata{Name:web-1,Uid:uid-1,Namespace:shop,Attempt:0,} returns sandbox id "b"',
    ),
  ],
  ['an image of others', info('PullImage "redis"')],
  ['a failure of others', 'E0314 1 2 a.go:1] "Error syncing pod, skipping" pod="shop/web-11"'],
  ['nothing', ''],
  ['no line of ours', '\u001b[31m level=error msg='],
])('%s is left out', (_, text) => {
  expect(momentOf(text)).toEqual([])
})

test('one failure is said once, however often it comes', () => {
  const text = 'E0314 1 2 a.go:1] "Error syncing pod, skipping" err="no" pod="shop/web-1"'
  const lines = Array.from({length: 50}, (_, index) => ({timeNs: BigInt(index), text}))
  expect(journalMoments(lines, web)).toHaveLength(1)
  const others = lines.map((line, index) => ({...line, text: text.replace('"no"', `"no ${index}"`)}))
  expect(journalMoments(others, web)).toHaveLength(10)
})

describe('as containerd 2.3 and CRI-O 1.36 write', () => {
  const failed = (message: string, error: string) =>
    `time="2026-03-14T23:59:50.1Z" level=error msg="${message.replaceAll('"', '\\"')}" error="${error.replaceAll('"', '\\"')}"`
  const call = (id: string, method: string, line: string) => `${line} id=${id} name=/runtime.v1.${method}`
  const all = (...texts: string[]) =>
    journalMoments(
      texts.map((text, index) => ({timeNs: BigInt(index), text})),
      web,
    )

  test('a pod that failed, with an attempt', () => {
    expect(
      momentOf(
        failed(
          'RunPodSandbox for name:"web-1"  uid:"uid-1"  namespace:"shop"  attempt:1 failed, error',
          'rpc error: code = Unknown desc = failed to setup network for sandbox "d": no plugin "bridge"',
        ),
      ),
    ).toEqual([
      {
        kind: 'said',
        attempt: 0,
        text: 'RunPodSandbox failed: failed to setup network for sandbox "d": no plugin "bridge"',
      },
    ])
  })

  test('a container that failed, by its name; without what follows from that', () => {
    const start = failed(
      `StartContainer for "${id}" failed`,
      'rpc error: code = Unknown desc = no "web" in $PATH',
    )
    const pipe = failed(`Failed to pipe stdout of container "${id}"`, 'reading from a closed fifo')
    expect(all(pipe, start)).toEqual([
      {
        ...{timeNs: 1n, kind: 'said', container: 'app', attempt: 2},
        text: 'StartContainer failed: no "web" in $PATH',
      },
    ])
  })

  test('CRI-O says what it pulled by its ID: the call has the name', () => {
    const lines = [
      call('p1', 'ImageService/PullImage', info('Pulling image: docker.io/library/nginx:1.25')),
      call('p2', 'ImageService/PullImage', info('Pulling image: docker.io/library/redis:7')),
      call('p2', 'ImageService/PullImage', info(`Pulled image: ${'d'.repeat(64)}`)),
      call('p1', 'ImageService/PullImage', info(`Pulled image: ${'e'.repeat(64)}`)),
    ]
    const text = 'docker.io/library/nginx:1.25'
    expect(all(...lines)).toEqual([
      {timeNs: 0n, kind: 'pulling', container: 'app', attempt: 0, text},
      {timeNs: 3n, kind: 'pulled', container: 'app', attempt: 0, text},
    ])
  })

  test('CRI-O says only at the end which sandbox it was: its attempt, or that of a pod before', () => {
    const lines = (request: string, sandbox: string) => [
      call(request, 'RuntimeService/RunPodSandbox', info('Running pod sandbox: shop/web-1/POD')),
      call(
        request,
        'RuntimeService/RunPodSandbox',
        info(`Ran pod sandbox ${sandbox} with infra container: shop/web-1/POD`),
      ),
    ]
    expect(all(...lines('r1', 'f'.repeat(64)), ...lines('r2', sandboxId))).toEqual([
      {timeNs: 2n, kind: 'asked', attempt: 1},
    ])
  })

  test('CRI-O names the pod of a container that could not be made in another line; of runc the last failure', () => {
    const inner = String.raw`time=\"2026-03-14T23:59:50Z\" level=warning msg=\"no freezer\"\ntime=\"2026-03-14T23:59:50Z\" level=error msg=\"runc create failed: exec: \\\"nosuch\\\": not found\"`
    const lines = [
      call(
        'c1',
        'RuntimeService/CreateContainer',
        `time="2026-03-14T23:59:50.1Z" level=error msg="Container creation error: ${inner}"`,
      ),
      call(
        'c1',
        'RuntimeService/CreateContainer',
        info('createCtr: releasing container name k8s_app_web-1_shop_uid-1_0'),
      ),
      call(
        'c2',
        'RuntimeService/CreateContainer',
        'time="2026-03-14T23:59:50.1Z" level=error msg="of others"',
      ),
    ]
    expect(all(...lines)).toEqual([
      {
        ...{timeNs: 0n, kind: 'said', attempt: 0},
        text: 'Container creation error: runc create failed: exec: "nosuch": not found',
      },
    ])
  })
})

describe('journalctl', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'crisp-journal-'))
  })
  afterAll(() => rm(directory, {recursive: true}))
  const {signal} = new AbortController()

  /** With a script in its place, which is told how it was called. */
  async function read(script: string) {
    const program = join(directory, 'journalctl')
    await writeFile(program, `#!/bin/sh\n${script}\n`)
    await chmod(program, 0o755)
    return readJournal(1_700_000_000_000, {env: {SECRET: 'x', TERM: 'dumb'}, signal, program})
  }

  test('lines with their times, of the units alone and since then', async () => {
    const called = join(directory, 'called')
    const {lines} = await read(
      `echo "$@" "$SECRET" >${called}; echo '{"MESSAGE":"hello","__REALTIME_TIMESTAMP":"1700000000000001"}'; echo '{"MESSAGE":[1],"__REALTIME_TIMESTAMP":"1"}'; echo '{"cut'`,
    )
    expect(lines).toEqual([{timeNs: 1700000000000001000n, text: 'hello'}])
    const {readFile} = await import('node:fs/promises')
    expect(await readFile(called, 'utf8')).toMatch(
      /^--no-pager --quiet --output=json .*--lines=20000 --since=@1700000000 --unit containerd .*--unit kubelet.* \n$/,
    )
  })

  test.each([
    ['echo no such thing >&2; exit 1', 'journalctl: no such thing'],
    ['exit 0', 'it has nothing of them, or is not for us to read'],
    ['head -c 40000000 /dev/zero', 'there is too much of it'],
  ])('%s: why it was not read', async (script, why) => {
    expect(await read(script)).toEqual({why})
  })
})
