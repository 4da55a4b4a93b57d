import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import type {Container} from '../../../src/generated/cri.js'
import {kubeletRunsHere} from '../../../src/node/host/kubelet.js'
import {id} from '../../support/fake-runtime.js'

const containers = [{id: id('a1'), state: 'CONTAINER_RUNNING'} as Container]
const ofContainer = `/kubepods/pod1/${id('a1')}`

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'crisp-proc-'))
})
afterEach(() => rm(root, {recursive: true}))

async function start(pid: number, parent: number, words: readonly string[], cgroup = '/'): Promise<void> {
  const path = join(root, String(pid))
  const name = (words[0] ?? '').replace(/.*\//, '').slice(0, 15)
  await mkdir(path)
  await writeFile(join(path, 'comm'), `${name}\n`)
  await writeFile(
    join(path, 'stat'),
    `${pid} (${name}) S ${parent} 2 3 0 -1 4194560 1 2 3 4 11 22 33 44 20 0 7 0 9999 1 2\n`,
  )
  await writeFile(join(path, 'status'), `Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nNSpid:\t${pid}\n`)
  await writeFile(join(path, 'cgroup'), `0::${cgroup}\n`)
  await writeFile(join(path, 'cmdline'), words.map((word) => `${word}\0`).join(''))
}

async function startNode(): Promise<void> {
  await start(1, 0, ['/sbin/init'])
  await start(20, 1, ['/usr/bin/containerd-shim-runc-v2'])
  await start(21, 20, ['app'], ofContainer)
}

const runsHere = () => kubeletRunsHere(containers, {root})

test('on a whole node without one there is none', async () => {
  await startNode()
  await start(30, 1, ['/csi', '--kubelet-registration-path=/var/lib/kubelet/plugins/csi.sock'])
  expect(await runsHere()).toBe(false)
})

test.each([
  ['kubeadm', ['/usr/bin/kubelet', '--config=/var/lib/kubelet/config.yaml']],
  ['k3s', ['/usr/local/bin/k3s', 'server']],
  ['k0s', ['/var/lib/k0s/bin/kubelet']],
  ['MicroK8s', ['/snap/microk8s/1/kubelite']],
  ['MicroShift', ['/usr/bin/microshift', 'run']],
  ['KubeEdge', ['/usr/local/bin/edgecore']],
  ['NixOS', ['/nix/store/x/bin/.kubelet-wrapped']],
  ['a program with many names', ['/opt/all-in-one', 'kubelet']],
])('the kubelet of %s', async (_, words) => {
  await startNode()
  await start(30, 1, words)
  expect(await runsHere()).toBe(true)
})

test('in a container, which sees its own processes only, it is not known', async () => {
  await start(1, 0, ['sh'], ofContainer)
  await start(7, 1, ['crisp'], ofContainer)
  await start(9, 0, ['crisp'], ofContainer)
  expect(await runsHere()).toBeUndefined()
})

test('where only the own processes are shown, it is not known', async () => {
  await start(20, 1, ['/usr/bin/containerd-shim-runc-v2'])
  await start(21, 20, ['app'], ofContainer)
  expect(await runsHere()).toBeUndefined()
})

test('where none of the containers runs, it is not known', async () => {
  await start(1, 0, ['/sbin/init'])
  expect(await runsHere()).toBeUndefined()
})
