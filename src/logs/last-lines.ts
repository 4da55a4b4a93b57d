import {open, stat} from 'node:fs/promises'
import {LineAssembler} from './lines.js'

const tailBytes = 32 * 1024

/**
 * The last lines of a container's log, one file at a time, and only what has changed: for a view that shows them again
 * and again. Colours of the program's own are left out.
 */
export class LogTail {
  #path = ''
  #size = -1
  #inode = -1
  #lines: string[] = []

  /** Where the log can't be read the only line says why. */
  async read(path: string, count: number): Promise<readonly string[]> {
    if (path === '') return ['(no log: the runtime tells no path)']
    try {
      const {size, ino} = await stat(path)
      if (path === this.#path && size === this.#size && ino === this.#inode) return this.#lines.slice(-count)
      this.#lines = await lastLines(path, size)
      this.#path = path
      this.#size = size
      this.#inode = ino
    } catch (error) {
      this.#path = ''
      return [`(no log: ${path}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`]
    }
    return this.#lines.slice(-count)
  }
}

async function lastLines(path: string, size: number): Promise<string[]> {
  await using file = await open(path)
  const start = Math.max(0, size - tailBytes)
  const assembler = new LineAssembler({}, () => undefined, 2 * tailBytes)
  const {bytesRead} = await file.read(assembler.room(), 0, Math.min(size, tailBytes), start)
  const texts = (lines: ReturnType<LineAssembler['take']>) =>
    lines.map(({content}) => withoutColours(content.toString('utf8')))
  return [...texts(assembler.take(bytesRead)), ...texts(assembler.endLog())]
}

function withoutColours(text: string): string {
  return text
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replaceAll('\t', '    ')
    .replace(/\r$/, '')
}
