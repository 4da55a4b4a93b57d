import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {
  type FakeRuntime,
  id,
  kubeletContainer,
  secondsAgo,
  startFakeRuntime,
} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

const size = 150_000_000
const inBytes = {value: String(size)}
const image = {id: 'sha256:77', repoTags: ['test/app:1'], size: String(size)}
/** Held by a container that has ended. */
const old = {id: 'sha256:78', repoTags: ['test/old:1'], size: String(size)}
const stats = {
  attributes: {id: id('a1'), metadata: {name: 'app'}},
  cpu: {timestamp: '1', usageCoreNanoSeconds: {value: '9'}, usageNanoCores: {value: '10000000'}},
  memory: {workingSetBytes: inBytes},
  writableLayer: {usedBytes: {value: '0'}},
}
const pod = {id: id('51'), metadata: {name: 'web', namespace: 'shop', uid: 'u'}, createdAt: secondsAgo(60)}

let runtime: FakeRuntime & AsyncDisposable
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-units-'))
  await writeFile(join(directory, 'crictl.yaml'), 'units: iec\n')
  await mkdir(join(directory, 'own', 'crisp'), {recursive: true})
  await writeFile(join(directory, 'own', 'crisp', 'config.yaml'), 'units: si\n')
  runtime = await startFakeRuntime({
    Status: {status: {conditions: []}},
    ListPodSandbox: {items: [pod]},
    ListContainers: {
      containers: [
        kubeletContainer('shop', 'web', 'app', {id: id('a1'), podSandboxId: id('51')}),
        kubeletContainer('shop', 'web', 'old', {
          id: id('a2'),
          podSandboxId: id('51'),
          state: 'CONTAINER_EXITED',
          image: {image: 'test/old:1'},
          imageRef: old.id,
        }),
      ],
    },
    ContainerStatus: {
      status: {
        id: id('a1'),
        metadata: {name: 'app'},
        state: 'CONTAINER_RUNNING',
        image: {image: 'test/app:1'},
        resources: {linux: {memoryLimitInBytes: String(size)}},
      },
    },
    PodSandboxStatus: {status: {...pod, state: 'SANDBOX_READY'}},
    ListImages: {images: [image, old]},
    ImageStatus: {image},
    ImageFsInfo: {imageFilesystems: [{fsId: {mountpoint: '/nowhere'}, usedBytes: inBytes}]},
    ListContainerStats: {stats: [stats]},
    ContainerStats: {stats},
    ListPodSandboxStats: {
      stats: [
        {
          attributes: {id: id('51'), metadata: {name: 'web'}},
          linux: {cpu: stats.cpu, memory: stats.memory},
        },
      ],
    },
  } as never)
})
afterAll(async () => {
  await runtime[Symbol.asyncDispose]()
  await rm(directory, {recursive: true})
})

describe.each([
  [['images']],
  [['imagefsinfo', '-o', 'table']],
  [['inspecti', '-o', 'table', 'app']],
  [['rmi', '--dry-run', 'test/app:1']],
  [['stats']],
  [['statsp']],
  [['stats', '-o', 'wide']],
  [['top', '--once', '--interval', '200ms']],
  [['describe', '--tail', '0', 'app']],
  [['doctor', '--only', 'images']],
])('%j', (line) => {
  const shown = async (argv: readonly string[], env: NodeJS.ProcessEnv) => {
    const {stdout} = await runInProcess(argv, {endpoint: runtime.endpoint, env})
    return {si: /\b150MB/.test(stdout), iec: /\b143(\.1)?MiB/.test(stdout)}
  }

  test('in MB as crictl, in MiB where the settings say so', async () => {
    const CRI_CONFIG_FILE = join(directory, 'crictl.yaml')
    expect(await shown(line, {})).toEqual({si: true, iec: false})
    expect(await shown(line, {CRI_CONFIG_FILE})).toEqual({si: false, iec: true})
  })

  test('and where the user’s own settings do, before those of the file', async () => {
    const env = {
      CRI_CONFIG_FILE: join(directory, 'crictl.yaml'),
      XDG_CONFIG_HOME: join(directory, 'own'),
    }
    expect(await shown(line, env)).toEqual({si: true, iec: false})
  })

  // rmi has no flag for it.
  if (line[0] !== 'rmi')
    test('and where the flag does, which wins', async () => {
      const CRI_CONFIG_FILE = join(directory, 'crictl.yaml')
      expect(await shown([...line, '--units', 'iec'], {})).toEqual({si: false, iec: true})
      expect(await shown([...line, '--units', 'si'], {CRI_CONFIG_FILE})).toEqual({si: true, iec: false})
    })
})

test('in crictl’s mode only the flag counts', async () => {
  const env = {CRI_CONFIG_FILE: join(directory, 'crictl.yaml'), CRISP_COMPAT: 'crictl'}
  const {stdout} = await runInProcess(['images'], {endpoint: runtime.endpoint, env})
  expect(stdout).toContain('150MB')
})

test('own settings with a mistake are said, and left aside', async () => {
  const own = join(directory, 'wrong')
  await mkdir(join(own, 'crisp'), {recursive: true})
  await writeFile(join(own, 'crisp', 'config.yaml'), 'units: MiB\n')
  const env = {XDG_CONFIG_HOME: own}
  const {stdout, stderr} = await runInProcess(['images'], {endpoint: runtime.endpoint, env})
  expect(stdout).toContain('150MB')
  expect(stderr).toBe(`crisp: ignoring config file ${own}/crisp/config.yaml, units: should be si or iec\n`)
})
