import {createHash} from 'node:crypto'
import {readdirSync, readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {keepText, stateFolder} from './state-file.js'

// On which nodes something of crisp may lie: a file for each in the user's state, kept until the node is forgotten.

export interface KnownNode {
  destination: string
  /** A copy may also lie in a directory of root. */
  sudo: boolean
}

/** Remembers it, as far as this machine has a place for that: no command fails for want of one. */
export function rememberNode(environment: NodeJS.ProcessEnv, {destination, sudo}: KnownNode): void {
  try {
    const file = fileFor(environment, destination)
    const before = readNode(file)
    if (before && (before.sudo || !sudo)) return
    keepText(file, JSON.stringify({destination, sudo}))
  } catch {
    // A home that is full or can't be written.
  }
}

/** By name. */
export function knownNodes(environment: NodeJS.ProcessEnv): KnownNode[] {
  const folder = folderIn(environment)
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => readNode(join(folder, name)) ?? [])
      .sort((a, b) => (a.destination < b.destination ? -1 : 1))
  } catch {
    // There was none yet.
    return []
  }
}

export function forgetNode(environment: NodeJS.ProcessEnv, destination: string): void {
  rmSync(fileFor(environment, destination), {force: true})
}

function readNode(path: string): KnownNode | undefined {
  try {
    const {destination, sudo} = JSON.parse(readFileSync(path, 'utf8'))
    return typeof destination === 'string' ? {destination, sudo: sudo === true} : undefined
  } catch {
    // Not there, or not one of ours.
    return undefined
  }
}

function fileFor(environment: NodeJS.ProcessEnv, destination: string): string {
  const name = createHash('sha256').update(destination).digest('hex').slice(0, 32)
  return join(folderIn(environment), `${name}.json`)
}

function folderIn(environment: NodeJS.ProcessEnv): string {
  return join(stateFolder(environment), 'nodes')
}
