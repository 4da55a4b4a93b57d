import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {gzipSync} from 'node:zlib'

export interface LogDirectory extends Disposable {
  path: string
  /** Writes a file below the directory and gives its path; a name that ends in .gz is compressed. */
  write(name: string, content: string | Buffer): string
}

export function logDirectory(): LogDirectory {
  const path = mkdtempSync(join(tmpdir(), 'crisp-logs-'))
  return {
    path,
    write: (name, content) => {
      const file = join(path, name)
      mkdirSync(dirname(file), {recursive: true})
      writeFileSync(file, name.endsWith('.gz') ? gzipSync(content) : content)
      return file
    },
    [Symbol.dispose]: () => rmSync(path, {recursive: true, force: true}),
  }
}

const dayMs = Date.UTC(2026, 0, 2)

/** A stamp so many seconds into 2 January 2026. */
export function stamp(seconds: number): string {
  const [whole, fraction = ''] = seconds.toFixed(9).split('.')
  const time = new Date(dayMs + Number(whole) * 1000).toISOString().slice(0, 19)
  return `${time}.${fraction}Z`
}

/** One record as containerd writes it. */
export function record(seconds: number, text: string, {stream = 'stdout', tag = 'F'} = {}): string {
  return `${stamp(seconds)} ${stream} ${tag} ${text}\n`
}

/** Full lines, one a second. */
export function records(from: number, to: number, textOf = (index: number) => `line ${index}`): string {
  let text = ''
  for (let index = from; index < to; index++) text += record(index, textOf(index))
  return text
}

/** Park and Miller's; the same numbers for the same seed. */
export function seededRandom(seed: number): () => number {
  // Small seeds begin with small numbers.
  let state = seed * 1_000_003
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
