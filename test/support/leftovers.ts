import type {ChildProcess} from 'node:child_process'
import {subscribe} from 'node:diagnostics_channel'
import {afterAll} from 'vitest'
import {
  killMarked,
  type ProcessRow,
  readProcesses,
  signalProcess,
} from '../../src/demo/processes/process-table.js'

// A test that fails or hangs leaves what it has started. All of it ends with its file.

/** In the environment of what tests start: found there again when its parents are gone. */
const mark = `CRISP_TEST_FILE=${process.pid}.`
process.env.CRISP_TEST_FILE = `${process.pid}.`

const children: ChildProcess[] = []
// Told before the process has its ID.
subscribe('child_process', (message) => {
  children.push((message as {process: ChildProcess}).process)
})

afterAll(async () => {
  const running = children.filter(({exitCode, signalCode}) => exitCode === null && signalCode === null)
  const pids = running.flatMap(({pid}) => pid ?? [])
  if (pids.length > 0)
    for (const pid of descendantsOf(pids, await readProcesses())) signalProcess(pid, 'SIGKILL')
  killMarked([mark])
})

/** With the processes themselves. */
function descendantsOf(pids: readonly number[], rows: readonly ProcessRow[]): Set<number> {
  const found = new Set(pids)
  for (let before = 0; before < found.size; ) {
    before = found.size
    for (const {pid, parentPid} of rows) if (found.has(parentPid)) found.add(pid)
  }
  return found
}
