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
    const child = spawn('sleep', ['1000'], {env: {}})
    await eventually(() => expect(readFileSync(`/proc/${child.pid}/comm`, 'utf8')).toBe('sleep\n'))
    expect(environmentIsEmpty(readFileSync(`/proc/${child.pid}/stat`, 'latin1'))).toBe(true)
    expect(environmentIsEmpty(readFileSync('/proc/self/stat', 'latin1'))).toBe(false)
    // As the kernel has it while the new program is loaded.
    expect(environmentIsEmpty(`7 (sh) R ${'0 '.repeat(60)}`)).toBe(false)
    child.kill()
    await once(child, 'exit')
  },
)
