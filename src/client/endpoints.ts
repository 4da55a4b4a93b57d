import {stat} from 'node:fs/promises'
import {connect} from 'node:net'
import {UsageError} from '../errors/errors.js'
import {isOutOfFiles} from '../errors/few-files.js'

/** Where runtimes put their CRI socket, most common first. */
export const knownSockets: readonly {path: string; runtime: string}[] = [
  {path: '/run/containerd/containerd.sock', runtime: 'containerd'},
  {path: '/run/crio/crio.sock', runtime: 'CRI-O'},
  {path: '/run/cri-dockerd.sock', runtime: 'cri-dockerd'},
  {path: '/run/k3s/containerd/containerd.sock', runtime: 'k3s, RKE2'},
  {path: '/run/k3s/cri-dockerd/cri-dockerd.sock', runtime: 'k3s with Docker'},
  {path: '/var/snap/microk8s/common/run/containerd.sock', runtime: 'MicroK8s'},
  {path: '/run/k0s/containerd.sock', runtime: 'k0s'},
]

/** The path of a unix socket from `unix:///path`, `unix:/path` or a bare path, with one slash at its beginning. Throws UsageError for other schemes. */
export function socketPathOf(endpoint: string): string {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    if (endpoint.startsWith('/') || endpoint.startsWith('./') || endpoint.startsWith('../'))
      return endpoint.replace(/^\/+/, '/')
    throw new UsageError(`endpoint "${endpoint}" is not a socket: write unix:///path/to.sock`)
  }
  if (scheme !== 'unix') {
    throw new UsageError(
      `endpoint "${endpoint}": ${scheme} is not supported, the CRI is served on unix sockets: write unix:///path/to.sock`,
    )
  }
  const rest = endpoint.slice('unix:'.length)
  const path = rest.startsWith('//') ? rest.slice(2) : rest
  if (!path.startsWith('/')) {
    throw new UsageError(`endpoint "${endpoint}" has no absolute path: write unix:///path/to.sock`)
  }
  return path.replace(/^\/+/, '/')
}

export type SocketState =
  /** Something accepts connections. */
  | 'listening'
  | 'absent'
  | 'permission denied'
  /** A file or directory. */
  | 'not a socket'
  /** The socket is a leftover: its owner is gone. */
  | 'nobody listens'

/** What a plain connection to the path says; for words in errors, never for deciding that a runtime is well. */
export async function socketState(path: string): Promise<SocketState> {
  try {
    if (!(await stat(path)).isSocket()) return 'not a socket'
  } catch (error) {
    if (isOutOfFiles(error)) throw error
    return stateOfError(error)
  }
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const settle = (state: SocketState) => {
      socket.destroy()
      resolve(state)
    }
    socket.once('connect', () => settle('listening'))
    socket.once('error', (error) => (isOutOfFiles(error) ? reject(error) : settle(stateOfError(error))))
  })
}

function stateOfError(error: unknown): SocketState {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'ECONNREFUSED':
      return 'nobody listens'
    // It has hung up already.
    case 'ECONNRESET':
      return 'listening'
    default:
      return 'absent'
  }
}
