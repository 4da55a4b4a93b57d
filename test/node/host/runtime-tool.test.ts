import {chmod, mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect} from 'vitest'
import {runtimeToolOf} from '../../../src/node/host/runtime-tool.js'
import {clientOf} from '../../support/demo-node.js'
import {id, startFakeRuntime} from '../../support/fake-runtime.js'
import {testWith} from '../../support/needs.js'

// Any program of root's stands for the tools, which are only looked up here.
const program = '/usr/bin/env'
const container = id('a1')

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp('/tmp/crisp-tool-')
  try {
    await work(folder)
  } finally {
    await rm(folder, {recursive: true})
  }
}

async function keep(root: string, file: string): Promise<void> {
  await mkdir(join(root, container), {recursive: true})
  await writeFile(join(root, container, file), '{}')
}

async function toolOf(info: object, options: {root?: string} = {}) {
  await using runtime = await startFakeRuntime({
    ContainerStatus: {
      status: {id: container, state: 'CONTAINER_RUNNING'},
      info: {info: JSON.stringify(info)},
    },
  })
  using client = clientOf(runtime)
  return await runtimeToolOf(client, container, {known: [], ...options})
}

testWith('root')("containerd's handler may have its own root and program", () =>
  withFolder(async (folder) => {
    await keep(join(folder, 'k8s.io'), 'state.json')
    const runtimeOptions = {root: folder, binary_name: program}
    expect(await toolOf({runtimeOptions})).toEqual({path: program, root: join(folder, 'k8s.io')})
    expect(await toolOf({runtimeOptions: null})).toBeUndefined()
  }),
)

testWith('root')("CRI-O's are in the command line of conmon, as far as that is the node's", () =>
  withFolder(async (folder) => {
    const proc = join(folder, 'proc')
    const [own, planted] = [join(folder, 'own'), join(folder, 'planted')]
    for (const root of [own, planted]) await keep(root, 'status')
    const programs = join(folder, 'bin')
    await mkdir(programs)
    const conmon = async (
      pid: number,
      root: string,
      mounts: string,
      {more = '', file = join(programs, 'conmon')} = {},
    ) => {
      const path = join(proc, String(pid))
      await mkdir(join(path, 'ns'), {recursive: true})
      await symlink(mounts, join(path, 'ns/mnt'))
      await symlink(file, join(path, 'exe'))
      await writeFile(
        join(path, 'stat'),
        `${pid} (conmon) S 1 2 3 0 -1 4194560 1 2 3 4 11 22 33 44 20 0 7 0 9999 1 2\n`,
      )
      await writeFile(join(path, 'status'), `Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nNSpid:\t${pid}${more}\n`)
      await writeFile(join(path, 'cgroup'), '0::/\n')
      const words = ['conmon', '-c', container, '-r', program, '--runtime-arg', `--root=${root}`]
      await writeFile(join(path, 'cmdline'), words.map((word) => `${word}\0`).join(''))
    }
    await mkdir(join(proc, 'self/ns'), {recursive: true})
    await symlink('mnt:[1]', join(proc, 'self/ns/mnt'))
    // One of a container, which says what it likes.
    await conmon(10, planted, 'mnt:[2]')
    await conmon(11, planted, 'mnt:[1]', {more: '\t1'})
    // A user's link of that name to a program that is root's for everybody, and one in a folder of theirs.
    await conmon(13, planted, 'mnt:[1]', {file: '/usr/bin/su'})
    const users = join(folder, 'users')
    await mkdir(users)
    await chmod(users, 0o777)
    await conmon(14, planted, 'mnt:[1]', {file: join(users, 'conmon')})
    expect(await toolOf({}, {root: proc})).toBeUndefined()
    await conmon(15, own, 'mnt:[1]', {file: join(programs, 'conmon (deleted)')})
    expect(await toolOf({}, {root: proc})).toEqual({path: program, root: own})
    // Where others may change what it keeps, it is not root's word.
    await chmod(own, 0o777)
    expect(await toolOf({}, {root: proc})).toBeUndefined()
  }),
)
