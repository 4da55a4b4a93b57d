import {chmod, link, lstat, mkdtemp, rename, rm} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import type {Server} from '@grpc/grpc-js'
import {socketState} from '../../client/endpoints.js'
import {UserError} from '../../errors/errors.js'
import {programName} from '../../text/program.js'
import {acceptConnections} from './connections.js'

/** What the system's socket addresses hold, less the closing zero. Node 20 cuts off the rest and says nothing. */
const pathLimitBytes = process.platform === 'linux' ? 107 : 103

/** A socket is made under this name in a directory whose name begins so. */
export const workshopPrefix = '.crisp-'
export const workshopSocket = 's'

/** In bytes, of the paths that a socket has while it is made and afterwards. */
function longestOf(path: string): number {
  return Math.max(
    ...[path, join(dirname(path), `${workshopPrefix}XXXXXX`, workshopSocket)].map((each) =>
      Buffer.byteLength(each),
    ),
  )
}

/**
 * Listens on a path for this user alone. The socket is made in a private directory and then linked to its place, so
 * that it is never open to others, and whoever comes second loses. Its end closes the server and the path.
 */
export async function publishSocket(
  server: Server,
  path: string,
  onRefused: (line: string) => void,
): Promise<AsyncDisposable> {
  if (longestOf(path) > pathLimitBytes)
    throw new UserError(
      `cannot listen on ${path}: too long for the path of a socket; name a shorter one with --socket, or a shorter directory in XDG_RUNTIME_DIR`,
    )
  const workshop = await mkdtemp(join(dirname(path), workshopPrefix))
  const made = join(workshop, workshopSocket)
  const connections = await acceptConnections(server, made, onRefused)
  try {
    await chmod(made, 0o600)
    await linkOnce(made, path)
  } catch (error) {
    await connections[Symbol.asyncDispose]()
    throw error
  } finally {
    await rm(workshop, {recursive: true, force: true})
  }
  const {ino} = await lstat(path)
  return {
    async [Symbol.asyncDispose]() {
      await connections[Symbol.asyncDispose]()
      await removeOwn(path, ino)
    },
  }
}

async function linkOnce(made: string, path: string): Promise<void> {
  try {
    await link(made, path)
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    // Not every system makes links to sockets.
    if (code === 'EPERM' || code === 'ENOTSUP') return rename(made, path)
    if (code !== 'EEXIST') throw error
    const state = await socketState(path)
    if (state !== 'nobody listens') throw new SocketTakenError(path, state === 'listening')
    await rm(path)
    await link(made, path)
  }
}

class SocketTakenError extends UserError {
  constructor(path: string, inUse: boolean) {
    const what = inUse
      ? 'something listens there already'
      : `${basename(path)} is there already and no socket`
    super(
      `cannot listen on ${path}: ${what}; stop it with ${programName()} demo --stop, or name another place with --socket`,
    )
  }
}

/** Somebody may have put another socket there meanwhile. */
async function removeOwn(path: string, inode: number): Promise<void> {
  try {
    if ((await lstat(path)).ino === inode) await rm(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
