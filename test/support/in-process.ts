import {readFileSync} from 'node:fs'
import {Readable} from 'node:stream'
import type {CommandSpec, FlagSpec} from '../../src/cli/argv.js'
import type {CommandHelp, FlagHelp} from '../../src/cli/help.js'
import {type CliResult, isStandalone, type RunOptions, runCli} from './run-cli.js'

/** What the build wrote down of every command. */
export interface Manifest {
  commands: (CommandHelp & CommandSpec)[]
  globals: (FlagHelp & FlagSpec)[]
}

export const manifest: Manifest = JSON.parse(
  readFileSync(new URL('../../dist/manifest.json', import.meta.url), 'utf8'),
)

interface Package {
  load: (path: string) => Record<string, unknown>
  files: unknown
}

/** The program as it is built. */
export const program: Promise<Package> = import(new URL('../../dist/package.js', import.meta.url).href)

export interface InProcessOptions extends RunOptions {
  /** Not even a standalone file as a process: it depends on what the test has changed here. */
  here?: boolean
}

/**
 * The installed command inside this process, some twenty times faster than as one of its own: for what ends by itself
 * and reads no stdin that is a file or a pipe. One at a time; it shares the terminal and the working directory with the test.
 */
export function runInProcess(argv: readonly string[], options: InProcessOptions = {}): Promise<CliResult> {
  // A standalone file can't be loaded here.
  if (isStandalone && !options.here) return runCli(argv, options)
  const outcome = previous.then(() => runNow(argv, options))
  previous = outcome.catch(() => undefined)
  return outcome
}

let previous: Promise<unknown> = Promise.resolve()

// Node ignores SIGPIPE until a command listens for it and leaves again; then it would end this process.
process.on('SIGPIPE', () => undefined)

async function runNow(argv: readonly string[], options: InProcessOptions): Promise<CliResult> {
  const {load, files} = await program
  const main = load('main.js').main as (argv: readonly string[], program: unknown) => Promise<void>
  const {stdout, stderr, env, exitCode} = process
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') as PropertyDescriptor
  const texts = {stdout: '', stderr: ''}
  let isInterrupted = false
  const capture =
    (name: 'stdout' | 'stderr') =>
    (chunk: string | Uint8Array, ...rest: unknown[]) => {
      texts[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      const written = rest.at(-1)
      if (typeof written === 'function') setImmediate(() => written())
      const isEnough = name === 'stdout' ? options.enough : options.saidEnough
      // A second one would end this process.
      if (!isInterrupted && isEnough?.(texts[name])) {
        isInterrupted = true
        process.emit('SIGINT', 'SIGINT')
      }
      return true
    }
  const given = Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)])
  const writers = [stdout.write, stderr.write] as const
  try {
    stdout.write = capture('stdout') as typeof stdout.write
    stderr.write = capture('stderr') as typeof stderr.write
    Object.defineProperty(process, 'stdin', {...stdin, get: () => given})
    process.exitCode = undefined
    process.env = {
      PATH: env.PATH,
      HOME: env.HOME,
      TZ: env.TZ,
      CRISP_TEST_FILE: env.CRISP_TEST_FILE,
      CRI_CONFIG_FILE: '/dev/null',
      ...(options.endpoint === undefined ? {} : {CONTAINER_RUNTIME_ENDPOINT: options.endpoint}),
      ...options.env,
    }
    options.interrupt?.then(() => process.emit('SIGINT', 'SIGINT'))
    await main(argv, files)
    return {...texts, exitCode: Number(process.exitCode ?? 0)}
  } finally {
    ;[stdout.write, stderr.write] = writers
    Object.defineProperty(process, 'stdin', stdin)
    process.env = env
    process.exitCode = exitCode
  }
}
