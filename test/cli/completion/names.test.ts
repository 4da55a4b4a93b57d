import {describe, expect, test} from 'vitest'
import {
  containerCandidates,
  imageCandidates,
  namespaceCandidates,
  podCandidates,
} from '../../../src/cli/completion/names.js'
import type {Container, Image, PodSandbox} from '../../../src/generated/cri.js'
import {container, id, kubeletContainer} from '../../support/fake-runtime.js'

const containers = [
  kubeletContainer('default', 'web-1', 'app', {id: id('a1'), createdAt: '10', state: 'CONTAINER_EXITED'}),
  kubeletContainer('default', 'web-1', 'app', {
    id: id('a2'),
    createdAt: '20',
    metadata: {name: 'app', attempt: 1},
  }),
  kubeletContainer('default', 'web-2', 'app', {id: id('b1'), createdAt: '15', state: 'CONTAINER_EXITED'}),
  kubeletContainer('prod', 'web-1', 'app', {id: id('c1'), createdAt: '30'}),
  kubeletContainer('kube-system', 'proxy', 'kube-proxy', {id: id('d1'), createdAt: '5'}),
  container({
    id: id('e1'),
    podSandboxId: 'p',
    metadata: {name: 'bare'},
    createdAt: '7',
    labels: {},
    state: 'CONTAINER_CREATED',
  }),
  container({id: id('e2'), podSandboxId: 'p', metadata: {name: 'two words'}, createdAt: '7', labels: {}}),
  container({id: id('e3'), podSandboxId: 'p', metadata: {name: 'a\nb'}, createdAt: '7', labels: {}}),
] as Container[]
const pods = [
  {id: 'p', metadata: {name: 'lone', namespace: 'x', uid: 'u'}, createdAt: '1', state: 'SANDBOX_NOTREADY'},
  {
    id: id('51'),
    metadata: {name: 'web-1', namespace: 'default', uid: 'v'},
    createdAt: '1',
    state: 'SANDBOX_READY',
  },
  {
    id: id('52'),
    metadata: {name: 'web-1', namespace: 'prod', uid: 'w'},
    createdAt: '1',
    state: 'SANDBOX_READY',
  },
] as PodSandbox[]

const words = (candidates: {word: string}[]) => candidates.map(({word}) => word)

describe('containers: the shortest word that begins as typed and is unambiguous', () => {
  test.each<[string, string[]]>([
    ['', ['default/web-1/app', 'web-2/app', 'prod/web-1/app', 'kube-proxy', 'bare']],
    ['app', []],
    ['web', ['web-2/app']],
    ['d', ['default/web-1/app', 'default/web-2/app']],
    ['prod/', ['prod/web-1/app']],
    ['kube', ['kube-proxy']],
    ['kube-system/', ['kube-system/proxy/kube-proxy']],
    ['lone/', ['lone/bare']],
    ['x/', ['x/lone/bare']],
    ['a2', [id('a2').slice(0, 13)]],
    [id('a2').slice(0, 14), [id('a2')]],
    ['e2', [id('e2').slice(0, 13)]],
    ['zz', []],
  ])('%j', (part, expected) => {
    expect(words(containerCandidates(containers, pods, part))).toEqual(expected)
  })

  test('containers in one state are completed by names that are unique among all containers', () => {
    expect(containerCandidates(containers, pods, '', 'CONTAINER_EXITED')).toEqual([
      {word: 'web-2/app', hint: 'exited in default/web-2'},
    ])
    expect(words(containerCandidates(containers, pods, '', 'CONTAINER_CREATED'))).toEqual(['bare'])
  })
})

test('pods', () => {
  expect(podCandidates(pods, '')).toEqual([
    {word: 'lone', hint: 'notready in x'},
    {word: 'default/web-1', hint: 'ready in default'},
    {word: 'prod/web-1', hint: 'ready in prod'},
  ])
  expect(words(podCandidates(pods, 'web'))).toEqual([])
  expect(words(podCandidates(pods, '', 'SANDBOX_READY'))).toEqual(['default/web-1', 'prod/web-1'])
  expect(words(podCandidates(pods, '51'))).toEqual([id('51').slice(0, 13)])
})

test('namespaces are listed once each', () => {
  expect(words(namespaceCandidates(pods, ''))).toEqual(['x', 'default', 'prod'])
  expect(words(namespaceCandidates(pods, 'd'))).toEqual(['default'])
})

test('images are completed by tag from its last path component, and by ID if untagged', () => {
  const images = [
    {
      id: `sha256:${id('ab')}`,
      repoTags: ['docker.io/library/busybox:1', 'docker.io/library/busybox:2'],
      repoDigests: [],
    },
    {id: `sha256:${id('ac')}`, repoTags: ['registry.k8s.io/pause:3.9'], repoDigests: []},
    {id: `sha256:${id('ad')}`, repoTags: ['example.com/pause:3.9'], repoDigests: []},
    {id: `sha256:${id('ae')}`, repoTags: [], repoDigests: ['example.com/old@sha256:12']},
  ] as unknown as Image[]
  const of = (part: string) => words(imageCandidates(images, part))
  expect(of('')).toEqual([
    'busybox:1',
    'busybox:2',
    'registry.k8s.io/pause:3.9',
    'example.com/pause:3.9',
    id('ae').slice(0, 13),
  ])
  expect(of('docker')).toEqual(['docker.io/library/busybox:1', 'docker.io/library/busybox:2'])
  expect(of('busybox:2')).toEqual(['busybox:2'])
  expect(of('ab')).toEqual([id('ab').slice(0, 13), id('ab').slice(0, 13)])
  expect(imageCandidates(images, 'ae')).toEqual([{word: id('ae').slice(0, 13), hint: 'example.com/old'}])
})
