import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {expect} from 'vitest'
import {environmentIsEmpty, killMarked} from '../../../src/demo/processes/process-table.js'
import {eventually} from '../../support/eventually.js'
import {testWith} from '../../support/needs.js'

testWith('procfs')(
  'a process is killed in the middle of an exec too, when it has no environment',
  async () => {
    const forever = 'exec sh -c "$0" "$0"'
    const env = {PATH: process.env.PATH, CRISP_TEST_MARK: String(process.pid)}
    for (let round = 0; round < 100; round++) {
      const child = spawn('sh', ['-c', forever, forever], {env})
      await once(child, 'spawn')
      const exited = once(child, 'exit')
      killMarked([`CRISP_TEST_MARK=${process.pid}`])
      // Ends it only where nothing else has.
      child.kill('SIGTERM')
      expect(await exited).toEqual([null, 'SIGKILL'])
    }
  },
)

testWith('procfs')(
  'a process that was started without an environment is told from one in an exec',
  async () => {
    // Whatever a test starts itself is given a home.
    const child = spawn('env', ['-i', 'sleep', '1000'])
    const statOf = (pid: number | undefined) => readFileSync(`/proc/${pid}/stat`, 'latin1')
    await eventually(() => expect(environmentIsEmpty(statOf(child.pid))).toBe(true))
    expect(environmentIsEmpty(statOf(process.pid))).toBe(false)
    // As the kernel has it while it loads a program: without code, first without a place, then with an empty one.
    const inExec = Array<string>(60).fill('0')
    expect(environmentIsEmpty(`7 (sh) R ${inExec.join(' ')}`)).toBe(false)
    inExec.fill('4096', 46, 48)
    expect(environmentIsEmpty(`7 (sh) R ${inExec.join(' ')}`)).toBe(false)
    child.kill()
    await once(child, 'exit')
  },
)
