import {readFile} from 'node:fs/promises'
import {UsageError} from '../errors/errors.js'

/** `custom-columns-file=` with what the file holds in place of its name: who shows something reads no files. */
export async function readColumnsFile(word: string): Promise<string> {
  const [form = '', path = ''] = /^([^=]*=)(.*)$/s.exec(word)?.slice(1) ?? []
  if (path === '') return word
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new UsageError(`-o custom-columns-file: cannot read ${path}: ${(error as Error).message}`, {
      cause: error,
    })
  })
  if (text.trim() === '') throw new UsageError(`-o custom-columns-file: ${path} is empty`)
  return form + text
}
