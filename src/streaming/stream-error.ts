/**
 * What went wrong with a stream:
 * - `address`: the URL the runtime gave cannot be dialled
 * - `noHost`: the URL the runtime gave names no host
 * - `unreachable`: nothing answers at it
 * - `tls`: the TLS handshake failed, mostly because the certificate is not trusted
 * - `refused`: the server answered, but did not open the stream (`httpStatus`)
 * - `timedOut`: no stream within the setup time
 * - `protocol`: the server does not speak the protocol it agreed to
 * - `lost`: the connection ended in the middle
 * - `noStatus`: the stream ended in order, but without saying how the command ended
 * - `failed`: the server reported a failure of its own; the message is its text
 */
export type StreamErrorKind =
  | 'address'
  | 'noHost'
  | 'unreachable'
  | 'tls'
  | 'refused'
  | 'timedOut'
  | 'protocol'
  | 'lost'
  | 'noStatus'
  | 'failed'

/** Why a command did not start: there is no such file, or it is not executable. Shells say 127 and 126. */
export type StartFailure = 'notFound' | 'notExecutable'

/** An exec, attach or port-forward stream that could not be opened, broke, or failed on the server. One line. */
export class StreamError extends Error {
  override name = 'StreamError'
  readonly kind: StreamErrorKind
  /** The HTTP status of a `refused` stream. */
  readonly httpStatus: number | undefined
  /** With `failed`, where the server's text tells. */
  readonly startFailure: StartFailure | undefined

  constructor(
    kind: StreamErrorKind,
    message: string,
    options: {httpStatus?: number | undefined; startFailure?: StartFailure | undefined; cause?: unknown} = {},
  ) {
    super(message, options.cause === undefined ? {} : {cause: options.cause})
    this.kind = kind
    this.httpStatus = options.httpStatus
    this.startFailure = options.startFailure
  }
}

/** The error for a connection that ended too early; `cause` says more where the socket did. */
export function lostConnection(cause?: unknown): StreamError {
  if (cause instanceof StreamError) return cause
  const detail = cause instanceof Error ? `: ${cause.message}` : ''
  return new StreamError('lost', `the runtime closed the streaming connection in the middle${detail}`, {
    cause,
  })
}

/** The error for a connection that could not be made to `origin`. */
export function connectFailure(origin: string, cause: Error): StreamError {
  const kind = certificateCodes.test(codeOf(cause)) ? 'tls' : 'unreachable'
  const what = kind === 'tls' ? 'TLS to' : 'cannot connect to'
  const failed = kind === 'tls' ? ' failed' : ''
  return new StreamError(
    kind,
    `${what} the runtime's streaming server ${origin}${failed}: ${reasonOf(cause)}`,
    {
      cause,
    },
  )
}

/** The error for a server that answered `httpStatus` instead of opening the stream. */
export function refusedStream(
  httpStatus: number,
  body: string,
  acceptedProtocols?: string | undefined,
): StreamError {
  const said = body.split('\n', 1)[0]?.trim()
  const accepted = acceptedProtocols ? `; it accepts ${acceptedProtocols}` : ''
  return new StreamError(
    'refused',
    `the runtime's streaming server refused the stream: HTTP ${httpStatus}${said ? ` ${said}` : ''}${accepted}`,
    {httpStatus},
  )
}

// OpenSSL and Node name certificate failures by these codes; only a few of them begin alike.
const certificateCodes =
  /^(ERR_SSL_|ERR_TLS_|CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO$)/

// Connecting to a name with several addresses fails with an AggregateError, whose own message is empty.
function reasonOf(error: Error): string {
  const [line = ''] = (error.message || codeOf(error)).split('\n', 1)
  // Advice of newer Nodes for whoever starts node by hand: crisp has flags for it.
  return line.replace(/; if the root CA is installed locally, .*/, '').replace('self signed', 'self-signed')
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
