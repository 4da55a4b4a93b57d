import {readFile} from 'node:fs/promises'
import {elsewhere} from '../../text/elsewhere.js'

/** Why something on the node could not be read, as the system's code has it. */
export type OnDenied = (path: string) => void

const gone = new Set(['ENOENT', 'ESRCH', 'ENOTDIR', 'EINVAL', 'ENODEV', 'EOPNOTSUPP', 'EIO'])

/**
 * What an attempt to read gives; undefined where it is gone or was never there, and where it is not for us to read,
 * of which `onDenied` is told.
 */
export async function attempt<Value>(
  path: string,
  read: () => Promise<Value>,
  onDenied: OnDenied = () => undefined,
): Promise<Value | undefined> {
  // What the path names is on another machine.
  if (elsewhere() !== undefined) return undefined
  try {
    return await read()
  } catch (error) {
    const {code = ''} = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') onDenied(path)
    else if (!gone.has(code)) throw error
    return undefined
  }
}

/** A small text of the kernel's or the kubelet's. */
export function readText(path: string, onDenied?: OnDenied): Promise<string | undefined> {
  return attempt(path, () => readFile(path, 'utf8'), onDenied)
}
