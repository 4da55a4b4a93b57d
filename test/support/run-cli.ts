import {type ChildProcessByStdio, spawn} from 'node:child_process'
import {resolve} from 'node:path'
import type {Readable, Writable} from 'node:stream'
import {fileURLToPath} from 'node:url'

type Words = readonly [string, ...string[]]

const crispInNode: Words = [process.execPath, fileURLToPath(new URL('../../bin/run.js', import.meta.url))]

/** The words that start crisp: CRISP_BIN is a standalone file of it. */
export const crispCommand: Words = process.env.CRISP_BIN ? [resolve(process.env.CRISP_BIN)] : crispInNode

/** Whether it is one, which has another runtime inside than Node. */
export const isStandalone = crispCommand.length === 1

/** The file that a user starts. */
export const program: string = crispCommand[crispCommand.length - 1] as string

/** The words that start it under another name. */
export function programAt(path: string): Words {
  return isStandalone ? [path] : [process.execPath, path]
}

/** What a test puts into Node itself it puts nowhere else. */
export function crispCommandWith({NODE_OPTIONS}: NodeJS.ProcessEnv = {}): Words {
  return NODE_OPTIONS === undefined ? crispCommand : crispInNode
}

/** The same for the text of a shell's script. */
export const crispInShell = crispCommand.map((word) => `"${word}"`).join(' ')

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
  const [program, ...words] = crispCommandWith(options.env)
  return spawn(program, [...words, ...argv], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: cliEnvironment(options),
  })
}

/** Nothing of this machine's settings. */
export function cliEnvironment({endpoint, env = {}}: CliOptions): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    // No node is remembered.
    XDG_STATE_HOME: '/dev/null',
    TZ: 'UTC',
    CRI_CONFIG_FILE: '/dev/null',
    CRISP_TEST_FILE: process.env.CRISP_TEST_FILE,
    ...(endpoint === undefined ? {} : {CONTAINER_RUNTIME_ENDPOINT: endpoint}),
    ...env,
  }
}

export interface RunOptions extends CliOptions {
  /** Ends the command as Ctrl-C does once its stdout is enough. */
  enough?: (stdout: string) => boolean
  /** The same of its stderr. */
  saidEnough?: (stderr: string) => boolean
  /** Ends the command as Ctrl-C does. */
  interrupt?: Promise<unknown>
}

/** Runs a command line to its end. */
export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<CliResult> {
  const cli = startCli(argv, options)
  // A command that is over before it read its input is no fault of the test.
  cli.stdin.on('error', () => undefined)
  cli.stdin.end(options.stdin ?? '')
  options.interrupt?.then(() => cli.kill('SIGINT'))
  interruptOnceEnough(cli, cli.stdout, options.enough)
  interruptOnceEnough(cli, cli.stderr, options.saidEnough)
  return outcomeOf(cli)
}

function interruptOnceEnough(cli: Cli, stream: Readable, isEnough?: (text: string) => boolean): void {
  let text = ''
  stream.on('data', function look(chunk: Buffer) {
    text += chunk
    if (!isEnough?.(text)) return
    stream.off('data', look)
    cli.kill('SIGINT')
  })
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
