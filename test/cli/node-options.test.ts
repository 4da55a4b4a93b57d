import {spawn} from 'node:child_process'
import {mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {calledAs} from '../../src/cli/completion/called-as.js'
import {ownCommand} from '../../src/text/own-command.js'
import {startFakeRuntime} from '../support/fake-runtime.js'
import {cliEnvironment, outcomeOf, program} from '../support/run-cli.js'

// Node looks for --env-file behind its script too, unless -- stands before the script: it ends with 9 where there is no
// such file, and obeys the NODE_OPTIONS in it.

let directory: string
let link: string
let environment: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-node-options-'))
  link = join(directory, 'crisp')
  await symlink(program, link)
  const preload = join(directory, 'evil.cjs')
  await writeFile(preload, "require('node:fs').writeSync(1, 'EVIL')\n")
  environment = join(directory, 'environment')
  await writeFile(environment, `NODE_OPTIONS=--require ${preload}\nCRISP_COMPAT=crictl\n`)
})
afterAll(() => rm(directory, {recursive: true}))

/** Started as a shell would: by the path of the program or of the link that npm makes. */
const start = (path: string, argv: readonly string[], endpoint: string) =>
  outcomeOf(spawn(path, argv, {stdio: ['pipe', 'pipe', 'pipe'], env: cliEnvironment({endpoint})}))

test.each(['the file', 'a link'])(
  'run --env-file by %s: the variables are the container’s alone',
  async (how) => {
    await using runtime = await startFakeRuntime({
      ListPodSandbox: {items: []},
      ImageStatus: {},
      RuntimeConfig: {},
    })
    const {stdout, stderr, exitCode} = await start(
      how === 'a link' ? link : program,
      ['run', '--dry-run', '-o', 'json', '--env-file', environment, 'busybox'],
      runtime.endpoint,
    )
    expect({stderr, exitCode}).toEqual({stderr: '', exitCode: 0})
    expect(stdout).not.toContain('EVIL')
    expect(stdout).toContain('"CRISP_COMPAT"')
  },
)

test('an --env-file that is not there is told in our words', async () => {
  await using runtime = await startFakeRuntime()
  const missing = join(directory, 'missing')
  expect(await start(link, ['run', '--env-file', missing, 'busybox'], runtime.endpoint)).toEqual({
    stdout: '',
    stderr: `crisp: ${missing}: no such file\n`,
    exitCode: 1,
  })
})

test('an --env-file in the command of exec is that command’s own', async () => {
  await using runtime = await startFakeRuntime({
    ListContainers: {containers: []},
    ListPodSandbox: {items: []},
  })
  const words = ['exec', 'web', 'node', `--env-file=${environment}`]
  expect(await start(link, words, runtime.endpoint)).toEqual({
    stdout: '',
    stderr: 'crisp: no container "web": crisp ps -a lists all\n',
    exitCode: 125,
  })
})

test('crisp starts itself, and completion starts crisp, with the -- that keeps Node away', () => {
  const node = {execPath: '/bin/node', argv: ['/bin/node', '/opt/crisp/bin/run.js']}
  expect(ownCommand(node)).toEqual(['/bin/node', '--', '/opt/crisp/bin/run.js'])
  expect(calledAs('/opt/crisp/bin/run.js', '/bin/node', '').program).toBe(
    '/bin/node -- /opt/crisp/bin/run.js',
  )
})
