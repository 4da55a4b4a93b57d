import {programName} from '../text/program.js'
import {wrapText} from '../text/wrap.js'
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

const width = 80

/** The verbs by what they are for; one that is not here stands at the end. */
const purposes: readonly (readonly [string, readonly string[]])[] = [
  [
    'LOOK',
    [
      'ps',
      'pods',
      'images',
      'describe',
      'inspect',
      'inspectp',
      'inspecti',
      'logs',
      'events',
      'stats',
      'statsp',
      'top',
      'which',
    ],
  ],
  ['WORK IN CONTAINERS', ['exec', 'attach', 'port-forward', 'cp']],
  [
    'CREATE AND REMOVE',
    ['init', 'run', 'runp', 'create', 'start', 'stop', 'stopp', 'rm', 'rmp', 'wait', 'update', 'checkpoint'],
  ],
  ['IMAGES', ['pull', 'rmi', 'imagefsinfo']],
  ['THE RUNTIME', ['info', 'version', 'runtime-config', 'update-runtime-config', 'metricsp', 'metricdescs']],
  ['CRISP ITSELF', ['config', 'completion', 'demo', 'explain', 'jsonschema']],
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

/** What `crisp` and `crisp help` show. */
export function overview(commands: readonly CommandHelp[], globals: readonly FlagHelp[]): string {
  const left = Math.max(...commands.map(({id}) => id.length)) + 2
  const sections = byPurpose(commands).map(({title, commands: group}) => {
    const rows = group.map(({id, summary}) => [id, summary] as const)
    return `${title.replace('CRISP', programName().toUpperCase())}\n${columns(rows, left)}`
  })
  return `${programName()} - client for CRI, the interface of Kubernetes' container runtimes

USAGE
  ${programName()} [global flags] COMMAND [flags] [arguments]

${sections.join('\n')}
GLOBAL FLAGS
${columns(globals.map(flagRow))}
A container is named by ID, name, pod/name or namespace/pod/name; a pod by ID,
name or namespace/name; an image by ID, tag or digest.

${programName()} COMMAND --help shows flags and examples; ${programName()} --version the version.
`
}

export function commandHelp(command: CommandHelp, globals: readonly FlagHelp[]): string {
  const own = command.flags.filter(({hidden}) => !hidden)
  const groups = groupFlags(own)
  const sections = [
    `${command.summary}${command.description ? `\n\n${wrapText(command.description, width).join('\n')}` : ''}\n`,
    `USAGE\n  ${programName()} ${command.usage ?? usageOf(command)}\n`,
  ]
  if (command.aliases.length > 0) sections.push(`ALIASES\n  ${command.aliases.join(', ')}\n`)
  if (command.arguments.length > 0) {
    sections.push(
      `ARGUMENTS\n${columns(command.arguments.map(({name, description = ''}) => [name.toUpperCase(), description]))}`,
    )
  }
  for (const [group, flags] of groups) sections.push(`${group}\n${columns(flags.map(flagRow))}`)
  const shown = globalsAfter(command.flags, globals).filter(({helpGroup}) => helpGroup !== 'DIAGNOSIS')
  sections.push(`GLOBAL FLAGS (${programName()} help has all)\n${columns(shown.map(flagRow))}`)
  if (command.examples.length > 0)
    sections.push(`EXAMPLES\n${command.examples.map((example) => `  ${example}\n`).join('')}`)
  return sections.join('\n')
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

function flagRow({name, char, description = '', helpValue, default: preset}: FlagHelp): [string, string] {
  const letter = char ? `-${char}, ` : '    '
  const standing = preset === undefined || preset === false || preset === '' ? '' : ` [default: ${preset}]`
  return [`${letter}--${name}${helpValue ? ` ${helpValue}` : ''}`, `${description}${standing}`]
}

/** Two columns in 80: words on the left, their explanation wrapped on the right. */
function columns(
  rows: readonly (readonly [string, string])[],
  left = Math.min(30, Math.max(...rows.map(([word]) => word.length)) + 2),
): string {
  return rows
    .map(([word, text]) => {
      const body = wrapText(text, width - 2 - left)
      const head =
        word.length > left - 2
          ? [word, ...body.map((line) => ' '.repeat(left) + line)]
          : [word.padEnd(left) + (body[0] ?? ''), ...body.slice(1).map((line) => ' '.repeat(left) + line)]
      return head.map((line) => `  ${line}`.trimEnd()).join('\n')
    })
    .map((row) => `${row}\n`)
    .join('')
}
