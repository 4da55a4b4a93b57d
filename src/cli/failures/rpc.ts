import {codeName, type ExitCode, exitCode, type RpcError, rpcCode} from '../../errors/errors.js'
import {firstReleases} from '../../node/runtimes.js'

/** What a call's failure means, by its code; the runtime's own words are kept. */
export function rpcFailure(error: RpcError): {text: string; exitCode: ExitCode} {
  const {method, code, endpoint} = error
  const details = error.details.trim()
  switch (code) {
    case rpcCode.deadlineExceeded:
      return {
        text: `${method}: no answer from ${endpoint}${timeoutText(error)}; allow more time with --timeout`,
        exitCode: exitCode.timedOut,
      }
    case rpcCode.unavailable:
      return {
        text: `${method}: the runtime at ${endpoint} hung up (${details}); is it restarting? systemctl status containerd crio`,
        exitCode: exitCode.unreachable,
      }
    case rpcCode.cancelled:
      return {
        text: `${method}: the runtime at ${endpoint} gave up on it (${details}); is it shutting down? systemctl status containerd crio`,
        exitCode: exitCode.unreachable,
      }
    case rpcCode.notFound:
      return {text: `${method}: ${details}`, exitCode: exitCode.notFound}
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

function timeoutText({timeoutMs}: RpcError): string {
  return timeoutMs === undefined ? '' : ` within ${timeoutMs / 1000} s`
}

function unimplementedText({method, runtime, details}: RpcError): string {
  const who = runtime ? `${runtime.name} ${runtime.version}` : 'this runtime'
  const since = firstReleases(method)
  return `${who} does not implement ${method}${since ? `, which needs ${since}` : ` (${details})`}`
}
