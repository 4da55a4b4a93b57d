import {spawn} from 'node:child_process'
import {createHash} from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {gzipSync} from 'node:zlib'
import {expect, onTestFinished, test} from 'vitest'
import {onTerminal} from '../../support/on-terminal.js'
import {type CliResult, cliEnvironment, isStandalone, outcomeOf, runCli} from '../../support/run-cli.js'

// Nodes that are not as they should be, behind an `ssh` that runs its command here, in a home of its own.

interface Stub {
  run(argv: readonly string[]): Promise<CliResult>
  /** For whoever runs it another way. */
  env: NodeJS.ProcessEnv
  home: string
  directory: string
}

/** `programs` come first on the node's PATH; `ssh` is what stands in for the login. */
function stubNode({
  programs = {},
  only,
  ssh = 'exec /bin/sh -c "$last"',
}: {
  programs?: Record<string, string>
  /** Nothing else is on the node's PATH than links to these. */
  only?: readonly string[]
  ssh?: string
}): Stub {
  const directory = mkdtempSync(join(tmpdir(), 'crisp-stub-'))
  onTestFinished(() => rmSync(directory, {recursive: true, force: true}))
  const path = (...names: string[]) => join(directory, ...names)
  for (const name of ['bin', 'far', 'home']) mkdirSync(path(name))
  mkdirSync(path('run'), {mode: 0o700})
  for (const [name, text] of Object.entries(programs))
    writeFileSync(path('far', name), `#!/bin/sh\n${text}\n`, {mode: 0o755})
  for (const name of only ?? []) symlinkSync(`/bin/${name}`, path('far', name))
  const farPath = only ? path('far') : `${path('far')}:${process.env.PATH}`
  writeFileSync(
    path('bin', 'ssh'),
    `#!/bin/sh
for last; do :; done
case $* in
  -G*) echo "hostname stub"; exit 0;;
esac
if [ "$last" = 'exit 0' ]; then exit 0; fi
export HOME=${path('home')} PATH=${farPath}
unset XDG_CACHE_HOME
${ssh}
`,
    {mode: 0o755},
  )
  const env = {PATH: `${path('bin')}:${process.env.PATH}`, XDG_RUNTIME_DIR: path('run')}
  return {directory, env, home: path('home'), run: (argv) => runCli(['--node', 'stub', ...argv], {env})}
}

function program(directory: string, text: string): string {
  const path = join(directory, 'program')
  writeFileSync(path, `#!/bin/sh\n${text}\n`, {mode: 0o755})
  return path
}

const places = ['/var/tmp', '/tmp', '/dev/shm'].map((place) => `${place}/crisp-node-${process.getuid?.()}`)
const delivered = (home: string) => {
  const cache = join(home, '.cache', 'crisp-node')
  return existsSync(cache) ? readdirSync(cache) : []
}

test('what arrives with another checksum is not kept, and not run', async () => {
  const node = stubNode({programs: {sha256sum: 'echo 0000000000000000  -'}})
  const ran = join(node.directory, 'ran')
  const file = program(node.directory, `touch ${ran}`)
  expect(await node.run(['--node-file', file, 'ps'])).toEqual({
    stdout: '',
    stderr: 'crisp: stub: what arrived has another checksum than what was sent: nothing was kept there\n',
    exitCode: 1,
  })
  expect(delivered(node.home)).toEqual([])
  expect(existsSync(ran)).toBe(false)
})

test('a program that does not run there is not kept', async () => {
  const node = stubNode({})
  const file = program(node.directory, 'echo "libfoo.so: cannot open \u001b[31m" >&2; exit 127')
  expect(await node.run(['--node-file', file, 'ps'])).toEqual({
    stdout: '',
    stderr: 'crisp: stub: crisp does not run there: libfoo.so: cannot open \\x1b[31m\n',
    exitCode: 1,
  })
  expect(delivered(node.home)).toEqual([])
})

test('a full home falls back to another place', async () => {
  const fill = 'case $PWD in */home/.cache/crisp-node) exit 1;; esac; exec /bin/gzip "$@"'
  const node = stubNode({programs: {gzip: fill}})
  onTestFinished(() => {
    for (const place of places) rmSync(place, {recursive: true, force: true})
  })
  const file = program(node.directory, 'case $1 in --version) ;; *) echo ran; exit 5;; esac')
  expect(await node.run(['--node-file', file, 'ps'])).toEqual({
    stdout: 'ran\n',
    stderr: `crisp: stub: the cache in its home can't be used (full, not writable, noexec, or open to others): crisp lies in ${places[0]}\n`,
    exitCode: 5,
  })
  expect(delivered(node.home)).toEqual([])
})

const tools = ['sh', 'id', 'ls', 'mkdir', 'gzip', 'grep', 'chmod', 'rm', 'mv', 'find', 'head']

test.each([
  ['no Node', 'exit 127', 'it has none'],
  ['an old Node', 'echo v18.19.0', '18.19.0'],
])('with %s and nothing that fits, one line says what to install', async (_, node, found) => {
  // Of this one a standalone file would send itself.
  const {run, home} = stubNode({only: tools, programs: {node, uname: 'echo riscv64'}})
  const {stdout, stderr, exitCode} = await run(['ps'])
  expect({stdout, exitCode}).toEqual({stdout: '', exitCode: 1})
  // It has no package to send for a Node there either.
  const orNode = isStandalone ? '' : `, or Node\\.js 20\\.19 or newer there \\(${found}\\)`
  expect(stderr).toMatch(
    new RegExp(
      `^crisp: stub: no crisp for its processor \\(\\w+\\)${orNode}: install the package crisp-builds here, or name a standalone file with --node-file\\n$`,
    ),
  )
  expect(delivered(home)).toEqual([])
})

test('a standalone file for another processor is not sent', async () => {
  const node = stubNode({programs: {uname: 'echo riscv64'}})
  const file = join(node.directory, 'elf')
  const head = Buffer.alloc(64)
  head.write('\u007fELF', 0, 'latin1')
  head.writeUInt16LE(0xb7, 18)
  writeFileSync(file, head)
  expect(await node.run(['--node-file', file, 'ps'])).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^crisp: stub: no crisp for its processor \(riscv64\): /),
    exitCode: 1,
  })
  expect(delivered(node.home)).toEqual([])
})

test.each([
  [
    'echo Welcome; echo "This account is not available." >&2; exit 1',
    'its login did not start /bin/sh: This account is not available.',
    4,
  ],
  ['echo Welcome; exit 0', 'its login did not start /bin/sh', 4],
  ['echo "Permission denied (publickey)." >&2; exit 255', 'Permission denied (publickey): no key', 4],
  ['echo "kex: \u001b]0;owned\u0007" >&2; exit 255', 'kex: \\x1b]0;owned\\x07', 4],
  ['exec head -c 9000000 /dev/zero', 'its login prints without end, and crisp was not started', 1],
])('a login that answers with something else: %j', async (ssh, text, code) => {
  expect(await stubNode({ssh}).run(['ps'])).toEqual({
    stdout: '',
    stderr: expect.stringContaining(text),
    exitCode: code,
  })
})

test('a password that sudo asks for is a clear word', async () => {
  const node = stubNode({programs: {sudo: 'echo "sudo: a password is required" >&2; exit 1'}})
  expect(await node.run(['--sudo', 'ps'])).toEqual({
    stdout: '',
    stderr:
      'crisp: stub: sudo: a password is required: --sudo asks for no password: allow it there with NOPASSWD, or log in as root\n',
    exitCode: 4,
  })
})

test('--sudo runs all of it as root, from a directory of root', async () => {
  const node = stubNode({programs: {sudo: 'shift 2; export HOME=$HOME/root; mkdir -p "$HOME"; exec "$@"'}})
  const file = program(node.directory, 'case $1 in --version) ;; *) pwd -P; exit 5;; esac')
  const {stdout, exitCode} = await node.run(['--sudo', '--node-file', file, 'ps'])
  expect({stdout, exitCode}).toEqual({
    stdout: `${join(node.home, 'root', '.cache', 'crisp-node')}\n`,
    exitCode: 5,
  })
})

test('of the builds that packages install the one for the processor goes there', async () => {
  const node = stubNode({
    only: [...tools, 'sha256sum', 'dirname', 'tr'],
    programs: {node: 'exit 127', uname: 'echo aarch64'},
  })
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const prefix = join(node.directory, 'prefix')
  const builds = join(prefix, 'lib', 'crisp', 'builds', version)
  mkdirSync(join(prefix, 'bin'), {recursive: true})
  mkdirSync(builds, {recursive: true})
  for (const name of ['package.json', 'bin/run.js']) copyFileSync(join(root, name), join(prefix, name))
  symlinkSync(join(root, 'dist'), join(prefix, 'dist'))
  const sums = ['linux-x64', 'linux-arm64'].map((target) => {
    const text = `#!/bin/sh\ncase $1 in --version) ;; *) echo ${target}; exit 7;; esac\n`
    writeFileSync(join(builds, `crisp-${target}.gz`), gzipSync(text))
    return `${createHash('sha256').update(text).digest('hex')}  crisp-${target}\n`
  })
  writeFileSync(join(builds, 'SHA256SUMS'), sums.join(''))
  const cli = spawn(process.execPath, [join(prefix, 'bin', 'run.js'), '--node', 'stub', 'ps'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: cliEnvironment({env: node.env}),
  })
  expect(await outcomeOf(cli)).toEqual({stdout: 'linux-arm64\n', stderr: '', exitCode: 7})
  expect(delivered(node.home)).toHaveLength(1)
})

test('a processor that is another than uname says is one line, and nothing is kept', async () => {
  const node = stubNode({programs: {uname: 'echo aarch64'}})
  const file = join(node.directory, 'elf')
  const head = Buffer.alloc(64)
  head.write('\u007fELF\u0002\u0001\u0001', 0, 'latin1')
  head.writeUInt16LE(2, 16)
  head.writeUInt16LE(0xb7, 18)
  writeFileSync(file, head)
  expect(await node.run(['--node-file', file, 'ps'])).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^crisp: stub: crisp does not run there: [^\n]+\n$/),
    exitCode: 1,
  })
  expect(delivered(node.home)).toEqual([])
})

test.each([
  ['says words without end', `IFS= read -r s; eval "\${s%%k()*}"; while :; do s word; done`],
  ['says a word without end', `IFS= read -r s; eval "\${s%%k()*}"; s begin | tr -d '\\n'; cat /dev/zero`],
  ['sends the script back', 'cat'],
])('a node that %s is one line', async (_, ssh) => {
  const {stdout, stderr} = await stubNode({ssh}).run(['ps'])
  expect(stdout).toBe('')
  expect(stderr).toBe('crisp: stub: it answered with something else than crisp\n')
})

test('a login that never begins is given up', async () => {
  const {stdout, stderr, exitCode} = await stubNode({ssh: 'exec sleep 1000'}).run(['-t', '2s', 'ps'])
  expect({stdout, stderr, exitCode}).toEqual({
    stdout: '',
    stderr: 'crisp: stub: its login did not start /bin/sh within 2s\n',
    exitCode: 4,
  })
})

const forTerminal =
  '\u001b[31mred\u001b[39m \u001b]52;c;b3duZWQ=\u0007 \u001b[5n\u009b6n \u001b[2Kümläut\u202e'

test.each([
  ['ps', '\u001b[31mred\u001b[39m \\x1b]52;c;b3duZWQ=\\x07 \\x1b[5n\\x9b6n \u001b[2Kümläut\\u202e'],
  // The terminal is the container's.
  ['exec', forTerminal],
])('what a node prints for %s on a terminal', async (verb, shown) => {
  const node = stubNode({})
  const file = program(
    node.directory,
    `case $1 in --version) exit 0;; esac
for piece in ${[...Buffer.from(forTerminal)].map((byte) => `\\\\${byte.toString(8).padStart(3, '0')}`).join(' ')}; do printf "$piece"; done
echo; echo over; exit 3`,
  )
  const argv = ['--node', 'stub', '--node-file', file, verb, ...(verb === 'exec' ? ['web', 'sh'] : [])]
  const piped = await runCli(argv, {env: node.env})
  expect({stdout: piped.stdout, exitCode: piped.exitCode}).toEqual({
    stdout: `${forTerminal}\nover\n`,
    exitCode: 3,
  })
  const session = await onTerminal(argv, '', {env: node.env})
  const {output, exitCode} = await session.outcome()
  expect(output.replaceAll('\r\n', '\n')).toContain(`${shown}\nover`)
  expect(exitCode).toBe(3)
})

test.each([
  '',
  '-l',
  '-oProxyCommand=x',
  'a b',
  'a\nb',
  '$(id)',
  'a;b',
  "a'b",
  '-x@host',
  'a@-x',
  'ssh://-x',
  'x\u001b[2J',
])('a name that is no node starts no ssh: %j', async (name) => {
  const node = stubNode({ssh: 'exit 9'})
  const {stdout, stderr, exitCode} = await runCli(['--node', name, 'version'], {
    env: {...node.env, CONTAINER_RUNTIME_ENDPOINT: 'unix:///no/such.sock'},
  })
  expect(stdout).toBe('')
  // None is as good as no flag.
  expect(exitCode).toBe(name === '' ? 4 : 2)
  expect(stderr.split('\n')).toHaveLength(2)
})

const names = [
  '-oProxyCommand=touch RAN',
  'x;touch RAN',
  '$(touch RAN)',
  '`touch RAN`',
  'a\u001b[2J',
  "a'b",
  'a|b',
]

test.each(names)('neither does one in a file of nodes or in a group: %j', async (word) => {
  const node = stubNode({})
  const ran = join(node.directory, 'ran')
  writeFileSync(join(node.directory, 'bin', 'ssh'), `#!/bin/sh\ntouch ${ran}\n`, {mode: 0o755})
  const name = word.replace('RAN', ran)
  const file = join(node.directory, 'nodes')
  writeFileSync(file, `w1\n${name}\n`)
  const config = join(node.directory, 'config')
  mkdirSync(join(config, 'crisp'), {recursive: true})
  writeFileSync(
    join(config, 'crisp', 'config.yaml'),
    JSON.stringify({nodes: {all2: ['w1', name], broken: [`w1\n${name}`]}}),
  )
  const env = {...node.env, XDG_CONFIG_HOME: config}
  for (const line of [
    ['--nodes-file', file],
    ['-N', '@all2'],
    ['-N', '@broken'],
  ])
    expect(await runCli([...line, 'ps'], {env})).toEqual({
      stdout: '',
      // Control characters are shown; a bracket makes a set of it, whose end is missing.
      stderr: expect.stringMatching(
        /^crisp: [^\n\u001b]* is no (node: one is a host of ssh|set of nodes: )[^\n]*\n$/,
      ),
      exitCode: expect.toBeOneOf([1, 2]),
    })
  expect(existsSync(ran)).toBe(false)
})

/** In the place of crisp on the node; `s` says a word on stdout. */
const answers = (text: string) =>
  `IFS= read -r s; eval "\${s%%k()*}"; s begin; s begin >&2; s answer; ${text}`
const finished = `s "answer end"; s "end 0"; s "end 0" >&2`

test.each([
  ['without an end', `exec cat /dev/zero`, 'its answer has no end'],
  ['that is no JSON', `echo '{"kind"'; ${finished}`, 'it answered with something else than crisp'],
  [
    'of another kind',
    `echo '{"kind": "screen", "form": "table"}'; ${finished}`,
    'it answered with something else than crisp',
  ],
  [
    'with cells that are no text',
    `echo '{"kind": "table", "form": "table", "columns": [{"title": "A"}]}'; echo '[null, [{}]]'; ${finished}`,
    'it answered with something else than crisp',
  ],
  ['with words that are none', `s 'pack {'; ${finished}`, 'it answered with something else than crisp'],
])('one of several nodes with an answer %s is one line', async (_, text, said) => {
  // As a set, which takes the way of several.
  const node = stubNode({ssh: answers(text)})
  const {stdout, stderr, exitCode} = await runCli(['-N', 'stub[1-1]', 'ps'], {env: node.env})
  expect({stdout, stderr, exitCode}).toEqual({
    stdout: '',
    stderr: `crisp: stub1: ${said}\ncrisp: 0 ok, 1 failed\n`,
    exitCode: 1,
  })
})

const sequence = '\u001b]0;owned\u0007\u001b[5n\u009b6n'

test.each([
  ['table', [], {columns: [{title: sequence}]}, [sequence]],
  ['text', [], {}, `${sequence}\n`],
  ['items', ['-o', 'jsonpath={.containers[*].id}'], {listName: 'containers'}, {id: sequence}],
  ['items', ['-o', 'go-template={{(index .containers 0).id}}'], {listName: 'containers'}, {id: sequence}],
  ['items', ['-o', 'yaml'], {listName: 'containers'}, {id: sequence}],
  ['names', ['-o', 'name'], {}, sequence],
] as const)(
  'what one of several nodes shows as %s %j does nothing to a terminal',
  async (kind, form, more, value) => {
    const lines = [{kind, form: 'table', ...more}, [null, value]].map((line) => `${JSON.stringify(line)}\n`)
    const node = stubNode({ssh: answers(`cat <<'EOF'\n${lines.join('')}EOF\n${finished}`)})
    const session = await onTerminal(['-N', 'stub[1-1]', 'ps', ...form], '', {env: node.env})
    const {output, exitCode} = await session.outcome()
    expect(exitCode).toBe(0)
    expect(output).toContain('owned')
    expect(output).not.toMatch(/\u001b\]|\u0007|\u001b\[5n|\u009b/)
  },
)

test('text of one of several nodes does nothing to a terminal', async () => {
  const printed = JSON.stringify(sequence).slice(1, -1)
  const say = `printf '%b\\n' '${printed.replaceAll('\\u00', '\\x')}'`
  const node = stubNode({ssh: answers('').replace('s answer; ', `${say}; s "end 0"; s "end 0" >&2`)})
  const session = await onTerminal(['-N', 'stub[1-1]', 'ps', '-v'], '', {env: node.env})
  const {output} = await session.outcome()
  expect(output).toContain('owned')
  expect(output).not.toMatch(/\u001b\]|\u0007|\u001b\[5n|\u009b/)
})

test('without ssh one line says so', async () => {
  const node = stubNode({})
  const {stdout, stderr, exitCode} = await runCli(['--node', 'w1', 'ps'], {
    env: {PATH: join(node.directory, 'far')},
  })
  expect({stdout, stderr, exitCode}).toEqual({
    stdout: '',
    stderr: 'crisp: there is no ssh on the PATH: install OpenSSH\n',
    exitCode: 4,
  })
})
