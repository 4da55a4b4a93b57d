import {execFile} from 'node:child_process'
import {cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {beforeAll, expect, test} from 'vitest'

// build/walls.mjs says what each folder of src may import. Here everything else is put into each of them, and lint
// must find it: in a copy that holds nothing but these files.

interface Walls {
  line: string
  rooms: Map<string, {imports: string[]; packages: string[]}>
  withProcess: string[]
  strayMessage: string
  importMessage: (name: string) => string
  wallsText: () => string
}

const project = fileURLToPath(new URL('..', import.meta.url))
const walls: Walls = await import(new URL('../build/walls.mjs', import.meta.url).href)

/** The folders of src, and the files beside them, as paths below src. */
const places = readdirSync(join(project, 'src'), {recursive: true, withFileTypes: true})
  .map((entry) => ({entry, path: relative(join(project, 'src'), join(entry.parentPath, entry.name))}))
  .filter(({entry, path}) => entry.isDirectory() || !path.includes('/'))
  .map(({path}) => path)

test('every folder and file of src has its walls, and lint has them all', () => {
  expect(places.filter((path) => !path.includes('/')).sort()).toEqual([...walls.rooms.keys()].sort())
  expect(readFileSync(join(project, 'biome.walls.json'), 'utf8'), 'npm run walls').toBe(walls.wallsText())
})

const outsiders = [
  ...['@oclif/core', '@oclif/core/flags', 'chalk', 'cli-table3', 'js-yaml', 'string-width', 'tar', 'ws'],
  ...['@grpc/grpc-js', 'left-pad', 'node:process', 'node:child_process', 'node:fs', 'node:fs/promises'],
  ...['fs', 'process'],
]

const circleMessage = 'This import is part of a cycle.'

/** Lines, each with what lint must say to it. */
type Lines = Record<string, string>

interface Place {
  name: string
  depth: number
  /** The way to something else of src. */
  pathTo: (other: string) => string
  /** The other folders and files of src that it may import; those that it may not; the same from outside. */
  imports: string[]
  others: string[]
  packages: string[]
  strangers: string[]
}

function placeOf(path: string): Place {
  const [name = '', ...below] = path.split('/')
  const depth = name.endsWith('.ts') ? 0 : below.length + 1
  const {imports, packages} = walls.rooms.get(name) ?? {imports: [], packages: []}
  const mayImport = (outsider: string) =>
    packages.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '[^/]+')}$`).test(outsider))
  return {
    name,
    depth,
    pathTo: (other) =>
      ('../'.repeat(depth) || './') +
      (/\.[jt]s$/.test(other) ? other.replace(/ts$/, 'js') : `${other}/any.js`),
    imports,
    others: [...walls.rooms.keys()].filter((other) => other !== name && !imports.includes(other)),
    packages: outsiders.filter(mayImport),
    strangers: outsiders.filter((outsider) => !mayImport(outsider)),
  }
}

function forbiddenIn({name, depth, pathTo, others, strangers}: Place): Lines {
  const other = pathTo(others[0] ?? '')
  const imports = [
    ...[...others.map(pathTo), ...strangers, pathTo('../build/any.js')].map((path) => `import '${path}'`),
    `import type {Type} from '${other}'`,
    `export * from '${other}'`,
    `await import('${other}')`,
    // The same, not straight.
    `import './${other}'`,
    `import './below/../${other}'`,
    `import '${pathTo(`text/../${others[0]}/any.js`)}'`,
  ]
  const globals = walls.withProcess.includes(name) ? [] : ['process', 'console', 'globalThis', 'global']
  return {
    ...Object.fromEntries(imports.map((line) => [line, walls.importMessage(name)])),
    ...Object.fromEntries(globals.map((word) => [`${word}.env`, `Do not use the global variable ${word}.`])),
    [`type Inline = import('${other}').Type`]:
      'Import the type at the head of the file: here no wall sees it.',
    ...(depth === 0 ? {} : {"import type {Other} from './circle.js'": circleMessage}),
  }
}

function allowedIn({name, depth, pathTo, imports, packages}: Place): string[] {
  const own = Array.from({length: depth}, (_, above) => `${'../'.repeat(above) || './'}any.js`)
  return [
    ...[...own, ...imports.map(pathTo), ...packages].map((path) => `import '${path}'`),
    ...(walls.withProcess.includes(name) ? ['process.env'] : []),
  ]
}

const forbidden: Record<string, Lines> = {
  'folder-without-walls/forbidden.ts': {"import '../text/any.js'": walls.strayMessage},
  'cli/flags/deeper/forbidden.ts': {"import '../any.js'": walls.strayMessage},
}
const allowed: Record<string, string[]> = {
  'commands/demo.ts': ["import '../demo/index.js'"],
  'cli/demo-process.ts': ["import '../demo/index.js'"],
  'cli/completion/live.ts': ["import '../../demo/index.js'"],
}
// Lint leaves out what the build writes.
for (const path of places.filter((path) => path !== 'generated')) {
  const place = placeOf(path)
  if (place.depth === 0) forbidden[path] = forbiddenIn(place)
  else {
    forbidden[`${path}/forbidden.ts`] = forbiddenIn(place)
    forbidden[`${path}/circle.ts`] = {"import type {Other} from './forbidden.js'": circleMessage}
    allowed[`${path}/allowed.ts`] = allowedIn(place)
  }
}

/** What lint says to each line of each file. */
const found: Record<string, Lines> = {}

beforeAll(async () => {
  const copy = mkdtempSync(join(tmpdir(), 'crisp-walls-'))
  try {
    for (const file of ['biome.json', 'biome.walls.json', '.gitignore', 'build/no-import-in-types.grit'])
      cpSync(join(project, file), join(copy, file))
    const texts = new Map(Object.entries(allowed))
    for (const [path, lines] of Object.entries(forbidden)) texts.set(path, Object.keys(lines))
    for (const [path, lines] of texts) {
      mkdirSync(dirname(join(copy, 'src', path)), {recursive: true})
      writeFileSync(join(copy, 'src', path), lines.join('\n'))
    }
    for (const {path, line, message} of await lint(copy)) {
      const text = texts.get(path)?.[line - 1] ?? ''
      // The doors, which here import each other.
      if (message === circleMessage && !text.includes('{Other}')) continue
      found[path] = {...found[path], [text]: message}
    }
  } finally {
    rmSync(copy, {recursive: true})
  }
})

const rules =
  'lint/style/noRestrictedImports|lint/style/noRestrictedGlobals|lint/suspicious/noImportCycles|plugin'

async function lint(directory: string) {
  const biome = join(project, 'node_modules/@biomejs/biome/bin/biome')
  const words = [biome, 'lint', '--reporter=github', '--max-diagnostics=none', 'src']
  const printed = await new Promise<string>((resolve) =>
    execFile(process.execPath, words, {cwd: directory, maxBuffer: 16 * 1024 * 1024}, (_, stdout) =>
      resolve(stdout),
    ),
  )
  return [
    ...printed.matchAll(
      new RegExp(`^::error title=(?:${rules}),file=.*?/src/(.+?),line=(\\d+),.*?::(.*)$`, 'gm'),
    ),
  ].map(([, path = '', line, message = '']) => ({path, line: Number(line), message}))
}

test.each(Object.keys(forbidden).sort())('lint finds every line of src/%s', (path) => {
  expect(found[path]).toEqual(forbidden[path])
})

test('lint accepts a file with allowed imports only', () => {
  expect(Object.keys(found).filter((path) => path in allowed)).toEqual([])
})

test('the libraries, and what says things in words, are free of the program around them', () => {
  for (const name of ['client', 'streaming', 'logs', 'node'])
    expect(placeOf(name).strangers).toEqual(
      expect.arrayContaining(['@oclif/core', '@oclif/core/flags', 'chalk', 'cli-table3', 'node:process']),
    )
  for (const name of ['views', 'text', 'formats', 'explain', 'errors'])
    expect(placeOf(name).strangers).toEqual(
      expect.arrayContaining(['@oclif/core', 'chalk', 'node:process', 'node:fs', 'node:fs/promises']),
    )
})

test('docs/architecture.md has the same line of imports, and names files and functions that are there', () => {
  const page = readFileSync(join(project, 'docs/architecture.md'), 'utf8')
  expect(page).toContain(walls.line)
  const files = ['src', 'test', 'build', 'bin', 'wasm', 'docs', 'proto'].flatMap((folder) =>
    readdirSync(join(project, folder), {recursive: true, encoding: 'utf8'}).map(
      (path) => `/${folder}/${path}`,
    ),
  )
  const source = files
    .filter((path) => /^\/(src|test)\/.*\.ts$/.test(path))
    .map((path) => readFileSync(join(project, path), 'utf8'))
    .join('\n')
  const named = [...page.matchAll(/`([\w./-]+\.(?:ts|mjs|js|md|proto)|[\w.]+\(\))`/g)]
    .map(([, name = '']) => name)
    .filter((name) => !name.includes('VERB'))
  expect(named.length).toBeGreaterThan(60)
  const isThere = (name: string) =>
    name.endsWith('()')
      ? new RegExp(`\\b${name.replace(/^.*\.|\(\)/g, '')}[(<]`).test(source)
      : files.some((file) => file.endsWith(`/${name}`))
  expect(named.filter((name) => !isThere(name))).toEqual([])
})
