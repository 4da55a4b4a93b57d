import {type ChildProcessByStdio, spawn} from 'node:child_process'
import type {Readable, Writable} from 'node:stream'
import {fileURLToPath} from 'node:url'

export const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

export interface CliOptions {
  /** Given as CONTAINER_RUNTIME_ENDPOINT. */
  endpoint?: string | undefined
  env?: NodeJS.ProcessEnv
  stdin?: string
}

export interface CliResult {
  stdout: string
  stderr: string
  exitCode: number | null
}

export type Cli = ChildProcessByStdio<Writable, Readable, Readable>

/** The installed command as a process, with nothing of this machine's settings. */
export function startCli(argv: readonly string[], options: CliOptions = {}): Cli {
  return spawn(process.execPath, [program, ...argv], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: cliEnvironment(options),
  })
}

/** Nothing of this machine's settings. */
export function cliEnvironment({endpoint, env = {}}: CliOptions): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TZ: 'UTC',
    CRI_CONFIG_FILE: '/dev/null',
    CRISP_TEST_FILE: process.env.CRISP_TEST_FILE,
    ...(endpoint === undefined ? {} : {CONTAINER_RUNTIME_ENDPOINT: endpoint}),
    ...env,
  }
}

/** Runs a command line to its end. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const cli = startCli(argv, options)
  // A command that is over before it read its input is no fault of the test.
  cli.stdin.on('error', () => undefined)
  cli.stdin.end(options.stdin ?? '')
  return outcomeOf(cli)
}

/** Runs a command line that does not end by itself until its stdout is enough, then ends it as Ctrl-C does. */
export async function runUntil(
  argv: readonly string[],
  enough: (stdout: string) => boolean,
  options: CliOptions = {},
): Promise<CliResult> {
  const cli = startCli(argv, options)
  let stdout = ''
  cli.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
    if (enough(stdout)) cli.kill('SIGINT')
  })
  return outcomeOf(cli)
}

/** What a started command printed and how it ended. */
export async function outcomeOf(cli: Cli): Promise<CliResult> {
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(cli.stdout),
    textOf(cli.stderr),
    new Promise<number | null>((resolve) => cli.once('close', resolve)),
  ])
  return {stdout, stderr, exitCode}
}

export function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve) => stream.once('close', () => resolve(Buffer.concat(chunks).toString('utf8'))))
}
