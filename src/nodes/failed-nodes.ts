import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {keepText, stateFolder} from './state-file.js'

// Which nodes failed when several were asked last: kept in the user's state, for those and no others to be asked again.

/** As far as this machine has a place for that. */
export function rememberFailed(environment: NodeJS.ProcessEnv, nodes: readonly string[]): void {
  try {
    keepText(fileIn(environment), JSON.stringify(nodes))
  } catch {
    // A home that is full or can't be written.
  }
}

export function failedNodes(environment: NodeJS.ProcessEnv): string[] {
  try {
    const nodes: unknown = JSON.parse(readFileSync(fileIn(environment), 'utf8'))
    return Array.isArray(nodes) ? nodes.filter((node) => typeof node === 'string') : []
  } catch {
    // No several nodes were asked yet.
    return []
  }
}

function fileIn(environment: NodeJS.ProcessEnv): string {
  return join(stateFolder(environment), 'failed-nodes.json')
}
