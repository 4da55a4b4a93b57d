import {constants} from 'node:fs'
import {type FileHandle, open} from 'node:fs/promises'
import {UserError} from '../../errors/errors.js'
import {programName} from '../../text/program.js'
import {quoteForShell} from '../../text/shell-quote.js'

/** A file of any size to read from. Waits for no pipe that nobody writes to. Throws UserError. */
export async function openArchive(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY).catch(
    (error) => {
      const why = error.code === 'ENOENT' ? 'no such file' : error.message
      throw new UserError(`cannot read ${path}: ${why}`, {cause: error})
    },
  )
  const stat = await handle.stat()
  if (stat.isFile()) return handle
  await handle.close()
  const word = quoteForShell(path)
  throw new UserError(
    stat.isDirectory()
      ? `${path} is a directory: an archive of what is in it goes in by stdin, tar -C ${word} -c . | ${programName()} load -`
      : `${path} is not a file: a stream goes in by stdin, as load - < ${word}`,
  )
}
