import {type ChildProcess, spawn} from 'node:child_process'
import {access, constants} from 'node:fs/promises'
import {constants as osConstants} from 'node:os'
import {delimiter, isAbsolute, join} from 'node:path'
import {PassThrough, pipeline, type Readable, type Writable} from 'node:stream'
import {signalProcess} from './process-table.js'
import {spawnOnTerminal} from './pty.js'

export interface ChildOptions {
  env: Readonly<Record<string, string>>
  cwd: string
  stdin: boolean
  tty: boolean
  columns?: number | undefined
  rows?: number | undefined
}

/** A process in a session of its own. */
export interface Child {
  /** Of the command itself. */
  readonly pid: number
  /** Of what leads the session, which a terminal has another one for. */
  readonly leaderPid: number
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  /** undefined with a terminal. */
  readonly stderr: Readable | undefined
  /** The exit code, 128 and the number for a signal. */
  readonly exited: Promise<number>
  resize(columns: number, rows: number): Promise<void>
  /** Signals the command alone. */
  signal(signal: NodeJS.Signals): void
  /** Kills the command and its process group. */
  kill(): void
}

/** Rejects where the command cannot be started. */
export async function startChild(command: readonly string[], options: ChildOptions): Promise<Child> {
  await checkExecutable(command[0] ?? '', options)
  return options.tty ? startOnTerminal(command, options) : startPlain(command, options)
}

async function startPlain([file = '', ...args]: readonly string[], options: ChildOptions): Promise<Child> {
  const {env, cwd} = options
  const stdio = [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'] as const
  const child: ChildProcess = spawn(file, args, {cwd, env, detached: true, stdio: [...stdio]})
  const exited = exitOf(child)
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  const pid = child.pid as number
  child.stdin?.on('error', () => {})
  return {
    pid,
    leaderPid: pid,
    stdin: child.stdin ?? undefined,
    stdout: keepOutput(child.stdout),
    stderr: keepOutput(child.stderr),
    exited,
    resize: async () => {},
    signal: (signal) => void child.kill(signal),
    kill: () => signalProcess(-pid, 'SIGKILL'),
  }
}

async function startOnTerminal(command: readonly string[], options: ChildOptions): Promise<Child> {
  const {env, cwd, columns, rows} = options
  const size = columns === undefined || rows === undefined ? {} : {columns, rows}
  const terminal = await spawnOnTerminal(command, {env: {...env}, cwd, ...size})
  return {
    pid: terminal.pid,
    leaderPid: terminal.process.pid ?? terminal.pid,
    stdin: options.stdin ? terminal.input : undefined,
    stdout: keepOutput(terminal.output),
    stderr: undefined,
    exited: terminal.exited,
    resize: terminal.resize,
    signal: (signal) => signalProcess(terminal.pid, signal),
    kill: () => terminal.kill('SIGKILL'),
  }
}

/** Node throws away what an ended process has printed when nobody is reading it yet. */
function keepOutput(output: Readable | null): Readable {
  const buffer = new PassThrough()
  if (output) pipeline(output, buffer, () => {})
  else buffer.end()
  return buffer
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + osConstants.signals[signal ?? 'SIGKILL']))
  })
}

/**
 * Node says ENOENT for a missing working directory too, and a shell on a terminal says it in the output. About the
 * command it is said in runc's words, by which clients know it.
 */
export async function checkExecutable(
  file: string,
  {env, cwd}: Pick<ChildOptions, 'env' | 'cwd'>,
): Promise<void> {
  try {
    await access(cwd)
  } catch (error) {
    throw new Error(`working directory ${cwd}: ${(error as NodeJS.ErrnoException).code}`)
  }
  if (!file.includes('/')) {
    const places = (env.PATH ?? '').split(delimiter).map((directory) => join(directory, file))
    const problems = await Promise.all(places.map(whyNotExecutable))
    if (problems.includes(undefined)) return
    throw new Error(`exec: "${file}": executable file not found in $PATH`)
  }
  const problem = await whyNotExecutable(isAbsolute(file) ? file : join(cwd, file))
  if (problem === undefined) return
  throw new Error(
    `exec: "${file}": ${problem === 'EACCES' ? 'permission denied' : `stat ${file}: no such file or directory`}`,
  )
}

async function whyNotExecutable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}
