import {expect, test} from 'vitest'
import type {CriClient} from '../../src/client/connect.js'
import {type SeedContainer, type SeedPod, startDemoRuntime} from '../../src/demo/index.js'
import {BackOff} from '../../src/demo/kubelet/back-off.js'
import {clientOf, ended, podOn, shellImage, startIn} from '../support/demo-node.js'
import {eventually} from '../support/eventually.js'

/** As fast as a test wants it; what it waits for before it restarts again is far off. */
const quick = {lookEveryMs: 5, firstDelayMs: 1_000_000, longestDelayMs: 1_000_000}
const image = 'registry.crisp.demo/sleeper:1.0'

const main: SeedContainer = {name: 'main', image}
const web = (...containers: SeedContainer[]): {pods: SeedPod[]} => ({
  pods: [{name: 'web', namespace: 'shop', uid: 'web-uid', containers}],
})

/** What is there, oldest first, as `name:attempt STATE`. */
async function nodeOf({runtime}: CriClient) {
  const [{items}, {containers}] = await Promise.all([runtime.listPodSandbox({}), runtime.listContainers({})])
  const name = ({metadata}: {metadata: {name: string; attempt: number} | null}) =>
    `${metadata?.name}:${metadata?.attempt}`
  return {
    pods: items.map((pod) => `${name(pod)} ${String(pod.state).slice('SANDBOX_'.length)}`).toSorted(),
    containers: containers
      .map((one) => `${name(one)} ${String(one.state).slice('CONTAINER_'.length)}`)
      .toSorted(),
  }
}

async function idOf({runtime}: CriClient, name: string): Promise<string> {
  const {containers} = await runtime.listContainers({filter: {state: {state: 'CONTAINER_RUNNING'}}})
  return containers.find(({metadata}) => metadata?.name === name)?.id ?? ''
}

async function podId({runtime}: CriClient): Promise<string> {
  const {items} = await runtime.listPodSandbox({filter: {state: {state: 'SANDBOX_READY'}}})
  return items[0]?.id ?? ''
}

test('what was stopped comes back as the next attempt, in the same pod', async () => {
  await using runtime = await startDemoRuntime({seed: web(main), kubelet: quick})
  using client = clientOf(runtime)
  const podSandboxId = await podId(client)
  const first = await idOf(client, 'main')
  await client.runtime.stopContainer({containerId: first, timeout: '0'})
  await eventually(async () =>
    expect(await nodeOf(client)).toEqual({
      pods: ['web:0 READY'],
      containers: ['main:0 EXITED', 'main:1 RUNNING'],
    }),
  )
  const {status} = await client.runtime.containerStatus({containerId: await idOf(client, 'main')})
  expect(status).toMatchObject({
    annotations: {'io.kubernetes.container.restartCount': '1'},
    logPath: expect.stringMatching(/shop_web_web-uid\/main\/1\.log$/),
  })
  expect(await podId(client)).toBe(podSandboxId)
})

test('what was removed comes back, and the image that went with it', async () => {
  await using runtime = await startDemoRuntime({seed: web(main), kubelet: quick})
  using client = clientOf(runtime)
  await client.image.removeImage({image: {image}})
  await client.runtime.removeContainer({containerId: await idOf(client, 'main')})
  await eventually(async () =>
    expect(await nodeOf(client)).toEqual({pods: ['web:0 READY'], containers: ['main:1 RUNNING']}),
  )
  expect((await client.image.imageStatus({image: {image}})).image?.repoTags).toContain(image)
})

test('a stopped pod is made again with all that is in it, init containers too', async () => {
  const init = {name: 'init', image: shellImage, command: ['true'], init: true}
  await using runtime = await startDemoRuntime({seed: web(init, main), kubelet: quick})
  using client = clientOf(runtime)
  await client.runtime.stopPodSandbox({podSandboxId: await podId(client)})
  await eventually(async () =>
    expect(await nodeOf(client)).toEqual({
      pods: ['web:0 NOTREADY', 'web:1 READY'],
      containers: ['init:0 EXITED', 'init:1 EXITED', 'main:0 EXITED', 'main:1 RUNNING'],
    }),
  )
})

test('a removed pod is made again', async () => {
  await using runtime = await startDemoRuntime({seed: web(main), kubelet: quick})
  using client = clientOf(runtime)
  await client.runtime.removePodSandbox({podSandboxId: await podId(client)})
  // The second of its kind where it has been looked at on its way out.
  await eventually(async () =>
    expect(await nodeOf(client)).toEqual({
      pods: [expect.stringMatching(/^web:[01] READY$/)],
      containers: ['main:1 RUNNING'],
    }),
  )
})

test('of what crashes two attempts stay, of old sandboxes those that hold them', async () => {
  const pace = {lookEveryMs: 1, firstDelayMs: 1, longestDelayMs: 1}
  const crash = {name: 'crash', image: shellImage, command: ['false']}
  await using runtime = await startDemoRuntime({seed: web(crash), kubelet: pace})
  using client = clientOf(runtime)
  await client.runtime.stopPodSandbox({podSandboxId: await podId(client)})
  await eventually(async () => {
    const {pods, containers} = await nodeOf(client)
    expect(pods).toEqual(['web:1 READY'])
    expect(containers.length).toBeLessThanOrEqual(3)
    expect(Number(containers.at(-1)?.match(/:(\d+)/)?.[1])).toBeGreaterThan(4)
  })
})

test('what has waited for its back-off is made again then, and not before', () => {
  const backOff = new BackOff({firstDelayMs: 10, longestDelayMs: 40})
  const waits: number[] = []
  let now = 1_000
  for (let round = 0; round < 5; round++) {
    const endedAtMs = now
    while (!backOff.isOver(endedAtMs, now)) now++
    waits.push(now - endedAtMs)
    backOff.raise(now)
  }
  expect(waits).toEqual([0, 10, 20, 40, 40])
  // Twice the longest later it begins again.
  expect(backOff.isOver(now + 80, now + 80)).toBe(false)
  expect(backOff.isOver(now + 81, now + 81)).toBe(true)
})

test('what is to end ends, and what others have made stays as they leave it', async () => {
  const once = {name: 'once', image, restart: false}
  const over: SeedPod = {name: 'over', ready: false, containers: [{...main, name: 'over'}]}
  const created: SeedContainer = {name: 'created', image, state: 'created'}
  await using runtime = await startDemoRuntime({
    seed: {pods: [...web(main, once, created).pods, over]},
    kubelet: quick,
  })
  using client = clientOf(runtime)
  const pod = await podId(client)
  const mine = await podOn(client)
  const guest = await startIn(client, pod, ['true'], {metadata: {name: 'main', attempt: 7}})
  const own = await startIn(client, mine, ['true'], {metadata: {name: 'own', attempt: 0}})
  await Promise.all([ended(client, guest), ended(client, own)])
  await client.runtime.stopPodSandbox({podSandboxId: mine})
  await client.runtime.stopContainer({containerId: await idOf(client, 'once'), timeout: '0'})
  // When this is back, it has looked at everything.
  await client.runtime.stopContainer({containerId: await idOf(client, 'main'), timeout: '0'})
  await eventually(async () => expect((await nodeOf(client)).containers).toContain('main:1 RUNNING'))
  expect((await nodeOf(client)).containers).toEqual([
    'created:0 CREATED',
    'main:0 EXITED',
    'main:1 RUNNING',
    'main:7 EXITED',
    'once:0 EXITED',
    'over:0 EXITED',
    'own:0 EXITED',
  ])
})

test('without a kubelet what ends has ended', async () => {
  await using runtime = await startDemoRuntime({seed: web({...main, restart: true})})
  using client = clientOf(runtime)
  await client.runtime.stopPodSandbox({podSandboxId: await podId(client)})
  expect(await nodeOf(client)).toEqual({pods: ['web:0 NOTREADY'], containers: ['main:0 EXITED']})
})
