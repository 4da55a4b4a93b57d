import {printable} from './printable.js'
import {shortened} from './shortened.js'

/** Exit codes of every command. `exec`, `run` and `attach` end with the remote process's own code instead of 0. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  timedOut: 124,
  /** `exec`, `run` and `attach` only: crisp failed, not the remote process. */
  ours: 125,
  /** `exec` only: the command is there but cannot be executed. */
  notExecutable: 126,
  /** `exec` only: there is no such command. */
  commandNotFound: 127,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/**
 * Something the user can put right. The message is one line, whatever the runtime or the user put into it, and says
 * which flag, file or object, and the fix. `rows` follow it where there is a choice to look through.
 */
export class UserError extends Error {
  override name = 'UserError'
  readonly exitCode: ExitCode

  constructor(
    message: string,
    options: {exitCode?: ExitCode; cause?: unknown; rows?: readonly string[]} = {},
  ) {
    const lines = [message, ...(options.rows ?? []).map((row) => `  ${row}`)]
    super(lines.map(printable).join('\n'), {cause: options.cause})
    this.exitCode = options.exitCode ?? exitCode.failed
  }
}

/** Wrong flags or arguments: exit code 2. */
export class UsageError extends UserError {
  override name = 'UsageError'

  constructor(message: string, options: {cause?: unknown} = {}) {
    super(message, {exitCode: exitCode.usage, cause: options.cause})
  }
}

/** A reference that names nothing, or more than one thing: exit code 3. */
export class NotFoundError extends UserError {
  override name = 'NotFoundError'

  constructor(message: string, rows: readonly string[] = []) {
    super(message, {exitCode: exitCode.notFound, rows})
  }
}

/** A reference that several things answer to. Nothing is missing: `--ignore-missing` does not pass it over. */
export class AmbiguousError extends NotFoundError {
  override name = 'AmbiguousError'
}

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
  readonly sockets: readonly FailedSocket[]

  constructor(sockets: readonly FailedSocket[], options: {cause?: unknown} = {}) {
    const rows = sockets.length === 1 ? [] : socketRows(sockets)
    super(unreachableText(sockets), {exitCode: exitCode.unreachable, cause: options.cause, rows})
    this.sockets = sockets
  }
}

function unreachableText(sockets: readonly FailedSocket[]): string {
  const [only] = sockets
  if (only && sockets.length === 1)
    return `no container runtime at ${only.path}: ${only.problem}; ${socketFix(only)}`
  const decisive = sockets.find(({problem}) => problem !== 'absent')
  const fix = decisive
    ? socketFix(decisive)
    : 'start the runtime (systemctl status containerd crio), or name its socket with --runtime-endpoint unix:///path'
  return `no container runtime found; ${fix}`
}

function socketRows(sockets: readonly FailedSocket[]): string[] {
  const width = Math.max(...sockets.map(({path}) => path.length))
  return sockets.map(({path, problem}) => `${path.padEnd(width)}  ${problem}`)
}

function socketFix({path, problem}: FailedSocket): string {
  switch (problem) {
    case 'absent':
      return 'is the runtime running (systemctl status containerd crio)? another socket: --runtime-endpoint unix:///path'
    case 'permission denied':
      return 'the socket belongs to root: try again with sudo'
    case 'not a socket':
      return "name a runtime's unix socket with --runtime-endpoint unix:///path"
    case 'nobody listens':
      return 'the runtime has stopped and left its socket: systemctl status containerd crio'
    case 'no answer':
      return `the runtime accepts connections but does not speak: look at its log (journalctl -u containerd -u crio)`
    case 'not a gRPC server':
      return `this is some other service's socket: name a CRI socket with --runtime-endpoint unix:///path`
    case 'no CRI v1 (plugin disabled?)':
      return `remove "cri" or "io.containerd.grpc.v1.cri" from disabled_plugins in /etc/containerd/config.toml and restart containerd; containerd before 1.6 and CRI-O before 1.23 have no CRI v1 at all (${path})`
    case 'still starting':
      return 'wait for the runtime to come up, or let crisp wait with --max-retries 20'
  }
}

/** The names gRPC gives its status codes, as the wire's number. */
export const rpcCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const

export type RpcCode = (typeof rpcCode)[keyof typeof rpcCode]

/** A CRI call that the runtime refused, or that never reached it. */
export class RpcError extends Error {
  override name = 'RpcError'
  /** As in the proto: `ListContainers`. */
  readonly method: string
  readonly code: RpcCode
  /** The runtime's own words. */
  readonly details: string
  readonly endpoint: string
  /** The call's deadline, where it had one. */
  readonly timeoutMs: number | undefined
  /** Who answered, where that was asked: for saying which version has a missing call. */
  runtime: {name: string; version: string} | undefined

  constructor(fields: {
    method: string
    code: RpcCode
    details: string
    endpoint: string
    timeoutMs?: number | undefined
    cause?: unknown
  }) {
    super(`${fields.method}: ${codeName(fields.code)}: ${fields.details}`, {cause: fields.cause})
    this.method = fields.method
    this.code = fields.code
    this.details = fields.details
    this.endpoint = fields.endpoint
    this.timeoutMs = fields.timeoutMs
  }
}

/** `NotFound` for 5, as Go and crictl write it. */
export function codeName(code: RpcCode): string {
  const name = Object.entries(rpcCode).find(([, number]) => number === code)?.[0] ?? `code ${code}`
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** The user, or a time limit of the user's, ended the command: nothing is wrong and nothing is said. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  readonly exitCode: ExitCode

  /** SIGPIPE: the reader of our output went away, which is no failure. */
  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE') {
    super(signal)
    this.exitCode =
      signal === 'SIGPIPE' ? exitCode.done : signal === 'SIGINT' ? exitCode.interrupted : exitCode.terminated
  }
}

export interface Failure {
  /** What to print on stderr; empty where the user knows already. */
  text: string
  exitCode: ExitCode
}

/** What to say of it: the user's words in it may be of any length, what is said of them is not. */
export function describeError(error: unknown): Failure {
  const failure = describeWhole(error)
  return {...failure, text: failure.text.split('\n').map(shortened).join('\n')}
}

function describeWhole(error: unknown): Failure {
  if (error instanceof Interrupted) return {text: '', exitCode: error.exitCode}
  if (error instanceof UserError) return {text: error.message, exitCode: error.exitCode}
  if (error instanceof RpcError) {
    const failure = describeRpcError(error)
    return {...failure, text: printable(failure.text)}
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const [first = ''] = message.split('\n')
  return {
    text: `fault in crisp itself: ${first} (run again with --debug and report what it prints)`,
    exitCode: exitCode.failed,
  }
}

function describeRpcError(error: RpcError): Failure {
  const {method, code, endpoint} = error
  const details = error.details.trim()
  switch (code) {
    case rpcCode.deadlineExceeded:
      return {
        text: `${method}: no answer from ${endpoint}${waited(error)}; allow more time with --timeout`,
        exitCode: exitCode.timedOut,
      }
    case rpcCode.unavailable:
      return {
        text: `${method}: the runtime at ${endpoint} hung up (${details}); is it restarting? systemctl status containerd crio`,
        exitCode: exitCode.unreachable,
      }
    case rpcCode.notFound:
      return {text: `${method}: ${details}`, exitCode: exitCode.notFound}
    case rpcCode.cancelled:
      return {
        text: `${method}: the runtime gave up on it (${details}): is it shutting down? try again`,
        exitCode: exitCode.failed,
      }
    case rpcCode.unimplemented:
      return {text: unimplementedText(error), exitCode: exitCode.failed}
    case rpcCode.resourceExhausted:
      return {
        text: `${method}: the answer is larger than the runtime may send (${details}); narrow it with filters such as --label or --pod`,
        exitCode: exitCode.failed,
      }
    case rpcCode.permissionDenied:
    case rpcCode.unauthenticated:
      return {
        text: `${method}: refused by the runtime (${details}); try sudo, or check the registry credentials`,
        exitCode: exitCode.failed,
      }
    case rpcCode.unknown:
      return {text: `${method}: ${details}`, exitCode: exitCode.failed}
    case rpcCode.internal:
      return {
        text: `${method}: the runtime at ${endpoint} broke the protocol (${details}); its log says more: journalctl -u containerd -u crio`,
        exitCode: exitCode.failed,
      }
    default:
      return {text: `${method}: ${codeName(code)}: ${details}`, exitCode: exitCode.failed}
  }
}

function waited({timeoutMs}: RpcError): string {
  return timeoutMs === undefined ? '' : ` within ${timeoutMs / 1000} s`
}

/** The first releases that answer a call which older ones do not (Linux, read in the runtimes' sources). */
const firstReleases: Record<string, string> = {
  GetContainerEvents: 'containerd 2.0 (1.7 with limits) and CRI-O 1.30 (enable_pod_events = true)',
  CheckpointContainer: 'containerd 2.0 and CRI-O 1.30, both with CRIU',
  RuntimeConfig: 'containerd 2.0 and CRI-O 1.30',
  ListMetricDescriptors: 'containerd 2.2 and CRI-O 1.30',
  ListPodSandboxMetrics: 'containerd 2.2 and CRI-O 1.30',
  UpdatePodSandboxResources: 'containerd 2.3 and CRI-O 1.33',
  PodSandboxStats: 'containerd 1.6 and CRI-O 1.30, not cri-dockerd',
  ListPodSandboxStats: 'containerd 1.6 and CRI-O 1.30, not cri-dockerd',
}

function unimplementedText({method, runtime, details}: RpcError): string {
  const who = runtime ? `${runtime.name} ${runtime.version}` : 'this runtime'
  const since = method.startsWith('Stream') ? 'containerd 2.4 and CRI-O 1.36' : firstReleases[method]
  return `${who} does not implement ${method}${since ? `: it takes ${since}` : ` (${details})`}`
}
