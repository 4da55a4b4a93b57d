import type {CriClient} from '../../client/connect.js'
import {processInfo} from '../../node/process-info.js'
import {elsewhere} from '../../text/elsewhere.js'
import {programName} from '../../text/program.js'
import {isProcesses} from './kernel-files.js'
import {joinRaw, partsOf, type RawName} from './raw-name.js'
import {Obstacle} from './reasons.js'
import {SafeDirectory} from './safe-directory.js'

// A container's files as the node's kernel shows them, for containers in which no tar can run.

/** The root directory of a container, held open, and where the node's kernel shows it. */
export interface NodeRoot {
  directory: SafeDirectory
  path: string
}

/** The root directory of a running container on this node; undefined where we may not or cannot look. */
export async function openNodeRoot(client: CriClient, containerId: string): Promise<NodeRoot | undefined> {
  if (elsewhere() !== undefined || process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const pid = await pidOf(client, containerId)
  if (pid <= 0) return undefined
  const path = `/proc/${pid}/root`
  let directory: SafeDirectory
  try {
    directory = await SafeDirectory.open(path)
  } catch {
    // Its process is on another machine, or we are in a container ourselves.
    return undefined
  }
  // Had it ended before, the number could be another process's by now.
  const stillIts = await pidOf(client, containerId).then(
    (now) => now === pid,
    () => false,
  )
  if (stillIts) return {directory, path}
  await directory.close()
  return undefined
}

async function pidOf(client: CriClient, containerId: string): Promise<number> {
  const {status, info} = await client.runtime.containerStatus({containerId, verbose: true})
  return status?.state === 'CONTAINER_RUNNING' ? (processInfo(info).pid ?? 0) : 0
}

const linkLimit = 40

/** Where a path of a container leads. Whoever gets it closes the directory. */
export interface Resolved {
  directory: SafeDirectory
  /** A name in it that is no symlink, if it is there at all; undefined for the directory itself. */
  name: RawName | undefined
  /** The whole path from the root, without symlinks. */
  path: RawName
}

/**
 * Follows a path of the container. Symlinks mean what they mean in the container: an absolute one starts at its root,
 * and none leads out of it.
 */
export async function resolveInRoot(root: SafeDirectory, path: RawName): Promise<Resolved> {
  const chain: {directory: SafeDirectory; name: RawName | undefined}[] = [{directory: root, name: undefined}]
  const waiting = partsOf(path)
  const leave = async (kept: number) => {
    for (const {directory} of chain.splice(kept)) await directory.close()
  }
  const resolveTo = async (name: RawName | undefined): Promise<Resolved> => {
    const names = [...chain.map((step) => step.name), name]
    const last = chain.length > 1 ? chain.pop()?.directory : undefined
    return {directory: last ?? (await root.reopen()), name, path: joinRaw(...names)}
  }
  let links = 0
  try {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const here = chain.at(-1)?.directory ?? root
      if (name === '..') {
        await leave(Math.max(1, chain.length - 1))
        continue
      }
      const target = await here.linkTarget(name).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' || waiting.length > 0) throw error
        return undefined
      })
      if (target === undefined) {
        if (waiting.length === 0) return await resolveTo(name)
        chain.push({directory: await here.enter(name), name})
        continue
      }
      if (/^(self|thread-self)$/.test(name) && isProcesses(await here.fileSystem()))
        throw new Obstacle(`${name} in /proc is whoever reads it, which is ${programName()}`)
      if (++links > linkLimit) throw new Obstacle('too many symlinks')
      if (target.startsWith('/')) await leave(1)
      waiting.unshift(...partsOf(target))
    }
    return await resolveTo(undefined)
  } finally {
    await leave(1)
  }
}

/** Opens a directory of the container by its path there, and says which one it is. Whoever gets it closes it. */
export async function openInRoot(
  root: SafeDirectory,
  path: RawName,
): Promise<{directory: SafeDirectory; path: RawName}> {
  const {directory, name, path: whole} = await resolveInRoot(root, path)
  if (name === undefined) return {directory, path: whole}
  await using _ = directory
  return {directory: await directory.enter(name), path: whole}
}
