import {once} from 'node:events'
import {tmpdir} from 'node:os'
import {text} from 'node:stream/consumers'
import {describe, expect, test, vi} from 'vitest'
import {readProcess} from '../../../src/demo/processes/process-table.js'
import {spawnOnTerminal, type Terminal, type TerminalOptions} from '../../../src/demo/processes/pty.js'
import {eventually} from '../../support/eventually.js'
import {testWith} from '../../support/needs.js'

const env = {PATH: process.env.PATH, TERM: 'xterm'}

function start(command: string[], options: Partial<TerminalOptions> = {}): Promise<Terminal> {
  return spawnOnTerminal(command, {env, cwd: tmpdir(), ...options})
}

async function run(command: string[], options: Partial<TerminalOptions> = {}) {
  const terminal = await start(command, options)
  const [output, exitCode] = await Promise.all([text(terminal.output), terminal.exited])
  return {output, exitCode}
}

/** Reads until `expected` has come, and leaves the rest. */
async function readUntil({output}: Terminal, expected: string): Promise<string> {
  let read = ''
  while (!read.includes(expected)) {
    const chunk: Buffer | null = output.read()
    if (chunk) read += chunk
    else await once(output, 'readable')
  }
  return read
}

/** Runs, and is not only waiting to be reaped. */
async function isAlive(pid = ''): Promise<boolean> {
  return (await readProcess(Number(pid))) !== undefined
}

describe('environment of the command', () => {
  test('a terminal on all three descriptors', async () => {
    expect(await run(['sh', '-c', 'test -t 0 && test -t 1 && test -t 2 && echo yes'])).toEqual({
      output: 'yes\r\n',
      exitCode: 0,
    })
  })

  test('the size, before its first instruction', async () => {
    expect(await run(['stty', 'size'], {columns: 101, rows: 33})).toEqual({
      output: '33 101\r\n',
      exitCode: 0,
    })
  })

  test('arguments arrive unchanged, whatever characters they contain', async () => {
    const words = ["it's", 'a "b" $HOME `id`', 'two\nlines', '', '*', '\\n', 'é']
    expect(await run(['printf', '<%s>', ...words])).toEqual({
      output: words.map((word) => `<${word.replaceAll('\n', '\r\n')}>`).join(''),
      exitCode: 0,
    })
  })

  test('its own environment and directory', async () => {
    const given = {PATH: '/usr/bin:/bin', TERM: 'vt100', NAME: 'a b', HOME: '/nowhere'}
    const {output} = await run(['/usr/bin/env'], {env: given, cwd: '/'})
    // PWD is the shell's that started it.
    expect(output.trim().split('\r\n').sort()).toEqual([
      'HOME=/nowhere',
      'NAME=a b',
      'PATH=/usr/bin:/bin',
      'PWD=/',
      'TERM=vt100',
    ])
    const {output: shell} = await run(['sh', '-c', 'echo $SHELL'], {env: {...env, SHELL: '/bin/other'}})
    expect(shell).toBe('/bin/other\r\n')
  })

  test('no descriptor but the three', async () => {
    expect((await run(['sh', '-c', '(echo leak >&3) 2>/dev/null || echo closed'])).output).toBe('closed\r\n')
  })
})

describe('input and output', () => {
  test('all output arrives, megabytes of it', async () => {
    const {output, exitCode} = await run(['sh', '-c', "head -c 3000000 /dev/zero | tr '\\0' x; echo end"])
    expect([output.length, output.endsWith('xend\r\n'), exitCode]).toEqual([3_000_005, true, 0])
  })

  test('bytes pass unchanged when the command wants them raw', async () => {
    const {output} = await run(['sh', '-c', "stty -opost; printf 'a\\nb\\n\\377\\001'"])
    expect(output).toBe(Buffer.from('a\nb\n\xff\x01', 'latin1').toString())
  })

  test('what is typed is echoed, and its end is Ctrl-D', async () => {
    const terminal = await start(['cat'])
    terminal.input.end('hello\n')
    expect(await text(terminal.output)).toBe('hello\r\nhello\r\n')
    expect(await terminal.exited).toBe(0)
  })

  test('Ctrl-C interrupts', async () => {
    const terminal = await start(['sh', '-c', 'echo ready; exec sleep 600'])
    await readUntil(terminal, 'ready')
    terminal.input.write('\x03')
    expect(await terminal.exited).toBe(130)
  })

  test('a resize is seen, and announced by SIGWINCH', async () => {
    // stty sets rows and columns one after the other, each with a signal.
    const onChange = 'test "$(stty size)" = "50 132" && trap "" WINCH && echo seen && exit 4'
    // Not a `read`, which a signal that comes just before it does not end.
    const script = `trap '${onChange}' WINCH; echo ready; while :; do sleep 0.05; done`
    const terminal = await start(['sh', '-c', script], {columns: 80, rows: 24})
    await readUntil(terminal, 'ready\r\n')
    await terminal.resize(132, 50)
    expect(await text(terminal.output)).toBe('seen\r\n')
    expect(await terminal.exited).toBe(4)
    await terminal.resize(10, 10)
  })
})

describe('the end', () => {
  test.each([
    ['an exit code', ['sh', '-c', 'exit 7'], 7],
    ['a signal', ['sh', '-c', 'kill -TERM $$'], 143],
    ['a command that is not there', ['crisp-no-such-command'], 127],
    ['a file that is no program', ['/etc/passwd'], 126],
  ])('%s', async (_, command, exitCode) => {
    expect((await run(command)).exitCode).toBe(exitCode)
  })

  test('a signal reaches the command', async () => {
    const terminal = await start(['sh', '-c', "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done"])
    await readUntil(terminal, 'ready')
    terminal.kill('SIGUSR1')
    expect(await terminal.exited).toBe(9)
  })

  const stubborn = `trap '' HUP TERM INT; (trap '' HUP TERM INT; sleep 600) & echo "pids $$ $!."; wait; sleep 600`

  test.each([
    ['SIGKILL', (terminal: Terminal) => terminal.kill('SIGKILL')],
    ['the death of what holds the terminal', ({process}: Terminal) => process.kill('SIGKILL')],
  ])('%s leaves nothing running', async (_, end) => {
    const terminal = await start(['sh', '-c', stubborn])
    const [, ...pids] = /pids (\d+) (\d+)\./.exec(await readUntil(terminal, '.')) ?? []
    expect(await Promise.all(pids.map(isAlive))).toEqual([true, true])
    end(terminal)
    expect(await terminal.exited).toBe(137)
    await eventually(async () => expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]))
  })

  testWith('procfs')('jobs of an interactive shell end with it', async () => {
    const terminal = await start(['sh', '-mc', "(trap '' HUP; exec sleep 600) & echo job $!.; exit 3"])
    const [, job] = /job (\d+)\./.exec(await readUntil(terminal, '.')) ?? []
    expect(await terminal.exited).toBe(3)
    await eventually(async () => expect(await isAlive(job)).toBe(false))
  })
})

describe('a machine that cannot make a pseudo-terminal', () => {
  test('says so without script', async () => {
    vi.stubEnv('PATH', '/nonexistent')
    try {
      await expect(start(['true'])).rejects.toThrow(
        'no pseudo-terminal: this machine has no script command (Debian: bsdutils)',
      )
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('says so without the directory', async () => {
    await expect(start(['true'], {cwd: '/nonexistent'})).rejects.toThrow(
      /no such file or directory.*\/nonexistent/,
    )
  })
})
