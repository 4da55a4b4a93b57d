import {spawn} from 'node:child_process'
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {runInProcess} from '../support/in-process.js'
import {onTerminal} from '../support/on-terminal.js'
import {
  type CliOptions,
  type CliResult,
  cliEnvironment,
  outcomeOf,
  program,
  programAt,
  runCli,
} from '../support/run-cli.js'

const {version} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

let directory: string
let settings: string
/** Programs called crictl. */
const links: Record<string, string> = {}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'crisp-compat-'))
  settings = join(directory, 'settings.yaml')
  writeFileSync(settings, 'compat: crictl\n')
  // What the program imports is found beside the folder that it really lies in.
  const folderFor = (kind: string) => {
    const folder = join(directory, kind, 'bin')
    mkdirSync(folder, {recursive: true})
    if (kind !== 'symbolic link') {
      writeFileSync(join(directory, kind, 'package.json'), '{"type": "module"}')
      symlinkSync(join(dirname(program), '../dist'), join(directory, kind, 'dist'))
    }
    links[kind] = join(folder, 'crictl')
    return links[kind]
  }
  symlinkSync(program, folderFor('symbolic link'))
  copyFileSync(program, folderFor('copy'))
  const own = folderFor('hard link')
  // Links do not cross file systems.
  copyFileSync(program, `${own}-original`)
  linkSync(`${own}-original`, own)
})
afterAll(() => rmSync(directory, {recursive: true, force: true}))

const runAs = (path: string, argv: readonly string[], options: CliOptions = {}): Promise<CliResult> => {
  const [started, ...words] = programAt(path)
  return outcomeOf(
    spawn(started, [...words, ...argv], {stdio: ['pipe', 'pipe', 'pipe'], env: cliEnvironment(options)}),
  )
}

const crictlHelp = {
  stdout: expect.stringMatching(/^crictl - client for CRI.*\n\nUSAGE\n {2}crictl \[global flags\]/s),
  stderr: '',
  exitCode: 0,
}
const crictlVersion = {stdout: `crictl version 1.36.0 (crisp ${version})\n`, stderr: '', exitCode: 0}
const rmHelp = {
  stdout: expect.stringMatching(
    /^Remove containers.*\nUSAGE\n {2}crictl rm .*EXAMPLES\n {2}crictl rm web\n/s,
  ),
  stderr: '',
  exitCode: 0,
}
const unreachable = {
  stdout: '',
  stderr: expect.stringMatching(/^crictl: no container runtime at/),
  exitCode: 4,
}
const wrongFlag = {
  stdout: '',
  stderr: 'crictl: unknown flag --nosuch for ps (crictl ps --help)\n',
  exitCode: 2,
}

describe.each(['symbolic link', 'copy', 'hard link', 'variable'])("crictl's mode by %s", (kind) => {
  const run = (...argv: string[]) =>
    kind === 'variable' ? runCli(argv, {env: {CRISP_COMPAT: 'crictl'}}) : runAs(links[kind] as string, argv)

  test('help and version', async () => {
    const [help, word, versions, verb] = await Promise.all([
      run('--help'),
      run('help'),
      run('--version'),
      run('rm', '--help'),
    ])
    expect(help).toEqual(crictlHelp)
    expect(word).toEqual(help)
    expect(versions).toEqual(crictlVersion)
    expect(verb).toEqual(rmHelp)
    // Its own folder and variables are not renamed.
    expect(`${help.stdout}${verb.stdout}`.replaceAll('CRISP_NODE', '')).not.toMatch(/crisp/i)
  })

  test('rm without arguments, an endpoint that is not there, a mistake', async () => {
    const file = join(directory, `${kind}.yaml`)
    const [rm, set, flag, socket] = await Promise.all([
      run('rm'),
      run('--config', file, 'config', '--set', 'runtime-endpoint=tcp://nowhere:1'),
      run('ps', '--nosuch'),
      run('-r', 'unix:///nosuch.sock', 'ps'),
    ])
    expect(rm).toEqual(rmHelp)
    expect(set).toEqual({stdout: '', stderr: '', exitCode: 0})
    expect(readFileSync(file, 'utf8')).toBe('runtime-endpoint: tcp://nowhere:1\n')
    expect(flag).toEqual(wrongFlag)
    expect(socket).toEqual(unreachable)
  })
})

describe("crictl's mode by the settings file", () => {
  const run = (...argv: string[]) => runInProcess(['--config', settings, ...argv])

  test('counts once a command runs', async () => {
    expect(await run('rm')).toEqual(rmHelp)
    expect(await run('-r', 'unix:///nosuch.sock', 'ps')).toEqual(unreachable)
    expect(await run('config', '--set', 'runtime-endpoint=tcp://nowhere:1')).toEqual({
      stdout: '',
      stderr: '',
      exitCode: 0,
    })
    expect(readFileSync(settings, 'utf8')).toBe('compat: crictl\nruntime-endpoint: tcp://nowhere:1\n')
    writeFileSync(settings, 'compat: crictl\n')
  })

  test('is in the list where it is set', async () => {
    expect((await run('config', '--list')).stdout).toMatch(/^compat +crictl$/m)
    expect((await runInProcess(['config'])).stdout).not.toContain('compat')
  })

  test('does not count before: help, version and the check of the line read no file', async () => {
    expect(await run('--version')).toMatchObject({stdout: `crisp version ${version}\n`})
    expect(await run('--help')).toMatchObject({stdout: expect.stringMatching(/^crisp - client/)})
    expect(await run('ps', '--nosuch')).toMatchObject({stderr: expect.stringMatching(/^crisp: unknown flag/)})
  })

  test('one command leaves nothing to the next', async () => {
    await run('rm')
    expect(await runInProcess(['rm'])).toMatchObject({
      stderr: expect.stringMatching(/^crisp: which container/),
      exitCode: 2,
    })
  })
})

describe('without it', () => {
  test('no other name and no empty variable switches', async () => {
    const other = join(directory, 'crictl2')
    symlinkSync(program, other)
    expect(await runAs(other, ['--version'])).toMatchObject({stdout: `crisp version ${version}\n`})
    expect(await runCli(['--version'], {env: {CRISP_COMPAT: ''}})).toMatchObject({
      stdout: `crisp version ${version}\n`,
    })
  })

  test('any other word is wrong usage', async () => {
    const variable = 'crisp: CRISP_COMPAT: "docker" should be crictl, or nothing\n'
    for (const argv of [['--version'], ['ps'], ['rm']])
      expect(await runInProcess(argv, {env: {CRISP_COMPAT: 'docker'}})).toEqual({
        stdout: '',
        stderr: variable,
        exitCode: 2,
      })
    const file = join(directory, 'wrong.yaml')
    writeFileSync(file, 'compat: docker\n')
    expect(await runInProcess(['--config', file, 'ps'])).toEqual({
      stdout: '',
      stderr: `crisp: config file ${file}, compat: "docker" should be crictl, or nothing\n`,
      exitCode: 2,
    })
    expect(await runInProcess(['--config', file, 'config', '--set', 'compat=docker'])).toMatchObject({
      exitCode: 2,
    })
  })
})

const env = {CRISP_COMPAT: 'crictl'}

// What crictl 1.36 does with each of these alone.
test.each([
  'config',
  'create',
  'create a',
  'create jsonschema',
  'exec',
  'exec a',
  'port-forward',
  'port-forward a',
  'rm',
  'rmi',
  'rmp',
  'run',
  'runp',
  'stopp',
  'update-runtime-config',
])('%s: its help', async (line) => {
  const {stdout, stderr, exitCode} = await runInProcess(line.split(' '), {env})
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  expect(stdout).toMatch(/\nUSAGE\n {2}crictl /)
})

test.each(['attach', 'checkpoint', 'logs', 'pull', 'start', 'stop', 'update'])(
  '%s: a mistake',
  async (verb) => {
    expect(await runInProcess([verb], {env})).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/^crictl: /),
      exitCode: 2,
    })
  },
)

test('fields that the CRI does not have are left out with a note', async () => {
  const file = join(directory, 'pod.yaml')
  writeFileSync(file, 'metadata: {name: a, namespace: b, uid: c}\nhostnam: d\n')
  const line = ['-r', 'unix:///nosuch.sock', 'runp', '--dry-run', file]
  const note = `${file}:2: hostnam: no such field, did you mean hostname?`
  expect(await runInProcess(line, {env})).toMatchObject({stderr: `crictl: ${note} (left out)\n`, exitCode: 0})
  expect(await runInProcess(['--config', settings, ...line])).toMatchObject({exitCode: 0})
  expect(await runInProcess([...line, '--validate=strict'], {env})).toMatchObject({
    stderr: `crictl: ${note}\n`,
    exitCode: 1,
  })
  expect(await runInProcess(line)).toMatchObject({stderr: `crisp: ${note}\n`, exitCode: 1})
})

test("tables in a pipe are as wide as crictl's", async () => {
  await using runtime = await startDemoRuntime({
    seed: {pods: [{namespace: 'default', name: 'a-name-of-more-than-twenty', containers: []}]},
  })
  const {stdout} = await runInProcess(['pods'], {...runtime, env})
  const [title] = stdout.split('\n')
  expect(title).toMatch(/^POD ID {14}CREATED {5,}STATE {15}NAME {25}NAMESPACE {11}ATTEMPT {13}RUNTIME$/)
})

test('completion is for crictl too, and offers its texts', async () => {
  const {stdout} = await runInProcess(['completion', 'fish'], {env})
  expect(stdout).toMatch(/^# fish completion of .*crictl$/m)
  const {stdout: offered} = await runInProcess(['__complete', 'fish', 'completion', '--na'], {env})
  expect(offered).toMatch(/--name\tanother name for crictl/)
})

test('info on a terminal is JSON, and logs -f ends with the container', async () => {
  const command = ['/bin/sh', '-c', 'echo one; sleep 0.2; echo two']
  const container = {name: 'short', image: 'registry.crisp.demo/shell:1.0', command}
  await using runtime = await startDemoRuntime({
    seed: {pods: [{namespace: 'default', name: 'job', containers: [container]}]},
  })
  const session = await onTerminal(['info'], runtime.endpoint, {env})
  expect(await session.outcome()).toMatchObject({output: expect.stringMatching(/^\{\r?\n/), exitCode: 0})
  expect(await runInProcess(['logs', '-f', 'short'], {...runtime, env})).toEqual({
    stdout: 'one\ntwo\n',
    stderr: '',
    exitCode: 0,
  })
})
