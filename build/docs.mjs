// Writes docs/reference/ and man/ from the commands, as the build wrote them down in dist/manifest.json; with --check
// it only says which pages are stale, and ends with 1 if any is.
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {load} from '../dist/package.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const {byPurpose, flagWords, groupFlags, usageOf} = load('cli/help.js')
const {version, commands, globals} = JSON.parse(readFileSync('dist/manifest.json', 'utf8'))

const exitCodes = [...readFileSync('docs/exit-codes.md', 'utf8').matchAll(/^\| ([\d, ]+) \| (.*) \|$/gm)].map(
  ([, codes, meaning]) => [codes, meaning],
)
const exitNote =
  'With several names every one is tried and the worst code wins. exec, run and attach end with the code of the process, and with 125 where crisp failed.'
const naming =
  'A container is named by ID or its beginning, by name, pod/name or namespace/pod/name; a pod by ID, name or namespace/name; an image by ID, tag or digest. Flags may stand before and after arguments; global flags also before the command.'
const environment = [
  ...[...globals, ...commands.flatMap(({flags}) => flags)].flatMap(({name, description = ''}) =>
    [...description.matchAll(/\[env: (\w+)\]/g)].map(([, variable]) => [variable, `stands for --${name}`]),
  ),
  ['NO_COLOR', 'no colours, where it is not empty'],
  ['CLICOLOR_FORCE', 'colours also outside of a terminal, where it is neither empty nor 0'],
  [
    'PAGER',
    'shows help, and what keys of top bring, where it is longer than the screen; less by default, and for root always',
  ],
  [
    'TRACEPARENT, TRACESTATE, OTEL_SERVICE_NAME',
    'the trace that --enable-tracing continues, and under which name',
  ],
  ['CRISP_COMPLETION_MS', 'how long a Tab may wait for the names on the node; 1000 by default'],
].filter(([variable], index, list) => list.findIndex(([other]) => other === variable) === index)

const pages = new Map([
  ['docs/reference/README.md', markdownIndex()],
  ...commands.map((command) => [`docs/reference/${command.id}.md`, markdownPage(command)]),
  ['man/crisp.1', manIndex()],
  ...commands.map((command) => [`man/crisp-${command.id}.1`, manPage(command)]),
])

const present = ['docs/reference', 'man'].flatMap((folder) =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
)
const stale = [
  ...[...pages]
    .filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
    .map(([path]) => path),
  ...present.filter((path) => !pages.has(path)),
]
if (process.argv.includes('--check')) {
  for (const path of stale) console.log(`${path} is stale: npm run docs`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const path of present) rmSync(path)
  for (const [path, text] of pages) {
    mkdirSync(dirname(path), {recursive: true})
    writeFileSync(path, text)
  }
}

function usagesOf(command) {
  const usage = command.usage ?? usageOf(command)
  return usage.split('\n').map((line, index) => (index === 0 ? `crisp ${line}` : line.trim()))
}

/** `-o, --output FORMAT` */
function flagName(flag) {
  return `${flag.char ? `-${flag.char}, ` : ''}${flagWords(flag)}`
}

function flagText({description = '', default: preset}) {
  const standing = preset === undefined || preset === false || preset === '' ? '' : ` [default: ${preset}]`
  return `${description}${standing}`
}

function visible(flags) {
  return flags.filter(({hidden}) => !hidden)
}

// Markdown

function markdownIndex() {
  const groups = byPurpose(commands).map(
    ({title, commands: group}) =>
      `## ${sentence(title)}\n\n${table(
        ['command', ''],
        group.map(({id, summary}) => [`[${id}](${id}.md)`, inline(summary)]),
      )}`,
  )
  return [
    '# Reference\n',
    `${generated()}\n`,
    `${naming}\n`,
    ...groups,
    `## Global flags\n\nOf every command; where a command has a letter itself, its own meaning counts behind it.\n\n${flagTable(globals)}`,
    `## Environment\n\n${table(
      ['variable', ''],
      environment.map(([name, text]) => [code(name), inline(text)]),
    )}`,
    `## Exit codes\n\n${table(['code', ''], exitCodes)}\n${exitNote}\n`,
  ].join('\n')
}

function markdownPage(command) {
  const {id, summary, description, aliases, arguments: args, examples} = command
  const sections = [`# crisp ${id}\n`, `${inline(summary)}.${description ? ` ${inline(description)}` : ''}\n`]
  sections.push(`\`\`\`\n${usagesOf(command).join('\n')}\n\`\`\`\n`)
  if (aliases.length > 0) sections.push(`Also ${aliases.map(code).join(', ')}.\n`)
  if (args.length > 0)
    sections.push(
      `## Arguments\n\n${table(
        ['argument', ''],
        args.map(({name, description: text = ''}) => [code(name.toUpperCase()), inline(text)]),
      )}`,
    )
  for (const [title, flags] of groupFlags(visible(command.flags)))
    sections.push(`## ${sentence(title)}\n\n${flagTable(flags)}`)
  if (examples.length > 0) sections.push(`## Examples\n\n\`\`\`sh\n${examples.join('\n')}\n\`\`\`\n`)
  sections.push(`[Global flags, environment, exit codes](README.md#global-flags). ${generated()}\n`)
  return sections.join('\n')
}

function generated() {
  return 'Made from the commands by `npm run docs`.'
}

function flagTable(flags) {
  return table(
    ['flag', ''],
    visible(flags).map((flag) => [code(flagName(flag)), inline(flagText(flag))]),
  )
}

function table(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) =>
    `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |'),
  )
  return `${lines.join('\n')}\n`
}

function code(text) {
  return `\`${text.replaceAll('|', '\\|')}\``
}

/** Text in a table cell: what Markdown or HTML would take for its own is escaped. */
function inline(text) {
  return text.replaceAll(/[|*_<>[\]`\\]/g, '\\$&')
}

function sentence(title) {
  return title.charAt(0).toUpperCase() + title.slice(1).toLowerCase()
}

// man pages, in man(7)'s macros

function manIndex() {
  return manual('crisp', "client for CRI, the interface of Kubernetes' container runtimes", [
    ['SYNOPSIS', `.B crisp\n[global flags] COMMAND [flags] [arguments]\n`],
    ['DESCRIPTION', paragraph(naming)],
    ...byPurpose(commands).map(({title, commands: group}) => [
      title,
      group.map(({id, summary}) => tagged(`${id}`, summary)).join(''),
    ]),
    ['GLOBAL FLAGS', flagList(globals)],
    ['ENVIRONMENT', environment.map(([name, text]) => tagged(name, text)).join('')],
    ['FILES', tagged('/etc/crictl.yaml', 'Settings; crisp config shows and changes them.')],
    [
      'EXIT STATUS',
      `${exitCodes.map(([number, text]) => tagged(number, text)).join('')}${paragraph(exitNote)}`,
    ],
    ['SEE ALSO', `${commands.map(({id}) => `.BR crisp\\-${roff(id)} (1)`).join(',\n')}\n`],
  ])
}

function manPage(command) {
  const {id, summary, description, aliases, arguments: args, examples} = command
  const synopsis = usagesOf(command).map((usage) => `.B crisp\n${line(usage.slice('crisp '.length))}`)
  return manual(`crisp-${id}`, summary, [
    ['SYNOPSIS', `${synopsis.join('.br\n')}`],
    [
      'DESCRIPTION',
      [
        paragraph(description ? `${summary}. ${description}` : `${summary}.`),
        aliases.length > 0 ? paragraph(`Also ${aliases.join(', ')}.`) : '',
      ].join(''),
    ],
    ['ARGUMENTS', args.map(({name, description: text = ''}) => tagged(name.toUpperCase(), text)).join('')],
    ...[...groupFlags(visible(command.flags))].map(([title, flags]) => [title, flagList(flags)]),
    ['EXAMPLES', examples.length > 0 ? `.nf\n${examples.map(line).join('')}.fi\n` : ''],
    ['SEE ALSO', '.BR crisp (1)\nfor global flags, environment and exit status\n'],
  ])
}

function manual(name, summary, sections) {
  const title = `.TH ${roff(name.toUpperCase())} 1 "" "crisp ${roff(version)}" "crisp"\n.nh\n`
  const head = `.SH NAME\n${roff(name)} \\- ${roff(summary.charAt(0).toLowerCase() + summary.slice(1))}\n`
  const body = sections
    .filter(([, text]) => text !== '')
    .map(([heading, text]) => `.SH ${heading.includes(' ') ? `"${heading}"` : heading}\n${text}`)
  return `.\\" Made from the commands by npm run docs.\n${title}${head}${body.join('')}`
}

function flagList(flags) {
  return visible(flags)
    .map((flag) => tagged(flagName(flag), flagText(flag)))
    .join('')
}

function tagged(tag, text) {
  return `.TP\n.B ${roff(tag)}\n${line(text)}`
}

function paragraph(text) {
  return `.PP\n${line(text)}`
}

/** A line of text: one that begins with a dot or a quote would be taken for a request. */
function line(text) {
  return `${/^[.']/.test(text) ? '\\&' : ''}${roff(text)}\n`
}

function roff(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('…', '...')
}
