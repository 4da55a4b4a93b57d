import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {constants as fileFlags} from 'node:fs'
import {access, open} from 'node:fs/promises'
import {constants as osConstants} from 'node:os'
import type {Readable, Writable} from 'node:stream'
import {quoteForShell} from '../../text/shell-quote.js'
import {killSession, signalProcess} from './process-table.js'

export interface Terminal {
  /** What holds the terminal. The command itself is `pid`. */
  process: ChildProcess
  /** The command, leader of its session. */
  pid: number
  /** What is typed; its end is typed as Ctrl-D. */
  input: Writable
  /** Raw bytes, as the terminal prints them. */
  output: Readable
  /** Does nothing when the command has exited. */
  resize(columns: number, rows: number): Promise<void>
  /** Signals the command's process group; SIGKILL ends everything on the terminal. */
  kill(signal: NodeJS.Signals): void
  /** The exit code, 128 and the number for a signal. Nothing of the session runs any more when it resolves. */
  exited: Promise<number>
}

export interface TerminalOptions {
  env: NodeJS.ProcessEnv
  cwd: string
  columns?: number
  rows?: number
}

/**
 * Runs a command on a new pseudo-terminal, which `script` allocates: Node has no call for it. Rejects where there is
 * no `script`, no free terminal or no such directory. A command that cannot be executed exits with 127 or 126.
 */
export async function spawnOnTerminal(
  command: readonly string[],
  options: TerminalOptions,
): Promise<Terminal> {
  await access(options.cwd)
  const [file, args] = scriptCommand(process.platform, startText(command, options))
  const child = spawn(file, args, {
    cwd: options.cwd,
    // What `script` and the lines before the command need; the command gets its own back.
    env: {...options.env, SHELL: '/bin/sh', PATH: process.env.PATH},
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  const {stdin: input, stdout: output, stderr} = child
  const control = child.stdio[3] as Readable
  for (const stream of [input, control]) stream.on('error', () => {})
  const ended = exitOf(child)
  const failed = failedStart(stderr, ended)
  failed.catch(() => {})
  // Its end may be heard of before what it said at its start.
  const {device, pid} = (await readStart(control)) ?? (await failed)

  let running = true
  const exited = ended.then((exitCode) => {
    running = false
    input.destroy()
    killSession(pid)
    return exitCode
  })
  control.once('data', () => input.destroy())
  return {
    process: child,
    pid,
    input,
    output,
    exited,
    async resize(columns, rows) {
      if (!running) return
      try {
        await setSize(device, columns, rows)
      } catch {
        // The terminal has gone meanwhile, and nobody is left to see its size.
      }
    },
    kill(signal) {
      if (!running) return
      if (signal === 'SIGKILL') killSession(pid)
      else signalProcess(-pid, signal)
    },
  }
}

/** How `script` of this platform runs a line of shell on a terminal. */
function scriptCommand(platform: NodeJS.Platform, text: string): [string, string[]] {
  if (platform === 'linux') return ['script', ['-q', '-e', '-c', text, '/dev/null']]
  // The BSD `script` takes a pipe for its input, but not a socket, which is what Node gives. Word on descriptor 3
  // that it has ended lets `cat` be ended too.
  const pipeline = 'cat | { script -q /dev/null /bin/sh -c "$1"; code=$?; echo >&3; exit "$code"; }'
  return ['/bin/sh', ['-c', pipeline, 'sh', text]]
}

/** Sets the size before the command starts, and tells the terminal's name and the process on descriptor 3. */
function startText(command: readonly string[], {env, columns, rows}: TerminalOptions): string {
  const size = columns !== undefined && rows !== undefined ? ` rows ${rows} cols ${columns}` : ''
  return [
    `stty echo${size}`,
    'echo "$(tty) $$" >&3',
    ...['SHELL', 'PATH'].map((name) => assignment(name, env[name])),
    `exec ${command.map(quoteForShell).join(' ')} 3>&-`,
  ].join('\n')
}

function assignment(name: string, value: string | undefined): string {
  return value === undefined ? `unset ${name}` : `export ${name}=${quoteForShell(value)}`
}

/** Undefined where it ended without a word. */
function readStart(control: Readable): Promise<{device: string; pid: number} | undefined> {
  return new Promise((resolve) => {
    let line = ''
    control.on('data', function read(chunk) {
      line += chunk
      if (!line.includes('\n')) return
      control.off('data', read)
      const [device = '', pid] = line.trim().split(' ')
      resolve({device, pid: Number(pid)})
    })
    for (const ending of ['end', 'close']) control.once(ending, () => resolve(undefined))
  })
}

async function failedStart(stderr: Readable, ended: Promise<number>): Promise<never> {
  const limitLength = 1024
  let said = ''
  stderr.on('data', (chunk) => {
    if (said.length < limitLength) said += chunk
  })
  const exitCode = await ended
  const reason = said.trim().split('\n', 1)[0] || `script ended with exit code ${exitCode}`
  throw new Error(`no pseudo-terminal: ${reason}`)
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) => resolve(code ?? 128 + osConstants.signals[signal ?? 'SIGKILL']))
    child.on('error', (error) => {
      reject(
        new Error('no pseudo-terminal: this machine has no script command (Debian: bsdutils)', {
          cause: error,
        }),
      )
    })
  })
}

async function setSize(device: string, columns: number, rows: number): Promise<void> {
  const terminal = await open(device, fileFlags.O_RDWR | fileFlags.O_NOCTTY)
  try {
    const stty = spawn('stty', ['rows', String(rows), 'cols', String(columns)], {
      stdio: [terminal.fd, 'ignore', 'ignore'],
    })
    await once(stty, 'exit')
  } finally {
    await terminal.close()
  }
}
