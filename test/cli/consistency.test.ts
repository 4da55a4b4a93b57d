import {readdirSync, readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {Config} from '@oclif/core/config'
import stringWidth from 'string-width'
import {describe, expect, test} from 'vitest'
import {type CommandSpec, type FlagSpec, parseCommandLine} from '../../src/cli/argv.js'
import {byPurpose, type CommandHelp, commandHelp, type FlagHelp, overview} from '../../src/cli/help.js'

type Flag = FlagSpec & FlagHelp
type Command = Omit<CommandSpec & CommandHelp, 'flags'> & {flags: Flag[]}

const root = fileURLToPath(new URL('../..', import.meta.url))
const {commands, globals} = JSON.parse(readFileSync(`${root}/dist/manifest.json`, 'utf8')) as {
  commands: Command[]
  globals: Flag[]
}
const flags = commands.flatMap(({id, flags: own}) =>
  own.filter(({hidden}) => !hidden).map((flag) => ({id, flag})),
)

/** Keys of which not every command has the same value, with all the values. */
function differing(
  keyOf: (flag: Flag) => string | undefined,
  variantOf: (flag: Flag) => string,
): Record<string, string[]> {
  const seen = new Map<string, Set<string>>()
  for (const {flag} of flags) {
    const key = keyOf(flag)
    if (key !== undefined) seen.set(key, (seen.get(key) ?? new Set()).add(variantOf(flag)))
  }
  const several = [...seen].filter(([, values]) => values.size > 1)
  return Object.fromEntries(several.map(([key, values]) => [key, [...values].sort()]))
}

test('a default is told once, and as one would type it', () => {
  const odd = [...flags, ...globals.map((flag) => ({id: 'globals', flag}))].flatMap(({id, flag}) => {
    const {name, description = '', default: preset, helpValue} = flag
    const isSet = preset !== undefined && preset !== false && preset !== ''
    const told = description.split('[default').length - 1 + (isSet ? 1 : 0)
    const isBare = isSet && helpValue === 'DURATION' && /^\d+$/.test(String(preset)) && Number(preset) !== 0
    return told > 1 || isBare ? [`${id} --${name}`] : []
  })
  expect(odd).toEqual([])
})

test('a flag has the same letter and kind on every command, except where crictl has it otherwise', () => {
  const kindOf = ({type, char}: Flag) =>
    `${type === 'boolean' ? 'switch' : 'value'}${char ? ` -${char}` : ''}`
  expect(differing(({name}) => name, kindOf)).toEqual({
    // crictl's, whose letters are taken by others on the other commands.
    annotation: ['value', 'value -a'],
    parallel: ['switch -x', 'value'],
    pod: ['switch -p', 'value', 'value -p'],
    state: ['value', 'value -s'],
    timeout: ['value', 'value -t'],
    transport: ['value', 'value -r'],
    username: ['value', 'value -u'],
    // `logs -l` as kubectl has it; -l is --latest elsewhere.
    label: ['value', 'value -l'],
    force: ['switch', 'switch -f'],
  })
})

test('a letter is the same flag on every command, except where crictl has it otherwise, or docker for run', () => {
  expect(
    differing(
      ({char}) => char,
      ({name}) => name,
    ),
  ).toEqual({
    // `cp -a` is docker's.
    a: ['all', 'annotation', 'archive'],
    e: ['env', 'export', 'ignore-errors'],
    f: ['file', 'filter', 'follow', 'force'],
    i: ['interactive', 'stdin'],
    l: ['label', 'latest'],
    n: ['last', 'tail'],
    p: ['pod', 'pod-cidr', 'previous', 'publish'],
    q: ['prune', 'quiet'],
    r: ['reopen', 'resolve-image-path', 'runtime', 'transport'],
    // The seconds between two samples of `top` are its interval.
    s: ['interval', 'seconds', 'state', 'stream', 'sync'],
    t: ['timeout', 'timestamps', 'tty'],
    u: ['user', 'username'],
    v: ['verbose', 'volume'],
    w: ['watch', 'workdir'],
  })
})

test('every flag and argument is explained, as half a sentence', () => {
  const unlike = [...flags, ...globals.map((flag) => ({id: 'global', flag}))]
    .filter(({flag: {description = ''}}) => !/^[^.].*[^.]$/.test(description))
    .map(({id, flag}) => `${id} --${flag.name}: ${flag.description}`)
  expect(unlike).toEqual([])
  const silent = commands.flatMap(({id, arguments: args}) =>
    args.filter(({description}) => !description).map(({name}) => `${id} ${name}`),
  )
  expect(silent).toEqual([])
})

test('every command says in one line what it does, has examples, and stands in a group of the overview', () => {
  const unlike = commands.filter(
    ({summary, examples: lines}) => !/^[A-Z].*[^.]$/.test(summary) || lines.length === 0,
  )
  expect(unlike.map(({id}) => id)).toEqual([])
  const grouped = byPurpose(commands).flatMap(({title, commands: group}) =>
    group.map(({id}) => [id, title] as const),
  )
  expect(grouped.filter(([, title]) => title === 'OTHER')).toEqual([])
  expect(grouped.map(([id]) => id).sort()).toEqual(commands.map(({id}) => id).sort())
})

test('help fits a terminal of 80 columns', () => {
  const pages = [overview(commands, globals), ...commands.map((command) => commandHelp(command, globals))]
  const wide = pages.flatMap((page) => page.split('\n').filter((line) => stringWidth(line) > 80))
  expect(wide).toEqual([])
})

/** The command lines of crisp in a line of shell. */
function commandLines(line: string): string[][] {
  return line
    .replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, (_, single?: string, double?: string) =>
      shifted(single ?? double ?? '', privateArea),
    )
    .replace(/\s#\s.*/, '')
    .split(/\|\|?|&&|;|<\(|\$\(|\)|\d?>+\s*\S+/)
    .map((part) =>
      part
        .trim()
        .split(/\s+/)
        .map((word) => shifted(word, -privateArea)),
    )
    .map((words) => words.slice(words.findIndex((word) => word !== '$' && word !== 'sudo')))
    .filter(([program]) => program === 'crisp')
    .map(([, ...words]) => words)
}

function shifted(text: string, by: number): string {
  const isShifted = (code: number) => code >= privateArea && code < privateArea + 0x1000
  return [...text]
    .map((char) => char.codePointAt(0) ?? 0)
    .map((code) => (by > 0 || isShifted(code) ? code + by : code))
    .map((code) => String.fromCodePoint(code))
    .join('')
}

/** Letters of a private area stand for quoted ones, so that nothing in quotes cuts the line. */
const privateArea = 0xe000

const examples = commands.flatMap(({id, examples: lines}) =>
  lines.map((line): [string, string] => [id, line]),
)
const documents = [
  'README.md',
  ...readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
const documented = documents.flatMap((path) =>
  [...readFileSync(`${root}/${path}`, 'utf8').matchAll(/^```\w*\n(.*?)^```/gms)]
    .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => /^(\$ )?(sudo )?crisp |[(|] *(sudo )?crisp /.test(line))
    .map((line): [string, string] => [path, line]),
)

describe('what help and documents show is understood', () => {
  test.each([...examples, ...documented])('%s: %s', (_, line) => {
    const lines = commandLines(line)
    expect(lines).not.toEqual([])
    for (const words of lines) parseCommandLine(words, commands, globals)
  })
})

test("oclif's own tools find every command where package.json says", async () => {
  const config = await Config.load(root)
  expect(config.bin).toBe('crisp')
  expect(commands.map(({id}) => [id, config.findCommand(id)?.summary])).toEqual(
    commands.map(({id, summary}) => [id, summary]),
  )
})
