import {type ChildProcess, spawn} from 'node:child_process'
import type {ReadStream} from 'node:tty'
import {printable} from '../errors/printable.js'
import type {TopRow} from './rows.js'

export interface Visit {
  /** The program and its first arguments that start crisp. */
  crisp: readonly string[]
  /** Global flags that lead to the same runtime. */
  globals: readonly string[]
  input: ReadStream
  write: (text: string) => void
  /** Ends what runs on the terminal; it restores the terminal by itself. */
  signal: AbortSignal
}

export type Visited = 'logs' | 'exec' | 'inspect' | 'describe'

/** 99 says that there was none and the text stands on the screen. */
const pager =
  'if [ -n "$PAGER" ]; then exec $PAGER; elif command -v less >/dev/null 2>&1; then exec less; else cat; exit 99; fi'

/** Runs a verb of crisp on the user's terminal, and waits for a key where its last words would be wiped away. */
export async function visit(what: Visited, row: TopRow, options: Visit): Promise<void> {
  const crisp = [...options.crisp, ...options.globals]
  const name = printable([row.namespace, row.pod, ...(row.kind === 'pod' ? [] : [row.name])].join('/'))
  switch (what) {
    case 'logs': {
      options.write(`-- logs of ${name}: Ctrl-C leads back to top --\n`)
      const code = await runProgram([...crisp, 'logs', '--follow', '--tail', '200', logTarget(row)], options)
      if (code !== interrupted) await anyKey(what, code, options)
      return
    }
    case 'exec': {
      options.write(`-- sh in ${name}: exit leads back to top --\n`)
      const code = await runProgram([...crisp, 'exec', '-it', row.id, 'sh'], options)
      if (code >= lowestOfNoShell && code !== interrupted) await anyKey(what, code, options)
      return
    }
    case 'inspect':
    case 'describe': {
      const verb = what === 'inspect' && row.kind === 'pod' ? 'inspectp' : what
      const {code, text} = await captureOutput([...crisp, verb, row.id], options)
      const seen = code === 0 ? await runProgram(['sh', '-c', pager], options, text) : code
      if (seen !== 0) await anyKey(what, seen, options)
    }
  }
}

const interrupted = 130
/** From here on it was not the shell that ended with a code of its own: none could run, or it was killed. */
const lowestOfNoShell = 125

function logTarget({kind, id, namespace, name}: TopRow): string {
  return kind === 'pod' ? `${namespace}/${name}` : id
}

/** On the terminal, or with this text for its stdin. */
function runProgram(
  [file = '', ...args]: readonly string[],
  {signal}: Visit,
  text?: string,
): Promise<number> {
  const child = spawn(file, args, {stdio: [text === undefined ? 'inherit' : 'pipe', 'inherit', 'inherit']})
  // A pager may have enough before it has read all.
  child.stdin?.on('error', () => undefined).end(text)
  return codeOf(child, signal)
}

async function captureOutput(
  [file = '', ...args]: readonly string[],
  {signal}: Visit,
): Promise<{code: number; text: string}> {
  const child = spawn(file, args, {stdio: ['inherit', 'pipe', 'inherit']})
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const code = await codeOf(child, signal)
  return {code, text: Buffer.concat(chunks).toString()}
}

function codeOf(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const end = () => child.kill('SIGTERM')
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, name) => resolve(code ?? (name === 'SIGINT' ? interrupted : 1)))
  }).finally(() => signal.removeEventListener('abort', end))
}

async function anyKey(what: Visited, code: number, {input, write, signal}: Visit): Promise<void> {
  if (signal.aborted) return
  input.setRawMode(true)
  const pressed = new Promise<void>((resolve) => {
    const done = () => {
      input.off('data', done).off('end', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    input.on('data', done).on('end', done)
    signal.addEventListener('abort', done)
  })
  input.resume()
  write(
    `\r\n-- ${what} ended${code === 0 || code === 99 ? '' : ` with ${code}`}: any key leads back to top --`,
  )
  await pressed
  input.pause()
  if (!input.destroyed) input.setRawMode(false)
  write('\r\n')
}
