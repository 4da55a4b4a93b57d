import type {Container, Runtime} from '../state/runtime.js'
import {processesByOwner, readProcesses} from './process-table.js'

const lookEveryMs = 500

/** Kills containers that take more memory than they may, as the kernel does with real ones. Ends with the result. */
export function watchMemory(runtime: Runtime): () => void {
  let looking = false
  const look = async (): Promise<void> => {
    const limited = runtime.containers
      .all()
      .filter((container) => container.process && limitOf(container) > 0)
    if (limited.length === 0) return
    const leaders = new Map(limited.map((container) => [container.process?.leaderPid ?? 0, container]))
    for (const [container, rows] of processesByOwner(await readProcesses(), leaders)) {
      const usedBytes = rows.reduce((sum, {residentBytes}) => sum + residentBytes, 0)
      if (usedBytes <= limitOf(container)) continue
      container.killReason = 'OOMKilled'
      container.process?.kill()
    }
  }
  const timer = setInterval(async () => {
    if (looking) return
    looking = true
    await look()
    looking = false
  }, lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}

function limitOf({resources}: Container): number {
  return Number(resources?.memoryLimitInBytes ?? 0)
}
