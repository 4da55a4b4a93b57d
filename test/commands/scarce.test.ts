import {spawn} from 'node:child_process'
import {expect, test} from 'vitest'
import {describeError} from '../../src/cli/failures/describe.js'
import {runAsNobody} from '../support/as-nobody.js'
import {startFakeNode} from '../support/fake-node.js'
import {cliEnvironment, crispCommand, isStandalone, outcomeOf} from '../support/run-cli.js'

// A node that has too little of what programs take for granted: files to open, space, a place to write.

/** How many start Node itself is its release's own; a standalone file needs fewer. */
const descriptors = isStandalone
  ? [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16]
  : [17, 18, 19, 20, 21, 22, 23, 24, 25, 28, 32, 64]

const tooMany = /^crisp: (config file \/dev\/null: )?too many open files[^\n]*ulimit -n[^\n]*\n$/

test.each([
  [['ps'], 1, /^CONTAINER/],
  [['logs', 'web'], 1, /^one\n$/],
  [['exec', 'web', 'true'], 125, /^ran\n$/],
  [['version'], 1, /^Version:/],
])('%j with few file descriptors does it, or says so in one line and fails', async (argv, code, output) => {
  await using node = await startFakeNode({
    exec: async (io) => {
      io.stdout?.end('ran\n')
      return {exitCode: 0}
    },
  })
  node.logs.write('default_web-0_uid-web-0/web/0.log', '2026-01-02T03:04:05.5Z stdout F one\n')
  const outcomes = []
  for (const count of descriptors) {
    const line = `ulimit -n ${count} && exec "$@"`
    const words = ['-c', line, 'sh', ...crispCommand, '-r', node.endpoint, ...argv]
    const cli = spawn('sh', words, {env: cliEnvironment({}), stdio: ['pipe', 'pipe', 'pipe']})
    cli.stdin.end()
    const {stdout, stderr, exitCode} = await outcomeOf(cli)
    // Node crashed, or could not read its own first files, or the system a standalone file's.
    const tooFew = isStandalone ? /^error: bun ran out|shared libraries/m : /bin\/run\.js|package\.json/
    if (exitCode === null || tooFew.test(stderr)) continue
    outcomes.push({stdout, stderr, exitCode})
    if (exitCode === 0) expect({stdout, stderr}).toEqual({stdout: expect.stringMatching(output), stderr: ''})
    else {
      expect(stdout).toBe('')
      // A log that cannot be opened is named. A standalone file hears that a streaming server refuses the connection.
      expect(stderr).toMatch(isStandalone && argv[0] === 'exec' ? /^crisp: [^\n]*\n$/ : tooMany)
      // Where not even the program could be read, it is not known what it was to do.
      expect([1, code]).toContain(exitCode)
    }
  }
  expect(outcomes.map(({exitCode}) => exitCode === 0)).toEqual(expect.arrayContaining([true, false]))
})

test('without a place for its files the demo says so in one line', async () => {
  for (const argv of [['demo'], ['demo', '--detach'], ['-r', 'demo', 'ps']]) {
    const env = {XDG_RUNTIME_DIR: '', TMPDIR: '/dev/null/nowhere'}
    const {stdout, stderr, exitCode} = await runAsNobody(argv, {env})
    expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
    expect(stderr).toMatch(
      /^crisp: the embedded runtime has no place for its files \(.*\): set XDG_RUNTIME_DIR to a directory of yours with space\n$/,
    )
  }
})

test.each([
  ['EROFS', '/x/y: the file system is read-only'],
  ['ENOSPC', '/x/y: no space left on the device'],
  ['EDQUOT', '/x/y: the disk quota is used up'],
  ['EACCES', '/x/y: permission denied'],
  ['EMFILE', 'too many open files: allow more, as with ulimit -n 1024'],
])('what the system refuses with %s is no internal error', (code, text) => {
  const error = Object.assign(new Error(`${code}: words, mkdir '/x/y'`), {
    code,
    path: '/x/y',
    syscall: 'mkdir',
  })
  expect(describeError(error)).toEqual({text, exitCode: 1})
})
