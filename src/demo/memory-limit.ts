import {belongingTo, readProcesses} from './process-table.js'
import type {Child} from './processes.js'
import type {Container} from './runtime.js'

const lookEveryMs = 250

/** Kills a container that takes more memory than it may, as the kernel does with a real one. */
export function watchMemory(container: Container, child: Child): () => void {
  const look = async (): Promise<void> => {
    const limitBytes = Number(container.resources?.memoryLimitInBytes ?? 0)
    if (limitBytes <= 0) return
    const used = belongingTo(await readProcesses(), new Set([child.leaderPid]))
    if (used.reduce((sum, {residentBytes}) => sum + residentBytes, 0) <= limitBytes) return
    container.killReason = 'OOMKilled'
    child.kill()
  }
  const timer = setInterval(() => {
    if (Number(container.resources?.memoryLimitInBytes ?? 0) > 0) void look()
  }, lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
