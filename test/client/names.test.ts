import {describe, expect, test} from 'vitest'
import {describeError} from '../../src/cli/failures/describe.js'
import {
  connect,
  containerIdentities,
  containerReferences,
  imageStatus,
  resolveContainers,
  resolvePods,
} from '../../src/client/index.js'
import type {NotFoundError} from '../../src/errors/errors.js'
import type {Container} from '../../src/generated/cri.js'
import {container, id, kubeletContainer, startFakeRuntime} from '../support/fake-runtime.js'

const containers = [
  kubeletContainer('default', 'web-1', 'app', {id: id('a1'), podSandboxId: id('51'), createdAt: '10'}),
  kubeletContainer('default', 'web-1', 'app', {
    id: id('a2'),
    podSandboxId: id('51'),
    createdAt: '20',
    metadata: {name: 'app', attempt: 1},
  }),
  kubeletContainer('default', 'web-2', 'app', {id: id('b1'), podSandboxId: id('52'), createdAt: '15'}),
  kubeletContainer('prod', 'web-1', 'app', {id: id('c1'), podSandboxId: id('53'), createdAt: '30'}),
  kubeletContainer('kube-system', 'proxy', 'kube-proxy', {
    id: id('d1'),
    podSandboxId: id('54'),
    createdAt: '5',
  }),
  container({id: id('e1'), podSandboxId: id('55'), metadata: {name: 'bare'}, createdAt: '7', labels: {}}),
  container({id: id('f00d'), podSandboxId: id('55'), metadata: {name: 'd1'}, createdAt: '7', labels: {}}),
]
const pods = [
  {
    id: id('51'),
    metadata: {name: 'web-1', namespace: 'default', uid: 'uid-web-1', attempt: 0},
    createdAt: '1',
  },
  {id: id('53'), metadata: {name: 'web-1', namespace: 'prod', uid: 'uid-x', attempt: 0}, createdAt: '1'},
  {id: id('54'), metadata: {name: 'proxy', namespace: 'kube-system', uid: 'u4', attempt: 0}, createdAt: '1'},
  {id: id('54a'), metadata: {name: 'proxy', namespace: 'kube-system', uid: 'u4', attempt: 1}, createdAt: '2'},
  {
    id: id('55'),
    metadata: {name: 'made-by-hand', namespace: 'default', uid: 'u5', attempt: 0},
    createdAt: '1',
  },
]

const node = {ListContainers: {containers}, ListPodSandbox: {items: pods}}

describe('a container is named by', () => {
  const found: [string, string, string][] = [
    ['its full ID', id('b1'), 'b1'],
    ['the beginning of its ID', 'b10', 'b1'],
    ['its name', 'kube-proxy', 'd1'],
    ['pod and name', 'web-2/app', 'b1'],
    ['namespace, pod and name', 'prod/web-1/app', 'c1'],
    ['namespace, pod and name, the newest attempt', 'default/web-1/app', 'a2'],
    ['the pod that only its sandbox knows', 'made-by-hand/bare', 'e1'],
    ['a name rather than the same beginning of an ID', 'd1', 'f00d'],
  ]
  test.each(found)('%s', async (_, reference, expected) => {
    await using runtime = await startFakeRuntime(node)
    using client = connect(runtime)
    expect(await resolveContainers(client, [reference])).toEqual([{status: 'fulfilled', value: id(expected)}])
  })

  test('with namesHideIds false, a name that also begins an ID is ambiguous', async () => {
    await using runtime = await startFakeRuntime(node)
    using client = connect(runtime)
    expect(await resolveContainers(client, ['d1'], {namesHideIds: false})).toMatchObject([
      {status: 'rejected', reason: {message: '"d1" matches 2 containers'}},
    ])
  })

  test('a full ID needs no list call', async () => {
    await using runtime = await startFakeRuntime(node)
    using client = connect(runtime)
    await resolveContainers(client, [id('a1'), id('zz'.replaceAll('z', '9'))])
    expect(runtime.calls).toEqual([])
  })
})

describe('a word that names nothing, or more than one', () => {
  const refused: [string, string][] = [
    ['nosuch', 'no container "nosuch": crisp ps -a lists all'],
    ['web-1/nosuch', 'no container "web-1/nosuch": crisp ps -a lists all'],
    ['', 'no container "": crisp ps -a lists all'],
    ['ba', 'no container "ba": crisp ps -a lists all'],
    ['kube-prxoy', 'no container "kube-prxoy"; did you mean kube-system/proxy/kube-proxy?'],
    ['web-2/appp', 'no container "web-2/appp"; did you mean default/web-2/app?'],
    ['prod/web-3/app', 'no container "prod/web-3/app"; did you mean prod/web-1/app?'],
    ['web-1', 'no container "web-1"; did you mean default/web-1/app or prod/web-1/app?'],
    [
      'app',
      `"app" matches 3 containers: use a longer name or ID
  a200000000000  default/web-1/app
  b100000000000  default/web-2/app
  c100000000000  prod/web-1/app`,
    ],
    [
      'web-1/app',
      `"web-1/app" matches 2 containers: use a longer name or ID
  a200000000000  default/web-1/app
  c100000000000  prod/web-1/app`,
    ],
    [
      'a',
      `"a" matches 2 containers: use a longer name or ID
  a100000000000  default/web-1/app
  a200000000000  default/web-1/app`,
    ],
  ]
  test.each(refused)('%j', async (reference, text) => {
    await using runtime = await startFakeRuntime(node)
    using client = connect(runtime)
    const [outcome] = await resolveContainers(client, [reference])
    const reason: NotFoundError = outcome?.status === 'rejected' ? outcome.reason : undefined
    expect(describeError(reason)).toEqual({text, exitCode: 3})
    // The library states the fact, without our fix.
    expect(text).toMatch(new RegExp(`^${reason.message}[:;] `))
    expect(reason.facts).toMatchObject({object: 'container', reference})
  })
})

test('the name of what a pod was made by offers its pods, however short it is', async () => {
  await using runtime = await startFakeRuntime({
    ListPodSandbox: {
      items: ['web-6f7c9d5b4-x8v2t', 'web-6f7c9d5b4-q9x4z', 'api-5dd5756b68-m5n6p'].map((name, index) => ({
        id: id(`6${index}`),
        metadata: {name, namespace: 'shop', uid: name, attempt: 0},
        createdAt: '1',
      })),
    },
  })
  using client = connect(runtime)
  const [found] = await resolvePods(client, ['web'])
  expect(describeError(found?.status === 'rejected' ? found.reason : undefined).text).toBe(
    'no pod "web"; did you mean shop/web-6f7c9d5b4-x8v2t or shop/web-6f7c9d5b4-q9x4z?',
  )
})

test('pods by ID, name and namespace/name, the newest attempt of one pod', async () => {
  await using runtime = await startFakeRuntime(node)
  using client = connect(runtime)
  const outcomes = await resolvePods(client, ['proxy', 'prod/web-1', '55', 'web-1'])
  expect(outcomes).toMatchObject([
    {value: id('54a')},
    {value: id('53')},
    {value: id('55')},
    {status: 'rejected', reason: {exitCode: 3}},
  ])
})

test('every reference that is printed leads back to its container', async () => {
  await using runtime = await startFakeRuntime(node)
  using client = connect(runtime)
  const {containers: listed} = await client.runtime.listContainers()
  const {items} = await client.runtime.listPodSandbox()
  const references = containerReferences(listed, containerIdentities(items))
  expect(references).toEqual([
    id('a1'),
    'default/web-1/app',
    'default/web-2/app',
    'prod/web-1/app',
    'kube-system/proxy/kube-proxy',
    'default/made-by-hand/bare',
    'default/made-by-hand/d1',
  ])
  const back = await resolveContainers(client, references)
  expect(back.map((outcome) => (outcome as PromiseFulfilledResult<string>).value)).toEqual(
    listed.map((item: Container) => item.id),
  )
})

describe('images', () => {
  const images = [
    {
      id: 'sha256:aaaa',
      repoTags: ['registry.k8s.io/pause:3.9'],
      repoDigests: ['registry.k8s.io/pause@sha256:01'],
      size: '1',
    },
    {id: 'sha256:aabb', repoTags: ['quay.io/x/web:1', 'quay.io/x/web:2'], repoDigests: [], size: '1'},
  ]
  const byId = (request: {image: {image: string}}) => ({
    image: images.find((image) => image.id === request.image.image),
  })
  const found: [string, string][] = [
    ['pause:3.9', 'sha256:aaaa'],
    ['x/web:2', 'sha256:aabb'],
    ['aabb', 'sha256:aabb'],
    ['sha256:aaa', 'sha256:aaaa'],
    ['registry.k8s.io/pause@sha256:01', 'sha256:aaaa'],
  ]
  test.each(found)('%s where the runtime itself does not know the word', async (reference, expected) => {
    await using runtime = await startFakeRuntime({ImageStatus: byId, ListImages: {images}})
    using client = connect(runtime)
    expect((await imageStatus(client, reference, false)).image?.id).toBe(expected)
  })
  test('ambiguous', async () => {
    await using runtime = await startFakeRuntime({ImageStatus: byId, ListImages: {images}})
    using client = connect(runtime)
    await expect(imageStatus(client, 'aa', false)).rejects.toMatchObject({
      exitCode: 3,
      message: '"aa" matches 2 images',
      facts: {
        object: 'image',
        candidates: [
          {id: 'sha256:aaaa', name: 'registry.k8s.io/pause:3.9'},
          {id: 'sha256:aabb', name: 'quay.io/x/web:1'},
        ],
      },
    })
  })
})

test('nothing is offered where there are too many names to compare', async () => {
  const many = Array.from({length: 6_000}, (_, index) =>
    kubeletContainer('default', `web-${index}`, `app-${index}`, {id: id(String(100_000 + index))}),
  )
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: many},
    ListPodSandbox: {items: []},
  })
  using client = connect(runtime)
  const [outcome] = await resolveContainers(client, ['app_17'])
  expect(describeError((outcome as PromiseRejectedResult).reason).text).toBe(
    'no container "app_17": crisp ps -a lists all',
  )
})
