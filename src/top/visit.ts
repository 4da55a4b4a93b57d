import {type ChildProcess, spawn} from 'node:child_process'
import type {ReadStream} from 'node:tty'
import {printable} from '../errors/printable.js'
import {type Pager, runPager} from '../terminal/pager.js'
import type {Units} from '../text/units.js'
import type {TopRow} from './rows.js'

export interface Visit {
  /** The program and its first arguments that start crisp. */
  crisp: readonly string[]
  /** Global flags that lead to the same runtime. */
  globals: readonly string[]
  input: ReadStream
  size: {columns: number; rows: number}
  units: Units
  /** Of whoever runs this; undefined where there is none. */
  pager: Pager | undefined
  write: (text: string) => void
  /** Ends what runs on the terminal; it restores the terminal by itself. */
  signal: AbortSignal
}

export type Visited = 'logs' | 'exec' | 'inspect' | 'describe'

/** Runs a verb of crisp on the user's terminal, and waits for a key where its last words would be wiped away. */
export async function visit(what: Visited, row: TopRow, options: Visit): Promise<void> {
  const crisp = [...options.crisp, ...options.globals]
  const name = printable([row.namespace, row.pod, ...(row.kind === 'pod' ? [] : [row.name])].join('/'))
  switch (what) {
    case 'logs': {
      options.write(`-- logs of ${name}: Ctrl-C leads back to top --\n`)
      const code = await runProgram([...crisp, 'logs', '--follow', '--tail', '200', logTarget(row)], options)
      if (code !== interrupted) await anyKey(endText(what, code), options)
      return
    }
    case 'exec': {
      options.write(`-- sh in ${name}: exit leads back to top --\n`)
      const code = await runProgram([...crisp, 'exec', '-it', row.id, 'sh'], options)
      if (code >= lowestOfNoShell && code !== interrupted) await anyKey(endText(what, code), options)
      return
    }
    case 'inspect': {
      const verb = row.kind === 'pod' ? 'inspectp' : what
      return await showOutput(what, [...crisp, verb, row.id], options)
    }
    case 'describe': {
      const {columns, rows} = options.size
      // Laid out for the terminal, although it comes through a pipe.
      const sized = [...options.crisp, '__sized', `${columns}x${rows}`, ...options.globals]
      return await showOutput(what, [...sized, what, '--units', options.units, row.id], options)
    }
  }
}

const interrupted = 130
/** From here on it was not the shell that ended with a code of its own: none could run, or it was killed. */
const lowestOfNoShell = 125

function logTarget({kind, id, namespace, name}: TopRow): string {
  return kind === 'pod' ? `${namespace}/${name}` : id
}

/** The other screen, empty. */
const enter = '\u001b[?1049h\u001b[H\u001b[2J'
const leave = '\u001b[?1049l'

/** In a pager what is longer than the screen; the rest on a screen of its own until a key is pressed. */
async function showOutput(what: Visited, words: readonly string[], options: Visit): Promise<void> {
  const {code, text} = await captureOutput(words, options)
  const {pager, size, write, signal} = options
  // Two more lines say how to go back.
  const fits = text.split('\n').length + 1 <= size.rows
  if (code === 0 && !fits && pager && (await runPager(pager, text, signal))) return
  const isAlone = code === 0 && fits
  write(isAlone ? enter + text : text)
  await anyKey(code === 0 ? '' : endText(what, code), options)
  if (isAlone) write(leave)
}

function endText(what: Visited, code: number): string {
  return `${what} ended${code === 0 ? '' : ` with ${code}`}: `
}

function runProgram([file = '', ...args]: readonly string[], {signal}: Visit): Promise<number> {
  return codeOf(spawn(file, args, {stdio: 'inherit'}), signal)
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

async function anyKey(ending: string, {input, write, signal}: Visit): Promise<void> {
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
  write(`\r\n-- ${ending}any key leads back to top --`)
  await pressed
  input.pause()
  if (!input.destroyed) input.setRawMode(false)
  write('\r\n')
}
