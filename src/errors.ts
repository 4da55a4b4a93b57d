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
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** Something the user can put right. The message is one line and says which flag, file or object, and the fix. */
export class UserError extends Error {
  override name = 'UserError'
  readonly exitCode: ExitCode

  constructor(message: string, options: {exitCode?: ExitCode; cause?: unknown} = {}) {
    super(message, {cause: options.cause})
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

  constructor(message: string) {
    super(message, {exitCode: exitCode.notFound})
  }
}

/** No runtime answers: exit code 4. */
export class UnreachableError extends UserError {
  override name = 'UnreachableError'

  constructor(message: string, options: {cause?: unknown} = {}) {
    super(message, {exitCode: exitCode.unreachable, cause: options.cause})
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
