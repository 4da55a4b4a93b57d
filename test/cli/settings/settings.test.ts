import {spawnSync} from 'node:child_process'
import {chmod, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {GlobalFlags} from '../../../src/cli/flags/common.js'
import {configKeys} from '../../../src/cli/settings/file.js'
import {readSettings} from '../../../src/cli/settings/settings.js'
import {startFakeRuntime} from '../../support/fake-runtime.js'
import {runInProcess} from '../../support/in-process.js'
import {testWith} from '../../support/needs.js'
import {crispInShell, isStandalone, program, runCli} from '../../support/run-cli.js'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-config-'))
})
afterAll(() => rm(directory, {recursive: true}))

/** A command called crictl, and settings in its folder. */
async function commandBeside(settings: string): Promise<{folder: string; command: string}> {
  const folder = await mkdtemp(join(directory, 'beside-'))
  const command = join(folder, 'crictl')
  await symlink(program, command)
  await writeFile(join(folder, 'crictl.yaml'), settings)
  return {folder, command}
}

async function file(text: string): Promise<string> {
  const path = join(directory, `${Math.random()}.yaml`)
  await writeFile(path, text)
  return path
}

const noNote = (text: string) => expect.unreachable(text)

test('a flag goes before the environment, the environment before the file', async () => {
  const config = await file(
    'runtime-endpoint: unix:///file\nimage-endpoint: unix:///file-image\ntimeout: 7\nmax-retries: 9\ndebug: true\n',
  )
  const environment = {CRI_CONFIG_FILE: config, CONTAINER_RUNTIME_ENDPOINT: 'unix:///env'}
  expect(
    await readSettings({'runtime-endpoint': 'unix:///flag', 'request-timeout': 3_000}, environment, noNote),
  ).toEqual({
    endpoint: 'unix:///flag',
    imageEndpoint: 'unix:///file-image',
    timeoutMs: 3000,
    maxRetries: 9,
    debug: true,
    pullImageOnCreate: false,
    disablePullOnRun: false,
    units: 'si',
  })
  expect(await readSettings({}, environment, noNote)).toMatchObject({
    endpoint: 'unix:///env',
    timeoutMs: 7000,
  })
  expect(await readSettings({}, {CRI_CONFIG_FILE: config}, noNote)).toMatchObject({endpoint: 'unix:///file'})
})

test.each<[string, NodeJS.ProcessEnv, GlobalFlags]>([
  ['CONTAINER_RUNTIME_ENDPOINT', {CONTAINER_RUNTIME_ENDPOINT: ''}, {}],
  ['IMAGE_SERVICE_ENDPOINT', {IMAGE_SERVICE_ENDPOINT: ''}, {}],
  ['--runtime-endpoint', {}, {'runtime-endpoint': ''}],
  ['--image-endpoint', {}, {'image-endpoint': ''}],
  ['--config', {}, {config: ''}],
])('%s with nothing is not given', async (_, environment, flags) => {
  const config = await file('runtime-endpoint: unix:///a\nimage-endpoint: unix:///b\n')
  expect(await readSettings(flags, {CRI_CONFIG_FILE: config, ...environment}, noNote)).toMatchObject({
    endpoint: 'unix:///a',
    imageEndpoint: 'unix:///b',
  })
})

test('keys without a value in the file count as unset', async () => {
  const config = await file(`${configKeys.map((key) => `${key}:`).join('\n')}\n`)
  const without = await readSettings({}, {CRI_CONFIG_FILE: '/dev/null'}, noNote)
  expect(await readSettings({}, {CRI_CONFIG_FILE: config}, noNote)).toEqual(without)
})

test('an invalid endpoint is an error that names its source', async () => {
  const config = await file('runtime-endpoint: tcp://10.0.0.1:1234\nimage-endpoint: sock\n')
  const endpoint = 'unix:///a'
  const wrong: [Parameters<typeof readSettings>[0], NodeJS.ProcessEnv, string][] = [
    [
      {config},
      {},
      `config file ${config}, runtime-endpoint: endpoint "tcp://10.0.0.1:1234": tcp is not supported`,
    ],
    [
      {config, 'runtime-endpoint': endpoint},
      {},
      `config file ${config}, image-endpoint: endpoint "sock" is not a`,
    ],
    [{config}, {CONTAINER_RUNTIME_ENDPOINT: 'x'}, 'CONTAINER_RUNTIME_ENDPOINT: endpoint "x" is not a socket'],
    [
      {config, 'runtime-endpoint': endpoint},
      {IMAGE_SERVICE_ENDPOINT: 'x'},
      'IMAGE_SERVICE_ENDPOINT: endpoint "x"',
    ],
    [{config, 'runtime-endpoint': 'x'}, {}, '--runtime-endpoint: endpoint "x" is not a socket'],
  ]
  for (const [flags, environment, message] of wrong)
    await expect(readSettings(flags, environment, noNote)).rejects.toThrow(message)
  expect(
    await readSettings({config, 'runtime-endpoint': 'demo', 'image-endpoint': endpoint}, {}, noNote),
  ).toMatchObject({endpoint: 'demo', imageEndpoint: endpoint})
})

test('an endpoint missing or empty in the file is discovered', async () => {
  const config = await file('runtime-endpoint: ""\ntimeout: 0\nimage-endpoint:\n')
  expect(await readSettings({config}, {}, noNote)).toEqual({
    endpoint: undefined,
    imageEndpoint: undefined,
    timeoutMs: undefined,
    maxRetries: undefined,
    debug: false,
    pullImageOnCreate: false,
    disablePullOnRun: false,
    units: 'si',
  })
})

test("quoted numbers, Go's booleans, comments, duplicates (the last wins), an empty file", async () => {
  const config = await file(
    '# c\ntimeout: "5"\ntimeout: 6 # s\npull-image-on-create: T\ndisable-pull-on-run: "1"\n',
  )
  expect(await readSettings({config}, {}, noNote)).toMatchObject({
    timeoutMs: 6000,
    pullImageOnCreate: true,
    disablePullOnRun: true,
    units: 'si',
  })
  expect(await readSettings({config: await file('')}, {}, noNote)).toMatchObject({debug: false})
  expect(await readSettings({config: await file('# only a comment\n')}, {}, noNote)).toMatchObject({
    debug: false,
  })
})

describe('a named settings file that is invalid ends the command with one line', () => {
  const bad: [string, string][] = [
    ['runtime-endpont: x', 'runtime-endpont: no such setting, did you mean runtime-endpoint?'],
    ['timeout: 5s', 'timeout: "5s" is not a whole number of seconds'],
    ['max-retries: many', 'max-retries: "many" is not a whole number'],
    ['debug: yes', 'debug: "yes" is neither true nor false'],
    ['debug: [1]', 'debug: should be a single value'],
    ['- a\n- b', 'should be lines such as'],
    ['just words', 'should be lines such as'],
    ['a: [', 'not YAML: unexpected end of the stream within a flow collection in line 1'],
  ]
  test.each(bad)('%j', async (text, message) => {
    const config = await file(text)
    const {stdout, stderr, exitCode} = await runInProcess(['--config', config, 'ps'])
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
    expect(stderr).toMatch(/^crisp: .*\n$/)
    expect(stderr).toContain(message)
    expect(stderr).toContain(config)
  })

  test('missing', async () => {
    const {stderr, exitCode} = await runInProcess(['-c', '/nonexistent/crictl.yaml', 'ps'])
    expect({stderr, exitCode}).toEqual({
      stderr: 'crisp: config file /nonexistent/crictl.yaml: does not exist\n',
      exitCode: 1,
    })
  })

  test('from a pipe, which can be read but once', async () => {
    const script = `${crispInShell} --config <(printf 'runtime-endpoint: unix:///piped.sock\\n') ps`
    const {stderr} = spawnSync('bash', ['-c', script], {
      env: {PATH: process.env.PATH},
      encoding: 'utf8',
    })
    expect(stderr).toContain('no container runtime at /piped.sock')
  })

  testWith('default config')(
    'without one in /etc, the one beside the command counts, by whatever name that is called',
    async () => {
      const {folder, command} = await commandBeside('runtime-endpoint: unix:///beside.sock\n')
      const {stderr} = spawnSync(command, ['version'], {env: {PATH: process.env.PATH}, encoding: 'utf8'})
      expect(stderr).toContain('no container runtime at /beside.sock: absent')
      await writeFile(join(folder, 'crictl.yaml'), 'timeout: soon\n')
      const note = `crictl: ignoring config file ${folder}/crictl.yaml, timeout: "soon" is not a whole number of seconds\n`
      const argv = ['-r', '/gone.sock', 'version']
      const second = spawnSync(command, argv, {env: {PATH: process.env.PATH}, encoding: 'utf8'})
      expect(second.stderr).toMatch(`${note}crictl: no container runtime at /gone.sock`)
    },
  )

  testWith('default config')(
    'in a folder that others may write to none beside the command counts',
    async () => {
      const {folder, command} = await commandBeside('runtime-endpoint: unix:///planted.sock\n')
      await chmod(folder, 0o777)
      const {stderr} = spawnSync(command, ['--timeout', '1s', 'version'], {
        env: {PATH: process.env.PATH},
        encoding: 'utf8',
      })
      expect(stderr).not.toContain('planted')
    },
  )

  test('a directory', async () => {
    const {stderr} = await runInProcess(['-c', '/tmp', 'ps'])
    expect(stderr).toBe('crisp: config file /tmp: is a directory\n')
  })
})

test('--debug=false goes before the settings file', async () => {
  await using runtime = await startFakeRuntime()
  const config = await file('debug: true\n')
  const said = async (...argv: string[]) =>
    (await runInProcess([...argv, '-c', config, 'version'], runtime)).stderr
  expect(await said()).toContain('-> Version')
  expect(await said('--debug=false')).toBe('')
})

test('--profile-cpu writes a file for developer tools, and says when it cannot', async () => {
  await using runtime = await startFakeRuntime()
  const cpu = join(directory, 'a.cpuprofile')
  const {stderr, exitCode} = await runCli(['--profile-cpu', cpu, 'version'], runtime)
  expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
  expect(JSON.parse(await readFile(cpu, 'utf8'))).toMatchObject({
    nodes: expect.any(Array),
    startTime: expect.any(Number),
  })
  const failed = await runCli(['--profile-cpu', '/nonexistent/x', 'version'], runtime)
  expect(failed).toMatchObject({
    stdout: expect.stringMatching(/^Version:/),
    stderr: expect.stringContaining('crisp: --profile-cpu: cannot write /nonexistent/x: ENOENT'),
    exitCode: 1,
  })
})

test('--profile-mem does too, but not in a standalone file', async () => {
  await using runtime = await startFakeRuntime()
  const memory = join(directory, 'a.heapprofile')
  const result = await runCli(['--profile-mem', memory, 'version'], runtime)
  if (isStandalone)
    return expect(result).toEqual({
      stdout: '',
      stderr: 'crisp: --profile-mem: the standalone crisp makes no heap profile: run crisp with Node.js\n',
      exitCode: 1,
    })
  expect(result).toMatchObject({stderr: '', exitCode: 0})
  expect(JSON.parse(await readFile(memory, 'utf8'))).toMatchObject({head: expect.any(Object)})
})

test.each([['--profile-cpu='], ['--profile-mem', '']])('%j is none', async (...flags) => {
  await using runtime = await startFakeRuntime()
  expect(await runInProcess([...flags, 'version'], runtime)).toMatchObject({stderr: '', exitCode: 0})
})

test('--debug shows each call with its request and answer on stderr, stdout stays the result', async () => {
  await using runtime = await startFakeRuntime()
  const {stdout, stderr} = await runInProcess(['version', '--debug'], runtime)
  expect(stdout).toMatch(/^Version: {2}0.1.0\n/)
  expect(stderr.split('\n')).toEqual([
    'crisp: -> Version {}',
    expect.stringMatching(/^crisp: <- Version \d+ ms \{"version":"0.1.0",.*\}$/),
    '',
  ])
})
