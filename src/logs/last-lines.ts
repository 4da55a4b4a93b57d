import {UserError} from '../errors/errors.js'
import {elsewhere} from '../text/elsewhere.js'
import {despiteRotation, type LogFile, listLogFiles} from './files.js'
import {planReading} from './plan.js'
import {LineSource} from './source.js'

/** Of a longer line only the beginning is shown. */
const longestBytes = 32 * 1024

/**
 * The last lines of a container's log, rotated files too, and only what has changed: for a view that shows them again
 * and again. Colours of the program's own are left out.
 */
export class LogTail {
  /** What was read: the path, the files and their sizes, how many lines. */
  #read = ''
  #lines: readonly string[] = []

  /** Where the log can't be read the only line says why. */
  async read(path: string, count: number): Promise<readonly string[]> {
    if (path === '') return ['(no log: the runtime tells no path)']
    const machine = elsewhere()
    if (machine !== undefined) return [`(the log is on ${machine}: ${path})`]
    try {
      await despiteRotation(() => this.#refresh(path, count))
      return this.#lines
    } catch (error) {
      this.#read = ''
      const {code, message} = error as NodeJS.ErrnoException
      return [`(${error instanceof UserError ? message : `no log: ${path}: ${code ?? message}`})`]
    }
  }

  async #refresh(path: string, count: number): Promise<void> {
    const files = listLogFiles(path)
    const found = [path, count, ...files.flatMap(({identity, sizeBytes}) => [identity, sizeBytes])].join()
    if (found === this.#read) return
    this.#lines = await lastLines(files, count)
    this.#read = found
  }
}

async function lastLines(files: readonly LogFile[], count: number): Promise<string[]> {
  const texts: string[] = []
  using source = new LineSource(await planReading(files, {tail: count}), {
    onFailure: ({message}) => texts.push(`(${message})`),
  })
  for (let lines = await source.next(); lines !== 'end'; lines = await source.next()) {
    if (lines === 'wait') break
    if (lines === 'attempt-end') continue
    for (const {content, continued} of lines)
      if (!continued) texts.push(withoutColours(content.subarray(0, longestBytes).toString('utf8')))
  }
  return texts.slice(-count)
}

function withoutColours(text: string): string {
  return text
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replaceAll('\t', '    ')
    .replace(/\r$/, '')
}
