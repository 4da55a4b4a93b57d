import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {readKubeletAllocations} from '../../src/node/kubelet-files.js'
import {compare, ownGroups} from '../../src/node/limits.js'
import {parseKubernetesQuantity} from '../../src/text/quantity.js'
import {id} from '../support/fake-runtime.js'

const none = Number.POSITIVE_INFINITY
const rowsOf = (...given: Parameters<typeof compare>) =>
  compare(...given).map(({name, asked, allocated, real, differs}) => [name, asked, allocated, real, differs])

test('what is the same in other words is the same', () => {
  expect(
    rowsOf(
      {cpuQuota: 50_000, cpuPeriod: 100_000, cpuShares: 512, cpus: '0-2', memoryBytes: 134_217_728, pids: -1},
      {limits: {cpu: 0.5, memory: 134_217_728}, requests: {cpu: 0.5}, cpus: '0,1,2'},
      {version: 2, cpuCores: 0.5, cpuShares: 500, cpus: '0-2', memoryBytes: 134_217_728, pids: none},
    ),
  ).toEqual([
    ['CPU', 0.5, 0.5, 0.5, false],
    ['CPU shares', 512, 512, 500, false],
    ['CPUs', '0-2', '0,1,2', '0-2', false],
    ['Memory', 134_217_728, 134_217_728, 134_217_728, false],
    ['PIDs', none, undefined, none, false],
  ])
})

test('weights of both formulas that OCI runtimes have had, and no other', () => {
  // 100 is 1024 shares by the newer formula, 39 by the older, and 2597 shares by that alone.
  const shares = (weight: number) => Math.round(2 + ((weight - 1) * 262_142) / 9_999)
  for (const [weight, differs] of [
    [39, false],
    [100, false],
    [60, true],
    [200, true],
  ] as const)
    expect(rowsOf({cpuShares: 1024}, undefined, {version: 2, cpuShares: shares(weight)})).toEqual([
      ['CPU shares', 1024, undefined, shares(weight), differs],
    ])
})

test('what differs is marked, and what nobody speaks of is left out', () => {
  expect(
    rowsOf(
      {cpuQuota: -1, memoryBytes: 67_108_864, swapBytes: 67_108_864},
      {limits: {memory: 134_217_728}, requests: {}, memoryNodes: '0'},
      {version: 1, cpuCores: 2, memoryBytes: 67_108_864, swapBytes: none, memoryNodes: '0-1'},
    ),
  ).toEqual([
    ['CPU', none, undefined, 2, true],
    ['Memory', 67_108_864, 134_217_728, 67_108_864, true],
    ['Memory nodes', undefined, '0', '0-1', true],
    ['Swap', 0, undefined, none, true],
  ])
  expect(rowsOf({}, undefined, undefined)).toEqual([])
})

test('a set of CPUs from a hostile file costs neither time nor memory', () => {
  expect(
    rowsOf({cpus: '0-3,0-99999999999999'}, {limits: {}, requests: {}, cpus: '5-1,x,0-3'}, undefined)[0]?.at(
      -1,
    ),
  ).toBe(true)
})

test('groups that a container has made below its own do not count', () => {
  expect([
    ...ownGroups(
      `0::/pod1/cri-containerd-${id('aa')}.scope/init.scope\n4:memory:/pod1/${id('aa')}\n`,
      id('aa'),
    ),
  ]).toEqual([
    ['', `/pod1/cri-containerd-${id('aa')}.scope`],
    ['memory', `/pod1/${id('aa')}`],
  ])
})

test.each([
  ['500m', 0.5],
  ['2', 2],
  ['128Mi', 134_217_728],
  ['1e3', 1000],
  ['1.5G', 1_500_000_000],
  ['100n', 1e-7],
  ['', undefined],
  ['1KB', undefined],
])('%s of Kubernetes', (text, amount) => {
  expect(parseKubernetesQuantity(text)).toBe(amount)
})

test('the kubelet’s files, of releases that write them differently, and one that is damaged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crisp-kubelet-'))
  const signal = new AbortController().signal
  const write = (name: string, value: unknown) =>
    writeFile(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value))
  expect((await readKubeletAllocations(signal, folder)).of('u1', 'web')).toBeUndefined()

  await write('cpu_manager_state', {
    policyName: 'static',
    defaultCpuSet: '0-1',
    entries: {u1: {web: '2-3'}},
    checksum: 1,
  })
  await write('memory_manager_state', {
    policyName: 'Static',
    entries: {u1: {web: [{numaAffinity: [1, 0], type: 'memory', size: 5}]}},
  })
  const resources = {limits: {cpu: '500m', memory: '128Mi'}, requests: {cpu: '250m'}}
  await write('allocated_pods_state', {
    data: JSON.stringify({entries: {u1: {ContainerResources: {web: resources}}}}),
    checksum: 7,
  })
  await write('pod_status_manager_state', {data: JSON.stringify({allocationEntries: {u2: {db: resources}}})})
  const found = await readKubeletAllocations(signal, folder)
  const amounts = {limits: {cpu: 0.5, memory: 134_217_728}, requests: {cpu: 0.25}}
  expect(found.of('u1', 'web')).toEqual({...amounts, cpus: '2-3', memoryNodes: '0,1'})
  expect(found.of('u2', 'db')).toEqual({...amounts, cpus: '0-1'})
  expect(found.of('u1', '__proto__')).toEqual({limits: {}, requests: {}, cpus: '0-1'})

  await write('cpu_manager_state', '{"entries": ')
  const {unread, files} = await readKubeletAllocations(signal, folder)
  expect(unread).toEqual([`${folder}/cpu_manager_state is not the JSON it should be`])
  expect(files.length).toBe(3)
  await rm(folder, {recursive: true})
})
