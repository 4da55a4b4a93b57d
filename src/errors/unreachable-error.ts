import {exitCode} from './exit-codes.js'
import {UserError} from './user-errors.js'

/** Why a socket is of no use. */
export type SocketProblem =
  | 'absent'
  | 'permission denied'
  | 'not a socket'
  | 'nobody listens'
  | 'no answer'
  | 'not a gRPC server'
  | 'no CRI v1 (plugin disabled?)'
  | 'still starting'

export interface FailedSocket {
  path: string
  problem: SocketProblem
}

/** No runtime answers: exit code 4. */
export class UnreachableError extends UserError {
  override name = 'UnreachableError'
  /** The one that was named, or all that were looked at. */
  readonly sockets: readonly FailedSocket[]

  constructor(sockets: readonly FailedSocket[], options: {cause?: unknown} = {}) {
    super(message(sockets), {exitCode: exitCode.unreachable, cause: options.cause})
    this.sockets = sockets
  }
}

function message(sockets: readonly FailedSocket[]): string {
  const [only] = sockets
  if (only && sockets.length === 1) return `no container runtime at ${only.path}: ${only.problem}`
  return ['no container runtime found', sockets.map(({path, problem}) => `${path} ${problem}`).join(', ')]
    .filter((part) => part !== '')
    .join(': ')
}
