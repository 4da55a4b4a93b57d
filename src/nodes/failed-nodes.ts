import {randomUUID} from 'node:crypto'
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {stateFolder} from './known-nodes.js'

// Which nodes failed when several were asked last: kept in the user's state, for those and no others to be asked again.

/** As far as this machine has a place for that. */
export function rememberFailed(environment: NodeJS.ProcessEnv, nodes: readonly string[]): void {
  try {
    const folder = stateFolder(environment)
    mkdirSync(folder, {recursive: true, mode: 0o700})
    const fresh = join(folder, `failed-nodes.${randomUUID()}`)
    writeFileSync(fresh, JSON.stringify(nodes), {mode: 0o600})
    renameSync(fresh, join(folder, 'failed-nodes.json'))
  } catch {
    // A home that is full or can't be written.
  }
}

export function failedNodes(environment: NodeJS.ProcessEnv): string[] {
  try {
    const nodes: unknown = JSON.parse(
      readFileSync(join(stateFolder(environment), 'failed-nodes.json'), 'utf8'),
    )
    return Array.isArray(nodes) ? nodes.filter((node) => typeof node === 'string') : []
  } catch {
    // No several nodes were asked yet.
    return []
  }
}
