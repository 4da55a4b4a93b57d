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

export interface ReadLine {
  time: string
  stream: number
  text: string
  ended: boolean
}

/** What a log holds, read in the plainest way: whole text, one expression, no bounds. */
export function reference(bytes: Buffer) {
  const pending: (ReadLine | undefined)[] = [undefined, undefined]
  const lines: ReadLine[] = []
  let damaged = 0
  const form =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) (stdout|stderr) ([^ ]*) (.*)$/s
  const texts = bytes.toString('latin1').split('\n')
  if (texts.at(-1) === '') texts.pop()
  for (const text of texts) {
    const parts = form.exec(text)
    if (!parts) {
      damaged++
      continue
    }
    const [, time, fraction = '', zone = '', name, tags = '', content = ''] = parts
    const stream = name === 'stdout' ? 0 : 1
    const shownZone = zone === '+00:00' ? 'Z' : zone
    const shownTime = `${time}.${fraction.padEnd(9, '0')}${shownZone}`
    const line = pending[stream] ?? {time: shownTime, stream, text: '', ended: false}
    pending[stream] = line
    line.text += content
    if (tags.split(':')[0] === 'P') continue
    pending[stream] = undefined
    lines.push({...line, ended: true})
  }
  for (const line of pending) if (line) lines.push(line)
  return {lines, damaged}
}

/** Records of all shapes; with `letters` their text has only so many different bytes. */
export function randomLog(random: () => number, letters?: number): Buffer {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item
  const parts: Buffer[] = []
  for (let count = Math.floor(random() * 60); count > 0; count--) {
    if (random() < 0.08) {
      parts.push(Buffer.from(pick(['', 'junk', stamp(1), `${stamp(1)} stdout`, 'y'.repeat(700)])))
    } else {
      const zone = pick(['Z', '+00:00', '-03:30'])
      const fraction = pick(['', '.5', '.000000001', '.123456789'])
      const header = `2026-01-02T03:04:0${count % 10}${fraction}${zone} ${pick(['stdout', 'stderr'])} ${pick(['F', 'F', 'P', 'F:x', 'P:y:z'])} `
      const content = Buffer.alloc(Math.floor(random() ** 4 * 3000), 0)
      for (let at = 0; at < content.length; at++) {
        const byte = letters === undefined ? Math.floor(random() * 256) : 97 + Math.floor(random() * letters)
        content[at] = byte === 10 ? 32 : byte
      }
      parts.push(Buffer.from(header), content)
    }
    if (count > 1 || random() < 0.8) parts.push(Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}
