import type {CommandSpec, FlagSpec} from '../argv.js'
import type {GlobalFlags} from '../settings/settings.js'

// Which word of a half-typed command line is being completed, and with what. Pure, over the manifest: unlike argv.ts
// it takes any line, however wrong, because a line is wrong for as long as it is being typed.

/** What can stand at a place: fixed words, or things that have to be looked up. */
export type Completes =
  | readonly string[]
  | 'container'
  | 'running-container'
  | 'created-container'
  | 'container-path'
  | 'pod'
  | 'ready-pod'
  | 'image'
  | 'namespace'
  | 'file'
  | 'socket'
  | 'verb'

export interface CompletableFlag extends FlagSpec {
  description?: string
  hidden?: boolean
  complete?: Completes
}

export interface CompletableCommand extends CommandSpec {
  summary: string
  hidden?: boolean
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
}

interface Line {
  command?: CompletableCommand | undefined
  help: boolean
  flags: readonly CompletableFlag[]
  given: Set<string>
  values: Map<string, string>
  arguments: string[]
  flagsEnded: boolean
  /** The flag whose value comes next. */
  open?: CompletableFlag | undefined
}

/** `words` are those behind the program's name up to the cursor, the last one being typed and possibly empty. */
export function positionOf(
  words: readonly string[],
  commands: readonly CompletableCommand[],
  globals: readonly CompletableFlag[],
): Position {
  const line: Line = {
    help: false,
    flags: globals,
    given: new Set(),
    values: new Map(),
    arguments: [],
    flagsEnded: false,
  }
  for (const word of words.slice(0, -1)) read(word, line, commands, globals)
  const current = words.at(-1) ?? ''
  const place = placeOf(current, line, commands)
  return {
    kept: place.kept ?? '',
    part: current.slice(place.kept?.length ?? 0),
    taken: line.arguments,
    globals: typedGlobals(line),
    ...wanted(place, current.slice(place.kept?.length ?? 0), commands),
  }
}

interface Place {
  kept?: string
  completes?: Completes | undefined
  /** Names of flags are wanted. */
  flags?: readonly CompletableFlag[]
}

function read(
  word: string,
  line: Line,
  commands: readonly CompletableCommand[],
  globals: readonly CompletableFlag[],
): void {
  if (line.open) {
    line.values.set(line.open.name, word)
    line.open = undefined
  } else if (!line.flagsEnded && word === '--') line.flagsEnded = true
  else if (!line.flagsEnded && word.startsWith('-') && word !== '-') readFlag(word, line)
  else if (line.command || line.help) {
    const inner = line.arguments.length === 0 && commandUnder(line.command, word, commands)
    if (inner) enter(inner, line, globals)
    line.arguments.push(inner ? inner.id : word)
    if (line.arguments.length === Number(line.command?.argumentsEndFlags)) line.flagsEnded = true
  } else if (word === 'help' || word === 'h') line.help = true
  else {
    const command = commands.find(({id, aliases}) => id === word || aliases.includes(word))
    if (command) enter(command, line, globals)
    // An unknown verb has no arguments that could be known.
    else line.flagsEnded = line.help = true
  }
}

function enter(command: CompletableCommand, line: Line, globals: readonly CompletableFlag[]): void {
  line.command = command
  line.flags = [...command.flags, ...unshadowed(globals, command.flags)]
}

function commandUnder(
  outer: CompletableCommand | undefined,
  word: string,
  commands: readonly CompletableCommand[],
): CompletableCommand | undefined {
  return commands.find(
    ({id, aliases, under}) => outer && under?.includes(outer.id) && (id === word || aliases.includes(word)),
  )
}

function readFlag(word: string, line: Line): void {
  const [, name = '', , value] = /^--?([^=]*)(=(.*))?$/s.exec(word) ?? []
  const flag =
    flagNamed(name, line.flags) ?? (word.startsWith('--') ? undefined : lastOfCluster(name, line.flags))
  if (!flag) return
  line.given.add(flag.name)
  if (flag.type === 'boolean') return
  if (value === undefined) line.open = flag
  else line.values.set(flag.name, value)
}

/** `-it` is two flags, and `-no` one whose value comes next; in `-ojson` the value is there already. */
function lastOfCluster(letters: string, flags: readonly CompletableFlag[]): CompletableFlag | undefined {
  for (const [index, letter] of [...letters].entries()) {
    const flag = flags.find(({char}) => char === letter)
    if (!flag) return undefined
    if (index === letters.length - 1) return flag
    if (flag.type === 'option') return undefined
  }
  return undefined
}

function flagNamed(name: string, flags: readonly CompletableFlag[]): CompletableFlag | undefined {
  return flags.find((flag) => flag.name === name || flag.aliases?.includes(name))
}

function unshadowed(globals: readonly CompletableFlag[], own: readonly CompletableFlag[]): CompletableFlag[] {
  const letters = new Set(own.map(({char}) => char))
  const names = new Set(own.flatMap(({name, aliases}) => [name, ...(aliases ?? [])]))
  return globals.map((flag) => ({
    ...flag,
    char: letters.has(flag.char) ? undefined : flag.char,
    aliases: flag.aliases?.filter((alias) => !names.has(alias)),
  }))
}

function placeOf(current: string, line: Line, commands: readonly CompletableCommand[]): Place {
  if (line.open) return {completes: line.open.complete}
  if (!line.flagsEnded && current.startsWith('-')) {
    const [, kept, name = ''] = /^(--?([^=]+)=)/.exec(current) ?? []
    if (kept !== undefined) return {kept, completes: flagNamed(name, line.flags)?.complete}
    const open = line.flags.filter(
      ({name, multiple, hidden}) => !hidden && (multiple || !line.given.has(name)),
    )
    return {flags: open}
  }
  if (line.command) return {completes: argumentAt(line.arguments.length, line.command)?.complete}
  if (line.help)
    return {completes: line.arguments.length === 0 && commands.length > 0 && !line.flagsEnded ? 'verb' : []}
  return {completes: 'verb'}
}

function argumentAt(
  index: number,
  {arguments: args}: CompletableCommand,
): CompletableCommand['arguments'][number] | undefined {
  const last = args.at(-1)
  return args[index] ?? (last?.multiple ? last : undefined)
}

function wanted(
  {completes, flags}: Place,
  part: string,
  commands: readonly CompletableCommand[],
): Pick<Position, 'candidates' | 'lookup'> {
  if (flags) {
    const words = flags.map(({name, description}) => candidate(`--${name}`, description))
    return {candidates: beginning(words, part)}
  }
  if (completes === undefined) return {candidates: []}
  if (completes === 'verb') {
    const verbs = commands.filter(({hidden}) => !hidden).map(({id, summary}) => candidate(id, summary))
    return {candidates: beginning([...verbs, candidate('help', 'Show how a command is used')], part)}
  }
  if (typeof completes === 'string') return {candidates: [], lookup: completes}
  if (completes.some((word) => word.endsWith('-file=') && part.startsWith(word)))
    return {candidates: [], lookup: 'file'}
  return {
    candidates: beginning(
      completes.map((word) => candidate(word)),
      part,
    ),
  }
}

function candidate(word: string, hint?: string): Candidate {
  return hint === undefined ? {word} : {word, hint}
}

function beginning(candidates: readonly Candidate[], part: string): Candidate[] {
  return candidates.filter(({word}) => word.startsWith(part))
}

function typedGlobals({values}: Line): GlobalFlags {
  return {
    config: values.get('config'),
    'runtime-endpoint': values.get('runtime-endpoint'),
    'image-endpoint': values.get('image-endpoint'),
  }
}
