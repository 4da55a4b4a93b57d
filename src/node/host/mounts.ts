import {join} from 'node:path'
import {readText} from './files.js'
import type {ProcOptions} from './processes.js'

/** A line of /proc/PID/mountinfo. */
export interface Mounted {
  /** The directory of the file system that is shown, `/` where it is all of it. */
  root: string
  path: string
  type: string
  source: string
  options: readonly string[]
  /** Those of the file system itself. */
  superOptions: readonly string[]
}

/** All that the process sees. */
export async function mountsOf(
  pid: number | 'self',
  {root = '/proc', onDenied}: ProcOptions = {},
): Promise<Mounted[]> {
  const text = (await readText(join(root, String(pid), 'mountinfo'), onDenied)) ?? ''
  return text.split('\n').flatMap((line) => parseMount(line) ?? [])
}

/** Undefined for what is no such line. */
export function parseMount(line: string): Mounted | undefined {
  const [before = '', after = ''] = line.split(' - ', 2)
  const [, , , root, path, options] = before.split(' ')
  const [type, source, superOptions] = after.split(' ')
  if (root === undefined || path === undefined || type === undefined || source === undefined) return undefined
  return {
    root: plainText(root),
    path: plainText(path),
    type,
    source: plainText(source),
    options: (options ?? '').split(','),
    superOptions: (superOptions ?? '').split(',').map(plainText),
  }
}

/** Blanks, line ends and backslashes are written as three octal digits. */
function plainText(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
