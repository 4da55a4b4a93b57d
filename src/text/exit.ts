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

/** Reasons that say no more than the exit code does. */
const plainReasons = new Set(['', 'Completed', 'Error'])

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
  if (reason === 'OOMKilled') return `killed, out of memory (${exitCode})`
  const signal = signalNames[exitCode - 128]
  const code = `exited with ${exitCode}${signal ? ` (${signal})` : ''}`
  if (plainReasons.has(reason)) return code
  const [first = ''] = message.trim().split('\n')
  return `${code}, ${reason}${first ? `: ${first}` : ''}`
}
