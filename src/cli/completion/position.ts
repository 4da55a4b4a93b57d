import {
  type CommandLine,
  type CommandSpec,
  effectiveLine,
  type FlagSpec,
  type Given,
  givenValue,
  helpTopics,
  isHelpWord,
  type Line,
  readLine,
} from '../argv.js'
import type {GlobalFlags} from '../flags/common.js'

// Which word of a half-typed command line is being completed, and with what. Pure, over the manifest: whatever argv.ts
// finds wrong with the line is left aside, because a line is wrong for as long as it is being typed.

/** What can stand at a place: fixed words, or things that have to be looked up. */
export type Completes =
  | readonly string[]
  | 'container'
  | 'running-container'
  | 'created-container'
  | 'container-path'
  | 'container-or-pod'
  | 'pod'
  | 'ready-pod'
  | 'image'
  | 'namespace'
  | 'node'
  | 'file'
  | 'socket'
  | 'known-node'
  | 'request-field'
  | 'verb'

export interface CompletableFlag extends FlagSpec {
  description?: string
  hidden?: boolean
  complete?: Completes
}

export interface CompletableCommand extends CommandSpec {
  summary: string
  flags: readonly CompletableFlag[]
  arguments: readonly {name: string; multiple?: boolean; complete?: Completes}[]
}

export interface Candidate {
  word: string
  /** A few words that some shells show beside it. */
  hint?: string
}

export interface Position {
  /** Of the current word: what stays as typed (`--output=`), and the part that is completed. */
  kept: string
  part: string
  /** Words that are known, all that begin with `part`. */
  candidates: Candidate[]
  /** What else may stand here. */
  lookup?: Exclude<Completes, readonly string[] | 'verb'>
  /** Arguments typed already, not worth offering again. */
  taken: readonly string[]
  /** Global flags typed so far: they say which runtime to ask. */
  globals: GlobalFlags
  /** What is typed so far: it may be for other nodes. */
  line: CommandLine
  command: CompletableCommand | undefined
  /** Which argument of the command the word is; undefined where it is none. */
  argument: number | undefined
}

/** `words` are those behind the program's name up to the cursor, the last one being typed and possibly empty. */
export function positionOf(
  words: readonly string[],
  commands: readonly CompletableCommand[],
  globals: readonly CompletableFlag[],
): Position {
  const current = words.at(-1) ?? ''
  const line = readLine(words.slice(0, -1), commands, globals)
  const {open, flagsEnded} = line.after ?? line.before
  const [kept = ''] = (!open && !flagsEnded && /^--?[^=]+=/.exec(current)) || []
  const place =
    kept === ''
      ? placeOf(current, line)
      : openValue(readLine([...words.slice(0, -1), kept.slice(0, -1)], commands, globals))
  return {
    kept,
    part: current.slice(kept.length),
    taken: line.after?.arguments ?? [],
    globals: runtimeFlags(line.given),
    line: effectiveLine(line),
    command: line.command,
    argument: place.argument,
    ...completionsAt(place, current.slice(kept.length), commands),
  }
}

/** Those that say which runtime is asked. */
export function runtimeFlags(given: readonly Given[]): GlobalFlags {
  return Object.fromEntries(
    ['config', 'runtime-endpoint', 'image-endpoint'].map((name) => [name, givenValue(given, name)]),
  )
}

interface Place {
  completes?: Completes | undefined
  /** What may stand there too. */
  others?: readonly string[]
  /** Names of flags are wanted. */
  flags?: readonly CompletableFlag[]
  argument?: number
}

function placeOf(current: string, line: Line<CompletableCommand>): Place {
  const {before, verb, rest, command, after, given} = line
  const {open, flagsEnded, arguments: words, ...reading} = after ?? before
  if (open) return openValue(line)
  if (verb !== undefined && !command)
    return isHelpWord(verb) && rest.length === 0 ? {completes: 'verb', others: helpTopics} : {completes: []}
  if (!flagsEnded && current.startsWith('-')) {
    const flags: readonly CompletableFlag[] = reading.flags
    const names = new Set(given.map(({flag: {name}}) => name))
    return {flags: flags.filter(({name, multiple, hidden}) => !hidden && (multiple || !names.has(name)))}
  }
  if (!command) return {completes: 'verb'}
  return {completes: argumentAt(words.length, command)?.complete, argument: words.length}
}

/** Of the flag at the line's end; of one that may stand without a value, the one that was given last. */
function openValue({before, after}: Line<CompletableCommand>): Place {
  const {open, given} = after ?? before
  const flag: CompletableFlag | undefined =
    open?.flag ?? given.findLast(({flag: {bare}}) => bare !== undefined)?.flag
  return {completes: flag?.complete}
}

function argumentAt(
  index: number,
  {arguments: args}: CompletableCommand,
): CompletableCommand['arguments'][number] | undefined {
  const last = args.at(-1)
  return args[index] ?? (last?.multiple ? last : undefined)
}

function completionsAt(
  {completes, others = [], flags}: Place,
  part: string,
  commands: readonly CompletableCommand[],
): Pick<Position, 'candidates' | 'lookup'> {
  if (flags) {
    const words = flags.flatMap(({name, description, allowNo}) => [
      candidate(`--${name}`, description),
      // Only who asks for it: it is in the way otherwise.
      ...(allowNo && part.startsWith('--no') ? [candidate(`--no-${name}`, description)] : []),
    ])
    return {candidates: filterByPrefix(words, part)}
  }
  if (completes === undefined) return {candidates: []}
  if (completes === 'verb') {
    const verbs = commands.map(({id, summary}) => candidate(id, summary))
    const words = [
      ...verbs,
      candidate('help', 'Show how a command is used'),
      ...others.map((word) => ({word})),
    ]
    return {candidates: filterByPrefix(words, part)}
  }
  if (typeof completes === 'string') return {candidates: [], lookup: completes}
  if (completes.some((word) => word.endsWith('-file=') && part.startsWith(word)))
    return {candidates: [], lookup: 'file'}
  return {
    candidates: filterByPrefix(
      completes.map((word) => candidate(word)),
      part,
    ),
  }
}

function candidate(word: string, hint?: string): Candidate {
  return hint === undefined ? {word} : {word, hint}
}

function filterByPrefix(candidates: readonly Candidate[], part: string): Candidate[] {
  return candidates.filter(({word}) => word.startsWith(part))
}
