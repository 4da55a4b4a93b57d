import {expect, test} from 'vitest'
import {connect, listContainers} from '../../src/client/index.js'
import {rpcCode} from '../../src/errors/errors.js'
import type {Container, Input} from '../../src/generated/cri.js'
import {container, id, startFakeRuntime, status} from '../support/fake-runtime.js'
import {runInProcess} from '../support/in-process.js'

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
