const signalNames: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
}

const oomKilled = 'OOMKilled'
const killedCode = 128 + 9

/** Whether the container itself was ended so, and no process in it long before. */
export function isOutOfMemory({exitCode, reason}: {exitCode: number; reason: string}): boolean {
  return reason === oomKilled && exitCode === killedCode
}

/** Reasons that say no more than the exit code does. */
const plainReasons = new Set(['', 'Completed', 'Error'])

/**
 * The reason as the runtime gives it, as far as it is true: runtimes read OOMKilled from a counter of the whole cgroup
 * that never falls, also when another process was killed long before. Only SIGKILL ends a container that way.
 */
export function reasonText({exitCode, reason}: {exitCode: number; reason: string}): string {
  return reason === oomKilled && exitCode !== killedCode ? `${oomKilled} (a process in it)` : reason
}

/** The same in a cell of a table: `Exited (0)`, `Exited (137, OOMKilled)`, `Exited (128, StartError)`. */
export function endedState({exitCode, reason}: {exitCode: number; reason: string}): string {
  const isPlain = plainReasons.has(reason) || (reason === oomKilled && exitCode !== killedCode)
  return `Exited (${exitCode}${isPlain ? '' : `, ${reason}`})`
}

/** Of a container that fails again and again. */
export function loopState(failures: number): string {
  return `CrashLoop ${failures}×`
}

/** How a container ended: `exited with 143 (SIGTERM)`, `killed, out of memory (137)`, `exited with 128, StartError: …`. */
export function exitText({
  exitCode,
  reason,
  message,
}: {
  exitCode: number
  reason: string
  message: string
}): string {
  if (isOutOfMemory({exitCode, reason})) return `killed, out of memory (${exitCode})`
  const signal = signalNames[exitCode - 128]
  const code = `exited with ${exitCode}${signal ? ` (${signal})` : ''}`
  if (reason === oomKilled) return `${code}; a process in it was OOM-killed at some time`
  if (plainReasons.has(reason)) return code
  const [first = ''] = message.trim().split('\n')
  return `${code}, ${reason}${first ? `: ${first}` : ''}`
}
