import {type ChildProcess, spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {constants} from 'node:os'
import {replacedStdin} from '../sessions/stdin.js'
import type {Interruption} from './interruption.js'

export interface NodeProgram {
  path: string
  words: readonly string[]
  env: NodeJS.ProcessEnv
  /** What it has besides stdin, stdout and stderr, from 3 on. */
  descriptors?: readonly number[]
  /** It waits for a child that is the command: a signal is for that one. */
  waitsForChild?: boolean
  stdin?: boolean
}

/**
 * Runs a program of the node with our stdin, stdout and stderr, and says with which code it ended, as a shell would. On
 * a terminal Ctrl-C is its own; every other signal that would end us is passed on to it, and it is awaited. What came
 * from another machine in place of stdin is written to it, and its Ctrl-C is a signal.
 */
export function runNodeProgram(program: NodeProgram, interruption: Interruption): Promise<number> {
  const {path, words, env, descriptors = [], waitsForChild = false, stdin = true} = program
  return interruption.leaveToChild(async () => {
    const replaced = replacedStdin()
    const input = replaced ? 'pipe' : 'inherit'
    const child = spawn(path, words, {
      env,
      stdio: [stdin ? input : 'ignore', 'inherit', 'inherit', ...descriptors],
    })
    // Whoever does not want it, or has ended, closes it.
    if (child.stdin) replaced?.pipe(child.stdin.on('error', () => undefined))
    const pass = (name: NodeJS.Signals) => {
      for (const pid of waitsForChild ? childrenOf(child) : [child.pid])
        if (pid !== undefined && child.exitCode === null) signalIfThere(pid, name)
    }
    const passOn = () => pass(interruption.signal.reason?.signal === 'SIGHUP' ? 'SIGHUP' : 'SIGTERM')
    const interrupt = () => pass('SIGINT')
    // The terminal gives Ctrl-C to all who are in front of it.
    if (replaced || !process.stdin.isTTY) process.on('SIGINT', interrupt)
    interruption.signal.addEventListener('abort', passOn)
    if (interruption.signal.aborted) passOn()
    try {
      return await new Promise<number>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
      })
    } finally {
      replaced?.unpipe()
      process.off('SIGINT', interrupt)
      interruption.signal.removeEventListener('abort', passOn)
    }
  })
}

/** Those of a program that has one, else itself. */
function childrenOf({pid}: ChildProcess): (number | undefined)[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    const pids = text.split(' ').filter(Boolean).map(Number)
    return pids.length > 0 ? pids : [pid]
  } catch {
    return [pid]
  }
}

function signalIfThere(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}
