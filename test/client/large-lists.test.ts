import {expect, test} from 'vitest'
import {connect, listContainers} from '../../src/client/index.js'
import {serviceDefinition} from '../../src/demo/server/definitions.js'
import {rpcCode} from '../../src/errors/errors.js'
import type {Container, Input} from '../../src/generated/cri.js'
import {answers, listsInPieces} from '../support/broken-servers.js'
import {container, id, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'
import {measurePeak} from '../support/measure-peak.js'

/** With labels and annotations of the size that the kubelet writes. */
function many(count: number): Input<Container>[] {
  return Array.from({length: count}, (_, index) =>
    container({
      id: id(`f${index.toString(16).padStart(8, '0')}`),
      metadata: {name: `container-${index}`, attempt: 0},
      createdAt: String(1_700_000_000_000_000_000n + BigInt(index)),
      labels: {
        'io.kubernetes.pod.name': `pod-${index}`,
        'io.kubernetes.pod.namespace': 'default',
        filler: 'x'.repeat(200),
      },
      annotations: {filler: 'y'.repeat(200)},
    }),
  )
}

test('a list of 10,000 containers, above the default limit of grpc-js, is received', async () => {
  const containers = many(10_000)
  await using runtime = await startFakeRuntime({ListContainers: {containers}})
  const {stdout, stderr, exitCode} = await runInProcess(['ps', '-q'], runtime)
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  expect(stdout).toBe(
    containers
      .map((item) => `${item.id}\n`)
      .reverse()
      .join(''),
  )
})

test('50,000 containers are streamed if one answer is too large', async () => {
  const total = 50_000
  const chunk = 5_000
  await using runtime = await startFakeRuntime({
    ListContainers: () => {
      throw status(
        rpcCode.resourceExhausted,
        'trying to send message larger than max (33554432 vs. 16777216)',
      )
    },
    StreamContainers: async function* () {
      const template = many(chunk)
      for (let sent = 0; sent < total; sent += chunk) {
        yield {
          containers: template.map((item, index) => ({
            ...item,
            id: id((sent + index).toString(16).padStart(8, '0')),
          })),
        }
      }
    },
  })
  using client = connect({endpoint: runtime.endpoint})
  const containers = await listContainers(client)
  expect(new Set(containers.map((item) => item.id)).size).toBe(total)
})

test('a runtime that can send a large list neither whole nor streamed is an error', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: () => {
      throw status(rpcCode.resourceExhausted, 'trying to send message larger than max')
    },
  })
  expect(await runInProcess(['ps'], runtime)).toEqual({
    stdout: '',
    stderr:
      'crisp: ListContainers: the answer is larger than the runtime may send (trying to send message larger than max); narrow it with filters such as --label or --pod\n',
    exitCode: 1,
  })
})

function encode(containers: Input<Container>[]): Buffer {
  const method = serviceDefinition('RuntimeService').ListContainers
  return method?.responseSerialize({containers}) as Buffer
}

test('a table of 100,000 containers takes little more memory than the answer', async () => {
  const [times, each] = [50, 2_000]
  const piece = encode(many(each))
  const message = Buffer.alloc(times * piece.length, piece)
  await using server = await answers(message)
  const {stdout, stderr, exitCode, peakMiB} = await measurePeak(['ps', '-a'], server.endpoint)
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  const names = stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {3,}/)[4])
  // Newest first: what is made at the same time stays together.
  expect(names).toEqual(
    Array.from({length: each}, (_, index) => `container-${each - 1 - index}`).flatMap((name) =>
      Array(times).fill(name),
    ),
  )
  expect(peakMiB).toBeLessThan(message.length / 1024 ** 2 + 160)
})

test('of a streamed list no more is held than the filter passes', async () => {
  const [times, each] = [150, 2_000]
  await using server = await listsInPieces(encode(many(each)), times)
  const {stdout, stderr, exitCode, peakMiB} = await measurePeak(
    ['ps', '-aq', '--name', '^container-7$'],
    server.endpoint,
  )
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  expect(stdout).toBe(`${id('f00000007')}\n`.repeat(times))
  expect(peakMiB).toBeLessThan(160)
})
