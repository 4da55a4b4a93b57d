import {mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {idsIn, Proc, parseSockets} from '../../../src/node/owner/proc.js'
import {id} from '../../support/fake-runtime.js'

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const tcp = `${head}   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 112 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 113 1 0 20 4 30 10 -1
`
const tcp6 = `${head}   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 114 1 0 100 0 0 10 0
   1: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 115 1 0 100 0 0 10 0
`
const udp = `${head}   7: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 116 2 0 0
`

test('tables of sockets: only who listens, addresses in the byte order of the machine', () => {
  expect(parseSockets(tcp, 'tcp')).toEqual([
    {protocol: 'tcp', address: '127.0.0.1', port: 8080, inode: '111'},
    {protocol: 'tcp', address: '0.0.0.0', port: 8080, inode: '112'},
  ])
  expect(parseSockets(tcp6, 'tcp')).toEqual([
    {protocol: 'tcp', address: '::', port: 8080, inode: '114'},
    {protocol: 'tcp', address: '2001:db8::1', port: 80, inode: '115'},
  ])
  expect(parseSockets(udp, 'udp')).toEqual([{protocol: 'udp', address: '0.0.0.0', port: 53, inode: '116'}])
  expect(parseSockets('', 'tcp')).toEqual([])
})

test.each<[string, string[]]>([
  [`0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id('a')}.scope\n`, [id('a')]],
  [`1:cpu:/kubepods/burstable/pod12/${id('b')}`, [id('b')]],
  [`/docker/${id('c')}/kubelet/${id('d')}`, [id('c'), id('d')]],
  [`${id('a')}0`, []],
  ['/user.slice/user-0.slice', []],
])('IDs in %j', (text, ids) => {
  expect(idsIn(text)).toEqual(ids)
})

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crisp-proc-'))
  for (const [pid, parent] of [
    [1, 0],
    [10, 1],
    [11, 10],
  ]) {
    const folder = join(root, String(pid))
    await mkdir(join(folder, 'net'), {recursive: true})
    await mkdir(join(folder, 'fd'))
    await mkdir(join(folder, 'ns'))
    await writeFile(join(folder, 'status'), `Name:\tx\nPPid:\t${parent}\n`)
    await writeFile(join(folder, 'comm'), `program ${pid}\n`)
    await symlink('net:[42]', join(folder, 'ns', 'net'))
  }
  await writeFile(join(root, '10', 'net', 'tcp'), tcp)
  await symlink('socket:[111]', join(root, '10', 'fd', '3'))
  await symlink('socket:[111]', join(root, '11', 'fd', '0'))
  await symlink('/dev/null', join(root, '11', 'fd', '1'))
  await writeFile(join(root, 'uptime'), '')
})
afterAll(() => rm(root, {recursive: true}))

test('processes, their parents, networks and sockets; one that has ended is nothing', async () => {
  const proc = new Proc(root)
  expect((await proc.processes()).sort()).toEqual([1, 10, 11])
  expect(await proc.nameOf(11)).toBe('program 11')
  expect(await proc.ancestors(11)).toEqual([11, 10, 1])
  expect(await proc.networkOf(10)).toBe('net:[42]')
  expect(await proc.listeners(10, 8080)).toHaveLength(2)
  expect(await proc.ownersOf(new Set(['111', '112']))).toEqual(
    new Map([['111', expect.arrayContaining([10, 11])]]),
  )
  expect([await proc.nameOf(99), await proc.ancestors(99), await proc.listeners(99, 80)]).toEqual([
    undefined,
    [],
    [],
  ])
  expect(proc.denied).toBe(false)
})
