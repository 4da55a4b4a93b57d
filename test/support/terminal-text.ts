import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process'
import {crispInShell, outcomeOf} from './run-cli.js'

export interface TerminalOptions {
  columns: number
  rows?: number
  endpoint?: string | undefined
  env?: NodeJS.ProcessEnv
}

/** A command line on a terminal of this size; util-linux' script makes a real one. */
export function startOnTerminal(
  argv: readonly string[],
  {columns, rows = 24, endpoint, env = {}}: TerminalOptions,
): ChildProcessWithoutNullStreams {
  const words = argv.map((word) => `'${word}'`).join(' ')
  const command = `stty cols ${columns} rows ${rows}; exec ${crispInShell} ${words}`
  return spawn('script', ['-qec', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      TERM: 'xterm-256color',
      SHELL: '/bin/sh',
      TZ: 'UTC',
      CRI_CONFIG_FILE: '/dev/null',
      ...(endpoint === undefined ? {} : {CONTAINER_RUNTIME_ENDPOINT: endpoint}),
      ...env,
    },
  })
}

/** What the terminal gets of it, with the escape sequences; `input` is typed at once. */
export async function textOnTerminal(
  argv: readonly string[],
  {input, ...options}: TerminalOptions & {input?: string},
): Promise<string> {
  const child = startOnTerminal(argv, options)
  if (input !== undefined) child.stdin.write(input)
  const {stdout} = await outcomeOf(child)
  return stdout.replaceAll('\r\n', '\n')
}
