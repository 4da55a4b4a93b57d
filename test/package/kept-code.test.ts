import {execFile, execFileSync} from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {promisify} from 'node:util'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type FakeRuntime, startFakeRuntime} from '../support/fake-runtime.js'
import {type CliResult, crispInShell, isStandalone, runCli} from '../support/run-cli.js'

// V8's code of a command, which its first run keeps for the next ones in the user's own folder.

const root = fileURLToPath(new URL('../..', import.meta.url))

let runtime: FakeRuntime
let session: string
beforeEach(async () => {
  runtime = await startFakeRuntime({ListContainers: {containers: []}})
  session = mkdtempSync(join(tmpdir(), 'crisp-session-'))
})
afterEach(async () => {
  await runtime[Symbol.asyncDispose]()
  rmSync(session, {recursive: true})
})

const run = (argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> =>
  runCli(argv, {endpoint: runtime.endpoint, env: {XDG_RUNTIME_DIR: session, ...env}})
const codeFolder = () => join(session, 'crisp/code')
const keptFiles = () =>
  existsSync(codeFolder())
    ? readdirSync(codeFolder(), {recursive: true, withFileTypes: true}).filter((entry) => entry.isFile())
    : []
const keptNames = () =>
  keptFiles()
    .map(({name}) => name)
    .sort()
/** Of the one command that was run. */
const keptPath = () => keptFiles().map(({parentPath, name}) => join(parentPath, name))[0] as string

describe.skipIf(isStandalone)('code that is kept', () => {
  test('is that of each command that ended well, and closed to others', async () => {
    const answers = [await run(['version']), await run(['version'])]
    expect(answers[1]).toEqual(answers[0])
    expect(answers[0]).toMatchObject({stderr: '', exitCode: 0})
    await run(['ps', '-q'])
    await run(['--help'])
    await run(['help', 'ps'])
    await run(['inspect', 'none'])
    await run(['nosuch'])
    expect(keptNames()).toEqual(['help', 'ps', 'version'])
    expect(keptFiles().map(({parentPath, name}) => statSync(join(parentPath, name)).mode & 0o777)).toEqual(
      Array.from({length: 3}, () => 0o600),
    )
  })

  test('answers as ever where it was damaged, and is made anew', async () => {
    const answer = await run(['version'])
    const path = keptPath()
    const whole = readFileSync(path)
    const flipped = Array.from({length: 12}, (_, index) => {
      const bytes = Buffer.from(whole)
      const at = Math.floor((whole.length * (index + 0.5)) / 12)
      bytes[at] = (bytes[at] as number) ^ (1 << (index % 8))
      return bytes
    })
    const cut = [0, 1_000, whole.length / 2, whole.length - 1].map((length) => whole.subarray(0, length))
    const others = [Buffer.from('words'), Buffer.alloc(whole.length)]
    for (const bytes of [...flipped, ...cut, ...others]) {
      writeFileSync(path, bytes)
      expect(await run(['version'])).toEqual(answer)
      const anew = readFileSync(path)
      expect(anew.subarray(0, anew.length / 2).equals(anew.subarray(anew.length / 2))).toBe(true)
      expect(anew.equals(bytes)).toBe(false)
    }
  }, 60_000)

  test('of another V8 is not used, and is made anew', async () => {
    const answer = await run(['version'])
    const path = keptPath()
    // V8's own head of the first code, behind the index: which V8 made it.
    const half = readFileSync(path)
    const packed = half.subarray(0, half.length / 2)
    const start = Math.ceil((4 + packed.readUInt32LE()) / 8) * 8
    packed.writeUInt32LE(packed.readUInt32LE(start + 4) ^ 1, start + 4)
    const foreign = Buffer.concat([packed, packed])
    writeFileSync(path, foreign)
    expect(await run(['version'])).toEqual(answer)
  })

  test('of another build is not used, wherever it lies', async () => {
    const answer = await run(['version'])
    const path = keptPath()
    const whole = readFileSync(path)
    const build = path.split('/').at(-2) as string
    const others = Buffer.from(whole.toString('latin1').replaceAll(build, build.replace(/.$/, '.')), 'latin1')
    expect(others.equals(whole)).toBe(false)
    writeFileSync(path, others)
    expect(await run(['version'])).toEqual(answer)
    expect(readFileSync(path).equals(others)).toBe(false)
  })

  test('of a file that was changed since is not used, however long that is', async () => {
    const copy = join(session, 'package')
    for (const name of ['bin', 'dist', 'package.json'])
      cpSync(join(root, name), join(copy, name), {recursive: true})
    const labels = () => {
      const argv = [join(copy, 'bin/run.js'), 'version']
      const env = {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint, XDG_RUNTIME_DIR: session}
      return promisify(execFile)(process.execPath, argv, {env})
    }
    expect((await labels()).stdout).toContain('RuntimeApiVersion:')
    const path = join(copy, 'dist/commands/version.js')
    writeFileSync(path, readFileSync(path, 'utf8').replace('RuntimeApiVersion', 'RuntimeApiVERSION'))
    for (const _ of ['anew', 'kept']) expect((await labels()).stdout).toContain('RuntimeApiVERSION:')
  })

  test.each<[string, (path: string) => void]>([
    ['a pipe that nobody writes to', (path) => execFileSync('mkfifo', [path])],
    ['a device without an end', (path) => symlinkSync('/dev/zero', path)],
    ['a link to a whole one', (path) => symlinkSync(`${path}.whole`, path)],
    [
      '100 GB',
      (path) => {
        writeFileSync(path, '')
        truncateSync(path, 100 * 1024 ** 3)
      },
    ],
  ])('is made anew where %s lies', async (_, make) => {
    const answer = await run(['version'])
    const path = keptPath()
    writeFileSync(`${path}.whole`, readFileSync(path))
    rmSync(path)
    make(path)
    expect(await run(['version'])).toEqual(answer)
    expect(keptNames()).toEqual(['version', 'version.whole'])
    const anew = lstatSync(path)
    expect(anew.isFile()).toBe(true)
    expect(anew.size).toBeGreaterThan(100_000)
    expect(anew.size).toBeLessThan(10_000_000)
  })

  test.runIf(process.getuid?.() === 0)('is made anew where it is of another user', async () => {
    const answer = await run(['version'])
    chownSync(keptPath(), 65534, 65534)
    expect(await run(['version'])).toEqual(answer)
    expect(statSync(keptPath()).uid).toBe(0)
  })

  test('fails no command where there is no room for it', async () => {
    mkdirSync(join(session, 'crisp'), {mode: 0o700})
    writeFileSync(codeFolder(), '')
    expect(await run(['version'])).toMatchObject({stderr: '', exitCode: 0})
    rmSync(codeFolder())
    const limited = execFileSync('sh', ['-c', `ulimit -f 8; ${crispInShell} --version`], {
      env: {PATH: process.env.PATH, XDG_RUNTIME_DIR: session},
      encoding: 'utf8',
    })
    expect(limited).toMatch(/^crisp version /)
    expect(keptNames()).toEqual([])
  })

  test('of many first runs at once is that of one of them, and what a killed one left goes', async () => {
    const [answer, ...others] = await Promise.all(Array.from({length: 8}, () => run(['version'])))
    expect(others).toEqual(others.map(() => answer))
    expect(answer).toMatchObject({stderr: '', exitCode: 0})
    expect(keptNames()).toEqual(['version'])
    const left = `${keptPath()}.4194305`
    writeFileSync(left, 'half')
    utimesSync(left, 1, 1)
    await run(['ps', '-q'])
    expect(keptNames()).toEqual(['ps', 'version'])
  })

  test.each<[string, NodeJS.ProcessEnv]>([
    ['Node is told not to', {NODE_DISABLE_COMPILE_CACHE: '1'}],
    ['Node has options', {NODE_OPTIONS: '--max-old-space-size=512'}],
  ])('is none where %s', async (_, env) => {
    expect(await run(['version'], env)).toMatchObject({stderr: '', exitCode: 0})
    expect(keptNames()).toEqual([])
  })

  test('is none in a folder that others can look into', async () => {
    mkdirSync(join(session, 'crisp'))
    chmodSync(join(session, 'crisp'), 0o777)
    expect(await run(['version'])).toMatchObject({stderr: '', exitCode: 0})
    expect(readdirSync(join(session, 'crisp'))).toEqual([])
  })

  test('is none below a directory that others may exchange, or that all write to', async () => {
    const shared = join(session, 'shared')
    mkdirSync(join(shared, 'mine'), {recursive: true, mode: 0o700})
    chmodSync(shared, 0o777)
    expect(await run(['version'], {XDG_RUNTIME_DIR: join(shared, 'mine')})).toMatchObject({exitCode: 0})
    expect(readdirSync(join(shared, 'mine'))).toEqual([])
    chmodSync(shared, 0o1777)
    expect(await run(['version'], {XDG_RUNTIME_DIR: '', TMPDIR: shared})).toMatchObject({exitCode: 0})
    expect(readdirSync(shared)).toEqual(['mine'])
    await run(['version'], {XDG_RUNTIME_DIR: join(shared, 'mine')})
    expect(readdirSync(join(shared, 'mine'))).toEqual(['crisp'])
  })

  test.runIf(process.getuid?.() === 0)("is none in another user's folder", async () => {
    mkdirSync(join(session, 'crisp'), {mode: 0o700})
    chownSync(join(session, 'crisp'), 65534, 65534)
    expect(await run(['version'])).toMatchObject({stderr: '', exitCode: 0})
    expect(readdirSync(join(session, 'crisp'))).toEqual([])
  })

  test('of builds that are no longer run is removed', async () => {
    const old = ['a', 'b', 'c', 'd', 'e'].map((name) => join(codeFolder(), name))
    for (const path of old) {
      mkdirSync(path, {recursive: true, mode: 0o700})
      writeFileSync(join(path, 'version'), '')
    }
    chmodSync(join(session, 'crisp'), 0o700)
    await run(['version'])
    expect(readdirSync(codeFolder())).toHaveLength(4)
    expect(keptNames()).toEqual(['version', 'version', 'version', 'version'])
  })
})
