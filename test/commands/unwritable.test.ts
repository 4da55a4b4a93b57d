import {execFileSync, spawn} from 'node:child_process'
import {mkdir, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {shellImage} from '../support/demo-node.js'
import {
  type EveryVerb,
  imageVerbs,
  nodeVerbs,
  remarks,
  remoteVerbs,
  silentVerbs,
  startEveryVerb,
  verbs,
  waitingVerbs,
} from '../support/every-verb.js'
import {manifest} from '../support/in-process.js'
import {testWith} from '../support/needs.js'
import {cliEnvironment, crispCommand, runCli, textOf} from '../support/run-cli.js'

let node: EveryVerb
beforeAll(async () => {
  node = await startEveryVerb()
})
afterAll(() => node[Symbol.asyncDispose]())

/** How a line ends, and what it says, with other descriptors than a pipe. */
async function outcome(argv: readonly string[], redirection: string) {
  const child = spawn('sh', ['-c', `exec "$0" "$@" ${redirection}`, ...crispCommand, ...argv], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: cliEnvironment(node),
  })
  const [stderr, exitCode] = await Promise.all([
    textOf(child.stderr),
    new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal))),
  ])
  return {stderr, exitCode}
}

const noSpace = 'crisp: the output cannot be written: no space left on device (ENOSPC)\n'

test('every verb is covered by these tests', () => {
  expect([...verbs, ...nodeVerbs, ...Object.keys(imageVerbs)].toSorted()).toEqual(
    manifest.commands.map(({id}) => id).toSorted(),
  )
})

test.each(Object.entries(imageVerbs))(
  '%s has no tool with the embedded runtime, which is one line',
  async (verb, words) => {
    expect(await outcome([verb, ...words], '')).toEqual({
      stderr: 'crisp: the embedded runtime has no tool for images beside the CRI\n',
      exitCode: 1,
    })
  },
)

test.each(nodeVerbs)('%s refuses the embedded runtime in one line', async (verb) => {
  expect(await outcome([verb, 'talker', '--', 'id'], '')).toEqual({
    stderr: expect.stringMatching(/^crisp: the embedded runtime makes no namespaces .*\n$/),
    exitCode: 125,
  })
})

describe.concurrent('a full disk is one line and a failure', () => {
  test.each(verbs.filter((verb) => !silentVerbs.includes(verb)))('%s', async (verb) => {
    const exitCode = remoteVerbs.includes(verb) ? 125 : 1
    const stderr = `${remarks[verb] ?? ''}${noSpace}`
    expect(await outcome(await node.line(verb), '>/dev/full')).toEqual({stderr, exitCode})
  })

  const others: [string, string[]][] = [
    ['help', ['--help']],
    ["a verb's help", ['ps', '--help']],
    ['the version', ['--version']],
    ['a completion', ['__complete', 'fish', 'insp']],
  ]
  test.each(others)('%s', async (_, argv) => {
    expect(await outcome(argv, '>/dev/full')).toEqual({stderr: noSpace, exitCode: 1})
  })
})

// Node puts the null device where a descriptor is closed.
describe.concurrent('a closed stdout is the null device', () => {
  test.each(verbs.filter((verb) => !waitingVerbs.includes(verb)))('%s', async (verb) => {
    const {stderr, exitCode} = await outcome(await node.line(verb), '>&-')
    if (!silentVerbs.includes(verb)) expect(stderr).toBe(remarks[verb] ?? '')
    expect(exitCode).toBe(0)
  })
})

describe.concurrent('a stderr that cannot be written', () => {
  const script = 'echo out; echo err >&2'
  const lines: [string, string[], number][] = [
    ['leaves a failure its code', ['ps', '--no-such-flag'], 2],
    ['leaves a result its code', ['update-runtime-config', '--pod-cidr', '10.1.0.0/16'], 0],
    ["takes exec's output away", ['exec', 'talker', 'sh', '-c', script], 125],
    ["takes run's output away", ['run', '--rm', shellImage, '--', 'sh', '-c', script], 125],
  ]
  test.each(lines)('%s', async (_, argv, exitCode) => {
    expect(await outcome(argv, '2>/dev/full')).toEqual({stderr: '', exitCode})
  })
})

testWith('root')('a disk that takes only the beginning is a failure too', async () => {
  const disk = join(node.directory, 'small')
  await mkdir(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', disk])
  try {
    const file = join(disk, 'output')
    expect(await outcome(['jsonschema', '--pod'], `> '${file}'`)).toEqual({stderr: noSpace, exitCode: 1})
    expect((await stat(file)).size).toBe(16_384)
  } finally {
    execFileSync('umount', [disk])
  }
})

/** Nothing answers, and no timer is there to tell it. */
const nothingLeft = encodeURI(`import {Socket} from 'node:net'
Socket.prototype.connect = function () { return this }
const later = setTimeout
globalThis.setTimeout = (...given) => later(...given).unref()`)

describe.concurrent('what waits for something that never comes fails', () => {
  const lines: [string[], number][] = [
    [['ps'], 1],
    [['exec', 'talker', 'true'], 125],
    [['attach', 'talker'], 125],
    [['run', '--rm', shellImage], 125],
  ]
  test.each(lines)('%j', async (argv, exitCode) => {
    expect(
      await runCli(argv, {
        endpoint: node.endpoint,
        env: {NODE_OPTIONS: `--import=data:text/javascript,${nothingLeft}`},
      }),
    ).toEqual({
      stdout: '',
      stderr: 'crisp: ended without a result (run again with --debug and report what it prints)\n',
      exitCode,
    })
  })
})
