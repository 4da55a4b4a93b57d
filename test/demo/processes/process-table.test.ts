import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {expect, test} from 'vitest'
import {killMarked} from '../../../src/demo/processes/process-table.js'

test.runIf(process.platform === 'linux')(
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
