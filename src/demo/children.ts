import {appendFile, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {killMarked, readProcess, signalProcess} from './process-table.js'
import type {Child} from './processes.js'

const ledgerName = 'children'

/** In the environment of every process of a runtime whose directory this is. */
export const markVariable = 'CRISP_DEMO_CONTAINER'

export function markOf(directory: string, containerId: string): string {
  return `${directory}/${containerId}`
}

/** Which processes run, in memory and in a file by which a later server finds what a killed one left. */
export class Children {
  readonly #directory: string
  readonly #running = new Set<Child>()
  #ending = false

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Resolves when the process is written down. */
  async add(child: Child): Promise<void> {
    this.#running.add(child)
    void child.exited.then(() => this.#running.delete(child))
    const row = await readProcess(child.leaderPid)
    if (row) await appendFile(join(this.#directory, ledgerName), `${row.pid} ${row.startedAt}\n`)
  }

  /** Kills what a container's processes have started and left behind. */
  async killRestOf(containerId: string): Promise<void> {
    if (!this.#ending) await killMarked(`${markVariable}=${markOf(this.#directory, containerId)}`)
  }

  /** At once, for a process that is about to end. */
  killNow(): void {
    for (const child of this.#running) child.kill()
  }

  /** Resolves when nothing runs any more. */
  async killAll(): Promise<void> {
    const running = [...this.#running]
    this.#ending = true
    this.killNow()
    await killMarked(`${markVariable}=${this.#directory}/`)
    await Promise.all(running.map(({exited}) => exited))
  }
}

/** Kills what a server that is gone has left running. */
export async function killOrphans(directory: string): Promise<void> {
  for (const line of (await ledgerOf(directory)).split('\n')) {
    const [pid = '', ...started] = line.split(' ')
    const row = pid === '' ? undefined : await readProcess(Number(pid))
    if (row && row.startedAt === started.join(' ')) signalProcess(-row.pid, 'SIGKILL')
  }
  await killMarked(`${markVariable}=${directory}/`)
}

async function ledgerOf(directory: string): Promise<string> {
  try {
    return await readFile(join(directory, ledgerName), 'utf8')
  } catch {
    // It never started a process.
    return ''
  }
}
