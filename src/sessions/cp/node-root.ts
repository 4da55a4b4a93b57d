import {constants} from 'node:fs'
import {access} from 'node:fs/promises'
import type {CriClient} from '../../client/connect.js'
import {processInfo} from '../../node/process-info.js'
import {SafeDirectory} from './safe-directory.js'

// A container's files as the node's kernel shows them, for images without tar.

/** The root directory of a running container on this node; undefined where we may not or cannot look. */
export async function nodeRootOf(client: CriClient, containerId: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const {info} = await client.runtime.containerStatus({containerId, verbose: true})
  const {pid = 0} = processInfo(info)
  if (pid <= 0) return undefined
  const root = `/proc/${pid}/root`
  try {
    await access(`${root}/`, constants.R_OK)
    return root
  } catch {
    // Its process is on another machine, or we are in a container ourselves.
    return undefined
  }
}

const linkLimit = 40

/**
 * Opens a directory of the container by its path there. Symlinks mean what they mean in the container: an absolute
 * one starts at its root, and none leads out of it.
 */
export async function openInRoot(root: string, path: string): Promise<SafeDirectory> {
  const chain = [await SafeDirectory.open(root)]
  const waiting = parts(path)
  let links = 0
  try {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const here = chain.at(-1) as SafeDirectory
      if (name === '..') {
        if (chain.length > 1) await chain.pop()?.close()
        continue
      }
      const target = await here.linkTarget(name)
      if (target === undefined) {
        chain.push(await here.enter(name))
        continue
      }
      if (++links > linkLimit) throw Object.assign(new Error('too many symlinks'), {code: 'ELOOP'})
      if (target.startsWith('/')) for (const left of chain.splice(1)) await left.close()
      waiting.unshift(...parts(target))
    }
    return chain.pop() as SafeDirectory
  } finally {
    for (const directory of chain) await directory.close()
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
