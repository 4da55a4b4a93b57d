import {type ChildProcess, type SpawnOptions, spawn} from 'node:child_process'
import type {Readable} from 'node:stream'
import {exitCode, Interrupted, UserError} from '../../errors/errors.js'
import {durationText} from '../../text/duration.js'

export interface ToolProgram {
  path: string
  words: readonly string[]
  env: NodeJS.ProcessEnv
  /** Nothing by default; a descriptor, or what is read, and destroyed at the end. */
  stdin?: number | 'pipe' | Readable
  /** Kept by default, as its end is. */
  stdout?: number | 'inherit'
  /** What it has besides, from 3 on. */
  descriptors?: readonly number[]
  limitMs: number
  signal: AbortSignal
  /** Told of each piece of stdout, with what stdin takes. */
  onOutput?: (text: string, child: ChildProcess) => void
}

export interface ToolEnding {
  stdout: string
  stderr: string
  code: number | null
  killedBy: NodeJS.Signals | null
}

/** Of what it says the end. */
const mostText = 256 * 1024
/** How long it has to end itself when it is asked to. */
const graceMs = 3000

/**
 * Runs a helper as the head of a process group of its own, which ends with it, at the limit, and when the signal asks
 * for it: first with SIGTERM, so that it can put things in order. Throws the signal's reason, or UserError.
 */
export async function runTool(program: ToolProgram): Promise<ToolEnding> {
  const {path, words, env, stdin = 'ignore', stdout = 'pipe', descriptors = [], limitMs, signal} = program
  signal.throwIfAborted()
  const source = typeof stdin === 'object' ? stdin : undefined
  const options: SpawnOptions = {
    env,
    cwd: '/',
    detached: true,
    stdio: [source ? 'pipe' : (stdin as number | 'pipe' | 'ignore'), stdout, 'pipe', ...descriptors],
  }
  const child = spawn(path, words, options)
  let isLate = false
  let kill: NodeJS.Timeout | undefined
  const stop = () => {
    signalGroup(child, 'SIGTERM')
    kill ??= setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs)
  }
  const limit = setTimeout(
    () => {
      isLate = true
      stop()
    },
    Math.min(limitMs, 2 ** 31 - 1),
  )
  signal.addEventListener('abort', stop)
  const said = {stdout: '', stderr: ''}
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.stdout = (said.stdout + text).slice(-mostText)
    program.onOutput?.(said.stdout, child)
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.stderr = (said.stderr + text).slice(-mostText)
  })
  // What ends before it has read everything has a reason, and says it.
  child.stdin?.on('error', () => undefined)
  let unreadable: Error | undefined
  if (source && child.stdin) {
    source.once('error', (error) => {
      unreadable = error
      stop()
    })
    source.pipe(child.stdin)
  }
  try {
    const [code, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...ending) => resolve(ending))
      // A child of its own may keep its output open.
      child.once('exit', (...ending) => setTimeout(() => resolve(ending), graceMs).unref())
    })
    signal.throwIfAborted()
    if (unreadable) throw unreadable
    if (isLate)
      throw new UserError(`${path}: not done within ${durationText(limitMs)}`, {exitCode: exitCode.timedOut})
    // Whoever read its output has gone.
    if (killedBy === 'SIGPIPE' && stdout === 'inherit') throw new Interrupted('SIGPIPE')
    return {...said, code, killedBy}
  } finally {
    clearTimeout(limit)
    clearTimeout(kill)
    signal.removeEventListener('abort', stop)
    // A tool may leave half of it: how that fails, when its file is closed, is no failure of the tool.
    source?.destroy()
    signalGroup(child, 'SIGKILL')
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
  }
}

function signalGroup({pid}: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // Nothing is left of it.
  }
}
