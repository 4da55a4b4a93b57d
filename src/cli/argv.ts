import {UsageError} from '../errors/errors.js'
import {nearest} from '../text/nearest.js'

// crictl's command lines are Go's: `-flag` and `--flag` are one, booleans take `=false`, the last of a repeated flag
// wins, global flags stand before the verb. What leaves this file is what oclif's parser understands: the verb, then
// `--name` or `--name=value` for every flag, then the arguments behind `--`.

export interface FlagSpec {
  name: string
  type: 'boolean' | 'option'
  char?: string | undefined
  aliases?: readonly string[] | undefined
  /** Letters and words of more than one letter that crictl writes with one dash, such as `-pt`. */
  multiple?: boolean | undefined
  /** Off is not the same as absent: it goes before what the settings file says. */
  allowNo?: boolean | undefined
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

export type Invocation =
  | {kind: 'version'}
  | {kind: 'help'; command?: string}
  | {kind: 'command'; id: string; argv: string[]}

interface Given {
  flag: FlagSpec
  /** undefined for a boolean that is on, false for one that is off. */
  value: string | false | undefined
}

export function parseCommandLine(
  argv: readonly string[],
  commands: readonly CommandSpec[],
  globals: readonly FlagSpec[],
): Invocation {
  const before = readFlags(argv, globals, 1)
  if (before.help) return helpFor(before.arguments[0], commands)
  if (before.version) return {kind: 'version'}
  const [verb, ...rest] = before.arguments
  if (verb === undefined) return {kind: 'help'}
  if (verb === 'help' || verb === 'h')
    return helpFor(
      rest.find((word) => !word.startsWith('-')),
      commands,
    )

  const outer = commandNamed(verb, commands)
  const inner = commandUnder(outer, rest[0], commands)
  const command = inner ?? outer
  const letters = new Set(command.flags.map(({char}) => char))
  const names = new Set(command.flags.flatMap(namesOf))
  const unshadowed = globals.map((flag) => ({
    ...flag,
    char: letters.has(flag.char) ? undefined : flag.char,
    aliases: flag.aliases?.filter((alias) => !names.has(alias)),
  }))
  const after = readFlags(
    inner ? [outer.id, ...rest.slice(1)] : rest,
    [...command.flags, ...unshadowed],
    Number(command.argumentsEndFlags ?? 0),
    verb,
  )
  if (after.help || asksForHelp(rest)) return {kind: 'help', command: command.id}
  return {
    kind: 'command',
    id: command.id,
    argv: [...written([...before.given, ...after.given]), '--', ...after.arguments],
  }
}

/** `crisp ps help`; whatever is really called help is named behind `--`. */
function asksForHelp(words: readonly string[]): boolean {
  return words.length === 1 && (words[0] === 'help' || words[0] === 'h')
}

function helpFor(name: string | undefined, commands: readonly CommandSpec[]): Invocation {
  return name === undefined ? {kind: 'help'} : {kind: 'help', command: commandNamed(name, commands).id}
}

function commandNamed(name: string, commands: readonly CommandSpec[]): CommandSpec {
  const command = commands.find(({id, aliases}) => id === name || aliases.includes(name))
  if (command) return command
  const guess = nearest(
    name,
    commands.map(({id}) => id),
  )
  throw new UsageError(
    `unknown command "${name}"${guess ? `: did you mean ${guess}?` : ''} (crisp help lists all)`,
  )
}

function commandUnder(
  {id: outer}: CommandSpec,
  word: string | undefined,
  commands: readonly CommandSpec[],
): CommandSpec | undefined {
  return commands.find(
    ({id, aliases, under}) => under?.includes(outer) && (id === word || aliases.includes(word ?? '')),
  )
}

interface Reading {
  given: Given[]
  arguments: string[]
  help: boolean
  version: boolean
}

function readFlags(
  argv: readonly string[],
  flags: readonly FlagSpec[],
  /** Of the argument that ends the flags; 0 for none. */
  lastArgument: number,
  verb?: string,
): Reading {
  const reading: Reading = {given: [], arguments: [], help: false, version: false}
  const rest = [...argv]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      reading.arguments.push(...rest)
      break
    }
    if (!word.startsWith('-') || word === '-') {
      reading.arguments.push(word)
      if (reading.arguments.length !== lastArgument) continue
      reading.arguments.push(...rest)
      break
    }
    if (isHelp(word, flags)) reading.help = true
    else if (verb === undefined && (word === '-v' || word === '--version' || word === '-version'))
      reading.version = true
    else reading.given.push(...readWord(word, rest, flags, verb))
  }
  return reading
}

function isHelp(word: string, flags: readonly FlagSpec[]): boolean {
  if (word === '--help' || word === '-help') return true
  return word === '-h' && !flags.some(({char}) => char === 'h')
}

/** One word of flags: a long one, or letters together. Takes its value from the words that follow if it needs one. */
function readWord(
  word: string,
  rest: string[],
  flags: readonly FlagSpec[],
  verb: string | undefined,
): Given[] {
  const [, dashes = '', name = '', , value] = /^(--?)([^=]*)(=(.*))?$/s.exec(word) ?? []
  const long = flags.find((flag) => namesOf(flag).includes(name))
  if (long) return [withValue(long, word, value, rest)]
  if (dashes === '--') throw unknownFlag(word, name, flags, verb)

  const given: Given[] = []
  for (let index = 0; index < name.length; index++) {
    const flag = flags.find(({char}) => char === name[index])
    if (!flag) throw unknownFlag(word, name, flags, verb)
    const glued = name.slice(index + 1)
    if (flag.type === 'option' && glued !== '') {
      given.push({flag, value: value === undefined ? glued : `${glued}=${value}`})
      return given
    }
    const last = index === name.length - 1
    given.push(withValue(flag, word, last ? value : undefined, rest))
  }
  return given
}

function withValue(flag: FlagSpec, word: string, value: string | undefined, rest: string[]): Given {
  if (flag.type === 'boolean')
    return {flag, value: value === undefined || isTrue(word, value) ? undefined : false}
  const given = value ?? rest.shift()
  if (given === undefined) throw new UsageError(`${word} needs a value`)
  return {flag, value: given}
}

function isTrue(word: string, value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  throw new UsageError(`${word}: a switch is true or false`)
}

/** Last one wins, except for flags that collect. */
function written(given: readonly Given[]): string[] {
  return given
    .filter(({flag, value}, index) => {
      const again = given.findLastIndex((other) => other.flag.name === flag.name)
      return (value !== false || flag.allowNo) && (flag.multiple || again === index)
    })
    .map(({flag: {name}, value}) => {
      if (value === false) return `--no-${name}`
      return value === undefined ? `--${name}` : `--${name}=${value}`
    })
}

function namesOf(flag: FlagSpec): readonly string[] {
  return [flag.name, ...(flag.aliases ?? [])]
}

function unknownFlag(
  word: string,
  name: string,
  flags: readonly FlagSpec[],
  verb: string | undefined,
): UsageError {
  const guess = nearest(
    name,
    flags.map((flag) => flag.name),
  )
  const where = verb === undefined ? 'before the command' : `for ${verb}`
  const shown = word.split('=')[0]
  return new UsageError(
    `unknown flag ${shown} ${where}${guess ? `: did you mean --${guess}?` : ''} (crisp ${verb ?? ''} --help)`.replace(
      '  ',
      ' ',
    ),
  )
}
