import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Ajv2020} from 'ajv/dist/2020.js'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {
  type FakeRuntime,
  id,
  kubeletContainer,
  secondsAgo,
  startFakeRuntime,
} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

// A store of CRI-O's: two images on one base, one of them unused, a container that runs and one that has ended.

let directory: string
let runtime: FakeRuntime
const containers = [
  kubeletContainer('shop', 'web', 'web', {
    id: id('c1'),
    podSandboxId: id('b1'),
    createdAt: secondsAgo(60),
    imageId: id('11'),
    imageRef: id('11'),
  }),
  kubeletContainer('shop', 'job', 'job', {
    id: id('c2'),
    podSandboxId: id('b2'),
    createdAt: secondsAgo(90),
    state: 'CONTAINER_EXITED',
    imageId: id('11'),
    imageRef: id('11'),
  }),
]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-df-'))
  const write = async (path: string, content: string | Buffer) => {
    await mkdir(join(directory, path, '..'), {recursive: true})
    await writeFile(join(directory, path), content)
  }
  await write(
    'overlay-layers/layers.json',
    JSON.stringify([
      {id: id('ba'), 'diff-size': 1_000_000},
      {id: id('70'), parent: id('ba'), 'diff-size': 200_000},
      {id: id('07'), parent: id('ba'), 'diff-size': 30_000},
      {id: id('a1'), parent: id('70')},
      {id: id('a2'), parent: id('70')},
    ]),
  )
  await write(
    'overlay-images/images.json',
    JSON.stringify([
      {id: id('11'), layer: id('70')},
      {id: id('12'), layer: id('07')},
    ]),
  )
  await write(
    'overlay-containers/containers.json',
    JSON.stringify([
      {id: id('c1'), layer: id('a1')},
      {id: id('c2'), layer: id('a2')},
    ]),
  )
  await write(`overlay/${id('a1')}/file`, Buffer.alloc(40_960, 1))
  await write(`overlay/${id('a2')}/file`, Buffer.alloc(81_920, 1))
  await write('logs/web/0.log', Buffer.alloc(8_192, 1))
  await write('logs/job/0.log', Buffer.alloc(12_288, 1))
  runtime = await startFakeRuntime({
    Status: {status: {conditions: []}, info: {}},
    ListContainers: {containers},
    ListPodSandbox: {items: []},
    ListImages: {
      images: [
        {id: id('11'), repoTags: ['registry.example/web:1'], repoDigests: [], size: '9'},
        {id: id('12'), repoTags: ['registry.example/old:1'], repoDigests: [], size: '9'},
      ],
    },
    ImageStatus: {},
    ImageFsInfo: {
      imageFilesystems: [{timestamp: '1', fsId: {mountpoint: join(directory, 'overlay-images')}}],
    },
    ContainerStatus: ({containerId}: {containerId: string}) => {
      const container = containers.find((each) => each.id === containerId)
      const name = container?.metadata?.name ?? ''
      return {
        status: {
          ...container,
          logPath: join(directory, 'logs', name, '0.log'),
          mounts:
            name === 'web'
              ? [{containerPath: '/models', image: {image: 'sha256:88', userSpecifiedImage: 'shop/models:2'}}]
              : [],
        },
      }
    },
  })
})
afterAll(async () => {
  await runtime[Symbol.asyncDispose]()
  await rm(directory, {recursive: true})
})

test('by owner, shared layers once, and what removing frees', async () => {
  const {stdout, stderr, exitCode} = await runInProcess(['df'], runtime)
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  // A directory takes as much as its file system gives it.
  expect(stdout.replaceAll(/ +/g, ' ').replace(/\d+\.?\d*kB(?= (Running|Exited))/g, 'SIZE')).toMatch(
    new RegExp(
      [
        '^KIND NAME SIZE ALONE USE',
        'image registry\\.example/web:1 1\\.2MB 200kB of 2 containers',
        'image registry\\.example/old:1 1\\.03MB 30kB unused',
        'container shop/job/job SIZE Exited',
        'container shop/web/web SIZE Running, mounts shop/models:2',
        'logs shop/job/job SIZE Exited',
        'logs shop/web/web SIZE Running',
        '',
        'images 1\\.23MB \\(3 layers and blobs, shared ones once\\), writable layers \\S+kB, logs 20\\.48kB',
        'removing 1 unused images \\(rmi --prune\\) frees 30kB, removing 1 exited containers and their logs \\S+kB',
        '$',
      ].join('\n'),
    ),
  )
})

test('attempts of one container are told apart', async () => {
  const attempts = [3, 4].map((attempt) =>
    kubeletContainer('shop', 'job', 'job', {
      id: id(`d${attempt}`),
      podSandboxId: id('b2'),
      metadata: {name: 'job', attempt},
      state: 'CONTAINER_EXITED',
      createdAt: secondsAgo(100 - attempt),
    }),
  )
  await using crashing = await startFakeRuntime({
    Status: {status: {conditions: []}, info: {}},
    ListContainers: {containers: [...attempts, containers[0] as object]},
    ListPodSandbox: {items: []},
    ListImages: {images: []},
    ImageStatus: {},
    ListContainerStats: {stats: []},
    ImageFsInfo: {imageFilesystems: []},
    ContainerStatus: ({containerId}: {containerId: string}) => ({
      status: {id: containerId, logPath: join(directory, 'logs', containerId.slice(0, 2), '0.log')},
    }),
  } as never)
  const {stdout} = await runInProcess(['df'], crashing)
  const named = stdout.split('\n').filter((line) => line.startsWith('container '))
  expect(named.map((line) => line.split(/ {2,}/)[1])).toEqual([
    'shop/job/job (attempt 3)',
    'shop/job/job (attempt 4)',
    'shop/web/web',
  ])
  const {stdout: names} = await runInProcess(['df', '-o', 'name'], crashing)
  expect(names.trimEnd().split('\n').sort()).toEqual([id('d3'), 'shop/job/job', 'shop/web/web'])
  const {stdout: json} = await runInProcess(['df', '-o', 'jsonpath={.usage[*].attempt}'], crashing)
  expect(json).toBe('3 4 0\n')
})

test('JSON is as its schema says', async () => {
  const {stdout} = await runInProcess(['df', '-o', 'json'], runtime)
  const {stdout: schema} = await runInProcess(['jsonschema', 'df'])
  const valid = new Ajv2020({strict: true, allowUnionTypes: true}).compile(JSON.parse(schema))
  const document = JSON.parse(stdout)
  expect(valid(document), JSON.stringify(valid.errors)).toBe(true)
  expect(document).toMatchObject({
    sources: ['CRI', 'host'],
    store: {layers: 'overlay', sharesLayers: true},
    frees: {pruneImages: 1, pruneBytes: 30_000, exitedContainers: 1},
  })
})

test('a runtime whose files are elsewhere tells sizes itself, and crisp says so', async () => {
  await using far = await startFakeRuntime({
    Status: {status: {conditions: []}, info: {}},
    ListContainers: {containers: []},
    ListPodSandbox: {items: []},
    ListImages: {images: [{id: id('11'), repoTags: ['a:1'], size: '4000'}]},
    ImageStatus: {},
    ListContainerStats: {stats: []},
    ImageFsInfo: {
      imageFilesystems: [
        {timestamp: '1', fsId: {mountpoint: `${directory}/nosuch/io.containerd.snapshotter.v1.overlayfs`}},
      ],
    },
  })
  const {stdout, stderr, exitCode} = await runInProcess(
    ['df', '-o', 'jsonpath={.totals.imageBytes} {.store}'],
    far,
  )
  expect({stdout, stderr, exitCode}).toEqual({
    stdout: '4000 null\n',
    stderr: `crisp: ${directory}/nosuch/io.containerd.snapshotter.v1.overlayfs is not on this machine: sizes of images and writable layers are those that the runtime tells\n`,
    exitCode: 0,
  })
})
