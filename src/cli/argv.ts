import {UsageError} from '../errors/errors.js'
import {nearest} from '../text/nearest.js'
import {programName} from '../text/program.js'

// crictl's command lines are Go's: `-flag` and `--flag` are one, and so are `-f` and `--f`; booleans take `=false`, the
// last of a repeated flag wins, an empty text is as good as none, global flags stand before the verb and behind it. Only this file knows; whoever else wants to know what stands
// on a line, asks it.

export interface FlagSpec {
  name: string
  type: 'boolean' | 'option'
  char?: string | undefined
  aliases?: readonly string[] | undefined
  /** All of them count, not only the last. */
  multiple?: boolean | undefined
  /** Off is not the same as absent: it goes before what the settings file says, and is also written `--no-NAME`. */
  allowNo?: boolean | undefined
  /** Nothing is a value of its own, or a mistake as for a number; of all others it means that the flag is not given. */
  takesEmpty?: boolean | undefined
  /** What it is given where no value is glued to it: the next word is never its value. */
  bare?: string | undefined
}

export interface CommandSpec {
  id: string
  aliases: readonly string[]
  flags: readonly FlagSpec[]
  /** The first argument ends the flags, as in `exec CONTAINER ls -l`; or the one of this number. */
  argumentsEndFlags?: boolean | number
  /** Verbs whose first argument may be this command's name: `runp jsonschema` is `jsonschema runp`. */
  under?: readonly string[]
}

export type Invocation = (
  | {kind: 'version'}
  | ({kind: 'help'} & HelpRequest)
  | ({kind: 'command'} & CommandLine)
) & {
  /** What was given for --color, which counts before a command is there. */
  colour?: string
}

/** Help on a command, in full or in brief; on a topic; or on the whole in brief. */
export interface HelpRequest {
  command?: string
  inFull?: boolean
  topic?: HelpTopic
}

export const helpTopics = ['all', 'connecting', 'exit-codes', 'names', 'output'] as const
export type HelpTopic = (typeof helpTopics)[number]

/** A command line that is understood: every flag under its own name, however it was written. */
export interface CommandLine {
  id: string
  given: readonly Given[]
  /** Flags that were given as an empty text, which counts for none. */
  empty: readonly string[]
  arguments: readonly string[]
}

export interface Given {
  flag: FlagSpec
  /** Of a switch whether it is on. */
  value: string | boolean
}

export function parseCommandLine(
  argv: readonly string[],
  commands: readonly CommandSpec[],
  globals: readonly FlagSpec[],
): Invocation {
  const line = readLine(argv, commands, globals)
  const invocation = invocationOf(line, commands)
  const colour = givenValue(line.given, 'color')
  return typeof colour === 'string' && colour !== '' ? {...invocation, colour} : invocation
}

function invocationOf(
  {before, verb, rest, command, after, given}: Line<CommandSpec>,
  commands: readonly CommandSpec[],
): Invocation {
  check(before)
  if (before.help) return helpFor(verb, commands)
  if (before.version) return {kind: 'version'}
  if (verb === undefined) return {kind: 'help'}
  if (isHelpWord(verb))
    return helpFor(
      rest.find((word) => !word.startsWith('-')),
      commands,
      true,
    )
  if (!command || !after) throw unknownCommand([verb, ...rest], commands)
  check(after)
  // `crisp ps help`; whatever is really called help is named behind `--`.
  if (after.help || (rest.length === 1 && isHelpWord(rest[0]))) return {kind: 'help', command: command.id}
  return {kind: 'command', ...effectiveLine({command, after, given})}
}

/** What counts of a line. */
export function effectiveLine({
  command,
  after,
  given,
}: Pick<Line<CommandSpec>, 'command' | 'after' | 'given'>): CommandLine {
  const effective = keepEffective(given)
  const empty = given
    .filter(({flag, value}) => value === '' && !effective.some((other) => other.flag === flag))
    .map(({flag}) => flag.name)
  return {id: command?.id ?? '', given: effective, empty, arguments: after?.arguments ?? []}
}

/** What oclif's parser understands: `--name` or `--name=value` for every flag, then the arguments behind `--`. */
export function parserWords({given, arguments: words}: CommandLine): string[] {
  const flags = given.map(({flag: {name}, value}) => {
    if (typeof value === 'string') return `--${name}=${value}`
    return value ? `--${name}` : `--no-${name}`
  })
  return [...flags, '--', ...words]
}

/** What was given for a flag that is wanted before oclif's parser has run; the last one counts. */
export function givenValue(given: readonly Given[], name: string): Given['value'] | undefined {
  return given.findLast(({flag}) => flag.name === name)?.value
}

/** The same of a flag that takes a text; undefined for an empty one, too. */
export function givenText({given}: Pick<CommandLine, 'given'>, name: string): string | undefined {
  const value = givenValue(given, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The globals as they are behind a verb: without the letters and other names that its own flags have. */
export function globalsAfter<Flag extends FlagSpec>(
  own: readonly FlagSpec[],
  globals: readonly Flag[],
): Flag[] {
  const letters = new Set(own.map(({char}) => char))
  const names = new Set(own.flatMap(namesOf))
  return globals.map((flag) => ({
    ...flag,
    char: letters.has(flag.char) ? undefined : flag.char,
    aliases: flag.aliases?.filter((alias) => !names.has(alias)),
  }))
}

/** A command line as far as it can be understood, wrong or half-typed as it may be. */
export interface Line<Command> {
  /** Up to the verb. */
  before: Reading
  verb: string | undefined
  /** All that follows the verb. */
  rest: readonly string[]
  command?: Command
  after?: Reading
  /** Before and after. */
  given: readonly Given[]
}

export interface Reading {
  /** Those that may stand here. */
  flags: readonly FlagSpec[]
  given: Given[]
  arguments: string[]
  help: boolean
  version: boolean
  /** Nothing that follows is a flag. */
  flagsEnded: boolean
  /** A flag at the end, without its value. */
  open?: {flag: FlagSpec; word: string}
  /** The first thing that is wrong. */
  problem?: UsageError
}

export function readLine<Command extends CommandSpec>(
  argv: readonly string[],
  commands: readonly Command[],
  globals: readonly FlagSpec[],
): Line<Command> {
  const before = new Reader(globals).read(argv, 1)
  const [verb, ...rest] = before.arguments
  const outer = findCommand(verb, commands)
  if (!outer) return {before, verb, rest, given: before.given}
  const inner = findCommand(
    rest[0],
    commands.filter(({under}) => under?.includes(outer.id)),
  )
  const command = inner ?? outer
  const words = inner ? [outer.id, ...rest.slice(1)] : rest
  const flags = [...command.flags, ...globalsAfter(command.flags, globals)]
  const after = new Reader(flags, verb).read(words, Number(command.argumentsEndFlags ?? 0))
  return {before, verb, rest, command, after, given: [...before.given, ...after.given]}
}

/** `crisp help`; `-h` is a flag. */
export function isHelpWord(word: string | undefined): boolean {
  return word === 'help' || word === 'h'
}

function findCommand<Command extends CommandSpec>(
  name: string | undefined,
  commands: readonly Command[],
): Command | undefined {
  return commands.find(({id, aliases}) => id === name || aliases.includes(name ?? ''))
}

function helpFor(name: string | undefined, commands: readonly CommandSpec[], inFull = false): Invocation {
  if (name === undefined) return {kind: 'help'}
  const command = findCommand(name, commands)
  if (command) return {kind: 'help', command: command.id, ...(inFull && {inFull})}
  const topic = helpTopics.find((known) => known === name)
  if (!topic) throw unknownCommand([name], commands, helpTopics)
  return {kind: 'help', topic}
}

function check({problem, open}: Reading): void {
  if (problem) throw problem
  if (open) throw new UsageError(`${open.word} needs a value`)
}

/**
 * Last one wins, except for flags that collect. A switch that is off is as good as absent, but for `allowNo`; so is an
 * empty text, but for `takesEmpty`.
 */
function keepEffective(given: readonly Given[]): Given[] {
  return given.filter(({flag, value}, index) => {
    const last = given.findLastIndex((other) => other.flag.name === flag.name)
    const counts = (value !== false || flag.allowNo) && (value !== '' || flag.takesEmpty)
    return counts && (flag.multiple || last === index)
  })
}

/** Reads the words before a verb, or those behind it. */
class Reader {
  readonly #verb: string | undefined
  readonly #reading: Reading
  #rest: string[] = []

  constructor(flags: readonly FlagSpec[], verb?: string) {
    this.#verb = verb
    this.#reading = {flags, given: [], arguments: [], help: false, version: false, flagsEnded: false}
  }

  /** The argument of the number `lastArgument` ends the flags; 0 for none. */
  read(words: readonly string[], lastArgument: number): Reading {
    const reading = this.#reading
    this.#rest = [...words]
    for (let word = this.#rest.shift(); word !== undefined; word = this.#rest.shift()) {
      if (reading.flagsEnded) reading.arguments.push(word)
      else if (word === '--') reading.flagsEnded = true
      else if (!word.startsWith('-') || word === '-')
        reading.flagsEnded = reading.arguments.push(word) === lastArgument
      else if (this.#asksForHelp(word)) reading.help = true
      else if (this.#verb === undefined && /^--?(v|version)$/.test(word)) reading.version = true
      else this.#readFlags(word)
    }
    return reading
  }

  #asksForHelp(word: string): boolean {
    return /^--?help$/.test(word) || (/^--?h$/.test(word) && this.#withLetter('h') === undefined)
  }

  /** One word of flags: a long one, or letters together. */
  #readFlags(word: string): void {
    const [, dashes = '', name = '', , value] = /^(--?)([^=]*)(=(.*))?$/s.exec(word) ?? []
    const whole = this.#reading.flags.find((flag) => namesOf(flag).includes(name)) ?? this.#withLetter(name)
    const off = dashes === '--' && value === undefined ? this.#switchedOffBy(name) : undefined
    if (whole) this.#take(whole, word, value)
    else if (off) this.#take(off, word, 'false')
    else if (dashes === '--') this.#refuse(this.#unknown(word, name))
    else this.#readLetters(word, name, value)
  }

  /** The value belongs to the last of them; what is glued to an option's letter is its value. */
  #readLetters(word: string, letters: string, value: string | undefined): void {
    for (const [index, letter] of [...letters].entries()) {
      const flag = this.#withLetter(letter)
      const glued = letters.slice(index + 1)
      if (!flag) {
        this.#refuse(this.#unknown(word, letters))
        return
      }
      if (flag.type === 'option' && glued !== '') {
        this.#take(flag, word, value === undefined ? glued : `${glued}=${value}`)
        return
      }
      this.#take(flag, word, glued === '' ? value : undefined)
    }
  }

  /** `--no-fold` is `--fold=false`, where that says something. */
  #switchedOffBy(name: string): FlagSpec | undefined {
    return this.#reading.flags.find((flag) => flag.allowNo && `no-${flag.name}` === name)
  }

  #withLetter(letter: string): FlagSpec | undefined {
    return this.#reading.flags.find(({char}) => char === letter)
  }

  /** Takes the value from the words that follow if the flag needs one. */
  #take(flag: FlagSpec, word: string, value: string | undefined): void {
    const given = flag.type === 'boolean' ? switchValue(value) : (value ?? flag.bare ?? this.#rest.shift())
    if (given !== undefined) this.#reading.given.push({flag, value: given})
    else if (flag.type === 'option') this.#reading.open = {flag, word}
    else this.#refuse(new UsageError(`${word}: a switch is true or false`))
  }

  #refuse(problem: UsageError): void {
    this.#reading.problem ??= problem
  }

  #unknown(word: string, name: string): UsageError {
    const [given = ''] = word.split('=')
    const guess = nearest(
      name,
      this.#reading.flags.map((flag) => flag.name),
    )
    const [where, help] =
      this.#verb === undefined
        ? ['before the command', `${programName()} --help`]
        : [`for ${this.#verb}`, `${programName()} ${this.#verb} --help`]
    return new UsageError(
      `unknown flag ${given} ${where}${guess ? `: did you mean --${guess}?` : ''} (${help})`,
      {facts: {about: 'unknown flag', verb: this.#verb ?? '', flag: given}},
    )
  }
}

/** undefined for a word that is neither. */
function switchValue(word = 'true'): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(word)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(word)) return false
  return undefined
}

function unknownCommand(
  words: readonly string[],
  commands: readonly CommandSpec[],
  others: readonly string[] = [],
): UsageError {
  const [name = ''] = words
  const guess = nearest(name, [...commands.map(({id}) => id), ...others])
  return new UsageError(
    `unknown command "${name}"${guess ? `: did you mean ${guess}?` : ''} (${programName()} help all)`,
    {facts: {about: 'unknown command', words, second: findCommand(words[1], commands)?.id}},
  )
}

function namesOf(flag: FlagSpec): readonly string[] {
  return [flag.name, ...(flag.aliases ?? [])]
}
