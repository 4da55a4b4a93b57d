import {readFileSync} from 'node:fs'
import {readProcesses} from '../../src/demo/processes/process-table.js'

export interface FoundProcess {
  pid: number
  /** Its words, with one space between. */
  command: string
}

/** The processes that were started with this text in their environment, such as those of an embedded runtime. */
export async function processesWith(text: string): Promise<FoundProcess[]> {
  const rows = await readProcesses()
  return rows
    .filter(({pid}) => readOf(pid, 'environ').includes(text))
    .map(({pid}) => ({pid, command: readOf(pid, 'cmdline').split('\0').join(' ').trimEnd()}))
}

function readOf(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    // It has ended meanwhile, or is another user's.
    return ''
  }
}
