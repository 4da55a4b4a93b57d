import {execFileSync, spawn, spawnSync} from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {extname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {homeless} from '../support/own-home.js'
import {cliEnvironment, outcomeOf} from '../support/run-cli.js'

// The package as npm gets it: made of the build, put where nothing of this repository is around it.

const root = fileURLToPath(new URL('../..', import.meta.url))
let directory: string
let tarball: string
let unpacked: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'crisp-package-'))
  const printed = execFileSync(process.execPath, ['build/package.mjs', directory], {
    cwd: root,
    encoding: 'utf8',
  })
  tarball = printed.trim()
  execFileSync('tar', ['-xzf', tarball, '-C', directory])
  unpacked = join(directory, 'package')
}, 60_000)
afterAll(() => rmSync(directory, {recursive: true}))

const manifestOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

const versionBy = async (program: string, words: readonly string[]) => {
  await using runtime = await startFakeRuntime()
  const child = spawn(program, [...words, 'version', '-o', 'jsonpath={.runtimeName}'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: cliEnvironment(runtime),
    cwd: directory,
  })
  return await outcomeOf(child)
}
const answered = {stdout: 'fake\n', stderr: '', exitCode: 0}

test('it asks for no other package, runs nothing and may be published', () => {
  expect(Object.keys(manifestOf(unpacked)).sort()).toEqual([
    ...['bin', 'description', 'engines', 'exports', 'license', 'man', 'name', 'oclif', 'type', 'version'],
  ])
  expect(readdirSync(unpacked).sort()).toEqual([
    ...[
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'docs',
      'lessons',
      'man',
      'package.json',
      'proto',
    ],
  ])
})

test('npm installs it without a registry, as one package with its man pages', async () => {
  const prefix = join(directory, 'prefix')
  mkdirSync(prefix)
  const options = ['--offline', '--prefix', prefix, '--cache', join(directory, 'cache')]
  execFileSync('npm', ['install', '--global', ...options, tarball], {stdio: 'pipe', cwd: directory})
  const modules = join(prefix, 'lib/node_modules')
  expect(readdirSync(modules).filter((name) => !name.startsWith('.'))).toEqual(['crisp-cri'])
  expect(existsSync(join(modules, 'crisp-cri/node_modules'))).toBe(false)
  expect(existsSync(join(prefix, 'share/man/man1/crisp-ps.1'))).toBe(true)
  expect(await versionBy(join(prefix, 'bin/crisp'), [])).toEqual(answered)
}, 60_000)

test('unpacked with tar it runs as it is', async () => {
  expect(await versionBy(process.execPath, ['--', join(unpacked, 'bin/run.js')])).toEqual(answered)
  expect(await versionBy(join(unpacked, 'bin/run.js'), [])).toEqual(answered)
})

test('it is one small file, and holds nothing that only one release of Node can use', () => {
  expect(statSync(tarball).size).toBeLessThanOrEqual(1_300_000)
  const kinds = readdirSync(join(unpacked, 'dist'), {recursive: true}).map((name) => extname(String(name)))
  expect([...new Set(kinds)].sort()).toEqual(['', '.js', '.json', '.ts', '.txt'])
})

test.each<[string, (home: string) => NodeJS.ProcessEnv]>([
  ['with a home', (home) => ({HOME: home, XDG_CACHE_HOME: join(home, 'cache')})],
  ['with one where nothing can be made', () => ({HOME: '/proc'})],
  ['without a home', () => ({HOME: undefined, [homeless]: '1'})],
])('%s: commands answer the same again and again, and leave nothing behind', async (_, envFor) => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
  const home = mkdtempSync(join(directory, 'home-'))
  const files = () => readdirSync(unpacked, {recursive: true}).length
  const before = files()
  for (const words of [['version'], ['version'], ['ps', '-q'], ['completion', 'bash']]) {
    const child = spawn(process.execPath, ['--', join(unpacked, 'bin/run.js'), ...words], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {...cliEnvironment(runtime), ...envFor(home)},
      cwd: home,
    })
    expect(await outcomeOf(child)).toMatchObject({stderr: '', exitCode: 0})
  }
  expect({home: readdirSync(home), files: files()}).toEqual({home: [], files: before})
})

test.each([
  ['without', []],
  ['beside', ['@grpc', 're2js']],
])('a program in TypeScript compiles with it %s the packages that are inside', (how, beside) => {
  const project = join(directory, how)
  const modules = join(project, 'node_modules')
  mkdirSync(modules, {recursive: true})
  cpSync(unpacked, join(modules, 'crisp-cri'), {recursive: true})
  for (const name of ['@types', ...beside]) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  writeFileSync(
    join(project, 'program.mts'),
    `import {type CallObserver, connect, type Container, type RuntimeService} from 'crisp-cri/client'
import {type Grep, type LogLine, LineSource, listLogFiles, planReading} from 'crisp-cri/logs'
const onCall: CallObserver = (method, _request, addHeader) => { addHeader('a', method); return {onEnd: () => undefined} }
using client = connect({onCall})
const runtime: RuntimeService = client.runtime
const {containers} = await runtime.listContainers({filter: {id: 'a'}})
export const first: Container | undefined = containers[0]
const lines = await new LineSource(await planReading(listLogFiles('/a'), {tail: 2})).next()
export const line: LogLine | undefined = Array.isArray(lines) ? lines[0] : undefined
export const grep: Pick<Grep, 'include'> = {include: [{test: (text) => text === ''}]}
// @ts-expect-error no such field
await runtime.listContainers({filter: {nosuch: 'a'}})
`,
  )
  const settings = {
    compilerOptions: {
      ...{noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false},
      ...{target: 'es2023', module: 'nodenext', lib: ['es2023', 'esnext.disposable'], types: ['node']},
    },
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(settings))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const {stdout, status} = spawnSync(process.execPath, [tsc, '--project', project], {encoding: 'utf8'})
  expect({stdout, status}).toEqual({stdout: '', status: 0})
})
