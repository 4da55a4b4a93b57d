import {execFile} from 'node:child_process'
import {statSync} from 'node:fs'
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import {expect, test} from 'vitest'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {type CliOptions, runCli} from '../support/run-cli.js'

/** Words that only the source of each library holds. */
const marks = {
  grpc: 'grpc-node-js',
  oclif: 'oclif',
  yaml: 'YAMLException',
  width: 'eastAsianWidth',
  template: 'urlquery',
  tracing: 'OTEL_EXPORTER_OTLP',
  re2: 'LOOKBEHINDS',
  failures: 'internal error in crisp',
}

const built = fileURLToPath(new URL('../../dist/', import.meta.url))

/** Which files a command line loaded, by what V8 saw. */
async function filesLoadedBy(argv: readonly string[], options: CliOptions = {}): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'crisp-coverage-'))
  // Kept code would have the path of the copy that it was first compiled from.
  const env = {NODE_V8_COVERAGE: directory, NODE_DISABLE_COMPILE_CACHE: '1'}
  await runCli(argv, {...options, env})
  const scripts = new Set<string>()
  for (const file of await readdir(directory)) {
    const {result} = JSON.parse(await readFile(join(directory, file), 'utf8')) as {result: {url: string}[]}
    for (const {url} of result) if (url.startsWith('file://')) scripts.add(fileURLToPath(url))
  }
  await rm(directory, {recursive: true})
  return [...scripts]
}

/** Which libraries' code a command line loaded. */
async function loadedBy(argv: readonly string[], options: CliOptions = {}): Promise<string[]> {
  const files = await filesLoadedBy(argv, options)
  const sources = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return Object.entries(marks)
    .filter(([, mark]) => sources.some((source) => source.includes(mark)))
    .map(([name]) => name)
}

test('help, version, a mistyped word and the completion of a flag load neither gRPC nor oclif, and only the mistyped word the wording of failures', async () => {
  const loaded = await Promise.all(
    [
      ['--help'],
      ['ps', '--help'],
      ['--version'],
      ['__complete', 'bash', 'crisp ps --st', ''],
      ['pss'],
      ['ps', '--nosuch'],
    ].map((argv) => loadedBy(argv)),
  )
  expect(loaded).toEqual([[], [], [], [], ['failures'], ['failures']])
})

test('-q loads no table code, a table loads no YAML, YAML loads no template code', async () => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
  const loaded = await Promise.all(
    [['ps', '-q'], ['ps'], ['ps', '-o', 'yaml']].map((argv) => loadedBy(argv, {...runtime, env: {}})),
  )
  expect(loaded).toEqual([
    ['oclif', 'failures'],
    ['oclif', 'width', 'failures'],
    ['oclif', 'yaml', 'width', 'failures'],
  ])
})

test('RE2 is loaded only for an expression that could be slow in JavaScript', async () => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}})
  const loaded = await Promise.all(
    ['^web-\\d+$', '(?i)web|db', '^[^\\pL]', '(a+)+$'].map((name) =>
      loadedBy(['ps', '-q', '--name', name], {...runtime, env: {}}),
    ),
  )
  expect(loaded).toEqual([
    ['oclif', 'failures'],
    ['oclif', 'failures'],
    ['oclif', 're2', 'failures'],
    ['oclif', 're2', 'failures'],
  ])
})

test('few files are loaded: each is one more to find, to open and to link', async () => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}, Version: {}})
  const loaded = await Promise.all(
    [['--help'], ['ps', '--help'], ['pss'], ['version'], ['ps', '-q'], ['ps']].map((argv) =>
      filesLoadedBy(argv, {...runtime, env: {}}),
    ),
  )
  const counts = loaded.map((files) => files.length)
  const sizes = loaded.map((files) => files.reduce((sum, file) => sum + statSync(file).size, 0))
  const most = {files: [3, 3, 5, 8, 8, 11], kiB: [48, 48, 78, 384, 384, 412]}
  expect(counts.filter((count, index) => count > (most.files[index] ?? 0))).toEqual([])
  expect(sizes.filter((size, index) => size > (most.kiB[index] ?? 0) * 1024)).toEqual([])
})

test('of Node itself nothing is loaded that is not needed', async () => {
  await using runtime = await startFakeRuntime({ListContainers: {containers: []}, Version: {}})
  const modulesOf = async (argv: readonly string[]) => {
    const directory = await mkdtemp(join(tmpdir(), 'crisp-modules-'))
    const script = join(directory, 'write.cjs')
    await writeFile(
      script,
      `const {writeFileSync} = require('fs')
      process.on('exit', () => writeFileSync(${JSON.stringify(join(directory, 'modules'))}, process.moduleLoadList.join('\\n')))`,
    )
    await runCli(argv, {...runtime, env: {NODE_OPTIONS: `--require=${script}`}})
    const modules = (await readFile(join(directory, 'modules'), 'utf8')).split('\n')
    await rm(directory, {recursive: true})
    return costly.filter((name) => modules.includes(`NativeModule ${name}`))
  }
  const costly = [
    'child_process',
    'crypto',
    'fs/promises',
    'http',
    'http2',
    'net',
    'readline',
    'stream',
  ].concat('tls', 'tty', 'worker_threads', 'zlib')
  // The last one is refused before a stream is opened: that needs http too.
  expect(
    await Promise.all([['--help'], ['version'], ['ps'], ['exec', 'none', 'true']].map(modulesOf)),
  ).toEqual([[], ['net', 'stream'], ['net', 'stream'], ['net', 'stream', 'zlib']])
})

test.runIf(process.platform === 'linux')(
  'little is read beside what an empty script reads, in few calls',
  async () => {
    await using runtime = await startFakeRuntime({ListContainers: {containers: []}, Version: {}})
    const directory = await mkdtemp(join(tmpdir(), 'crisp-reads-'))
    const report = join(directory, 'reads')
    const script = join(directory, 'write.cjs')
    await writeFile(
      script,
      `const {readFileSync, writeFileSync} = require('fs')
      process.on('exit', () => writeFileSync(${JSON.stringify(report)}, readFileSync('/proc/self/io')))`,
    )
    const readsOf = async (run: (env: Record<string, string>) => Promise<unknown>) => {
      await run({NODE_OPTIONS: `--require=${script}`})
      const text = await readFile(report, 'utf8')
      const [bytes, calls] = ['rchar', 'syscr'].map((key) =>
        Number(new RegExp(`${key}: (\\d+)`).exec(text)?.[1]),
      )
      return {bytes: bytes ?? 0, calls: calls ?? 0}
    }
    const empty = join(directory, 'empty.mjs')
    await writeFile(empty, '')
    const base = await readsOf((env) => promisify(execFile)(process.execPath, [empty], {env}))
    const more = []
    // What is kept of an earlier run is read too, but for this.
    const options = {NODE_DISABLE_COMPILE_CACHE: '1'}
    for (const argv of [['--help'], ['version'], ['ps']]) {
      const {bytes, calls} = await readsOf((env) => runCli(argv, {...runtime, env: {...env, ...options}}))
      more.push({kiB: (bytes - base.bytes) / 1024, calls: calls - base.calls})
    }
    await rm(directory, {recursive: true})
    const most = [
      {kiB: 200, calls: 30},
      {kiB: 530, calls: 90},
      {kiB: 560, calls: 100},
    ]
    expect(
      more.filter(
        ({kiB, calls}, index) => kiB > (most[index]?.kiB ?? 0) || calls > (most[index]?.calls ?? 0),
      ),
    ).toEqual([])
  },
)

test.skipIf(process.env.CRISP_BIN)(
  'a call takes little more processor time than one with nothing but HTTP/2',
  async () => {
    await using runtime = await startFakeRuntime({Version: {}})
    const node = ['../../bin/run.js', '../../bench/bare-client.mjs'].map((path) =>
      fileURLToPath(new URL(path, import.meta.url)),
    )
    const [crisp = '', bare = ''] = node
    const usage = fileURLToPath(new URL('../../bench/report-usage.mjs', import.meta.url))
    const directory = await mkdtemp(join(tmpdir(), 'crisp-usage-'))
    const file = join(directory, 'usage')
    const processorMs = async (...words: string[]) => {
      await promisify(execFile)(process.execPath, ['--import', usage, ...words], {env: {USAGE_FILE: file}})
      return (JSON.parse(await readFile(file, 'utf8')) as {processorMs: number}).processorMs
    }
    const times: {crisp: number[]; bare: number[]} = {crisp: [], bare: []}
    for (let round = 0; round < 7; round++) {
      times.crisp.push(await processorMs(crisp, '-r', runtime.endpoint, 'version'))
      times.bare.push(await processorMs(bare, runtime.endpoint.replace('unix://', '')))
    }
    await rm(directory, {recursive: true})
    // The least of each: what else the machine does only adds.
    expect(Math.min(...times.crisp) / Math.min(...times.bare)).toBeLessThan(2)
  },
)

test('every file that a built file loads is there', async () => {
  const names = await readdir(built, {recursive: true})
  const files = names.filter((name) => name.endsWith('.js')).map((name) => join(built, name))
  const imports = await Promise.all(
    files.map(async (file) =>
      [...(await readFile(file, 'utf8')).matchAll(/\$load(?:Later)?\("([^"]+)"\)/g)].map(([, path = '']) =>
        join(built, path),
      ),
    ),
  )
  expect(imports.flat().length).toBeGreaterThan(files.length)
  expect([...new Set(imports.flat())].filter((path) => !files.includes(path))).toEqual([])
})
