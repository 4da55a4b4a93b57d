import type {ResumePoint} from '../resume-point.js'
import type {Node} from './compare-lists.js'

// The lists by which events that were missed are told, kept for whoever goes on after a connection was lost.

const kinds = {c: 'containers', p: 'pods'} as const

/** The lists as the user knew them; undefined where this is the first time. */
export function nodeBefore({before}: ResumePoint): Node | undefined {
  if (!before) return undefined
  const node: Node = {containers: new Map(), pods: new Map()}
  for (const [key, value] of before)
    if (key.startsWith('c ')) node.containers.set(key.slice(2), JSON.parse(value))
    else if (key.startsWith('p ')) node.pods.set(key.slice(2), JSON.parse(value))
  return node
}

/** All of both lists; what is gone meanwhile as well. */
export function keepNode(resume: ResumePoint | undefined, node: Node | undefined): void {
  if (!resume || !node) return
  for (const [letter, list] of Object.entries(kinds))
    for (const entry of node[list].values()) resume.keep(0, `${letter} ${entry.id}`, textOf(entry))
  for (const key of resume.before?.keys() ?? [])
    if (/^[cp] /.test(key) && !node[kinds[key[0] as 'c' | 'p']].has(key.slice(2))) resume.keep(0, key, '')
  // Also where there is nothing to list.
  resume.keep(0, 'listed', 'yes')
  resume.release(0)
}

/** What has changed by an event. */
export function keepChange(resume: ResumePoint | undefined, node: Node | undefined, id: string): void {
  if (!resume || !node) return
  for (const [letter, list] of Object.entries(kinds)) {
    const entry = node[list].get(id)
    resume.keep(0, `${letter} ${id}`, entry ? textOf(entry) : '')
  }
  resume.release(0)
}

/** Annotations are of no use for events, and may be long. */
function textOf(entry: object): string {
  return JSON.stringify({...entry, annotations: {}})
}
