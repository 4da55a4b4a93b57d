import {constants} from 'node:fs'
import {type FileHandle, open} from 'node:fs/promises'
import {UserError} from '../../errors/errors.js'

/** A file of any size to read from. Waits for no pipe that nobody writes to. Throws UserError. */
export async function openArchive(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY).catch(
    (error) => {
      const why = error.code === 'ENOENT' ? 'no such file' : error.message
      throw new UserError(`cannot read ${path}: ${why}`, {cause: error})
    },
  )
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new UserError(`${path} is not a file: a stream goes in by stdin, as load - < ${path}`)
}
