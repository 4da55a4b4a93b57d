import {codeName, type ExitCode, exitCode, type RpcError, rpcCode} from '../../errors/errors.js'
import {firstReleases} from '../../node/runtimes.js'

const exitCodes: Readonly<Record<number, ExitCode>> = {
  [rpcCode.deadlineExceeded]: exitCode.timedOut,
  [rpcCode.unavailable]: exitCode.unreachable,
  [rpcCode.cancelled]: exitCode.unreachable,
  [rpcCode.notFound]: exitCode.notFound,
}

/** What a call's failure means, by its code; the runtime's own words are kept. */
export function rpcFailure(error: RpcError): {text: string; exitCode: ExitCode} {
  return {text: rpcText(error), exitCode: exitCodes[error.code] ?? exitCode.failed}
}

function rpcText(error: RpcError): string {
  const {method, code, endpoint} = error
  const details = error.details.trim()
  switch (code) {
    case rpcCode.deadlineExceeded:
      return `${method}: no answer from ${endpoint}${timeoutText(error)}; allow more time with --timeout`
    case rpcCode.unavailable:
      return `${method}: the runtime at ${endpoint} hung up (${details}); is it restarting? systemctl status containerd crio`
    case rpcCode.cancelled:
      return `${method}: the runtime at ${endpoint} gave up on it (${details}); is it shutting down? systemctl status containerd crio`
    case rpcCode.unimplemented:
      return unimplementedText(error)
    case rpcCode.resourceExhausted:
      return `${method}: the answer is larger than the runtime may send (${details}); narrow it with filters such as --label or --pod`
    case rpcCode.permissionDenied:
    case rpcCode.unauthenticated:
      return `${method}: refused by the runtime (${details}); try sudo, or check the registry credentials`
    case rpcCode.internal:
      return `${method}: the runtime at ${endpoint} broke the protocol (${details}); its log says more: journalctl -u containerd -u crio`
    case rpcCode.notFound:
    case rpcCode.unknown:
      return `${method}: ${details}`
    default:
      return `${method}: ${codeName(code)}: ${details}`
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
