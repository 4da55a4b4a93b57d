import {mkdtemp, readdir, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {type CommandLine, type FlagSpec, parseCommandLine} from '../../src/cli/argv.js'
import {UsageError} from '../../src/errors/errors.js'
import {manifest, program} from '../support/in-process.js'
import {mutated, type Random, rounds, seeded} from '../support/random.js'

const {count, seed} = rounds(1000)
const {commands} = manifest
// These write a file at the end of whatever was parsed.
const globals = manifest.globals.filter(({name}) => !name.startsWith('profile-'))

const values = [
  '',
  '0',
  '-1',
  '5',
  '10s',
  'json',
  'a=b',
  'a=b,c=d',
  '-x',
  '--',
  'é\u0000\n',
  '{{.}}',
  'jsonpath={',
  '[',
  '0x1f',
  '9'.repeat(30),
  '/dev/null',
  '%s',
  'true',
  'constructor',
  '__proto__',
  'x'.repeat(100_000),
  '\ud800',
  '('.repeat(3000),
  '{{'.repeat(2000),
  `A:${'['.repeat(5000)}`,
  '.a'.repeat(20_000),
]
const words = ['web', 'help', 'h', '-', '--', 'a/b/c', '80:80', 'KEY=VALUE', '', '\u202e', ...values]
const alphabet = [...'-=,/ \u0000\n"\'{}', '--', '=', 'help', 'é']

/** A command line as one types it, now and then with a letter wrong. */
function randomLine(random: Random): string[] {
  const command = random.of(commands)
  const line = [
    ...several(random, 2, () => flag(random, globals)).flat(),
    random.chance(0.9) ? random.of([command.id, ...command.aliases]) : random.of(words),
    ...several(random, 4, () =>
      random.chance(0.7) ? flag(random, random.chance(0.8) ? command.flags : globals) : [random.of(words)],
    ).flat(),
  ]
  return random.chance(0.3)
    ? line.map((word) => (random.chance(0.3) ? mutated(word, random, alphabet) : word))
    : line
}

function several<Item>(random: Random, most: number, make: () => Item): Item[] {
  return Array.from({length: random.number(most + 1)}, make)
}

function flag(random: Random, flags: readonly FlagSpec[]): string[] {
  if (flags.length === 0) return []
  const {name, char, aliases = [], type} = random.of(flags)
  const spelled = random.of([
    `--${name}`,
    `-${name}`,
    `-${char ?? name}`,
    ...aliases.map((alias) => `-${alias}`),
  ])
  const value = random.of(values)
  if (type === 'boolean')
    return [random.chance(0.8) ? spelled : `${spelled}=${random.of(['true', 'F', value])}`]
  return random.of([[spelled, value], [`${spelled}=${value}`], [spelled + value], [spelled]])
}

type CommandClass = new (
  line: CommandLine,
) => {
  execute(): Promise<void>
  parse(command: unknown): Promise<unknown>
}

/** The command itself, up to where it has read its flags and arguments. */
async function parsedBy(line: CommandLine): Promise<unknown> {
  const {load} = await program
  const Command = load(`commands/${line.id}.js`).default as CommandClass
  let failure: unknown
  class Probe extends Command {
    async run(): Promise<void> {
      await this.parse(Probe)
    }
    async catch(error: unknown): Promise<void> {
      failure = error
    }
    note(): void {}
  }
  await new Probe(line).execute()
  return failure
}

const home = process.cwd()
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-lines-'))
  process.chdir(directory)
})
afterAll(async () => {
  process.chdir(home)
  await rm(directory, {recursive: true})
})

test('a command line made at random is read, or refused in one line', {timeout: 600_000}, async () => {
  const random = seeded(seed)
  const outcomes = {read: 0, refused: 0, help: 0}
  for (let round = 0; round < count; round++) {
    const line = randomLine(random)
    const cause = `${JSON.stringify(line)} (seed ${seed})`
    try {
      const invocation = parseCommandLine(line, commands, globals)
      if (invocation.kind !== 'command') {
        outcomes.help++
        continue
      }
      const failure = await parsedBy(invocation)
      if (failure) throw failure
      outcomes.read++
    } catch (error) {
      // The bundle has error classes of its own.
      const {name, message} = error as Error
      if (!(error instanceof UsageError) && !['UsageError', 'MissingArgumentError'].includes(name))
        throw new Error(cause, {cause: error})
      expect(message, cause).toMatch(/^[^\u0000-\u001f\u007f-\u009f]+$/)
      outcomes.refused++
    }
  }
  expect(await readdir(directory)).toEqual([])
  // Else the generator would test one half of the code only.
  expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(count / 20)
})
