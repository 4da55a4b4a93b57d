import {readdir, rm} from 'node:fs/promises'
import {basename, dirname, isAbsolute, join} from 'node:path'
import {elsewhere} from '../text/elsewhere.js'
import {hasCode, isOfLog} from './files.js'

/**
 * Removes a container's log and its rotated predecessors, `0.log.20240101-000000` and such: the files that reading it
 * would read, and no other that begins with its name. A symlink is removed, what it leads to stays. A log that is not
 * on this machine is none of ours.
 */
export async function removeLogFiles(logPath: string, note: (text: string) => void): Promise<void> {
  if (!isAbsolute(logPath)) return
  const machine = elsewhere()
  if (machine !== undefined) return note(`its log ${logPath} is left, on ${machine}`)
  const [directory, name] = [dirname(logPath), basename(logPath)]
  try {
    const files = await readdir(directory, {withFileTypes: true})
    // A device of that name, such as /dev/null, is no log.
    for (const file of files)
      if (isOfLog(name, file.name) && (file.isFile() || file.isSymbolicLink()))
        await rm(join(directory, file.name), {force: true})
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code !== 'ENOENT')
      note(`its log ${logPath} is left: ${hasCode(error, 'EACCES', 'EPERM') ? 'permission denied' : code}`)
  }
}
