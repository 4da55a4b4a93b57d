import {execFile, execFileSync} from 'node:child_process'
import {chmodSync, mkdirSync, renameSync, symlinkSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {expect, test} from 'vitest'
import {runAsNobody} from '../support/as-nobody.js'
import {startFakeNode, type TestContainer} from '../support/fake-node.js'
import {runInProcess} from '../support/in-process.js'
import {record, records, stamp} from '../support/log-files.js'
import {testWith} from '../support/needs.js'
import {crispInShell, runCli} from '../support/run-cli.js'

const run = promisify(execFile)

const web: TestContainer = {pod: 'web-1', name: 'app'}
const webLog = 'default_web-1_uid-web-1/app'

async function webNode(log: string | Buffer) {
  const node = await startFakeNode({containers: [web]})
  node.logs.write(`${webLog}/0.log`, log)
  return node
}

const plain =
  record(1, 'one') +
  record(2, 'to err', {stream: 'stderr'}) +
  record(3, 'split ', {tag: 'P'}) +
  record(4, 'in two') +
  record(5, 'five') +
  record(6, 'more err', {stream: 'stderr'})

test.each<[string[], string, string]>([
  [[], 'one\nsplit in two\nfive\n', 'to err\nmore err\n'],
  [['-n', '2'], 'five\n', 'more err\n'],
  [['--tail=3'], 'split in two\nfive\n', 'more err\n'],
  [['--tail', '0'], '', ''],
  [['--tail', '-1', '--stream', 'stderr'], '', 'to err\nmore err\n'],
  [['--tail', '2', '-s', 'stdout'], 'split in two\nfive\n', ''],
  [['-t', '--tail', '1', '-s', 'stdout'], `${stamp(5)} five\n`, ''],
  [['-t', '-s', 'stdout', '--until', stamp(4)], `${stamp(1)} one\n${stamp(3)} split in two\n`, ''],
  [['--since', stamp(4)], 'five\n', 'more err\n'],
  [['--since', stamp(2), '--until', stamp(2)], '', 'to err\n'],
  [['--limit-bytes', '6', '-s', 'stdout'], 'one\nsp', ''],
  [['--grep', 'i[nv]', '--exclude', '^five$'], 'split in two\n', ''],
  [['--grep', 'split', '-C', '1'], 'split in two\nfive\n', 'to err\n'],
  [['--grep', 'one|more', '-A', '1', '-B', '0', '-s', 'stdout'], 'one\nsplit in two\n', ''],
  [['--grep', '(?i)ERR', '--grep', 'five', '-o', 'raw'], 'five\n', 'to err\nmore err\n'],
  [['--prefix', '-s', 'stdout', '-n', '1'], 'app | five\n', ''],
])('logs app %j', async (argv, stdout, stderr) => {
  await using node = await webNode(plain)
  expect(await runInProcess(['logs', ...argv, 'app'], node)).toEqual({stdout, stderr, exitCode: 0})
})

test('an old processor, which has no vectors for the code that copies lines, shows them all the same', async () => {
  const without = `WebAssembly.validate = () => false
WebAssembly.Module = function () { throw new WebAssembly.CompileError('wasm-simd is not enabled') }`
  const env = {NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(without)}`}
  await using node = await webNode(plain)
  const result = await runCli(['logs', 'app'], {...node, env})
  expect(result).toEqual({
    stdout: 'one\nsplit in two\nfive\n',
    stderr: 'to err\nmore err\n',
    exitCode: 0,
  })
})

test('as JSON: an object a line, with what the container wrote as JSON in it', async () => {
  await using node = await webNode(
    Buffer.concat([
      Buffer.from(record(1, '{"level":"info","n":12345678901234567890}')),
      Buffer.from(record(2, 'plain text', {stream: 'stderr'})),
      Buffer.from(`${stamp(3)} stdout F `),
      Buffer.from([0xff, 0xfe, 10]),
    ]),
  )
  const {stdout, stderr} = await runInProcess(['logs', '-o', 'json', 'web-1/app'], node)
  const origin = {namespace: 'default', pod: 'web-1', container: 'app', attempt: 0}
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      time: stamp(1),
      stream: 'stdout',
      ...origin,
      message: '{"level":"info","n":12345678901234567890}',
      parsed: {level: 'info', n: Number('12345678901234567890')},
    },
    {time: stamp(2), stream: 'stderr', ...origin, message: 'plain text'},
    {time: stamp(3), stream: 'stdout', ...origin, message: '\ufffd\ufffd', messageBase64: '//4='},
  ])
  expect(stdout).toContain('"n":12345678901234567890}}\n')
  expect(stderr).toBe('')
})

test('rotated files and the live one are one log; what was rotated away is said', async () => {
  await using node = await startFakeNode({containers: [{...web, startedAtMs: Date.UTC(2026, 0, 1)}]})
  node.logs.write(`${webLog}/0.log.20260102-000010.gz`, records(0, 10))
  node.logs.write(`${webLog}/0.log.20260102-000020`, records(10, 20))
  node.logs.write(`${webLog}/0.log.20260102-000020.gz`, 'half compressed')
  node.logs.write(`${webLog}/0.log.20260102-000030.tmp`, 'not to be read')
  node.logs.write(`${webLog}/0.log`, records(20, 25))
  const all = Array.from({length: 25}, (_, index) => `line ${index}\n`)
  expect(await runInProcess(['logs', 'app'], node)).toEqual({
    stdout: all.join(''),
    stderr: `crisp: default/web-1/app: the oldest line kept is from ${stamp(0)}, earlier ones were rotated away\n`,
    exitCode: 0,
  })
  for (const count of [3, 7, 15, 17, 24, 25, 100]) {
    const {stdout} = await runInProcess(['logs', 'app', '--tail', `${count}`], node)
    expect(stdout, `--tail ${count}`).toBe(all.slice(-count).join(''))
  }
  expect((await runInProcess(['logs', 'app', '--since', stamp(9), '--until', stamp(20)], node)).stdout).toBe(
    all.slice(9, 21).join(''),
  )
})

test('attempts: the newest, the one before, one by number, all with their ends', async () => {
  await using node = await startFakeNode({
    containers: [
      {...web, attempt: 2, state: 'CONTAINER_EXITED', exitCode: 137, reason: 'OOMKilled'},
      {...web, attempt: 3},
    ],
  })
  for (const attempt of [1, 2, 3])
    node.logs.write(`${webLog}/${attempt}.log`, record(attempt, `run ${attempt}`))
  const logs = (...argv: string[]) => runInProcess(['logs', 'web-1/app', ...argv], node)
  expect((await logs()).stdout).toBe('run 3\n')
  expect((await logs('--previous')).stdout).toBe('run 2\n')
  expect((await logs('--attempt', '1')).stdout).toBe('run 1\n')
  expect(await logs('--attempt', 'all')).toEqual({
    stdout: 'run 1\nrun 2\nrun 3\n',
    stderr:
      'crisp: default/web-1/app: attempt 1 has ended; attempt 2 follows\n' +
      'crisp: default/web-1/app: attempt 2 exited with 137 (OOMKilled); attempt 3 follows\n',
    exitCode: 0,
  })
  expect(await logs('--attempt', '0')).toMatchObject({
    stderr: expect.stringMatching(
      /^crisp: app has no log of attempt 0 \(\/.*\/0\.log\): there is 1, 2, 3\n$/,
    ),
    exitCode: 3,
  })
})

test('a line without an end is ended before the next attempt if it was searched for and found', async () => {
  await using node = await startFakeNode({containers: [{...web, attempt: 2}]})
  for (const attempt of [0, 1, 2])
    node.logs.write(
      `${webLog}/${attempt}.log`,
      record(attempt, `run ${attempt}`) + record(attempt, `end ${attempt}`, {tag: 'P'}),
    )
  const logs = async (expression: string) =>
    (await runInProcess(['logs', 'app', '--attempt', 'all', '--grep', expression], node)).stdout
  expect(await logs('[nu]')).toBe('run 0\nend 0\nrun 1\nend 1\nrun 2\nend 2')
  expect(await logs('u[n]|d 1')).toBe('run 0\nrun 1\nend 1\nrun 2\n')
})

test('--previous of a container that was never restarted', async () => {
  await using node = await webNode(plain)
  expect(await runInProcess(['logs', '-p', 'app'], node)).toEqual({
    stdout: '',
    stderr: 'crisp: app has not been restarted: there is no previous attempt\n',
    exitCode: 3,
  })
})

async function threeContainers() {
  const node = await startFakeNode({
    containers: [
      {pod: 'web-1', name: 'app'},
      {pod: 'web-1', name: 'sidecar'},
      {pod: 'db-0', name: 'postgres', namespace: 'data'},
    ],
  })
  node.podLabels = {'web-1': {app: 'web'}, 'db-0': {app: 'db'}}
  const every = (step: number, word: string) => {
    let text = ''
    for (let at = step; at <= 12; at += step) text += record(at, `${word} ${at}`)
    return text
  }
  for (const container of node.containers)
    node.logs.write(
      node.logOf(container).slice(node.logs.path.length + 1),
      every({app: 3, sidecar: 4, postgres: 6}[container.name] ?? 1, container.name),
    )
  return node
}

test.each<[string[], string]>([
  [
    ['web-1'],
    'app     | app 3\nsidecar | sidecar 4\napp     | app 6\nsidecar | sidecar 8\napp     | app 9\napp     | app 12\nsidecar | sidecar 12\n',
  ],
  [['-l', 'app=db'], 'postgres | postgres 6\npostgres | postgres 12\n'],
  [
    ['postgres', 'sidecar', '--tail', '1', '-t'],
    `data/db-0/postgres    | ${stamp(12)} postgres 12\ndefault/web-1/sidecar | ${stamp(12)} sidecar 12\n`,
  ],
  [
    ['--namespace', '^d', '--name', 's', '--since', stamp(7), '-o', 'raw'],
    'sidecar 8\nsidecar 12\npostgres 12\n',
  ],
])('several logs, merged by time: %j', async (argv, stdout) => {
  await using node = await threeContainers()
  expect(await runInProcess(['logs', ...argv], node)).toEqual({stdout, stderr: '', exitCode: 0})
})

test.each<[string, string[], RegExp, number]>([
  ['nothing named', [], /which container\? crisp logs web/, 2],
  ['both', ['app', '-l', 'a=b'], /can't be used together/, 2],
  ['no such thing', ['nope'], /no container "nope": crisp ps -a/, 3],
  ['no such label', ['-l', 'app=nope'], /no container matches the filters/, 3],
  ['no such stream', ['app', '-s', 'stdin'], /--stream "stdin" should be one of stdout, stderr/, 2],
  ['no such time', ['app', '--since', 'soon'], /--since "soon" is no time: write 10m/, 2],
  ['no such format', ['app', '-o', 'yaml'], /--output "yaml" should be one of text, raw, json/, 2],
  ['no expression', ['app', '--grep', '('], /--grep "\(" is not a regular expression/, 2],
  ['context of nothing', ['app', '-C', '3'], /-A, -B and -C need --grep/, 2],
  ['-f and --until', ['app', '-f', '--until', '1m'], /--until can't be used with -f/, 2],
  ['-f and -p', ['app', '-f', '-p'], /-f follows the newest attempt/, 2],
])('refused: %s', async (_, argv, stderr, exitCode) => {
  await using node = await webNode(plain)
  const result = await runInProcess(['logs', ...argv], node)
  expect(result).toEqual({stdout: '', stderr: expect.stringMatching(stderr), exitCode})
})

test('one of several fails: the others are shown, the code is that of the failure', async () => {
  await using node = await webNode(plain)
  const {stdout, stderr, exitCode} = await runInProcess(
    ['logs', 'app', 'gone', '-s', 'stdout', '-n', '1'],
    node,
  )
  expect(stdout).toBe('five\n')
  expect(stderr).toContain('no container "gone"')
  expect(exitCode).toBe(3)
})

test.each<[string, (path: string) => void, RegExp]>([
  ['missing', () => undefined, /there is no log at .*0\.log: it was removed/],
  ['a directory', (path) => mkdirSync(path, {recursive: true}), /0\.log is a directory, not a file/],
  ['a FIFO', (path) => makeFifo(path), /0\.log is a FIFO, not a file/],
  [
    'a link to nothing',
    (path) => {
      mkdirSync(join(path, '..'), {recursive: true})
      symlinkSync('/nowhere/x.log', path)
    },
    /0\.log is a link to a file that is not there/,
  ],
])('a log that is %s', async (_, make, stderr) => {
  await using node = await startFakeNode({containers: [web]})
  make(node.logOf(web))
  expect(await runInProcess(['logs', 'app'], node)).toEqual({
    stdout: '',
    stderr: expect.stringMatching(stderr),
    exitCode: 1,
  })
})

function makeFifo(path: string): void {
  mkdirSync(join(path, '..'), {recursive: true})
  execFileSync('mkfifo', [path])
}

test('a link to a file elsewhere is followed, rotated files beside both places', async () => {
  await using node = await startFakeNode({containers: [web]})
  node.logs.write('elsewhere/x-json.log.2.gz', records(0, 2))
  node.logs.write('elsewhere/x-json.log.1', records(2, 4))
  const target = node.logs.write('elsewhere/x-json.log', records(4, 6))
  mkdirSync(join(node.logOf(web), '..'), {recursive: true})
  symlinkSync(target, node.logOf(web))
  expect((await runInProcess(['logs', 'app'], node)).stdout).toBe(
    'line 0\nline 1\nline 2\nline 3\nline 4\nline 5\n',
  )
})

test('between the two steps of a rotation there is no live file: the rotated one is read', async () => {
  await using node = await webNode(plain)
  renameSync(node.logOf(web), `${node.logOf(web)}.20260102-000100`)
  expect((await runInProcess(['logs', 'app', '-s', 'stdout', '-n', '1'], node)).stdout).toBe('five\n')
})

test('damaged lines are reported once and the other lines are shown', async () => {
  await using node = await webNode(
    `${record(1, 'one')}broken\n${record(2, 'two')}\n\n${stamp(3)} stdout F half`,
  )
  expect(await runInProcess(['logs', 'app'], node)).toEqual({
    stdout: 'one\ntwo\nhalf\n',
    stderr: 'crisp: default/web-1/app: a line of the log file is damaged and left out, as will be others\n',
    exitCode: 0,
  })
})

test('a damaged compressed file is said, what could be read of it is shown', async () => {
  await using node = await webNode(records(20, 22))
  const path = node.logs.write(`${webLog}/0.log.20260102-000010.gz`, records(0, 5000))
  execFileSync('truncate', ['-s', '-4000', path])
  const {stdout, stderr, exitCode} = await runInProcess(['logs', 'app'], node)
  expect(stdout.startsWith('line 0\nline 1\n')).toBe(true)
  expect(stdout.endsWith('line 20\nline 21\n')).toBe(true)
  expect(stderr).toMatch(/^crisp: the log .*\.gz is cut short; what follows in it is missing\n/)
  expect(exitCode).toBe(1)
})

testWith('root')('without the right to read: sudo is the fix', async () => {
  await using node = await webNode(plain)
  chmodSync(node.logOf(web), 0o600)
  for (const path of [node.logs.path, node.runtime.path, join(node.runtime.path, '..')])
    chmodSync(path, 0o777)
  const {stderr, exitCode} = await runAsNobody(['logs', 'app'], node)
  expect(stderr).toMatch(
    /^crisp: the log .*0\.log may not be read: it belongs to root, try again with sudo\n$/,
  )
  expect(exitCode).toBe(1)
})

function environment({endpoint}: {endpoint: string}): NodeJS.ProcessEnv {
  return {...process.env, CONTAINER_RUNTIME_ENDPOINT: endpoint, CRI_CONFIG_FILE: '/dev/null'}
}

test('--reopen has the runtime open its log anew, then the log is shown', async () => {
  await using node = await webNode(record(1, 'one'))
  expect((await runInProcess(['logs', '-r', 'app'], node)).stdout).toBe('one\n')
  expect(node.runtime.calls.map(({method}) => method)).toContain('ReopenContainerLog')
})

test('a closed stdout pipe ends logs without an error', async () => {
  await using node = await webNode(records(0, 50_000))
  const script = `${crispInShell} logs app | head -1; echo "\${PIPESTATUS[0]}"`
  const {stdout} = await run('bash', ['-c', script], {env: environment(node)})
  expect(stdout).toBe('line 0\n0\n')
})
