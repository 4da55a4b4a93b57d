import type {StreamError} from '../../streaming/stream-error.js'
import {programName} from '../../text/program.js'

/** What is to be said of an exec, attach or port-forward stream that failed. */
export function streamText(error: StreamError): string {
  const fix = streamFix(error)
  // What every server puts before its own failures tells nobody anything.
  const message = error.message.replace(/^(Internal error occurred: )+/, '')
  return fix ? `${message}; ${fix}` : message
}

function streamFix({kind, httpStatus}: StreamError): string | undefined {
  switch (kind) {
    case 'noHost':
      return 'set stream_server_address (containerd) or stream_address (CRI-O) in its configuration'
    case 'unreachable':
      return `it listens on the node itself: run ${programName()} there, outside of containers`
    case 'tls':
      return 'trust its certificate with --tls-ca FILE (and --tls-sni NAME), or any with --tls-insecure'
    case 'refused':
      return httpStatus === 403
        ? 'it speaks another protocol: try --transport websocket, or spdy'
        : httpStatus === 404
          ? 'its addresses work once and for a minute: try again'
          : undefined
    case 'lost':
      return 'what was started may still run; is the runtime restarting? systemctl status containerd crio'
    case 'noStatus':
      return 'how the command ended is unknown'
    case 'timedOut':
      return "look at the runtime's log: journalctl -u containerd -u crio"
    case 'address':
    case 'protocol':
    case 'failed':
      return undefined
  }
}
