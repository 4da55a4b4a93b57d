import {existsSync} from 'node:fs'
import {mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {eventually} from '../support/eventually.js'
import {processesWith} from '../support/processes.js'
import {runCli, startCli} from '../support/run-cli.js'

let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'crisp-tour-'))
})
afterAll(() => rm(home, {recursive: true}))

const evil = '\\e]0;evil\\a\\e[31mgrün'

const lessonThatPrints = `title: T
node: empty
steps:
- id: run
  title: A
  text: Text.
  command: "crisp run -d --name a -e 'TICK_TEXT=${evil}' registry.crisp.demo/ticker:1.0"
  check: {container: a, is: running}
- {id: exec, title: B, text: Text., needs: run, command: "crisp exec a echo '${evil}'", check: {code: 0}}
- {id: logs, title: C, text: Text., needs: run, command: crisp logs --tail 1 a, check: {code: 0}}
- {id: describe, title: D, text: Text., needs: run, command: crisp describe a, check: {code: 0}}
`

/** Folders of its own, where all that a tour keeps is to be found. */
async function place(): Promise<NodeJS.ProcessEnv & {XDG_RUNTIME_DIR: string; XDG_STATE_HOME: string}> {
  const folder = await mkdtemp(join(home, 'place-'))
  const runtime = join(folder, 'run')
  await mkdir(runtime, {mode: 0o700})
  return {XDG_RUNTIME_DIR: runtime, XDG_STATE_HOME: join(folder, 'state')}
}

const asRoot =
  process.getuid?.() === 0
    ? 'crisp: the embedded runtime runs as root and isolates nothing: what a container does, it does to this machine (crisp demo --user NAME runs it as another user)\n'
    : ''

test('all of it without anybody there: every command does what its step is about, and nothing is left', async () => {
  const env = await place()
  const {stdout, stderr, exitCode} = await runCli(['tour', '--non-interactive'], {env})
  expect(stdout).not.toContain('Not as it should be')
  expect({stderr, exitCode}).toEqual({stderr: asRoot, exitCode: 0})
  const titles = [...stdout.matchAll(/^--- (\d+)\/(\d+) {2}/gm)].map(([, number, count]) => ({number, count}))
  expect(titles.length).toBeGreaterThan(20)
  expect(titles).toEqual(
    titles.map((_, index) => ({number: String(index + 1), count: String(titles.length)})),
  )
  // The calls that make a pod, and how one that fails is told.
  expect(stdout).toMatch(/^runtime RunPodSandbox .* OK {2}lab {2}-> [0-9a-f]{13}$/m)
  expect(stdout).toMatch(/^image {3}PullImage .*\s+NotFound: .*$/m)
  expect(stdout).toMatch(/^stream {2}connection .* OK {2}-> exit code 3$/m)
  expect(await left(env)).toEqual([])
})

/** All but what completion and V8 keep. */
async function left({XDG_RUNTIME_DIR}: {XDG_RUNTIME_DIR: string}): Promise<string[]> {
  const names = await readdir(join(XDG_RUNTIME_DIR, 'crisp'))
  return names.filter((name) => name !== 'code' && !name.startsWith('names-'))
}

test('the lesson that is shipped does what it says', async () => {
  const {stdout: lesson} = await runCli(['tour', '--example'])
  const env = await place()
  const file = join(env.XDG_RUNTIME_DIR, 'lesson.yaml')
  await writeFile(file, lesson)
  const {stdout, exitCode} = await runCli(['tour', '--lesson', file, '--non-interactive'], {env})
  expect(stdout).not.toContain('Not as it should be')
  expect(exitCode).toBe(0)
})

test('a step that does not come out as it should is said, and the others are shown', async () => {
  const env = await place()
  const file = join(env.XDG_RUNTIME_DIR, 'lesson.yaml')
  await writeFile(
    file,
    `title: T
node: empty
steps:
- {id: a, title: A, text: Text., command: crisp ps, check: {pod: web, is: ready, within: 100ms}}
- {id: b, title: B, text: Text., command: crisp pods, check: [{call: ListPodSandbox}, {code: 0}]}
`,
  )
  const {stdout, exitCode} = await runCli(['tour', '--lesson', file, '--non-interactive'], {env})
  expect(stdout).toContain('\nNot as it should be: there is no pod web.\n')
  expect(stdout).toContain('--- 2/2  B ---')
  expect(exitCode).toBe(1)
  expect(existsSync(env.XDG_STATE_HOME)).toBe(false)
})

test('SIGKILL ends the command that runs, too', async () => {
  const env = await place()
  const file = join(env.XDG_RUNTIME_DIR, 'lesson.yaml')
  await writeFile(
    file,
    `title: T
steps:
- {id: a, title: A, text: Text., command: crisp logs -f orders, stop-after: 1m}
`,
  )
  const cli = startCli(['tour', '--lesson', file, '--non-interactive'], {env})
  for await (const chunk of cli.stdout) if (String(chunk).includes('order 1')) break
  expect((await processesWith(env.XDG_RUNTIME_DIR)).length).toBeGreaterThan(3)
  cli.kill('SIGKILL')
  await eventually(async () => {
    expect(await processesWith(env.XDG_RUNTIME_DIR)).toEqual([])
    expect((await left(env)).filter((name) => name !== 'lesson.yaml')).toEqual([])
  })
})

test('a lesson that would do harm is refused before anything runs, with the line', async () => {
  const env = await place()
  const file = join(env.XDG_RUNTIME_DIR, 'lesson.yaml')
  const proof = join(env.XDG_RUNTIME_DIR, 'proof')
  await writeFile(
    file,
    `title: T
steps:
- {id: a, title: A, text: Text., command: crisp ps}
- id: b
  title: B
  text: Text.
  command: crisp exec toolbox/shell touch ${proof}
`,
  )
  expect(await runCli(['tour', '--lesson', file, '--non-interactive'], {env})).toEqual({
    stdout: '',
    stderr: `crisp: ${file}:7: steps[1].command: not in a lesson: touch in a container, which is a process of this machine (there are echo, false, id, pwd, sleep, true, uname, whoami)\n`,
    exitCode: 1,
  })
  expect(existsSync(proof)).toBe(false)
})

test('what the containers of a lesson print is shown harmless, with colour or without', async () => {
  const env = await place()
  const file = join(env.XDG_RUNTIME_DIR, 'lesson.yaml')
  await writeFile(file, lessonThatPrints)
  const line = ['tour', '--lesson', file, '--non-interactive']
  for (const colour of [{NO_COLOR: '1'}, {CLICOLOR_FORCE: '1'}]) {
    const {stdout, exitCode} = await runCli(line, {env: {...env, ...colour}})
    expect(stdout.match(/\\x1b\]0;evil\\x07\\x1b\[31mgrün/g)?.length).toBeGreaterThanOrEqual(4)
    expect(stdout.replaceAll(/\u001b\[[\d;]*m/g, '')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(stdout).not.toContain('\u001b[31mgrün')
    expect(exitCode).toBe(0)
  }
})

test('the schema of such files is that of crisp jsonschema', async () => {
  const {stdout} = await runCli(['jsonschema', 'tour'])
  expect(JSON.parse(stdout)).toMatchObject({required: ['title', 'steps'], additionalProperties: false})
})

test('the list marks where one is', async () => {
  const {stdout} = await runCli(['tour', '--list'])
  expect(stdout).toMatch(/^The CRI, step by step\n\n {3}1 {2}Two sides of a socket\n/)
  expect(await runCli(['tour', '--non-interactive', '--step', '99'])).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^crisp: --step 99: there are steps 1 to \d+ \(--list\)\n$/),
    exitCode: 2,
  })
})

test('a lesson that is not there: how to get one', async () => {
  expect((await runCli(['tour', '--lesson', 'nofile.yaml', '--non-interactive'])).stderr).toBe(
    "crisp: nofile.yaml: no such file; crisp tour --example prints one to start from; without --lesson it is crisp's own\n",
  )
})

test('without a terminal it says what to do', async () => {
  expect(await runCli(['tour'])).toEqual({
    stdout: '',
    stderr: 'crisp: a tour needs a terminal: --non-interactive prints it all\n',
    exitCode: 2,
  })
})
