import type {PageStyle} from '../formats/markdown.js'
import {programName} from '../text/program.js'
import {wrapMessage, wrapText} from '../text/wrap.js'
import {type FlagSpec, globalsAfter} from './argv.js'

export interface FlagHelp extends FlagSpec {
  description?: string
  helpGroup?: string
  helpValue?: string
  default?: unknown
  hidden?: boolean
}

export interface ArgumentHelp {
  name: string
  description?: string
  required?: boolean
  multiple?: boolean
}

export interface CommandHelp {
  id: string
  aliases: readonly string[]
  summary: string
  description?: string
  usage?: string
  examples: readonly string[]
  arguments: readonly ArgumentHelp[]
  flags: readonly FlagHelp[]
}

/** Columns of a line where no terminal says less. */
export const usualWidth = 80
/** Lines of the smallest terminal that is in common use. */
const screenful = 24

export interface HelpOptions {
  /** Columns of a line. */
  width?: number | undefined
  style?: PageStyle | undefined
}

type Row = readonly [words: string, text: string]
type Group = readonly [title: string, rows: readonly Row[], names: readonly string[]]

interface Paper {
  width: number
  style: PageStyle
}

function paperOf({width, style}: HelpOptions): Paper {
  const plain: PageStyle = {title: (text) => text, typed: (text) => text}
  return {width: Math.min(width ?? usualWidth, usualWidth), style: style ?? plain}
}

/** The verbs by what they are for; one that is not here stands at the end. */
const purposes: readonly (readonly [string, readonly string[]])[] = [
  [
    'LOOK',
    [
      'ps',
      'pods',
      'images',
      'describe',
      'timeline',
      'inspect',
      'inspectp',
      'inspecti',
      'logs',
      'events',
      'stats',
      'statsp',
      'top',
      'df',
      'processes',
      'sockets',
      'which',
      'doctor',
      'report',
    ],
  ],
  ['WORK IN CONTAINERS', ['exec', 'attach', 'debug', 'enter', 'port-forward', 'cp']],
  [
    'CREATE AND REMOVE',
    [
      'init',
      'run',
      'runp',
      'create',
      'start',
      'stop',
      'restart',
      'stopp',
      'rm',
      'rmp',
      'wait',
      'update',
      'checkpoint',
    ],
  ],
  ['IMAGES', ['pull', 'push', 'load', 'save', 'tag', 'untag', 'rmi', 'imagefsinfo']],
  [
    'THE RUNTIME',
    ['call', 'info', 'version', 'runtime-config', 'update-runtime-config', 'metricsp', 'metricdescs'],
  ],
  ['CRISP ITSELF', ['config', 'completion', 'demo', 'explain', 'jsonschema', 'node', 'tour']],
]

/** The commands under what they are for; groups of none are left out. */
export function byPurpose<Help extends CommandHelp>(
  commands: readonly Help[],
): {title: string; commands: Help[]}[] {
  const known = new Set(purposes.flatMap(([, ids]) => ids))
  const others = commands.map(({id}) => id).filter((id) => !known.has(id))
  return [...purposes, ['OTHER', others] as const]
    .map(([title, ids]) => ({
      title,
      commands: ids
        .map((id) => commands.find((command) => command.id === id))
        .filter((command) => command !== undefined),
    }))
    .filter((group) => group.commands.length > 0)
}

const welcome = () => `${programName()} - client for CRI, the interface of Kubernetes' container runtimes`

/** What somebody does who is new to it, or in a hurry. */
const firstSteps: readonly (readonly [title: string, readonly Row[]])[] = [
  [
    'LOOK',
    [
      ['ps -a', 'list containers, also those that have ended'],
      ['describe coredns', 'why a container or pod is as it is'],
      ['logs -f --tail 20 web', 'what a container writes'],
      ['events', 'what happens on the node'],
      ['top', 'what uses CPU and memory, live'],
    ],
  ],
  [
    'WORK',
    [
      ['exec -it web sh', 'a shell in a container'],
      ['run --rm -it busybox sh', 'a container to try something in'],
      ['stop web', 'end a container'],
    ],
  ],
  [
    'MORE',
    [
      ['help all', 'all commands and global flags'],
      ['ps --help', 'usage and flags of a command; help ps: in full'],
      ['help names', 'also: connecting, output, exit-codes'],
      ['-r demo ps', 'on a node of its own, to learn and to try'],
      ['tour', 'the CRI step by step'],
    ],
  ],
]

/** What `crisp` alone shows. */
export function shortHelp(options: HelpOptions = {}): string {
  const paper = paperOf(options)
  const sections = firstSteps.map(([title, steps]) => {
    const rows = steps.map(([words, text]) => [`${programName()} ${words}`, text] as const)
    return section(title, rows, paper, paper.width < usualWidth ? mostFor(paper.width) : 31)
  })
  return [paragraph(welcome(), paper), ...sections].join('\n')
}

/** What `crisp help all` shows. */
export function overview(
  commands: readonly CommandHelp[],
  globals: readonly FlagHelp[],
  options: HelpOptions = {},
): string {
  const paper = paperOf(options)
  const left = Math.min(Math.max(...commands.map(({id}) => id.length)) + 2, mostFor(paper.width))
  const groups = byPurpose(commands).map(({title, commands: group}) =>
    section(
      title.replace('CRISP', programName().toUpperCase()),
      group.map(({id, summary}) => [id, summary]),
      paper,
      left,
    ),
  )
  const usage = usageSection('[global flags] COMMAND [flags] [arguments]', paper)
  return [
    paragraph(welcome(), paper),
    usage,
    ...groups,
    section('GLOBAL FLAGS', globals.map(flagRow), paper),
    paragraph(
      'A container is named by ID, name, pod/name or namespace/pod/name; a pod by ID, name or namespace/name; an image by ID, tag or digest.',
      paper,
    ),
    paragraph(
      `${programName()} COMMAND --help shows flags and examples; ${programName()} --version the version.`,
      paper,
    ),
  ].join('\n')
}

/** Everything about a command. */
export function commandHelp(
  command: CommandHelp,
  globals: readonly FlagHelp[],
  options: HelpOptions = {},
): string {
  const paper = paperOf(options)
  const shown = globalsAfter(command.flags, globals).filter(({helpGroup}) => helpGroup === 'GLOBAL')
  return [
    paragraph(command.summary, paper),
    ...(command.description ? [paragraph(command.description, paper)] : []),
    ...usageAndExamples(command, command.examples, paper),
    ...(command.aliases.length > 0
      ? [`${paper.style.title('ALIASES')}\n  ${command.aliases.join(', ')}\n`]
      : []),
    ...[argumentGroup(command), ...flagGroups(command)].map(([title, rows]) => section(title, rows, paper)),
    section(`GLOBAL FLAGS (${programName()} help all has all)`, shown.map(flagRow), paper),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

/** Of these there are too many flags, all of daily use, to leave any out. */
const longVerbs: ReadonlySet<string> = new Set(['create', 'logs', 'run'])
/** The flags that many verbs share are the first to be named only, in this order. */
const sharedGroups = ['STREAM', 'CREDENTIALS', 'TARGETS', 'OUTPUT', 'FILTER']

/** What `crisp COMMAND --help` shows: usage, three examples, and of the rest as much as one screen holds. */
export function briefHelp(
  command: CommandHelp,
  globals: readonly FlagHelp[],
  options: HelpOptions = {},
): string {
  if (longVerbs.has(command.id)) return commandHelp(command, globals, options)
  const paper = paperOf(options)
  const examples = command.examples.slice(0, 3)
  const groups = flagGroups(command)
  const page = ({description = false, argumentsToo = false, spaced = false, named = [] as string[]}) =>
    [
      paragraph(command.summary, paper),
      ...(description && command.description ? [paragraph(command.description, paper)] : []),
      ...usageAndExamples(command, examples, paper),
      ...(argumentsToo ? [section(...briefly(argumentGroup(command)), paper)] : []),
      ...groups.map((group) =>
        named.includes(group[0]) ? namesOnly(group, paper) : section(...briefly(group), paper),
      ),
      whereTheRestIs(command, globals, paper),
    ]
      .filter((text) => text !== '')
      .join(spaced ? '\n' : '')
  const shared = groups.map(([title]) => title).sort((a, b) => sharedPlace(a) - sharedPlace(b))
  const attempts = [
    {description: true, argumentsToo: true, spaced: true},
    {argumentsToo: true, spaced: true},
    {argumentsToo: true},
    ...shared.map((_, index) => ({named: shared.slice(0, index)})),
  ]
  const pages = attempts.map(page)
  return pages.find((text) => lineCount(text) <= screenful) ?? page({named: shared})
}

function sharedPlace(title: string): number {
  const place = sharedGroups.indexOf(title)
  return place === -1 ? sharedGroups.length : place
}

function lineCount(text: string): number {
  return text.split('\n').length - 1
}

function usageAndExamples(command: CommandHelp, examples: readonly string[], paper: Paper): [string, string] {
  const {style} = paper
  const usage = usageSection(command.usage ?? usageOf(command), paper)
  const lines = examples.map((example) => `  ${style.typed(example)}\n`)
  return [usage, lines.length > 0 ? `${style.title('EXAMPLES')}\n${lines.join('')}` : '']
}

function usageSection(words: string, {width, style}: Paper): string {
  const lines = wrapMessage(`  ${programName()} ${words}`, width)
  return `${style.title('USAGE')}\n${lines.join('\n')}\n`
}

function argumentGroup({arguments: words}: CommandHelp): Group {
  const names = words.map(({name}) => name.toUpperCase())
  return ['ARGUMENTS', words.map(({name, description = ''}) => [name.toUpperCase(), description]), names]
}

function flagGroups(command: CommandHelp): Group[] {
  const groups = groupFlags(command.flags.filter(({hidden}) => !hidden))
  return [...groups].map(([title, flags]) => [
    title,
    flags.map(flagRow),
    flags.map(({name, char}) => (char ? `-${char}/--${name}` : `--${name}`)),
  ])
}

/** Explanations of one line each: up to where they begin to tell the finer points. */
function briefly([title, rows]: Group): [title: string, rows: Row[]] {
  const room = usualWidth - 2 - columnFor(rows, usualWidth)
  return [title, rows.map(([words, text]) => [words, firstClause(text, room)])]
}

/** What of it there is room for: best up to where a finer point begins, else as much of a list as that is. */
export function firstClause(text: string, room: number): string {
  if (text.length <= room) return text
  const endBefore = (mark: RegExp, most: number) =>
    [...text.matchAll(mark)].findLast(({index}) => index <= most)?.index
  const clause = endBefore(/; | [([]/g, room) ?? endBefore(/: /g, room)
  if (clause !== undefined) return text.slice(0, clause)
  const item = endBefore(/, /g, room - 3)
  return item === undefined ? text : `${text.slice(0, item)}, …`
}

function namesOnly([title, , names]: Group, {width, style}: Paper): string {
  const [first = '', ...others] = wrapText(names.join(', '), width - title.length - 2)
  const indent = ' '.repeat(title.length + 2)
  return [`${style.title(title)}  ${first}`, ...others.map((line) => indent + line)]
    .map((line) => `${line}\n`)
    .join('')
}

function whereTheRestIs(command: CommandHelp, globals: readonly FlagHelp[], paper: Paper): string {
  const shown = globalsAfter(command.flags, globals).filter(({helpGroup}) => helpGroup === 'GLOBAL')
  const names = shown.map(({name, char}) => (char ? `-${char}` : `--${name}`)).join(' ')
  return [
    namesOnly(['GLOBAL', [], [`${names} (${programName()} help all)`]], paper),
    namesOnly(['MORE  ', [], [`${programName()} help ${command.id} explains all of it`]], paper),
  ].join('')
}

export function groupFlags(flags: readonly FlagHelp[]): Map<string, FlagHelp[]> {
  const groups = new Map<string, FlagHelp[]>()
  for (const flag of flags) {
    const group = flag.helpGroup ?? 'FLAGS'
    groups.set(group, [...(groups.get(group) ?? []), flag])
  }
  return groups
}

export function usageOf({id, arguments: args, flags}: CommandHelp): string {
  const words = args.map(({name, required, multiple}) => {
    const word = `${name.toUpperCase()}${multiple ? '...' : ''}`
    return required ? word : `[${word}]`
  })
  return [id, ...(flags.length > 0 ? ['[flags]'] : []), ...words].join(' ')
}

/** `--output FORMAT`, `--trace[=FORM]`. */
export function flagWords({name, helpValue, bare}: Pick<FlagHelp, 'name' | 'helpValue' | 'bare'>): string {
  if (!helpValue) return `--${name}`
  return bare === undefined ? `--${name} ${helpValue}` : `--${name}[=${helpValue}]`
}

function flagRow(flag: FlagHelp): [string, string] {
  const {char, description = '', default: preset} = flag
  const letter = char ? `-${char}, ` : '    '
  const standing = preset === undefined || preset === false || preset === '' ? '' : ` [default: ${preset}]`
  return [`${letter}${flagWords(flag)}`, `${description}${standing}`]
}

function paragraph(text: string, {width}: Paper): string {
  return `${wrapText(text, width).join('\n')}\n`
}

/** Empty where there are no rows. */
function section(title: string, rows: readonly Row[], paper: Paper, left?: number): string {
  return rows.length > 0 ? `${paper.style.title(title)}\n${columns(rows, paper, left)}` : ''
}

function columnFor(rows: readonly Row[], width: number): number {
  return Math.min(mostFor(width), Math.max(...rows.map(([words]) => words.length)) + 2)
}

/** Of a line that is this wide, columns for the words on the left: 30 of 80. */
function mostFor(width: number): number {
  return Math.floor(width * 0.375)
}

/** Two columns: words on the left, their explanation wrapped on the right, below words that are too long. */
function columns(rows: readonly Row[], {width, style}: Paper, left = columnFor(rows, width)): string {
  return rows
    .map(([words, text]) => {
      const [first = '', ...rest] = wrapText(text, width - 2 - left)
      const indent = ' '.repeat(left)
      const head =
        words.length > left - 2
          ? [style.typed(words), indent + first]
          : [style.typed(words) + ' '.repeat(left - words.length) + first]
      return [...head, ...rest.map((line) => indent + line)].map((line) => `  ${line}`.trimEnd()).join('\n')
    })
    .map((row) => `${row}\n`)
    .join('')
}
