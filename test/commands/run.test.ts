import {once} from 'node:events'
import {mkdtemp, readdir, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {startDemoRuntime} from '../../src/demo/index.js'
import {shellImage} from '../support/demo-node.js'
import {runInProcess} from '../support/in-process.js'
import {runCli, startCli} from '../support/run-cli.js'

// What a user without root does on the embedded runtime.

let runtime: Awaited<ReturnType<typeof startDemoRuntime>>
let directory: string
beforeAll(async () => {
  runtime = await startDemoRuntime()
  directory = await mkdtemp(join(tmpdir(), 'crisp-run-'))
})
afterAll(async () => {
  await runtime[Symbol.asyncDispose]()
  await rm(directory, {recursive: true})
})

const crisp = (argv: string[], stdin?: string) => {
  const options = {endpoint: runtime.endpoint, env: {XDG_STATE_HOME: directory}}
  return stdin === undefined ? runInProcess(argv, options) : runCli(argv, {...options, stdin})
}
const here = () => ['--log-directory', join(directory, 'logs')]

test('flags alone make a pod with two containers, with logs and removal', async () => {
  const first = await crisp([
    'run',
    '--name',
    'web',
    ...here(),
    shellImage,
    '--',
    'sh',
    '-c',
    'echo up; sleep 1000',
  ])
  expect(first).toEqual({stdout: expect.stringMatching(/^[\da-f]{64}\n$/), stderr: '', exitCode: 0})
  const second = await crisp([
    'run',
    '--pod',
    'web',
    '--name',
    'side',
    '-e',
    'A=b c',
    shellImage,
    '--',
    'sh',
    '-c',
    'echo "$A"',
  ])
  expect(second).toEqual({stdout: expect.stringMatching(/^[\da-f]{64}\n$/), stderr: '', exitCode: 0})
  expect((await crisp(['wait', '--for=exited', 'web/side'])).exitCode).toBe(0)
  expect((await crisp(['logs', 'default/web/side'])).stdout).toBe('b c\n')
  expect((await crisp(['ps', '-q', '--pod', 'default/web'])).stdout).toBe(first.stdout)
  expect((await crisp(['rmp', '-f', 'web'])).exitCode).toBe(0)
  expect((await crisp(['pods', '-q', '--name', '^web$'])).stdout).toBe('')
  expect(await readdir(join(directory, 'logs'))).toEqual([])
})

test('--rm ends with the code of the command and leaves nothing', async () => {
  const before = (await crisp(['pods', '-q'])).stdout
  expect(
    await crisp(['run', '--rm', ...here(), shellImage, '--', 'sh', '-c', 'echo out; echo err >&2; exit 9']),
  ).toEqual({
    stdout: 'out\n',
    stderr: 'err\n',
    exitCode: 9,
  })
  expect(await crisp(['run', '--rm', '-i', ...here(), shellImage, 'cat'], 'through\n')).toEqual({
    stdout: 'through\n',
    stderr: '',
    exitCode: 0,
  })
  expect((await crisp(['pods', '-q'])).stdout).toBe(before)
})

test('--rm removes the pod although the reader of stdout has gone', async () => {
  const before = (await crisp(['pods', '-q'])).stdout
  const argv = ['run', '--rm', ...here(), shellImage, '--', 'sh', '-c', 'while :; do echo y; done']
  const cli = startCli(argv, {endpoint: runtime.endpoint})
  cli.stdout.once('data', () => cli.stdout.destroy())
  const [exitCode] = await once(cli, 'exit')
  expect(exitCode).toBe(0)
  expect((await crisp(['pods', '-q'])).stdout).toBe(before)
})

test('run takes the files of init, and a plan that --dry-run printed', async () => {
  const [pod, container] = [join(directory, 'pod.yaml'), join(directory, 'container.yaml')]
  await writeFile(
    pod,
    (await crisp(['init', 'pod'])).stdout.replace(/^log_directory: .*$/m, `log_directory: ${directory}/init`),
  )
  await writeFile(container, (await crisp(['init', 'container', '--image', shellImage])).stdout)
  const plan = await crisp(['run', '--dry-run', '--no-pull', container, pod])
  expect({...plan, stdout: ''}).toEqual({stdout: '', stderr: '', exitCode: 0})
  // The same words as those of explain.
  expect(plan.stdout).toMatch(/^---\n# to make the pod: [^\n]+\nmethod: RunPodSandbox\n/)
  expect((await crisp(['pods', '-q', '--name', '^example$'])).stdout).toBe('')

  const made = await crisp(['run', '-f', '-'], plan.stdout)
  expect(made).toEqual({stdout: expect.stringMatching(/^[\da-f]{64}\n$/), stderr: '', exitCode: 0})
  const {status} = JSON.parse((await crisp(['inspect', made.stdout.trim()])).stdout)
  expect(status).toMatchObject({
    metadata: {name: 'app'},
    state: 'CONTAINER_RUNNING',
    labels: {app: 'example'},
  })
  expect(await crisp(['run', '-f', '-'], plan.stdout)).toMatchObject({stdout: '', exitCode: 1})
  expect((await crisp(['rmp', '-f', 'example'])).exitCode).toBe(0)
})

test('an image that cannot be pulled leaves no pod or container', async () => {
  const before = (await crisp(['pods', '-q'])).stdout
  const {stdout, stderr, exitCode} = await crisp([
    'run',
    ...here(),
    '--name',
    'none',
    'registry.crisp.demo/nothing:1',
  ])
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 3})
  expect(stderr).toMatch(/^crisp: pulling image "registry.crisp.demo\/nothing:1": .*\n$/)
  expect((await crisp(['pods', '-q'])).stdout).toBe(before)
  expect((await readdir(join(directory, 'logs'))).filter((name) => name.includes('none'))).toEqual([])
})

test.each([
  ['in the background', [], 1],
  ['in the foreground', ['--rm'], 127],
])('a command that is not there, %s', async (_, flags, exitCode) => {
  const outcome = await crisp(['run', '--name', 'nothing', ...flags, ...here(), shellImage, '--', '/no/such'])
  expect(outcome).toEqual({
    stdout: '',
    stderr:
      'crisp: there is no "/no/such" in the container: give the full path of a program that its image has (some images have no shell at all)\n',
    exitCode,
  })
})
