import {constants} from 'node:fs'
import {type FileHandle, open, readFile, readlink} from 'node:fs/promises'
import {join} from 'node:path'
import {UserError} from '../../errors/errors.js'
import {type ProcOptions, parseStat} from './processes.js'

export type NamespaceKind = 'net' | 'pid' | 'uts' | 'ipc'

export interface OpenNamespace {
  kind: NamespaceKind
  file: FileHandle
  /** It is the one that we are in: entering it changes nothing. */
  own: boolean
}

/** A process that was found to be a container's, by what tells it from a later one of the same number. */
export interface FoundProcess {
  pid: number
  startedTicks: number
  cgroup: string
}

/**
 * Opens namespaces of a process that was found before. Its directory in /proc is opened once and is its own for ever, as
 * a pidfd is: whoever has its number by now is another start time, and of one that ends meanwhile nothing can be opened.
 * The caller closes them. Throws UserError.
 */
export async function openNamespaces(
  found: FoundProcess,
  kinds: readonly NamespaceKind[],
  {root = '/proc'}: ProcOptions = {},
): Promise<OpenNamespace[]> {
  const opened: OpenNamespace[] = []
  let held: FileHandle | undefined
  try {
    const path = join(root, String(found.pid))
    held = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    const inside = `/proc/self/fd/${held.fd}`
    await requireSame(inside, found)
    for (const kind of kinds) {
      const file = await open(`${inside}/ns/${kind}`, constants.O_RDONLY)
      opened.push({kind, file, own: false})
      const name = await readlink(`/proc/self/fd/${file.fd}`)
      if (!name.startsWith(`${kind}:[`)) throw new UserError(`process ${found.pid}: no ${kind} namespace`)
      const last = opened.at(-1)
      if (last) last.own = name === (await readlink(`/proc/self/ns/${kind}`))
    }
    await requireSame(inside, found)
    return opened
  } catch (error) {
    await closeNamespaces(opened)
    throw plainFailure(error, found)
  } finally {
    await held?.close()
  }
}

export async function closeNamespaces(opened: readonly OpenNamespace[]): Promise<void> {
  for (const {file} of opened) await file.close()
}

async function requireSame(directory: string, {pid, startedTicks, cgroup}: FoundProcess): Promise<void> {
  const stat = parseStat(await readFile(`${directory}/stat`, 'utf8'))
  const groups = await readFile(`${directory}/cgroup`, 'utf8')
  if (stat?.startedTicks !== startedTicks || stat.state === 'Z' || groups !== cgroup) throw ended(pid)
}

function ended(pid: number): UserError {
  return new UserError(`process ${pid} has ended, and its number may be another's by now: try again`)
}

function plainFailure(error: unknown, {pid}: FoundProcess): unknown {
  const {code = ''} = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ESRCH') return ended(pid)
  if (code === 'EACCES' || code === 'EPERM')
    return new UserError(`the namespaces of process ${pid} are not for this user: run it as root`)
  return error
}
