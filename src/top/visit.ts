import {spawn} from 'node:child_process'
import type {ReadStream} from 'node:tty'
import type {TopRow} from './rows.js'

export interface Visit {
  /** The program and its first arguments that start crisp. */
  crisp: readonly string[]
  /** Global flags that lead to the same runtime. */
  globals: readonly string[]
  input: ReadStream
  write: (text: string) => void
}

/** Leaves through a pager where there is one; 99 says that there was none and the text stands on the screen. */
const paged =
  'if [ -n "$PAGER" ]; then "$@" | $PAGER; elif command -v less >/dev/null 2>&1; then "$@" | less; else "$@"; exit 99; fi'

/** Runs a verb of crisp on the user's terminal, and waits for a key where its last words would be wiped away. */
export async function visit(what: 'logs' | 'exec' | 'inspect', row: TopRow, options: Visit): Promise<void> {
  const crisp = [...options.crisp, ...options.globals]
  const verb = row.kind === 'pod' && what === 'inspect' ? 'inspectp' : what
  const commands = {
    logs: [...crisp, 'logs', '--follow', '--tail', '200', ...logTarget(row)],
    exec: [...crisp, 'exec', '-it', row.id, 'sh'],
    inspect: ['sh', '-c', paged, 'sh', ...crisp, verb, row.id],
  }
  const code = await ended(commands[what])
  const seen = what === 'logs' ? code === 130 : code === 0
  if (!seen) await anyKey(what, code, options)
}

function logTarget({kind, id, namespace, name}: TopRow): string[] {
  return kind === 'pod' ? [`${namespace}/${name}`] : [id]
}

function ended([file = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {stdio: 'inherit'})
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

async function anyKey(what: string, code: number, {input, write}: Visit): Promise<void> {
  input.setRawMode(true)
  const pressed = new Promise<void>((resolve) => {
    const done = () => {
      input.off('data', done).off('end', done)
      resolve()
    }
    input.on('data', done).on('end', done)
  })
  input.resume()
  write(
    `\r\n-- ${what} ended${code === 0 || code === 99 ? '' : ` with ${code}`}: any key leads back to top --`,
  )
  await pressed
  input.pause()
  input.setRawMode(false)
  write('\r\n')
}
