import {appendFile, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'
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
  readonly #pending = new Set<Promise<unknown>>()
  readonly #leftBehind = new Set<string>()
  #look: Promise<void> | undefined
  #ending = false

  constructor(directory: string) {
    this.#directory = directory
  }

  /** For what starts processes: the end waits for it. Rejects once the end has begun. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#ending) throw new StatusError(rpcCode.unavailable, 'the runtime is ending')
    return this.track(work())
  }

  /** The end waits for it. */
  async track<Result>(work: Promise<Result>): Promise<Result> {
    this.#pending.add(work)
    try {
      return await work
    } finally {
      this.#pending.delete(work)
    }
  }

  /** Resolves when the process is written down. */
  async add(child: Child): Promise<void> {
    this.#running.add(child)
    void child.exited.then(() => this.#running.delete(child))
    const row = await readProcess(child.leaderPid)
    if (row) await appendFile(join(this.#directory, ledgerName), `${row.pid} ${row.startedAt}\n`)
  }

  /**
   * Kills what the processes of a container that has ended have started and left behind. All processes of the machine
   * are looked at for that: once for all containers that end at the same time, and past those that are known.
   */
  killRestOf(containerId: string): Promise<void> {
    this.#leftBehind.add(`${markVariable}=${markOf(this.#directory, containerId)}`)
    this.#look ??= new Promise((resolve) => setImmediate(() => resolve(this.#lookOnce())))
    return this.#look
  }

  #lookOnce(): void {
    const marks = [...this.#leftBehind]
    this.#leftBehind.clear()
    this.#look = undefined
    const known = [...this.#running].flatMap(({pid, leaderPid}) => [pid, leaderPid])
    if (!this.#ending) killMarked(marks, new Set(known))
  }

  /** At once, for a process that is about to end. */
  killNow(): void {
    for (const child of this.#running) child.kill()
    killMarked([`${markVariable}=${this.#directory}/`])
  }

  /** Resolves when nothing runs any more and nothing is being written. */
  async killAll(): Promise<void> {
    this.#ending = true
    // What is being started now is in the second round.
    do {
      const running = [...this.#running].map(({exited}) => exited)
      this.killNow()
      await Promise.allSettled([...running, ...this.#pending])
    } while (this.#running.size + this.#pending.size > 0)
  }
}

/** Kills what a server that is gone has left running. */
export async function killOrphans(directory: string): Promise<void> {
  for (const line of (await ledgerOf(directory)).split('\n')) {
    const [pid = '', ...started] = line.split(' ')
    const row = pid === '' ? undefined : await readProcess(Number(pid))
    if (row && row.startedAt === started.join(' ')) signalProcess(-row.pid, 'SIGKILL')
  }
  killMarked([`${markVariable}=${directory}/`])
}

async function ledgerOf(directory: string): Promise<string> {
  try {
    return await readFile(join(directory, ledgerName), 'utf8')
  } catch {
    // It never started a process.
    return ''
  }
}
