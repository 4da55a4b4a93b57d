import {UsageError} from '../../errors/errors.js'
import {nearest} from '../../text/nearest.js'
import {shellWords} from '../../text/shell-words.js'
import {type CommandLine, type Invocation, parseCommandLine} from '../argv.js'
import type {Grammar} from '../grammar.js'
import {asksForNodes} from '../nodes/where.js'

// What a tour runs: verbs against its own runtime and nothing else. Whoever types may do there as they like, but to no
// other machine, runtime or settings. A lesson may have been written by anybody, and containers of the embedded runtime
// are processes of whoever takes it, of root's perhaps: of what stands in its file, and of what is typed while it is
// taken, only what is named here runs. What is not named is refused, so that no new verb or flag opens a way.

/** Whose steps they are: our own, or those of a file. */
export type Author = 'crisp' | 'lesson'

export interface AllowedLine {
  /** `help` is a page of help, which asks nobody. */
  kind: 'command' | 'help'
  verb: string
  /** It is a command that changes nothing on the node. */
  isLook?: boolean
  /** What runs it: the very words that were looked at, every flag by its full name. */
  argv: readonly string[]
}

/** Never, in a tour: why. */
const refusedVerbs: Readonly<Record<string, string>> = {
  demo: 'the tour has a runtime of its own already',
  tour: 'this is it',
  node: 'the tour stays on this machine',
  config: 'the tour uses none of your settings',
  report: 'it would tell of this machine, not of the tour',
  doctor: 'it would look at this machine, not at the tour',
  debug: 'it needs a runtime with namespaces',
  enter: 'it needs a runtime with namespaces',
}

/** They lead to another runtime, machine or file. Of the global flags the others do no harm. */
const refusedFlags = new Set([
  ...['runtime-endpoint', 'image-endpoint', 'config', 'trace', 'trace-file', 'show-secrets'],
  ...['node', 'nodes-file', 'sudo', 'fanout', 'node-timeout', 'fold', 'serial', 'fail-fast', 'max-failures'],
  ...['node-crisp', 'node-file', 'node-mode', 'enable-tracing', 'tracing-endpoint'],
  ...['tracing-sampling-rate-per-million', 'profile-cpu', 'profile-mem', 'log-directory'],
])

/** Whether a verb may be typed at all. */
export function mayRun(verb: string, author: Author): boolean {
  return !Object.hasOwn(refusedVerbs, verb) && (author === 'crisp' || Object.hasOwn(lessonVerbs, verb))
}

/** Throws UsageError for what a tour does not run. */
export function allowedLine(line: string, author: Author, grammar: Grammar): AllowedLine {
  const [first, ...rest] = shellWords(line)
  const words = first === 'crisp' || first === 'crictl' ? rest : [first ?? '', ...rest]
  if (words.length === 0) throw new UsageError('a verb is missing, such as crisp pods')
  const invocation = parseCommandLine(words, grammar.commands, grammar.globals)
  if (invocation.kind !== 'command') return helpLine(invocation)
  const refusal = refusedVerbs[invocation.id]
  if (refusal !== undefined) throw new UsageError(`not in the tour: crisp ${invocation.id} (${refusal})`)
  for (const {flag} of invocation.given)
    if (refusedFlags.has(flag.name))
      throw new UsageError(`not in the tour: --${flag.name} (every command goes to the tour's own runtime)`)
  const command = grammar.commands.find(({id}) => id === invocation.id)
  if (asksForNodes(invocation, command, {})) throw new UsageError('not in the tour: other nodes')
  if (author === 'lesson') checkForLesson(invocation)
  return {kind: 'command', verb: invocation.id, isLook: isLook(invocation), argv: canonical(invocation)}
}

function helpLine(invocation: Exclude<Invocation, {kind: 'command'}>): AllowedLine {
  if (invocation.kind === 'version') return {kind: 'help', verb: 'help', argv: ['--version']}
  const {command, topic, inFull} = invocation
  const about = topic ?? command
  if (about === undefined) return {kind: 'help', verb: 'help', argv: ['help']}
  return {kind: 'help', verb: 'help', argv: inFull || topic ? ['help', about] : [about, '--help']}
}

function canonical({id, given, arguments: words}: CommandLine): string[] {
  return [id, ...given.map(({flag, value}) => `--${flag.name}=${value}`), '--', ...words]
}

const choosing = ['all', 'name', 'namespace', 'pod', 'image', 'state', 'failed', 'label', 'pod-label', 'id']
const newest = ['latest', 'last']
const several = ['ignore-missing', 'parallel', 'wait', 'dry-run']
const showing = ['output', 'template', 'quiet', 'verbose', 'no-trunc', 'units', 'sort', 'limit']
const everywhere = ['request-timeout', 'color']

/** The verbs of lessons, each with its flags: no other verb, no flag that names a file, an address or an account. */
export const lessonVerbs: Readonly<Record<string, readonly string[]>> = {
  call: [],
  describe: [...showing, 'tail'],
  events: [...showing, ...choosing, 'type'],
  exec: ['sync'],
  explain: ['search', 'recursive'],
  images: [...showing, 'digests', 'filter', 'pinned'],
  imagefsinfo: showing,
  info: showing,
  inspect: [...showing, ...choosing, ...newest],
  inspecti: showing,
  inspectp: [...showing, ...choosing, ...newest],
  logs: ['attempt', 'exclude', 'follow', 'grep', 'previous', 'since', 'tail', 'timestamps', 'until'],
  metricdescs: showing,
  metricsp: showing,
  pods: [...showing, ...choosing, ...newest],
  ps: [...showing, ...choosing, ...newest],
  pull: ['quiet'],
  rm: [...choosing, ...newest, ...several, 'force', 'keep-logs', 'quiet'],
  rmi: [...several, 'all', 'all-tags', 'prune'],
  rmp: [...choosing, ...newest, ...several, 'force', 'keep-logs', 'quiet'],
  run: [
    'name',
    'namespace',
    'pod',
    'detach',
    'rm',
    'quiet',
    'no-pull',
    'with-pull',
    'memory',
    'cpus',
    'env',
    'label',
    'hostname',
  ],
  restart: [...showing, ...choosing, ...newest, ...several, 'timeout', 'attempt-timeout'],
  'runtime-config': showing,
  start: [...choosing, ...newest, ...several, 'quiet'],
  stats: [...showing, ...choosing, 'watch', 'seconds'],
  statsp: [...showing, ...choosing, 'watch', 'seconds'],
  stop: [...choosing, ...newest, ...several, 'timeout', 'quiet'],
  stopp: [...choosing, ...newest, ...several, 'quiet'],
  timeline: showing,
  update: ['memory', 'cpus'],
  version: showing,
  wait: [...choosing, ...newest, 'for', 'timeout'],
}

/** They do nothing but print, wait or end. Nothing of them reads what it is given as a name of a file or a program. */
export const programs = ['echo', 'false', 'id', 'pwd', 'sleep', 'true', 'uname', 'whoami']

/** What the demo's own images read. Any other variable may change what a program does, as LD_PRELOAD and PATH do. */
export const variables = ['TICK_TEXT', 'TICK_SECONDS', 'CRASH_AFTER_SECONDS', 'CRASH_CODE', 'DATABASE']

const lookingVerbs = new Set([
  ...['describe', 'df', 'events', 'explain', 'imagefsinfo', 'images', 'info', 'inspect', 'inspecti'],
  ...['inspectp', 'jsonschema', 'logs', 'metricdescs', 'metricsp', 'pods', 'processes', 'ps'],
  ...['runtime-config', 'stats', 'statsp', 'timeline', 'top', 'version', 'wait', 'which'],
])

function isLook({id, arguments: [method = '']}: CommandLine): boolean {
  return lookingVerbs.has(id) || (id === 'call' && isLookingCall(method))
}

/** Calls that only look. */
const looking = /^(?:Version|Status|List\w+|\w+Status|\w+Stats|ImageFsInfo|RuntimeConfig)$/i

function isLookingCall(method: string): boolean {
  return looking.test(method.replace(/^\w+\./, ''))
}

function checkForLesson({id, given, arguments: words}: CommandLine): void {
  const flags = Object.hasOwn(lessonVerbs, id) ? lessonVerbs[id] : undefined
  if (!flags) {
    const guess = nearest(id, Object.keys(lessonVerbs))
    throw new UsageError(
      `not in a lesson: crisp ${id}${guess ? `; there is ${guess}` : ''} (docs/tour.md lists the verbs)`,
    )
  }
  for (const {flag, value} of given) {
    if (!flags.includes(flag.name) && !everywhere.includes(flag.name))
      throw new UsageError(`not in a lesson: --${flag.name} of crisp ${id}`)
    if (flag.name === 'output' && /^[^=]*file/.test(String(value)))
      throw new UsageError(`not in a lesson: -o ${value} (it reads a file)`)
    if (flag.name === 'env') checkVariable(String(value))
  }
  const named = words.find((word) => word.startsWith('@'))
  if (named !== undefined)
    throw new UsageError(`not in a lesson: "${named}" (it may be read as the name of a file)`)
  const objects = id === 'exec' || id === 'run' ? words.slice(0, 1) : words
  for (const word of objects) checkWord(word)
  if (id === 'exec' || id === 'run') checkProgram(words.slice(1), id)
  if (id === 'call') checkCall(words)
}

/** Names of objects, images and words of the CRI. A path would begin otherwise. */
function checkWord(word: string): void {
  if (!/^[\w][\w./:@=,+-]*$/.test(word) || word.includes('..'))
    throw new UsageError(`not in a lesson: "${word}" (names of pods, containers and images only)`)
}

function checkVariable(setting: string): void {
  const [name = ''] = setting.split('=')
  if (!setting.includes('=') || !variables.includes(name))
    throw new UsageError(
      `not in a lesson: the variable ${name} (there are ${variables.join(', ')})${didYouMean(name, variables)}`,
    )
}

function checkProgram(words: readonly string[], verb: string): void {
  const [program] = words
  if (program === undefined) {
    if (verb === 'exec') throw new UsageError('exec needs a command')
    return
  }
  if (!programs.includes(program))
    throw new UsageError(
      `not in a lesson: ${program} in a container, which is a process of this machine (there are ${programs.join(', ')})${didYouMean(program, programs)}`,
    )
}

function didYouMean(word: string, known: readonly string[]): string {
  const guess = nearest(word, known)
  return guess ? `; did you mean ${guess}?` : ''
}

function checkCall([method = '', ...fields]: readonly string[]): void {
  if (!isLookingCall(method) || !fields.every((field) => /^[\w.]+=[\w./:-]*$/.test(field)))
    throw new UsageError(
      `not in a lesson: crisp call ${[method, ...fields].join(' ')} (calls that look, with fields as NAME=VALUE)`,
    )
}
