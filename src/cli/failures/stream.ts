import type {StreamError, StreamErrorKind} from '../../streaming/stream-error.js'
import {programName} from '../../text/program.js'

/** What is to be said of an exec, attach or port-forward stream that failed. */
export function streamText(error: StreamError): string {
  const fix = streamFix(error)
  // What every server puts before its own failures tells nobody anything.
  const message = error.message.replace(/^(Internal error occurred: )+/, '')
  return fix ? `${message}; ${fix}` : message
}

function streamFix({kind, httpStatus}: StreamError): string | undefined {
  const fixes: Partial<Record<StreamErrorKind, string | undefined>> = {
    noHost: 'set stream_server_address (containerd) or stream_address (CRI-O) in its configuration',
    unreachable: `it listens on the node itself: run ${programName()} there, outside of containers`,
    tls: 'trust its certificate with --tls-ca FILE (and --tls-sni NAME), or any with --tls-insecure',
    refused: refusalFixes[httpStatus ?? 0],
    lost: 'what was started may still run; is the runtime restarting? systemctl status containerd crio',
    noStatus: 'how the command ended is unknown',
    timedOut: "look at the runtime's log: journalctl -u containerd -u crio",
  }
  return fixes[kind]
}

/** By the HTTP status. */
const refusalFixes: Readonly<Record<number, string>> = {
  403: 'it speaks another protocol: try --transport websocket, or spdy',
  404: 'its addresses work once and for a minute: try again',
}
