import {once} from 'node:events'
import {tmpdir} from 'node:os'
import {onTestFailed} from 'vitest'
import {signalProcess} from '../../src/demo/processes/process-table.js'
import {spawnOnTerminal, type Terminal} from '../../src/demo/processes/pty.js'
import {crispCommandWith} from './run-cli.js'

export interface Session {
  terminal: Terminal
  /** Resolves when the terminal has shown this; rejects when all is over and it has not. */
  until(text: string | RegExp): Promise<void>
  /** The process of crisp itself. */
  pid(): number
  /** To crisp itself, which may be gone. */
  signal(signal: NodeJS.Signals): void
  /** Everything at the end, with the terminal's settings before and after. */
  outcome(): Promise<{output: string; exitCode: number; before: string; after: string}>
}

/** Runs crisp on a real terminal between two looks at the terminal's settings. */
export async function onTerminal(
  argv: readonly string[],
  endpoint: string,
  {
    redirection = '',
    env = {},
    columns = 100,
    onFailure = onTestFailed,
  }: {
    redirection?: string
    env?: NodeJS.ProcessEnv
    columns?: number
    /** That of its own context, for a test beside others. */
    onFailure?: typeof onTestFailed
  } = {},
): Promise<Session> {
  const script = [
    // Ctrl-C is for crisp, and not for the look after it.
    'trap : INT',
    'stty -g',
    `sh -c 'echo "pid $$"; exec "$0" "$@"' "$@" ${redirection}`,
    'code=$?',
    'stty -g',
    'exit $code',
  ].join('\n')
  const terminal = await spawnOnTerminal(['sh', '-c', script, 'sh', ...crispCommandWith(env), ...argv], {
    cwd: tmpdir(),
    columns,
    rows: 30,
    env: {
      PATH: process.env.PATH,
      TERM: 'xterm',
      NO_COLOR: '1',
      CRISP_TEST_FILE: process.env.CRISP_TEST_FILE,
      CRI_CONFIG_FILE: '/dev/null',
      CONTAINER_RUNTIME_ENDPOINT: endpoint,
      ...env,
    },
  })
  let shown = ''
  terminal.output.on('data', (chunk: Buffer) => {
    shown += chunk
  })
  onFailure(() => console.error(shown))
  const ended = once(terminal.output, 'end')
  const found = (text: string | RegExp) =>
    typeof text === 'string' ? shown.includes(text) : text.test(shown)
  const pid = () => Number(/pid (\d+)/.exec(shown)?.[1])
  return {
    terminal,
    async until(text) {
      while (!found(text)) {
        if (terminal.output.readableEnded) throw new Error(`ended before it has shown ${text}`)
        await Promise.race([once(terminal.output, 'data'), ended])
      }
    },
    pid,
    signal: (signal) => signalProcess(pid(), signal),
    async outcome() {
      const exitCode = await terminal.exited
      await ended
      const lines = shown.split('\r\n')
      return {
        before: lines[0] ?? '',
        output: lines.slice(2, -2).join('\r\n'),
        // Output may have ended without a newline.
        after: /[\da-f]+(:[\da-f]+)+$/.exec(lines.at(-2) ?? '')?.[0] ?? '',
        exitCode,
      }
    },
  }
}
