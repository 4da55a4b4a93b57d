import {realpathSync} from 'node:fs'
import {basename, delimiter, dirname, join, resolve} from 'node:path'
import {bun} from '../text/standalone.js'

/** What a process knows of its start. */
export type Started = Pick<NodeJS.Process, 'execPath' | 'argv' | 'argv0' | 'env'>

/** The name that the program was called by, a symlink's for example. */
export function calledName({argv, argv0}: Started): string {
  const [, script = ''] = argv
  return basename(bun ? argv0 : script)
}

/** Its path by that name. A standalone file knows only the word that was typed, so it looks where that leads to itself. */
export function calledPath(started: Started): string {
  const {execPath, argv, argv0, env} = started
  const [, script = ''] = argv
  if (!bun) return script
  const folders = argv0.includes('/') ? ['.'] : (env.PATH ?? '').split(delimiter)
  const leadsHere = (path: string): boolean => realPath(path) === execPath
  return (
    folders.map((folder) => resolve(folder, argv0)).find(leadsHere) ??
    join(dirname(execPath), calledName(started))
  )
}

/** Undefined where nothing is. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
