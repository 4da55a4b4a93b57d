// The walls between the folders of src: what each may import, and which of them may touch the process. Written down
// here alone; `npm run walls` makes of it the lint rules in biome.walls.json, which biome.json takes in. A folder that
// is not named here may import nothing.
import {writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

/** Imports go from left to right, past any number of arrows; never back, and not between two that share a place. */
export const line =
  'commands → cli → nodes → run, report, tour → sessions, top, explain, doctor → log-session, views, config-files, terminal → formats, node → logs, client → streaming, text → errors → generated → wire'

/** What each takes from outside; the modules of Node only where it has not the process, and with it all of them. */
const packages = {
  commands: ['@oclif/core', '@oclif/core/*'],
  cli: ['@oclif/core', '@oclif/core/*', '@opentelemetry/*', 'js-yaml'],
  nodes: [
    'node:child_process',
    'node:crypto',
    'node:events',
    'node:fs',
    'node:net',
    'node:os',
    'node:path',
    'node:stream',
    'node:stream/promises',
    'node:util',
    'node:zlib',
  ],
  run: [
    'node:crypto',
    'node:fs',
    'node:fs/promises',
    'node:os',
    'node:path',
    'node:stream',
    'node:timers/promises',
  ],
  report: [
    'node:child_process',
    'node:fs',
    'node:fs/promises',
    'node:os',
    'node:path',
    'node:stream',
    'node:stream/promises',
    'node:zlib',
  ],
  tour: ['node:timers/promises'],
  sessions: ['tar'],
  top: ['chalk', 'node:child_process', 'node:tty'],
  explain: [],
  doctor: ['js-yaml', 'node:fs', 'node:fs/promises', 'node:path'],
  'log-session': ['node:buffer'],
  views: [],
  'config-files': ['js-yaml', 'node:crypto', 'node:stream'],
  terminal: ['chalk'],
  formats: ['cli-table3', 'js-yaml', 'string-width'],
  node: [
    'node:child_process',
    'node:fs',
    'node:fs/promises',
    'node:net',
    'node:os',
    'node:path',
    'node:stream',
    'node:tty',
  ],
  logs: [
    'node:buffer',
    'node:fs',
    'node:fs/promises',
    'node:path',
    'node:stream',
    'node:timers/promises',
    'node:zlib',
  ],
  client: ['node:events', 'node:fs/promises', 'node:net', 'node:timers/promises'],
  streaming: [
    'ws',
    'node:events',
    'node:fs',
    'node:http',
    'node:https',
    'node:net',
    'node:stream',
    'node:timers/promises',
    'node:zlib',
  ],
  text: ['re2js'],
  errors: [],
  generated: [],
  wire: [],
}

/** Beside the line: the doors of src, the embedded runtime, and the few files that start or name that. */
const beside = {
  'package.ts': {imports: ['node'], packages: []},
  'main.ts': {imports: ['cli', 'errors'], packages: []},
  'client.ts': {imports: ['client'], packages: []},
  'logs.ts': {imports: ['logs'], packages: []},
  demo: {
    imports: [
      'client/descriptor.js',
      'client/endpoints.js',
      'node/own-folder.js',
      'streaming/spdy-frames.js',
      'streaming/spdy-headers.js',
      'text',
      'errors',
      'generated',
    ],
    packages: ['@grpc/grpc-js', '@grpc/proto-loader', 'js-yaml', 'ws'],
  },
}
const namersOfDemo = ['commands/demo.ts', 'cli/demo-process.ts', 'cli/completion/live.ts']

/** These hold the process's streams, signals, environment and exit code, and hand them to the others. */
export const withProcess = ['package.ts', 'main.ts', 'commands', 'cli', 'sessions', 'terminal', 'demo']

const levels = line.split(' → ').map((level) => level.split(', '))

/** What each door and folder of src may import and do, by its name. */
export const rooms = new Map([
  ...levels.flatMap((level, index) =>
    level.map((name) => [name, {imports: levels.slice(index + 1).flat(), packages: packages[name]}]),
  ),
  ...Object.entries(beside),
])
for (const name of withProcess) rooms.get(name).packages.push('node:*', 'node:*/*')

/** What lint says where no wall is written down. */
export const strayMessage =
  'src is at most two folders deep, and build/walls.mjs says what each of its folders may import'

/** What lint says to an import that the door or folder may not have. */
export function importMessage(name) {
  const {imports, packages} = rooms.get(name)
  return `src/${name} may import ${imports.join(', ') || 'no other folder'}; from outside ${packages.join(', ') || 'nothing'} (build/walls.mjs)`
}

export function wallsText() {
  const overrides = [
    {includes: ['src/**'], rules: {...importsOnly([], strayMessage), noRestrictedGlobals}},
    ...[...rooms.keys()].flatMap((name) =>
      name.endsWith('.ts')
        ? [{includes: [`src/${name}`], rules: importsOf(name, 0)}]
        : [1, 2].map((depth) => ({
            includes: [`src/${name}${'/*'.repeat(depth)}`],
            rules: importsOf(name, depth),
          })),
    ),
    ...namersOfDemo.map((path) => {
      const [name, ...below] = path.split('/')
      return {includes: [`src/${path}`], rules: importsOf(name, below.length, ['demo'])}
    }),
    {
      includes: withProcess.map((name) => `src/${name}${name.endsWith('.ts') ? '' : '/**'}`),
      rules: {noRestrictedGlobals: 'off'},
    },
  ]
  const lines = overrides.map(({includes, rules}) =>
    JSON.stringify({includes, linter: {rules: {style: rules}}}),
  )
  return `{"overrides": [\n${lines.join(',\n')}\n]}\n`
}

const takenAsArgument = 'what is needed of the process is an argument (build/walls.mjs)'
const noRestrictedGlobals = {
  level: 'error',
  options: {
    deniedGlobals: Object.fromEntries(
      ['process', 'console', 'globalThis', 'global'].map((name) => [name, takenAsArgument]),
    ),
  },
}

/** The rule for the files that are `depth` folders below src, in the folder of that name or the door itself. */
function importsOf(name, depth, also = []) {
  const {imports, packages} = rooms.get(name)
  const up = (folders) => '../'.repeat(folders) || './'
  const own = Array.from({length: depth}, (_, folders) => `!${up(folders)}**`)
  const others = [...imports, ...also].map(
    (path) => `!${up(depth)}${path}${path.endsWith('.js') ? '' : '/**'}`,
  )
  const outside = packages.map((pattern) => `!${pattern}`)
  const detours = ['./**/../**', ...own.map((_, folders) => `${up(folders + 1)}*/../**`)]
  return importsOnly([...own, `${up(depth)}**`, ...others, ...outside, ...detours], importMessage(name))
}

/** Of the patterns that match an import the last one counts; those with an exclamation mark allow it. */
function importsOnly(patterns, message) {
  const group = ['**', ...patterns]
  return {noRestrictedImports: {level: 'error', options: {patterns: [{group, message}]}}}
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL('../biome.walls.json', import.meta.url), wallsText())
