import {createHash} from 'node:crypto'
import {lstatSync, readdirSync, rmSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {readOwnFile, replaceFile} from '../../node/own-file.js'
import {ownFolder} from '../../node/own-folder.js'
import type {NodeLists} from './names.js'

// The last names that a runtime has brought, for the Tab that it does not answer in time. They are data and no more: the
// verb looks them up again. They lie where only the user can look, and root never uses another user's folder.

/** Of which runtime, and of what. */
export interface Kept {
  /** Where it is not this machine's; with what else says whose names these are. */
  node?: string | undefined
  endpoint: string | undefined
  imageEndpoint: string | undefined
  list: string
}

/** After so long a node has other containers. */
const keptMs = 5 * 60_000
/** A larger node is not kept. */
const mostBytes = 1024 * 1024
const mostEntries = 5_000
const prefix = 'names-'

/** Never fails: what cannot be kept is asked for again. */
export function keepLists(kept: Kept, lists: NodeLists): void {
  if (lists.containers.length + lists.pods.length + lists.images.length > mostEntries) return
  try {
    const path = pathOf(kept)
    const text = withSum(listsText(lists), path)
    if (text.length > mostBytes) return
    removeOld(dirname(path))
    replaceFile(path, text, `${path}.${process.pid}`)
  } catch {
    // No folder of one's own, or no space in it.
  }
}

/** Of runtimes that are no longer asked. */
function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (name.startsWith(prefix) && !isFresh(lstatSync(path).mtimeMs)) rmSync(path, {force: true})
  }
}

function isFresh(mtimeMs: number): boolean {
  return Math.abs(Date.now() - mtimeMs) < keptMs
}

/** Undefined where there are none, or none that are to be trusted. */
export function keptLists(kept: Kept): NodeLists | undefined {
  try {
    const path = pathOf(kept)
    const {bytes, mtimeMs} = readOwnFile(path, userId(), mostBytes)
    if (!isFresh(mtimeMs)) return undefined
    const text = bytes.toString()
    const json = text.slice(text.indexOf('\n') + 1)
    return withSum(json, path) === text ? (JSON.parse(json) as NodeLists) : undefined
  } catch {
    return undefined
  }
}

/** A damaged file, or one that was made for another runtime, is none. */
function withSum(json: string, path: string): string {
  return `${createHash('sha256').update(`${path}\n${json}`).digest('hex')}\n${json}`
}

function pathOf({node, endpoint = '', imageEndpoint = '', list}: Kept): string {
  const key = createHash('sha256')
    .update(JSON.stringify([endpoint, imageEndpoint, ...(node === undefined ? [] : [node])]))
    .digest('hex')
  return join(ownFolder(process.env, userId(), String), `${prefix}${key.slice(0, 16)}-${list}.json`)
}

function userId(): number {
  return process.geteuid?.() ?? 0
}

/** Only what names are made of: labels and annotations may hold anything. */
export function listsText({containers, pods, images}: NodeLists): string {
  return JSON.stringify({
    containers: containers.map(({id, metadata, state, createdAt, podSandboxId, labels}) => ({
      id,
      metadata,
      state,
      createdAt,
      podSandboxId,
      labels: Object.fromEntries(
        Object.entries(labels).filter(([name]) => name.startsWith('io.kubernetes.')),
      ),
    })),
    pods: pods.map(({id, metadata, state, createdAt}) => ({id, metadata, state, createdAt})),
    images: images.map(({id, repoTags, repoDigests}) => ({id, repoTags, repoDigests})),
  })
}
