import {execFile} from 'node:child_process'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {answer, splitLine, typedLine} from '../../../src/cli/completion/shells.js'
import {
  container,
  type FakeRuntime,
  id,
  kubeletContainer,
  never,
  startFakeRuntime,
} from '../../support/fake-runtime.js'
import {isMet} from '../../support/needs.js'
import {program, runCli} from '../../support/run-cli.js'

describe('a line as bash sends it', () => {
  test.each<[string, string[], string]>([
    ['crisp ps', ['crisp', 'ps'], ''],
    ['crisp ps ', ['crisp', 'ps', ''], ''],
    ['crisp  ps\t-o', ['crisp', 'ps', '-o'], ''],
    [`crisp ps -l 'a b' "c d`, ['crisp', 'ps', '-l', 'a b', 'c d'], '"'],
    [`crisp ps -l "a \\" b" c\\ d`, ['crisp', 'ps', '-l', 'a " b', 'c d'], ''],
    ["crisp rm '", ['crisp', 'rm', ''], "'"],
    ["crisp rm ''", ['crisp', 'rm', ''], ''],
    ['cd /x && sudo=1; crisp rm', ['crisp', 'rm'], ''],
    ['echo $(crisp rm', ['crisp', 'rm'], ''],
    ['crisp rm a\\', ['crisp', 'rm', 'a'], ''],
    ['', [''], ''],
  ])('%j', (line, words, quote) => {
    expect(splitLine(line)).toEqual({words, quote})
  })
})

describe('the answer in each shell', () => {
  const candidates = [{word: 'busybox:1.36', hint: 'image ab'}, {word: 'a$(reboot)'}]
  const breaks = ' \t\n"\'><=;|&(:'

  test('bash replaces what follows the last break, and takes nothing for a command', () => {
    const raw = typedLine('bash', ['crisp rmi ', breaks]).raw
    expect(answer('bash', '', '', candidates, raw)).toBe('busybox:1.36\na\\$\\(reboot\\)\n')
    expect(answer('bash', '', 'busybox:1', candidates.slice(0, 1), raw)).toBe('1.36\n')
    expect(answer('bash', '--image=', 'busybox:1', candidates.slice(0, 1), raw)).toBe('1.36\n')
    expect(answer('bash', '--image=', 'b', candidates.slice(0, 1), raw)).toBe('busybox:1.36\n')
    expect(answer('bash', '--image=', 'b', candidates.slice(0, 1), {quote: '', breaks: ' '})).toBe(
      '--image=busybox:1.36\n',
    )
    expect(answer('bash', '', 'busybox:1', candidates.slice(0, 1), {quote: '"', breaks})).toBe(
      'busybox:1.36\n',
    )
  })

  test('bash: a name can neither close the quote around it nor run as code', () => {
    const hostile = [{word: `a'"\`$(id)\\`}]
    expect(answer('bash', '', 'a', hostile, {quote: "'", breaks})).toBe(`a'\\''"\`$(id)\\\n`)
    expect(answer('bash', '', 'a', hostile, {quote: '"', breaks})).toBe(`a'\\"\\\`\\$(id)\\\\\n`)
  })

  test('the description beside a name is one line without control characters', () => {
    const hostile = [{word: 'web', hint: 'running in a\nreboot\t\u001b[2J'}]
    expect(answer('zsh', '', '', hostile)).toBe('web:running in a\\nreboot\\t\\x1b[2J\n')
    expect(answer('fish', '', '', hostile)).toBe('web\trunning in a\\nreboot\\t\\x1b[2J\n')
  })

  test('zsh and fish', () => {
    expect(answer('zsh', '--image=', '', candidates)).toBe(
      '--image=busybox\\:1.36:image ab\n--image=a$(reboot)\n',
    )
    expect(answer('fish', '--image=', '', candidates)).toBe(
      '--image=busybox:1.36\timage ab\n--image=a$(reboot)\n',
    )
  })
})

let folder: string
let runtime: FakeRuntime
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crisp-completion-'))
  await mkdir(join(folder, 'bin'))
  for (const name of ['crisp', 'crictl']) await symlink(program, join(folder, 'bin', name))
  runtime = await startFakeRuntime({
    ListContainers: {
      containers: [
        kubeletContainer('default', 'web', 'nginx', {id: id('a1')}),
        kubeletContainer('default', 'web', 'hostile', {id: id('a2'), metadata: {name: 'zz$(id)'}}),
        container({id: id('b1'), metadata: {name: 'stopped'}, state: 'CONTAINER_EXITED', labels: {}}),
      ],
    },
    ListPodSandbox: {items: [{id: id('c1'), metadata: {name: 'web', namespace: 'default'}}]},
    ListImages: {images: [{id: id('d1'), repoTags: ['docker.io/library/busybox:1.36']}]},
  })
})
afterAll(async () => {
  await runtime[Symbol.asyncDispose]()
  await rm(folder, {recursive: true})
})

/** A machine with 2 busy cores starts a process in more than the time a person waits. */
function environment(): NodeJS.ProcessEnv {
  return {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: folder,
    TERM: 'dumb',
    CRI_CONFIG_FILE: '/dev/null',
    CONTAINER_RUNTIME_ENDPOINT: runtime.endpoint,
    CRISP_COMPLETION_MS: '30000',
  }
}

function installed(name: string, ...argv: string[]): Promise<string> {
  return run(join(folder, 'bin', name), argv)
}

const shells = ['bash', 'zsh', 'fish'] as const
const shellsHere = shells.filter(isMet)
for (const shell of shells) if (!isMet(shell)) test.skip(`completion in ${shell}`)

/** What the shell itself makes of Tab at the end of each line: the candidates, in its own words. */
const drivers: Record<string, (script: string, lines: readonly string[]) => Promise<string[][]>> = {
  bash: async (script, lines) => {
    const program = `source ${script}
for line in "$@"; do
  COMP_LINE=$line COMP_POINT=\${#line}
  function=$(complete -p "\${line%% *}"); function=\${function#complete -F }
  "\${function%% *}" 2>/dev/null
  printf '%s\\n' "\${COMPREPLY[@]}" .
done`
    return chunks(await run('bash', ['--norc', '-c', program, 'bash', ...lines]))
  },
  fish: async (script, lines) => {
    const program = `source ${script}; for line in $argv; complete -C $line; echo .; end`
    return chunks(await run('fish', ['--no-config', '-c', program, ...lines])).map((found) =>
      found.map((line) => line.split('\t')[0] ?? ''),
    )
  },
  zsh: async (script, lines) => {
    const hits = join(folder, 'hits')
    const setup = join(folder, 'setup.zsh')
    await writeFile(
      setup,
      `autoload -Uz compinit && compinit -u -D
source ${script}
compadd() { local -a found; builtin compadd -O found "$@"; builtin compadd "$@"; (( $#found )) && print -rl -- $found >> ${hits} }
done-with-it() { print -r -- . >> ${hits}; BUFFER=; zle reset-prompt }
zle -N done-with-it
bindkey '^I' complete-word '^G' done-with-it
`,
    )
    const inside = `zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner "source ${setup}; print READY"
zpty -r inner reply $'*\\nREADY*'
for line in "$@"; do zpty -n -w inner "$line"$'\\t\\a'; done
while [[ $(grep -cx '\\.' ${hits} 2>/dev/null) -lt $# ]]; do zpty -r -t inner reply || zselect -t 5 2>/dev/null || sleep 0.05; done
zpty -d inner`
    await rm(hits, {force: true})
    await run('zsh', ['-f', '-c', `zmodload zsh/zselect; ${inside}`, 'zsh', ...lines])
    return chunks(await readFile(hits, 'utf8'))
  },
}

async function run(program: string, argv: readonly string[]): Promise<string> {
  const {stdout} = await promisify(execFile)(program, argv, {
    env: environment(),
    cwd: folder,
    timeout: 100_000,
  })
  return stdout
}

/** Lists that each end in a line of one dot. */
function chunks(text: string): string[][] {
  return text
    .split(/^\.\n/m)
    .slice(0, -1)
    .map((chunk) => [...new Set(chunk.split('\n').filter(Boolean))].sort())
}

describe.each(shellsHere)('%s', (shell) => {
  test('completes verbs, flags, values and the names on the node', async () => {
    const script = join(folder, `script.${shell}`)
    await writeFile(script, await installed('crisp', 'completion', shell))
    const found = await drivers[shell]?.(script, [
      'crisp inspec',
      'crisp ps --sta',
      'crisp ps --state r',
      'crisp ps --state=r',
      'crisp inspect ',
      'crisp inspect ng',
      'crisp inspecti busybox:1',
      'crisp ps --pod d',
      'crisp nosuch ',
      'crisp cp ng',
    ])
    expect(found).toEqual([
      ['inspect', 'inspecti', 'inspectp'],
      ['--state'],
      ['running'],
      [shell === 'bash' ? 'running' : '--state=running'],
      ['nginx', 'stopped', shell === 'bash' ? 'zz\\$\\(id\\)' : 'zz$(id)'],
      ['nginx'],
      [shell === 'bash' ? '1.36' : 'busybox:1.36'],
      ['default/web'],
      [],
      ['nginx:'],
    ])
  })

  test('completion works under the installed name and under an alias', async () => {
    const script = join(folder, `other.${shell}`)
    await writeFile(script, await installed('crictl', 'completion', shell))
    expect(await drivers[shell]?.(script, ['crictl inspect ng'])).toEqual([['nginx']])
    await writeFile(script, await installed('crisp', 'completion', shell, '--name', 'k', '--name', 'kk'))
    expect(await drivers[shell]?.(script, ['k inspect ng', 'kk ps --sta'])).toEqual([['nginx'], ['--state']])
  })
})

test('a runtime that does not answer in time gives no names and no error', async () => {
  await using silent = await startFakeRuntime({ListContainers: never})
  const line = ['__complete', 'fish', 'inspect', '']
  const {stdout, stderr, exitCode} = await runCli(line, silent)
  expect({stdout, stderr, exitCode}).toEqual({stdout: 'words\n', stderr: '', exitCode: 0})
})

test.each<[string, string[], NodeJS.ProcessEnv]>([
  ['no runtime', ['fish', 'inspect', ''], {CONTAINER_RUNTIME_ENDPOINT: '/nonexistent.sock'}],
  ['a bad settings file', ['fish', '--config', '/nonexistent', 'inspect', ''], {}],
  ['an empty endpoint', ['fish', '-r', '', 'inspect', ''], {}],
])('%s: nothing, in silence', async (_, sent, env) => {
  const result = await runCli(['__complete', ...sent], {env: {...env, CRISP_COMPLETION_MS: '30000'}})
  expect(result).toEqual({stdout: 'words\n', stderr: '', exitCode: 0})
})

test('a file is left to the shell', async () => {
  expect((await runCli(['__complete', 'bash', 'crisp --config ', ''])).stdout).toBe('files\n')
  expect((await runCli(['__complete', 'bash', 'crisp -r /run', ''])).stdout).toBe('files\n')
  expect((await runCli(['__complete', 'bash', 'crisp -r de', ''])).stdout).toBe('words\ndemo\n')
  expect((await runCli(['__complete', 'bash', 'crisp cp ./no', ''])).stdout).toBe('files\n')
  const none = await runCli(['__complete', 'bash', 'crisp cp notes', ''], {...runtime, env: environment()})
  expect(none.stdout).toBe('files\n')
})

test('names of a short while ago stand in for a runtime that does not answer in time', async () => {
  const own = await mkdtemp(join(tmpdir(), 'crisp-own-'))
  let answers = true
  await using slow = await startFakeRuntime({
    ListContainers: () =>
      answers ? {containers: [kubeletContainer('default', 'web', 'nginx', {id: id('a1')})]} : never(),
    ListPodSandbox: {items: []},
  })
  await using other = await startFakeRuntime({ListContainers: never})
  const complete = async (endpoint: string, patienceMs: number) => {
    const env = {XDG_RUNTIME_DIR: own, CRISP_COMPLETION_MS: String(patienceMs)}
    return (await runCli(['__complete', 'bash', 'crisp inspect ng', ''], {endpoint, env})).stdout
  }
  try {
    expect(await complete(slow.endpoint, 30_000)).toBe('words\nnginx\n')
    answers = false
    expect(await complete(slow.endpoint, 300)).toBe('words\nnginx\n')
    // Another runtime has other names.
    expect(await complete(other.endpoint, 300)).toBe('words\n')
    const [file = ''] = (await readdir(join(own, 'crisp'))).filter((name) => name.startsWith('names-'))
    expect((await stat(join(own, 'crisp', file))).mode & 0o777).toBe(0o600)
    // Neither a damaged one, nor what others may have written.
    const whole = await readFile(join(own, 'crisp', file))
    await writeFile(
      join(own, 'crisp', file),
      whole.toString('latin1').replace('"nginx"', '"nginy"'),
      'latin1',
    )
    expect(await complete(slow.endpoint, 300)).toBe('words\n')
    await writeFile(join(own, 'crisp', file), whole)
    expect(await complete(slow.endpoint, 300)).toBe('words\nnginx\n')
    await chmod(join(own, 'crisp'), 0o755)
    expect(await complete(slow.endpoint, 300)).toBe('words\n')
    await chmod(join(own, 'crisp'), 0o700)
    const longAgo = new Date(Date.now() - 10 * 60_000)
    await utimes(join(own, 'crisp', file), longAgo, longAgo)
    expect(await complete(slow.endpoint, 300)).toBe('words\n')
  } finally {
    await rm(own, {recursive: true})
  }
})

test('pods stand beside containers where a verb takes both', async () => {
  const words = async (verb: string) => {
    const {stdout} = await runCli(['__complete', 'bash', `crisp ${verb} `, ''], {
      ...runtime,
      env: environment(),
    })
    return stdout.split('\n').filter((word) => word !== '')
  }
  for (const verb of ['describe', 'logs']) expect(await words(verb)).toContain('web')
  expect(await words('inspect')).not.toContain('web')
})

test('an unknown shell and an impossible name are refused', async () => {
  expect(await runCli(['completion', 'tcsh'])).toEqual({
    stdout: '',
    stderr: 'crisp: "tcsh" is not a supported shell: bash, zsh, fish\n',
    exitCode: 2,
  })
  expect((await runCli(['completion', 'bash', '--name', 'a; b'])).stderr).toBe(
    'crisp: --name "a; b" is not a command name\n',
  )
})
