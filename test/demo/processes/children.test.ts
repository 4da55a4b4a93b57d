import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, test, vi} from 'vitest'
import {Children, markOf, markVariable} from '../../../src/demo/processes/children.js'
import {killMarked} from '../../../src/demo/processes/process-table.js'
import {startChild} from '../../../src/demo/processes/processes.js'

vi.mock(import('../../../src/demo/processes/process-table.js'), async (original) => ({
  ...(await original()),
  killMarked: vi.fn(),
}))

test('containers that end together need one look at all processes, past those that still run', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-children-'))
  const children = new Children(directory)
  const child = await startChild(['sleep', '1000'], {
    env: {PATH: process.env.PATH ?? ''},
    cwd: directory,
    stdin: false,
    tty: false,
  })
  try {
    await children.add(child)
    const mark = (id: string) => `${markVariable}=${markOf(directory, id)}`
    await Promise.all(['a', 'b', 'c'].map((id) => children.killRestOf(id)))
    expect(vi.mocked(killMarked).mock.calls).toEqual([[['a', 'b', 'c'].map(mark), new Set([child.pid])]])

    await children.killRestOf('d')
    expect(vi.mocked(killMarked)).toHaveBeenLastCalledWith([mark('d')], new Set([child.pid]))
  } finally {
    child.kill()
    await rm(directory, {recursive: true})
  }
})
