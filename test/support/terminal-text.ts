import {spawn} from 'node:child_process'
import {crispInShell, outcomeOf} from './run-cli.js'

export interface TerminalOptions {
  columns: number
  rows?: number
  endpoint?: string | undefined
  env?: NodeJS.ProcessEnv
  /** What is typed at once. */
  input?: string
}

/** What a terminal of this size gets of a command line, with the escape sequences; util-linux' script makes a real one. */
export async function textOnTerminal(
  argv: readonly string[],
  {columns, rows = 24, endpoint, env = {}, input}: TerminalOptions,
): Promise<string> {
  const words = argv.map((word) => `'${word}'`).join(' ')
  const command = `stty cols ${columns} rows ${rows}; exec ${crispInShell} ${words}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
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
  if (input !== undefined) child.stdin.write(input)
  const {stdout} = await outcomeOf(child)
  return stdout.replaceAll('\r\n', '\n')
}
