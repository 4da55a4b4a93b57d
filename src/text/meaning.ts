/**
 * What a word says of how something is: `failed` what has gone wrong, `warning` what is about to, `running` what works,
 * `ended` what is over and well, or beside the point. A colour says one of these, and never more than the word beside it.
 */
export type Meaning = 'failed' | 'warning' | 'running' | 'ended'

/** Text in the colour of what it says; as it is where nothing is coloured. */
export type Paint = (meaning: Meaning | undefined, text: string) => string

export const unpainted: Paint = (_, text) => text

/** Of its limit. */
export const nearLimit = 0.9

const states: Readonly<Record<string, Meaning>> = {
  Running: 'running',
  Ready: 'running',
  NotReady: 'warning',
  Exited: 'ended',
  Unknown: 'failed',
  OOMKilled: 'failed',
  FALSE: 'failed',
}

const severities: Readonly<Record<string, Meaning>> = {
  ok: 'running',
  warning: 'warning',
  broken: 'failed',
  failed: 'failed',
}

/** Of a cell in a table, under this title. */
export function cellMeaning(title: string, text: string): Meaning | undefined {
  if (text === '' || text === '-') return undefined
  switch (title) {
    case 'STATE':
    case 'STATUS':
    case 'USE':
      return stateMeaning(text)
    case 'SEVERITY':
    case 'RESULT':
      return severities[text]
    case 'REASON':
      return text === 'Completed' ? 'ended' : 'failed'
    case 'EXIT':
      return text === '0' ? 'ended' : 'failed'
    case 'WHAT':
      return momentMeaning(text)
    case 'DIFFERS':
      return 'warning'
    case 'CPU % OF LIMIT':
    case 'MEM % OF LIMIT':
      return Number(text) >= nearLimit * 100 ? 'warning' : undefined
    default:
      return undefined
  }
}

/** Of `Running`, `Exited (137, OOMKilled)`, `Ready, CrashLoop 6×`. */
function stateMeaning(text: string): Meaning | undefined {
  if (/\bCrashLoop\b|\bExited \((?!0\b)/.test(text)) return 'failed'
  return states[/^\w*/.exec(text)?.[0] ?? '']
}

/** Of what became of a container, as timeline says it: `started, attempt 2`, `exited with 1`, `killed, out of memory (137)`. */
function momentMeaning(text: string): Meaning | undefined {
  if (text.startsWith('started')) return text.includes(', attempt') ? 'warning' : 'running'
  if (/^exited with 0\b|^ended/.test(text)) return 'ended'
  return /^(?:exited with|killed|out of memory|Error)\b/.test(text) ? 'failed' : undefined
}

/** Of a container that has ended. */
export function endingMeaning({exitCode}: {exitCode: number}): Meaning {
  return exitCode === 0 ? 'ended' : 'failed'
}
