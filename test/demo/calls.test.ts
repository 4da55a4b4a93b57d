import {chown, lchown, mkdir, readdir, readFile, rename, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {methodsOf} from '../../src/client/descriptor.js'
import {startDemoRuntime} from '../../src/demo/index.js'
import {clientOf, codeOf, containerIn, ended, podOn, shellImage, startIn} from '../support/demo-node.js'
import {eventually} from '../support/eventually.js'
import {testWith} from '../support/needs.js'

type AnyCall = (request?: object) => Promise<unknown> & AsyncIterable<unknown>

test('every call of both services is there', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const outcomes: Record<string, string> = {}
  for (const [service, methods] of [
    [client.runtime, methodsOf('RuntimeService')],
    [client.image, methodsOf('ImageService')],
  ] as const) {
    for (const [method, {responseStream}] of Object.entries(methods)) {
      const call = (service as unknown as Record<string, AnyCall>)[
        method.charAt(0).toLowerCase() + method.slice(1)
      ] as AnyCall
      // Nothing has happened, so the events do not end by themselves.
      if (method === 'GetContainerEvents') await podOn(client)
      outcomes[method] = await codeOf(responseStream ? firstOf(call()) : call())
    }
  }
  expect(Object.keys(outcomes)).toHaveLength(41)
  expect(Object.entries(outcomes).filter(([, code]) => code === 'unimplemented')).toEqual([])
})

async function firstOf(messages: AsyncIterable<unknown>): Promise<unknown> {
  for await (const message of messages) return message
  return undefined
}

test('each list and its stream say the same', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  await startIn(client, pod, ['/bin/sleep', '100'])
  await containerIn(client, pod, ['/bin/true'], {metadata: {name: 'other', attempt: 0}})
  const {runtime: cri, image} = client
  const ids = (items: readonly {id?: string; podSandboxId?: string; attributes?: {id: string} | null}[]) =>
    items.map(({id, podSandboxId, attributes}) => id ?? attributes?.id ?? podSandboxId)
  const first = async <Message>(messages: AsyncIterable<Message>) => (await firstOf(messages)) as Message

  expect(ids((await first(cri.streamContainers())).containers)).toEqual(
    ids((await cri.listContainers()).containers),
  )
  expect(ids((await first(cri.streamPodSandboxes())).podSandboxes)).toEqual(
    ids((await cri.listPodSandbox()).items),
  )
  expect(ids((await first(image.streamImages())).images)).toEqual(ids((await image.listImages()).images))
  expect(ids((await first(cri.streamContainerStats())).containerStats)).toEqual(
    ids((await cri.listContainerStats()).stats),
  )
  expect(ids((await first(cri.streamPodSandboxStats())).podSandboxStats)).toEqual(
    ids((await cri.listPodSandboxStats()).stats),
  )
  expect(ids((await first(cri.streamPodSandboxMetrics())).podSandboxMetrics)).toEqual(
    ids((await cri.listPodSandboxMetrics()).podMetrics),
  )
  expect(await firstOf(cri.streamContainers({filter: {id: 'ffff'}}))).toBeUndefined()
})

test('stats are the processes’ own: all that the container has started count', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const pod = await podOn(client)
  const work = 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'
  const containerId = await startIn(client, pod, ['/bin/sh', '-c', `(${work}); echo done; sleep 100`], {
    metadata: {name: 'busy', attempt: 0},
    logPath: '',
  })
  const idle = await startIn(client, pod, ['/bin/sh', '-c', 'sleep 100 & sleep 100 & wait'])
  await containerIn(client, pod, ['/bin/true'], {metadata: {name: 'created', attempt: 0}})
  const cpuNs = async () => {
    const {stats} = await client.runtime.containerStats({containerId})
    return Number(stats?.cpu?.usageCoreNanoSeconds?.value)
  }
  await expect.poll(cpuNs).toBeGreaterThan(50_000_000)

  await expect
    .poll(async () => {
      const {stats} = await client.runtime.podSandboxStats({podSandboxId: pod})
      return Number(stats?.linux?.process?.processCount?.value)
    })
    .toBeGreaterThanOrEqual(4)
  const {stats: all} = await client.runtime.listContainerStats()
  const memory = Object.fromEntries(
    all.map(({attributes, memory}) => [attributes?.metadata?.name, Number(memory?.workingSetBytes?.value)]),
  )
  expect(memory.busy).toBeGreaterThan(500_000)
  expect(memory.main).toBeGreaterThan(1_500_000)
  expect(memory.created).toBeNaN()
  const {podMetrics} = await client.runtime.listPodSandboxMetrics()
  const {descriptors} = await client.runtime.listMetricDescriptors()
  const metrics = podMetrics[0]?.containerMetrics.find((each) => each.containerId === idle)?.metrics ?? []
  const processes = metrics.find(({name}) => name === 'container_processes')
  expect(processes?.value?.value).toBe('3')
  expect(processes?.labelValues).toHaveLength(
    descriptors.find(({name}) => name === 'container_processes')?.labelKeys.length ?? 0,
  )
})

test('a container over its memory limit is killed for it', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sh', '-c', 'sleep 100'], {
    linux: {resources: {memoryLimitInBytes: '1000000000'}},
  })
  await client.runtime.updateContainerResources({containerId, linux: {memoryLimitInBytes: '1000'}})
  expect(await ended(client, containerId)).toMatchObject({
    exitCode: 137,
    reason: 'OOMKilled',
    resources: {linux: {memoryLimitInBytes: '1000'}},
  })
})

test('events come in order and whole, to every reader', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const readers = [readEvents(client), readEvents(client)]
  // Until both have seen something: only then is it certain that they listen.
  await eventually(async () => {
    await podOn(client)
    expect(readers.every(({seen}) => seen.length > 0)).toBe(true)
  })
  const pod = await podOn(client)
  const containerId = await startIn(client, pod, ['/bin/true'])
  await ended(client, containerId)
  await client.runtime.removeContainer({containerId})
  const stopped = await startIn(client, pod, ['/bin/sleep', '100'])
  await client.runtime.removePodSandbox({podSandboxId: pod})
  const expected = [
    [pod, 'CREATED', 0],
    [pod, 'STARTED', 0],
    [containerId, 'CREATED', 1],
    [containerId, 'STARTED', 1],
    [containerId, 'STOPPED', 1],
    [containerId, 'DELETED', 0],
    [stopped, 'CREATED', 1],
    [stopped, 'STARTED', 1],
    [stopped, 'STOPPED', 1],
    [pod, 'STOPPED', 1],
    [stopped, 'DELETED', 0],
    [pod, 'DELETED', 0],
  ]
  const ofPod = ({seen}: {seen: [string, ...unknown[]][]}) =>
    seen.filter(([id]) => id === pod || id === containerId || id === stopped)
  await eventually(() => expect(readers.map(ofPod)).toEqual([expected, expected]))
})

function readEvents(client: ReturnType<typeof clientOf>): {seen: [string, string, number][]} {
  const seen: [string, string, number][] = []
  const read = async () => {
    for await (const {
      containerId,
      containerEventType,
      containersStatuses,
    } of client.runtime.getContainerEvents()) {
      const type = String(containerEventType).replace(/CONTAINER_(.*)_EVENT/, '$1')
      seen.push([containerId, type, containersStatuses.length])
    }
  }
  // The end of the client ends it.
  read().catch(() => undefined)
  return {seen}
}

test('checkpoint writes an archive, and only where the user may', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const containerId = await startIn(client, await podOn(client), ['/bin/sleep', '100'])
  const location = join(runtime.directory, 'main.tar')
  await client.runtime.checkpointContainer({containerId, location})
  expect((await readFile(location, 'latin1')).slice(257, 262)).toBe('ustar')
  expect(await codeOf(client.runtime.checkpointContainer({containerId, location: 'main.tar'}))).toBe(
    'invalidArgument',
  )
})

test('values set by a client can be read back: pod resources and the address range', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const podSandboxId = await podOn(client)
  await client.runtime.updatePodSandboxResources({podSandboxId, resources: {cpuShares: '512'}})
  await client.runtime.updateRuntimeConfig({runtimeConfig: {networkConfig: {podCidr: '10.1.0.0/16'}}})
  const {info} = await client.runtime.podSandboxStatus({podSandboxId, verbose: true})
  expect(JSON.parse(info.info ?? '').resources).toEqual({cpu_shares: 512})
  const status = await client.runtime.status({verbose: true})
  expect(JSON.parse(status.info.config ?? '').podCidr).toBe('10.1.0.0/16')
  expect(status.runtimeHandlers.map(({name}) => name)).toEqual(['', 'process'])
  expect(await client.runtime.version()).toMatchObject({runtimeName: 'crisp-demo', runtimeApiVersion: 'v1'})
})

test('logs: rotation by size, long lines in pieces, and a file renamed by somebody else', async () => {
  await using runtime = await startDemoRuntime({rotation: {maxBytes: 40_000, maxFiles: 3}})
  using client = clientOf(runtime)
  const logDirectory = join(runtime.directory, 'logs')
  const pod = await podOn(client, {logDirectory})
  const long = await startIn(client, pod, ['/bin/sh', '-c', "printf '%040000d\\n' 0"], {
    metadata: {name: 'long', attempt: 0},
    logPath: 'long.log',
  })
  const status = await ended(client, long)
  const rotated = (await readdir(logDirectory)).filter((name) => /^long\.log\.\d{8}-\d{6}$/.test(name))
  expect(rotated).toHaveLength(1)
  const lines = (await readFile(join(logDirectory, rotated[0] as string), 'utf8')).trimEnd().split('\n')
  expect(
    lines.map((line) => line.split(' ')).map(([, stream, tag, content]) => [stream, tag, content?.length]),
  ).toEqual([
    ['stdout', 'P', 16_384],
    ['stdout', 'P', 16_384],
    ['stdout', 'F', 7_232],
  ])
  expect(await readFile(status.logPath, 'utf8')).toBe('')

  const talker = await startIn(client, pod, ['/bin/sh', '-c', 'while read line; do echo "$line"; done'], {
    metadata: {name: 'talker', attempt: 0},
    logPath: 'talker.log',
    stdin: true,
  })
  await rename(join(logDirectory, 'talker.log'), join(logDirectory, 'talker.old'))
  await client.runtime.reopenContainerLog({containerId: talker})
  expect(await readdir(logDirectory)).toEqual(expect.arrayContaining(['talker.log', 'talker.old']))
})

test('images: names, digests, credentials, removal', async () => {
  await using runtime = await startDemoRuntime({seed: {images: [shellImage]}})
  using client = clientOf(runtime)
  const {image: images} = client
  const pull = (image: string, auth = {}) => images.pullImage({image: {image}, auth})
  const {imageRef} = await pull('busybox:1.36')
  const {image} = await images.imageStatus({image: {image: imageRef.slice(0, 20)}})
  expect(image).toMatchObject({
    id: imageRef,
    repoTags: [shellImage, 'docker.io/library/busybox:1.36'],
    repoDigests: [
      expect.stringMatching(/^registry\.crisp\.demo\/shell@sha256:[0-9a-f]{64}$/),
      expect.stringMatching(/^docker\.io\/library\/busybox@sha256:[0-9a-f]{64}$/),
    ],
  })
  const locked = 'registry.crisp.demo/private/shell:1.0'
  expect({
    absent: await codeOf(pull('registry.crisp.demo/shell:9')),
    elsewhere: await codeOf(pull('quay.io/a/b:1')),
    malformed: await codeOf(pull('No Name')),
    locked: await codeOf(pull(locked)),
    wrong: await codeOf(pull(locked, {username: 'demo', password: 'wrong'})),
    elsewhereLogin: await codeOf(
      pull(locked, {username: 'demo', password: 'demo', serverAddress: 'quay.io'}),
    ),
    right: await codeOf(pull(locked, {auth: Buffer.from('demo:demo').toString('base64')})),
  }).toEqual({
    absent: 'notFound',
    elsewhere: 'unavailable',
    malformed: 'invalidArgument',
    locked: 'unknown',
    wrong: 'unknown',
    elsewhereLogin: 'unknown',
    right: 'ok',
  })
  await images.removeImage({image: {image: shellImage}})
  expect(await images.imageStatus({image: {image: 'busybox:1.36'}})).toMatchObject({image: null})
  expect(await codeOf(images.removeImage({image: {image: shellImage}}))).toBe('ok')
})

test('a release of CRI-O keeps images that are in use, and finds one by the filter', async () => {
  await using runtime = await startDemoRuntime({like: 'crio-1.36', seed: {images: [shellImage, 'busybox']}})
  using client = clientOf(runtime)
  const {image: images} = client
  await containerIn(client, await podOn(client), ['/bin/true'])
  const {images: found} = await images.listImages({filter: {image: {image: shellImage}}})
  expect(found).toHaveLength(1)
  const remove = (image: string) => codeOf(images.removeImage({image: {image}}))
  expect([await remove('busybox'), await remove(shellImage)]).toEqual(['ok', 'unknown'])
})

test('faults on request', async () => {
  await using runtime = await startDemoRuntime({
    faults: {
      latencyMs: {Version: 150},
      codes: {ListImages: {code: 14, details: 'on request'}},
      cutAfter: {GetContainerEvents: 1},
    },
  })
  using client = clientOf(runtime)
  const startedMs = performance.now()
  await client.runtime.version()
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(149)
  await expect(client.image.listImages()).rejects.toMatchObject({code: 14, details: 'on request'})
  await podOn(client)
  const seen: string[] = []
  const reading = (async () => {
    for await (const {containerEventType} of client.runtime.getContainerEvents())
      seen.push(String(containerEventType))
  })()
  expect(await codeOf(reading)).toBe('unavailable')
  expect(seen).toEqual(['CONTAINER_CREATED_EVENT'])
})

testWith('root')(
  'a log directory over the link of another user is refused, over our own it is not',
  async () => {
    await using runtime = await startDemoRuntime()
    using client = clientOf(runtime)
    const place = join(runtime.directory, 'mine')
    await mkdir(place)
    const code = async (link: string, owner: number) => {
      await symlink('mine', join(runtime.directory, link))
      await lchown(join(runtime.directory, link), owner, owner)
      const pod = await podOn(client, {logDirectory: join(runtime.directory, link, 'logs')})
      return codeOf(containerIn(client, pod, ['/bin/true'], {logPath: 'a.log'}))
    }
    expect(await code('foreign', 65534)).toBe('permissionDenied')
    expect(await code('own', 0)).not.toBe('permissionDenied')
  },
)

test('a log path outside the pod directory, or in a directory of another user, is refused', async () => {
  await using runtime = await startDemoRuntime()
  using client = clientOf(runtime)
  const foreign = join(runtime.directory, 'foreign')
  await mkdir(foreign)
  if (process.getuid?.() === 0) await chown(foreign, 65534, 65534)
  const refusedPod = await podOn(client, {logDirectory: process.getuid?.() === 0 ? foreign : '/root/logs'})
  const ownPod = await podOn(client, {logDirectory: join(runtime.directory, 'logs')})
  const code = (pod: string, logPath: string) => codeOf(containerIn(client, pod, ['/bin/true'], {logPath}))
  expect(await code(refusedPod, 'a.log')).toBe(process.getuid?.() === 0 ? 'permissionDenied' : 'unknown')
  expect(await code(ownPod, '../../a.log')).toBe('invalidArgument')

  const victim = join(runtime.directory, 'victim')
  await writeFile(victim, 'precious')
  await mkdir(join(runtime.directory, 'logs'))
  await symlink(victim, join(runtime.directory, 'logs', 'link.log'))
  const containerId = await containerIn(client, ownPod, ['/bin/echo', 'x'], {logPath: 'link.log'})
  expect(await codeOf(client.runtime.startContainer({containerId}))).toBe('unknown')
  expect(await readFile(victim, 'utf8')).toBe('precious')
})
