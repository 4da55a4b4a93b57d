import {execFileSync} from 'node:child_process'
import {link, mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {readDatabase, readUvarint, readVarint} from '../../../src/node/disk/bolt.js'
import {readContainerdStore} from '../../../src/node/disk/containerd.js'
import {readCrioStore} from '../../../src/node/disk/crio.js'
import {measureLogs} from '../../../src/node/disk/logs.js'
import {measureTree} from '../../../src/node/disk/tree.js'
import {id} from '../../support/fake-runtime.js'

const {signal} = new AbortController()
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-disk-'))
})
afterEach(() => rm(directory, {recursive: true, force: true}))

const du = (...paths: string[]) =>
  Number.parseInt(
    execFileSync('du', ['-sxc', '--block-size=1', ...paths])
      .toString()
      .trim()
      .split('\n')
      .at(-1) ?? '',
    10,
  )

test('a tree as du counts it: hard links once, links and pipes as what they are, names of any bytes', async () => {
  await mkdir(join(directory, 'a/b/c'), {recursive: true})
  await writeFile(join(directory, 'a/big'), Buffer.alloc(300_000, 1))
  await link(join(directory, 'a/big'), join(directory, 'a/b/again'))
  await symlink('/', join(directory, 'a/root'))
  await symlink(directory, join(directory, 'a/round'))
  execFileSync('mkfifo', [join(directory, 'a/pipe')])
  await writeFile(Buffer.concat([Buffer.from(`${directory}/a/b/`), Buffer.from([0xff, 0xfe, 0x0a])]), 'x')
  expect(await measureTree(directory, {signal})).toMatchObject({bytes: du(directory), left: []})
})

test('a tree too deep for all the descriptors is counted as far as they reach, and said to be', async () => {
  let deep = directory
  for (let level = 0; level < 250; level++) deep = join(deep, 'd')
  await mkdir(deep, {recursive: true})
  const {entries, left} = await measureTree(directory, {signal})
  expect(entries).toBe(200)
  expect(left).toEqual([`what is more than 200 directories deep in ${directory}`])
})

test('nothing is there, or no directory', async () => {
  await symlink('/etc', join(directory, 'link'))
  for (const name of ['nosuch', 'link'])
    expect(await measureTree(join(directory, name), {signal})).toEqual({bytes: 0, entries: 0, left: []})
})

test('an end in the middle of a large tree', async () => {
  for (let name = 0; name < 2_100; name++) await writeFile(join(directory, `${name}`), '')
  await expect(measureTree(directory, {signal: AbortSignal.abort(new Error('enough'))})).rejects.toThrow(
    'enough',
  )
})

test('logs: whose each file is, and nothing that is no file', async () => {
  const own = join(directory, 'web')
  const shared = join(directory, 'flat')
  await mkdir(own)
  await mkdir(shared)
  const write = (folder: string, name: string) => writeFile(join(folder, name), Buffer.alloc(10_000, 1))
  for (const name of ['0.log', '1.log', '1.log.20260102-030405.gz']) await write(own, name)
  for (const name of ['a.log', 'b.log', 'b.log.20260102-030405', 'other']) await write(shared, name)
  await symlink('/proc/kcore', join(own, '1.log.20260102-030406'))
  await mkdir(join(own, '1.log.20260102-030407'))
  const left: string[] = []
  const sizes = measureLogs(
    [
      {id: 'newest', name: 'web', path: join(own, '1.log')},
      {id: 'a', name: 'a', path: join(shared, 'a.log')},
      {id: 'b', name: 'b', path: join(shared, 'b.log')},
      {id: 'none', name: 'c', path: join(directory, 'nosuch', 'c.log')},
      {id: 'relative', name: 'd', path: 'd.log'},
    ],
    (reason) => left.push(reason),
  )
  const file = du(join(own, '0.log'))
  expect(left).toEqual([])
  // What an attempt that is gone has left is the newest one's.
  expect(Object.fromEntries(sizes)).toEqual({newest: 3 * file, a: file, b: 2 * file})
})

test('a database that is none, or is cut short, is said to be damaged', async () => {
  const path = join(directory, 'metadata.db')
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(100_000, 0xed), Buffer.from('{}')]) {
    await writeFile(path, bytes)
    await expect(readDatabase(path)).rejects.toThrow(`${path} is damaged`)
  }
  const snapshotter = join(directory, 'io.containerd.snapshotter.v1.overlayfs')
  await mkdir(snapshotter)
  await expect(readContainerdStore(snapshotter, {chainIds: new Map()}, signal)).rejects.toThrow('ENOENT')
  expect(await readContainerdStore('/var/lib/elsewhere', {chainIds: new Map()}, signal)).toBeUndefined()
})

test('numbers as Go writes them', () => {
  expect(readUvarint(Buffer.from([0xac, 0x02]))).toBe(300)
  expect(readVarint(Buffer.from([0xd8, 0x04]))).toBe(300)
  expect(readVarint(Buffer.from([0x03]))).toBe(-2)
  expect(readUvarint(undefined)).toBe(0)
})

test('the store of CRI-O: layers that images share, containers’ own, and what is nobody’s', async () => {
  const storage = join(directory, 'storage')
  const write = async (folder: string, name: string, value: unknown) => {
    await mkdir(join(storage, folder), {recursive: true})
    await writeFile(join(storage, folder, name), JSON.stringify(value))
  }
  const [base, top, other, lost, writable] = ['ba', '70', '07', '10', 'aa'].map(id)
  await write('overlay-layers', 'layers.json', [
    {id: base, 'diff-size': 1000},
    {id: top, parent: base, 'diff-size': 200},
    {id: other, parent: base, 'diff-size': 30},
    {id: lost, 'diff-size': 4},
    // Two that lead to each other, and one that would lead out.
    {id: 'x', parent: 'y', 'diff-size': 'much'},
    {id: 'y', parent: 'x'},
  ])
  await write('overlay-images', 'images.json', [
    {id: id('11'), layer: top},
    {id: id('12'), layer: other},
    {id: id('13'), layer: 'x'},
  ])
  await write('overlay-layers', 'volatile-layers.json', [{id: writable, parent: top}])
  await write('overlay-containers', 'volatile-containers.json', [
    {id: id('c1'), layer: writable},
    {id: id('c2'), layer: '../../..'},
  ])
  await mkdir(join(storage, 'overlay', writable ?? '', 'diff'), {recursive: true})
  await writeFile(join(storage, 'overlay', writable ?? '', 'diff', 'file'), Buffer.alloc(50_000, 1))
  const store = await readCrioStore(join(storage, 'overlay-images'), signal)
  expect(store).toMatchObject({layers: 'overlay', sharesLayers: true, otherBytes: 4, left: []})
  expect(store?.images.get(id('11'))).toEqual([
    {key: top, bytes: 200},
    {key: base, bytes: 1000},
  ])
  expect(store?.images.get(id('12'))?.at(-1)).toEqual({key: base, bytes: 1000})
  expect(store?.images.get(id('13'))?.map(({bytes}) => bytes)).toEqual([0, 0])
  expect(Object.fromEntries(store?.writable ?? [])).toEqual({
    [id('c1')]: du(join(storage, 'overlay', writable ?? '')),
  })
})
