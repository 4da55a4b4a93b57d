import {spawn, spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {copyFile, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {outcomeOf, program, runCli, startCli} from '../support/run-cli.js'

// What stands around a standalone file has no say in what it does: it is run as root in directories of others.

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-hostile-'))
  await writeFile(join(directory, 'evil.js'), "require('node:fs').writeSync(1, 'EVIL')\n")
  await writeFile(
    join(directory, '.env'),
    'CONTAINER_RUNTIME_ENDPOINT=unix:///evil.sock\nCRISP_COMPAT=crictl\n',
  )
  await writeFile(join(directory, 'bunfig.toml'), 'preload = ["./evil.js"]\n[run]\npreload = ["./evil.js"]\n')
  await writeFile(
    join(directory, 'package.json'),
    '{"name": "evil", "main": "evil.js", "imports": {"#x": "./evil.js"}}',
  )
  await writeFile(join(directory, 'tsconfig.json'), '{"compilerOptions": {"paths": {"*": ["./evil.js"]}}}')
})
afterAll(() => rm(directory, {recursive: true, force: true}))

const {version} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

const runHere = (argv: string[], env: NodeJS.ProcessEnv = {}) =>
  outcomeOf(
    spawn(program, argv, {
      cwd: directory,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {PATH: process.env.PATH, ...env},
    }),
  )

test('the files of the current directory change nothing', async () => {
  await using runtime = await startFakeRuntime()
  const answer = await runHere(['version', '-o', 'json'], {CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint})
  expect(answer.stderr).toBe('')
  expect(JSON.parse(answer.stdout)).toMatchObject({runtimeName: expect.any(String)})
  const {stderr} = await runHere(['--config', '/dev/null', 'ps'])
  expect(stderr).not.toContain('evil')
  expect((await runHere(['--version'])).stdout).toBe(`crisp version ${version}\n`)
})

test.each([
  ['BUN_BE_BUN', '1'],
  ['BUN_OPTIONS', '--preload ./evil.js'],
  ['BUN_OPTIONS', '--print 1'],
  ['BUN_INSPECT_PRELOAD', './evil.js'],
  ['NODE_OPTIONS', '--require ./evil.js'],
])('%s=%s changes nothing', async (name, value) => {
  expect(await runHere(['--version'], {[name]: value})).toEqual({
    stdout: `crisp version ${version}\n`,
    stderr: '',
    exitCode: 0,
  })
})

test("an option of the runtime's engine is refused", async () => {
  expect(await runHere(['--version'], {BUN_JSC_useJIT: '0'})).toEqual({
    stdout: '',
    stderr: 'crisp: BUN_JSC_useJIT would change the runtime inside of crisp: unset it\n',
    exitCode: 2,
  })
})

test('it runs from a path without anything beside it, by a symlink too', async () => {
  const copy = join(directory, 'alone')
  await copyFile(program, copy)
  const link = join(directory, 'crictl')
  await symlink(copy, link)
  expect(spawnSync(copy, ['--version'], {encoding: 'utf8', env: {}}).stdout).toBe(
    `crisp version ${version}\n`,
  )
  expect(spawnSync(link, ['--version'], {encoding: 'utf8', env: {}}).stdout).toMatch(/^crictl version /)
})

test('it starts itself again for the demo, whose web server is crisp too', async () => {
  const env = {XDG_RUNTIME_DIR: directory}
  try {
    const argv = [
      '-r',
      'demo',
      'exec',
      'web-6f7c9d5b4-x8v2t/web',
      'sh',
      '-c',
      'ps -o args= -p $PPID; echo up',
    ]
    expect(await runCli(argv, {env})).toMatchObject({stdout: expect.stringContaining('up\n'), exitCode: 0})
    const forward = startCli(['-r', 'demo', 'port-forward', 'web-6f7c9d5b4-x8v2t', ':8080'], {env})
    const outcome = outcomeOf(forward)
    let said = ''
    for await (const chunk of forward.stdout) {
      said += chunk
      const port = /127\.0\.0\.1:(\d+) -> 8080/.exec(said)?.[1]
      if (port === undefined) continue
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('hello from ')
      forward.kill('SIGINT')
      break
    }
    await outcome
  } finally {
    expect(await runCli(['demo', '--stop'], {env})).toMatchObject({exitCode: 0})
  }
})
