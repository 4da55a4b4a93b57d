import {randomUUID} from 'node:crypto'
import {mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {homedir} from 'node:os'
import {dirname, join} from 'node:path'

/** Where what crisp knows from one command to the next lies. */
export function stateFolder({XDG_STATE_HOME = '', HOME = ''}: NodeJS.ProcessEnv): string {
  const state = XDG_STATE_HOME.startsWith('/') ? XDG_STATE_HOME : join(HOME || homedir(), '.local', 'state')
  return join(state, 'crisp')
}

/**
 * Writes a file that only the user can read, and its folder where there is none. Whoever reads meanwhile has all of the
 * old text or all of the new one. Throws as the file system does.
 */
export function keepText(path: string, text: string): void {
  mkdirSync(dirname(path), {recursive: true, mode: 0o700})
  const fresh = `${path}.${randomUUID()}`
  try {
    writeFileSync(fresh, text, {mode: 0o600, flag: 'wx'})
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, {force: true})
    throw error
  }
}
