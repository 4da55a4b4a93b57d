import {execFileSync, spawn} from 'node:child_process'
import {closeSync, constants, openSync, readdirSync, readlinkSync} from 'node:fs'
import {chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {runAsNobody} from '../support/as-nobody.js'
import {shellImage} from '../support/demo-node.js'
import {eventually} from '../support/eventually.js'
import {type FakeNode, startFakeNode} from '../support/fake-node.js'
import {runInProcess} from '../support/in-process.js'
import {testWith} from '../support/needs.js'
import {onTerminal} from '../support/on-terminal.js'
import {type Cli, cliEnvironment, crispCommand, outcomeOf, runCli, startCli} from '../support/run-cli.js'

// Every place where a file is named that crisp reads, and whatever may be there in its stead.

let node: FakeNode
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crisp-named-'))
  node = await startFakeNode({
    answers: {
      RunPodSandbox: {podSandboxId: 'b1'},
      ImageStatus: {image: {id: 'sha256:1'}},
      PullImage: {imageRef: 'sha256:1'},
    },
  })
  await writeFile(join(directory, 'pod.yaml'), podText)
  await symlink('circle', join(directory, 'circle'))
  await writeFile(join(directory, 'container.yaml'), `metadata: {name: c}\nimage: ${shellImage}\n`)
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
  await rm(directory, {recursive: true})
})

const podText = 'metadata: {name: web, namespace: test, uid: u}\n'

interface Place {
  argv: (path: string) => string[]
  /** For a file that cannot be read. */
  exitCode: number
}

const places: Record<string, Place> = {
  '--config': {argv: (path) => ['--config', path, 'version'], exitCode: 1},
  config: {argv: (path) => ['config', '--config', path, 'timeout'], exitCode: 1},
  'config --set': {argv: (path) => ['config', '--config', path, 'timeout=3'], exitCode: 1},
  runp: {argv: (path) => ['runp', path], exitCode: 1},
  create: {argv: (path) => ['create', 'web-0', path], exitCode: 1},
  "create's pod": {argv: (path) => ['create', 'web-0', join(directory, 'container.yaml'), path], exitCode: 1},
  'pull --pod-config': {argv: (path) => ['pull', '--pod-config', path, shellImage], exitCode: 1},
  run: {argv: (path) => ['run', path, join(directory, 'pod.yaml')], exitCode: 1},
  'run -f': {argv: (path) => ['run', '-f', path], exitCode: 1},
  '-o custom-columns-file': {argv: (path) => ['ps', '-o', `custom-columns-file=${path}`], exitCode: 2},
  '--tls-ca': {argv: (path) => ['exec', '--tls-ca', path, 'web', 'true'], exitCode: 125},
  '--tls-cert': {argv: (path) => ['attach', '--tls-cert', path, '--tls-key', path, 'web'], exitCode: 125},
  '--authfile': {argv: (path) => ['pull', '--authfile', path, shellImage], exitCode: 1},
  'demo --seed': {argv: (path) => ['demo', '--seed', path], exitCode: 1},
}
const named = Object.entries(places)

let made = 0
function fifo(): string {
  const path = join(directory, `fifo-${++made}`)
  execFileSync('mkfifo', [path])
  return path
}

/** Resolves when the command waits for what the pipe brings. */
async function hasOpened(cli: Cli, path: string): Promise<void> {
  await eventually(() => {
    const files = readdirSync(`/proc/${cli.pid}/fd`).map((name) => openFile(`/proc/${cli.pid}/fd/${name}`))
    if (!files.includes(path)) throw new Error(`${path} is not open yet`)
  })
}

function openFile(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    // It was closed meanwhile.
    return ''
  }
}

const endings: [NodeJS.Signals, number | null][] = [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', null],
]

const pipes = ['without a writer', 'with a silent writer'] as const

// Each place and pipe with one of the signals, and the first place with all of them.
const waits = named.flatMap(([name, place], index) =>
  pipes.flatMap((pipe, shift) =>
    endings
      .filter((_, ending) => index === 0 || (index + shift) % endings.length === ending)
      .map(([signal, exitCode]) => ({name, place, pipe, signal, exitCode})),
  ),
)

describe.concurrent('the wait for a pipe ends at once', () => {
  const testHere = testWith('procfs')
  testHere.each(waits)('$name: one $pipe, by $signal', async ({place, pipe, signal, exitCode}) => {
    const path = fifo()
    const cli = startCli(place.argv(path), {...node, env: {XDG_RUNTIME_DIR: directory}})
    cli.stdin.end()
    const outcome = outcomeOf(cli)
    await hasOpened(cli, path)
    const writer =
      pipe === 'with a silent writer' ? openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) : undefined
    cli.kill(signal)
    expect(await outcome).toEqual({stdout: '', stderr: '', exitCode})
    expect(cli.signalCode).toBe(exitCode === null ? signal : null)
    if (writer !== undefined) closeSync(writer)
  })

  testHere('a registry login that a variable names', async () => {
    const path = fifo()
    const cli = startCli(['pull', shellImage], {...node, env: {REGISTRY_AUTH_FILE: path}})
    const outcome = outcomeOf(cli)
    await hasOpened(cli, path)
    cli.kill()
    expect(await outcome).toEqual({stdout: '', stderr: '', exitCode: 143})
  })

  test('Tab does not wait longer than ever', async () => {
    const completed = await runCli(['__complete', 'bash', 'crisp logs ', ''], {
      env: {CRI_CONFIG_FILE: fifo()},
    })
    expect(completed).toMatchObject({stderr: '', exitCode: 0})
  })
})

describe.concurrent('what is no file is refused', () => {
  test.each(named)('%s', async (name, {argv, exitCode}) => {
    const large = join(directory, `large-${++made}`)
    await writeFile(large, '')
    // More than one buffer can hold, and nothing on the disk.
    await truncate(large, 5 * 1024 ** 3)
    const refused: [string, RegExp][] = [
      ['/dev/zero', /: is a device, not a file\n$/],
      [directory, /: is a directory(, not a file)?\n$/],
      [
        large,
        /: is larger than (16|4) MiB(, which no (pod or container configuration|plan|request|lesson) is)?\n$/,
      ],
    ]
    // Endless everywhere, the others by turns.
    const turn = 1 + (named.findIndex(([each]) => each === name) % 2)
    for (const [path, message] of [refused[0], refused[turn]] as typeof refused) {
      const outcome = await runCli(argv(path), {...node, env: {XDG_RUNTIME_DIR: directory}})
      expect(outcome).toEqual({stdout: '', stderr: expect.stringMatching(message), exitCode})
      expect(outcome.stderr.match(/\n/g)).toHaveLength(1)
    }
  })

  test.each([
    ['a circle of links', () => join(directory, 'circle'), 'its symbolic links lead round in a circle'],
    ['a name too long', () => join(directory, 'x'.repeat(300)), 'its name is too long for a file'],
  ])('%s', async (_, path, problem) => {
    for (const name of ['--config', 'config', 'runp', '-o custom-columns-file', '--authfile']) {
      const {argv, exitCode} = places[name] as Place
      const outcome = await runInProcess(argv(path()), node)
      expect(outcome).toEqual({stdout: '', stderr: expect.stringContaining(`: ${problem}`), exitCode})
      expect(outcome.stderr.match(/\n/g)).toHaveLength(1)
    }
  })

  test('missing', async () => {
    for (const [name, {argv, exitCode}] of named) {
      if (name === 'config' || name === 'config --set') continue
      expect(await runCli(argv(join(directory, 'none')), node)).toEqual({
        stdout: '',
        stderr: expect.stringMatching(/^crisp: [^\n]*none: (no such file|does not exist)[^\n]*\n$/),
        exitCode,
      })
    }
  })
})

testWith('root')('a file that may not be read is refused', async () => {
  const path = join(directory, 'secret')
  await writeFile(path, '')
  await chmod(path, 0o600)
  await chmod(directory, 0o755)
  for (const name of ['--config', 'runp', '-o custom-columns-file', '--authfile']) {
    const {argv, exitCode} = places[name] as Place
    expect(await runAsNobody(argv(path), {env: {HOME: '/'}})).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/^crisp: [^\n]*secret: permission denied[^\n]*\n$/),
      exitCode,
    })
  }
})

describe.concurrent('a pipe with something in it is read like a file', () => {
  /** A line of bash, where FILE is one that `text` comes from. */
  async function substituted(line: string, text: string, stdin = '') {
    const shell = spawn('bash', ['--norc', '-c', line.replaceAll('FILE', '<(printf %s "$TEXT")')], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...cliEnvironment({...node, env: {XDG_RUNTIME_DIR: directory}}),
        TEXT: text,
        crisp: crispCommand.join(' '),
      },
    })
    shell.stdin.end(stdin)
    return outcomeOf(shell)
  }

  const made = {stderr: '', exitCode: 0}
  const lines: [string, string, object][] = [
    ['$crisp config --config FILE timeout', 'timeout: 7', {...made, stdout: '7\n'}],
    ['$crisp runp FILE', podText, {...made, stdout: 'b1\n'}],
    ['$crisp ps -o custom-columns-file=FILE', 'NAME\n.metadata.name', {...made, stdout: 'NAME\nweb\n'}],
    ['$crisp exec --tls-ca FILE web true', 'no certificate', expect.objectContaining({exitCode: 125})],
    [
      '$crisp pull -q --authfile FILE a:1 b:1',
      JSON.stringify({auths: {'docker.io': {auth: 'dTpw'}}}),
      expect.objectContaining({exitCode: 0}),
    ],
    ['cat FILE | $crisp config --config /dev/stdin timeout', 'timeout: 8', {...made, stdout: '8\n'}],
  ]
  const testHere = testWith('bash')
  testHere.each(lines)('%s', async (line, text, outcome) => {
    expect(await substituted(line, text)).toEqual(outcome)
  })

  testHere('standard input that is a socket', async () => {
    const argv = ['config', '--config', '/dev/stdin', 'timeout']
    expect(await runCli(argv, {stdin: 'timeout: 9'})).toEqual({...made, stdout: '9\n'})
  })

  testHere('a FIFO whose writer comes later, says nothing, or speaks twice', async () => {
    for (const [written, said] of [
      [[], '0\n'],
      [['timeo', 'ut: 12'], '12\n'],
    ] as const) {
      const path = fifo()
      const cli = startCli(['config', '--config', path, 'timeout'])
      const outcome = outcomeOf(cli)
      await hasOpened(cli, path)
      const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
      for (const part of written) await writeFile(`/proc/self/fd/${writer}`, part)
      closeSync(writer)
      expect(await outcome).toEqual({stdout: said, stderr: '', exitCode: 0})
    }
  })

  testHere('settings are read once, whoever needs them', async () => {
    const line = `$crisp --config FILE create web-0 ${join(directory, 'container.yaml')}`
    expect((await substituted(line, 'debug: true')).stderr).toContain('CreateContainer')
  })
})

test('a profile is not written into a pipe that nobody reads', async () => {
  expect(await runCli(['--profile-cpu', fifo(), 'version'], node)).toMatchObject({
    stderr: expect.stringMatching(/^crisp: --profile-cpu: cannot write [^\n]*: ENXIO[^\n]*\n$/),
    exitCode: 1,
  })
})

describe.concurrent('the question for a password ends at once', () => {
  test.for([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ] as const)('by %s', async ([signal, exitCode], {onTestFailed}) => {
    const session = await onTerminal(['pull', '--username', 'ann', shellImage], node.endpoint, {
      onFailure: onTestFailed,
    })
    await session.until('Password of ann: ')
    session.signal(signal)
    const outcome = await session.outcome()
    expect(outcome).toMatchObject({exitCode, after: outcome.before})
    expect(outcome.output).not.toContain('    at ')
  })
})

describe.concurrent('a log that became a pipe', () => {
  const lines: [string, string[], number][] = [
    ['logs', ['logs', 'web'], 1],
    ['logs -f', ['logs', '-f', 'web'], 1],
    ['describe', ['describe', 'web'], 0],
  ]
  test.each(lines)('%s', async (_, argv, exitCode) => {
    await using other = await startFakeNode()
    const log = other.logOf(other.containers[0] as (typeof other.containers)[0])
    await mkdir(join(log, '..'), {recursive: true})
    execFileSync('mkfifo', [log])
    const outcome = await runCli(argv, other)
    expect(outcome.exitCode).toBe(exitCode)
    expect(outcome.stdout + outcome.stderr).toContain('is a FIFO, not a file')
  })
})
