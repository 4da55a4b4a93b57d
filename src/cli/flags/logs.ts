import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import {UsageError} from '../../errors/errors.js'
import type {LogRequest, LogSearch} from '../../log-session/request.js'
import type {LineFilter} from '../../logs/lines.js'
import type {StreamIndex} from '../../logs/record.js'
import type {WantedAttempt} from '../../node/log-targets.js'
import {parseInteger} from '../../text/integer.js'
import {isCrictlMode, programName} from '../../text/program.js'
import {parseWhen} from '../../text/when.js'
import {choiceFlag, integerFlag, pairsFlag, regexpFlag, valueFlag} from './types.js'

const which = {helpGroup: 'WHICH LOGS'}
const part = {helpGroup: 'WHICH LINES'}
const match = {helpGroup: 'SEARCH'}
const shape = {helpGroup: 'OUTPUT'}

const timeFlag = valueFlag((text) => parseWhen(text, Date.now()), {helpValue: 'TIME'})
const attemptFlag = valueFlag((text) => (text === 'all' ? text : parseInteger(text)), {helpValue: 'N|all'})
const streamFlag = choiceFlag<StreamIndex>({stdout: 0, stderr: 1})
const formatFlag = choiceFlag<LogRequest['format']>({text: 'text', raw: 'raw', json: 'json'})

export const logFlags = {
  label: pairsFlag({
    char: 'l',
    ...which,
    description: 'containers that have this label, or whose pod has it; all of several must match',
  }),
  'pod-label': pairsFlag({...which, description: 'containers of pods that have this label'}),
  namespace: regexpFlag({...which, description: 'containers of namespaces that match'}),
  name: regexpFlag({...which, description: 'containers whose name matches'}),
  pod: Flags.string({...which, helpValue: 'POD', description: 'containers of this pod'}),
  attempt: attemptFlag({
    ...which,
    description: 'this attempt (restart) instead of the newest, or all in turn',
  }),
  previous: Flags.boolean({char: 'p', ...which, description: 'the attempt before the newest'}),

  follow: Flags.boolean({
    char: 'f',
    ...part,
    description: 'follow new lines, and the next attempt',
  }),
  once: Flags.boolean({...part, description: 'with -f: end when the container ends'}),
  tail: integerFlag({char: 'n', ...part, description: 'the last N lines of each container; 0: none'}),
  since: timeFlag({
    ...part,
    description: 'from this time on: 10m, 14:00, "yesterday 14:00", 2026-01-02, 2026-01-02T13:00:00Z',
  }),
  until: timeFlag({...part, description: 'up to this time'}),
  stream: streamFlag({
    char: 's',
    ...part,
    helpValue: 'NAME',
    description: 'only stdout, or only stderr',
  }),
  'limit-bytes': integerFlag({...part, description: 'at most N bytes in all'}),

  grep: regexpFlag({
    ...match,
    multiple: true,
    description: 'only lines that match; any of several is enough',
  }),
  exclude: regexpFlag({...match, multiple: true, description: 'leave out lines that match'}),
  'after-context': integerFlag({char: 'A', ...match, description: 'also N lines after each match'}),
  'before-context': integerFlag({char: 'B', ...match, description: 'also N lines before each match'}),
  context: integerFlag({char: 'C', ...match, description: 'both'}),

  timestamps: Flags.boolean({char: 't', ...shape, description: 'print the time before each line'}),
  prefix: Flags.boolean({
    ...shape,
    description: "print the container's name before each line, also for a single one",
  }),
  output: formatFlag({
    char: 'o',
    ...shape,
    helpValue: 'FORMAT',
    default: 'text',
    description: 'text, raw (never a prefix or a colour) or json (an object a line)',
  }),
  reopen: Flags.boolean({
    char: 'r',
    description: 'first let the runtime reopen its log files, as after a rotation',
  }),
}

type LogFlags = Interfaces.InferredFlags<typeof logFlags>

/** What the words and flags ask for. Throws UsageError for what does not go together. */
export function logRequest(references: readonly string[], flags: LogFlags): LogRequest {
  const {'limit-bytes': limitBytes = -1} = flags
  const {label, 'pod-label': podLabel, namespace, name, pod} = flags
  const select = [label, podLabel, namespace, name, pod].some((value) => value !== undefined)
  if (!select && references.length === 0)
    throw new UsageError(
      `which container? ${programName()} logs web, or -l app=web (${programName()} ps -a lists them)`,
    )
  if (select && references.length > 0)
    throw new UsageError(
      `"${references[0]}" can't be used together with --label, --pod-label, --namespace, --name or --pod`,
    )
  return {
    references,
    selector: select ? {labels: label, podLabels: podLabel, namespace, name, pod} : undefined,
    attempt: attemptOf(flags),
    reopen: flags.reopen,
    follow: flags.follow,
    once: flags.once || isCrictlMode(),
    tail: flags.tail,
    filter: filterOf(flags),
    limitBytes: limitBytes < 0 ? Number.POSITIVE_INFINITY : limitBytes,
    grep: grepOf(flags),
    timestamps: flags.timestamps,
    prefix: flags.prefix,
    format: flags.output,
  }
}

function attemptOf({attempt, previous, follow}: LogFlags): WantedAttempt {
  if (attempt !== undefined && previous) throw new UsageError("--previous and --attempt can't both be given")
  const wanted = previous ? 'previous' : attempt
  if (wanted === undefined) return 'newest'
  if (follow && wanted !== 'all')
    throw new UsageError('-f follows the newest attempt: leave out --previous or --attempt')
  return wanted
}

function filterOf({stream, since, until, follow}: LogFlags): LineFilter {
  if (until !== undefined && follow) throw new UsageError("--until can't be used with -f, which has no end")
  return {stream, since, until}
}

function grepOf(flags: LogFlags): LogSearch | undefined {
  const {grep = [], exclude = [], context = 0} = flags
  const before = flags['before-context'] ?? context
  const after = flags['after-context'] ?? context
  if (grep.length === 0 && exclude.length === 0) {
    if (before > 0 || after > 0) throw new UsageError('-A, -B and -C need --grep')
    return undefined
  }
  return {
    include: grep,
    exclude,
    before: Math.max(0, before),
    after: Math.max(0, after),
  }
}
