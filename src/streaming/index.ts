export {startFailureIn} from './exit-status.js'
export {type ForwardedConnection, forwardConnection} from './port-forward.js'
export {
  type RemoteCommand,
  type RemoteExit,
  runRemoteCommand,
  type StreamTransport,
} from './remote-command.js'
export type {TerminalSize} from './remote-session.js'
export {type StartFailure, StreamError, type StreamErrorKind} from './stream-error.js'
export type {StreamTls} from './tls-options.js'
