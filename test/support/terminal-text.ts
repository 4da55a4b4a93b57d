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

/** What the terminal gets of it, with the escape sequences; `input` is typed at once, Ctrl-C when `enough` is there. */
export async function textOnTerminal(
  argv: readonly string[],
  {input, enough, ...options}: TerminalOptions & {input?: string; enough?: (text: string) => boolean},
): Promise<string> {
  const child = startOnTerminal(argv, options)
  if (input !== undefined) child.stdin.write(input)
  let text = ''
  let isOver = false
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk
    if (isOver || !enough?.(text)) return
    isOver = true
    child.stdin.write('\u0003')
  })
  const {stdout} = await outcomeOf(child)
  return stdout.replaceAll('\r\n', '\n')
}
