import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {rpcCode} from '../../src/errors/errors.js'
import {type FakeRuntime, id, secondsAgo, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

// A title, a cleared screen, a C1 sequence, a line of its own, and the rest of the line from right to left.
const hostile = 'x\u001b]0;owned\u0007\u001b[2J\u009b31m\r\ncrisp: forged\u202e'
const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]|^crisp: forged/m

const metadata = {name: hostile, namespace: hostile, uid: hostile, attempt: 0}
const image = {image: hostile}
const labels = {[hostile]: hostile}
const ids = {id: id('ab'), podSandboxId: id('cd'), createdAt: secondsAgo(5)}
const info = {[hostile]: hostile}
const cpu = {timestamp: '1', usageCoreNanoSeconds: {value: '1'}}
const refused = () => {
  throw status(rpcCode.unknown, `refused: ${hostile}\n`)
}

let runtime: FakeRuntime
beforeAll(async () => {
  runtime = await startFakeRuntime({
    Version: {version: hostile, runtimeName: hostile, runtimeVersion: hostile, runtimeApiVersion: hostile},
    Status: {status: {conditions: [{type: hostile, status: false, reason: hostile, message: hostile}]}, info},
    ListContainers: {
      containers: [
        {...ids, metadata, image, labels, state: 'CONTAINER_EXITED'},
        {...ids, id: id('ac'), metadata: {...metadata, uid: 'other'}, image, labels},
      ],
    },
    ListPodSandbox: {items: [{...ids, id: id('cd'), metadata, labels, runtimeHandler: hostile}]},
    ListImages: {images: [{id: id('ef'), repoTags: [hostile], repoDigests: [hostile]}]},
    ContainerStatus: {
      status: {...ids, metadata, image, labels, reason: hostile, message: hostile, logPath: hostile},
      info,
    },
    PodSandboxStatus: {status: {...ids, id: id('cd'), metadata, labels}, info},
    ImageStatus: {image: {id: id('ef'), repoTags: [hostile], repoDigests: [hostile]}, info},
    StopContainer: refused,
    ListContainerStats: {
      stats: [
        {attributes: {id: id('ab'), metadata, labels}, cpu, writableLayer: {fsId: {mountpoint: hostile}}},
      ],
    },
    ListPodSandboxStats: {stats: [{attributes: {id: id('cd'), metadata, labels}}]},
    ContainerStats: {stats: {attributes: {id: id('ab'), metadata, labels}, cpu}},
    ImageFsInfo: {imageFilesystems: [{fsId: {mountpoint: hostile}}]},
    ListMetricDescriptors: {descriptors: [{name: hostile, help: hostile, labelKeys: [hostile]}]},
    ListPodSandboxMetrics: {
      podMetrics: [
        {podSandboxId: id('cd'), metrics: [{name: hostile, labelValues: [hostile], value: {value: '1'}}]},
      ],
    },
    StopPodSandbox: refused,
    RemoveContainer: refused,
    StartContainer: refused,
    UpdateContainerResources: refused,
    CheckpointContainer: refused,
    PullImage: refused,
    RunPodSandbox: refused,
    Exec: refused,
    ExecSync: refused,
    Attach: refused,
    RemoveImage: refused,
  })
})
afterAll(() => runtime[Symbol.asyncDispose]())

describe('what the runtime says cannot act on a terminal, nor look like a line of ours', () => {
  test.each([
    ['version'],
    ['info', '-o', 'table'],
    ['ps', '-a', '-o', 'wide'],
    ['ps', '-a', '-v'],
    ['ps', '-a', '-o', 'name'],
    ['ps', '-a', '-o', 'json'],
    ['pods', '-o', 'wide'],
    ['pods', '-o', 'name'],
    ['images', '-o', 'wide'],
    ['images', '-o', 'name'],
    ['inspect', '-o', 'table', id('ab')],
    ['inspectp', '-o', 'table', id('cd')],
    ['inspecti', '-o', 'table', 'some'],
    ['rm', '--all', '--dry-run'],
    ['stop', id('ab')],
    ['inspect', 'a'],
    ['info'],
    ['config'],
    ['describe', id('ab'), id('cd')],
    ['describe', id('ab'), '-o', 'name'],
    ['stats'],
    ['statsp'],
    ['top', '--once'],
    ['top', '--once', '--pods'],
    ['imagefsinfo', '-o', 'table'],
    ['metricdescs', '-o', 'table'],
    ['metricsp', '-o', 'table'],
    ['metricsp', '-o', 'prometheus'],
    ['logs', id('ab')],
    ['logs', '--selector', 'x=y'],
    ['rmp', '--all', '--dry-run'],
    ['rmi', '--all', '--dry-run'],
    ['rmi', 'some'],
    ['stopp', id('cd')],
    ['rm', id('ab')],
    ['start', id('ab')],
    ['update', '--memory', '64m', id('ab')],
    ['exec', id('ab'), 'true'],
    ['exec', hostile, 'true'],
    ['attach', id('ab')],
    ['cp', `${id('ab')}:/etc/hostname`, '-'],
    ['checkpoint', '--export', '/tmp/x.tar', id('ab')],
    ['pull', hostile],
    ['run', '--no-pull', hostile],
    ['which', `/run/${id('ab')}`],
    ['which', '--uid', '4200000000'],
    ['ps', '-a', '-o', 'tree'],
    ['pods', '-o', 'tree'],
    ['ps', '--failed'],
    ['describe', '--limits', id('ab')],
    ['processes', id('ab')],
    ['sockets', id('ab')],
    ['df'],
    ['df', '-o', 'wide'],
    ['explain', hostile],
    [hostile],
    ['ps', `--${hostile}`],
    ['ps', '--state', hostile],
    ['ps', '-o', `go-template={{.${hostile}}}`],
    ['--config', `/nonexistent/${hostile}`, 'ps'],
    ['runp', `/nonexistent/${hostile}`],
    ['__complete', 'bash', 'crisp inspect x', ' '],
    ['__complete', 'zsh', 'inspect', ''],
    ['__complete', 'fish', 'inspect', ''],
    ['__complete', 'fish', 'inspecti', ''],
    ['__complete', 'fish', 'inspectp', ''],
  ])('%s %s %s %s', async (...argv) => {
    const {stdout, stderr} = await runInProcess(argv, runtime)
    expect(stdout + stderr).not.toBe('')
    expect(stdout + stderr).not.toMatch(raw)
  })

  test('an error is one line, whatever its words', async () => {
    expect(await runInProcess(['stop', id('ab')], runtime)).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/^crisp: .*StopContainer: refused: x\\x1b.*\\ncrisp: forged\\u202e\n$/),
      exitCode: 1,
    })
  })

  test('a pod whose name cannot be typed is shown by its ID', async () => {
    expect((await runInProcess(['pods', '-o', 'name'], runtime)).stdout).toBe(`${id('cd')}\n`)
  })
})
