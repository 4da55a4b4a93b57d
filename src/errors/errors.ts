// Every failure that is not a fault of ours. Whoever meets one throws it with what is known of it; only `cli/failures`
// says it to a user.

export {type ExitCode, exitCode} from './exit-codes.js'
export type {Candidate, Facts, FileKind, ObjectKind, PullProblem} from './facts.js'
export {Interrupted} from './interrupted.js'
export {codeName, type RpcCode, RpcError, rpcCode} from './rpc-error.js'
export {type FailedSocket, type SocketProblem, UnreachableError} from './unreachable-error.js'
export {
  AmbiguousError,
  MissingArgumentError,
  missingObject,
  NotFoundError,
  UsageError,
  UserError,
  type UserErrorOptions,
} from './user-errors.js'
