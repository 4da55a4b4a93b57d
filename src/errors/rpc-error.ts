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
