/** How to trust, and be trusted by, a streaming server that speaks TLS. PEM, as files hold it. */
export interface StreamTls {
  /** Certificate authorities to trust instead of the system's. */
  ca?: string | Buffer | undefined
  /** Our own certificate and its key: CRI-O with `stream_tls_ca` demands them. */
  cert?: string | Buffer | undefined
  key?: string | Buffer | undefined
  /** The name the server's certificate must be for, instead of the host dialled. */
  serverName?: string | undefined
  /** Trust any certificate. */
  insecure?: boolean | undefined
}

/** The options as Node's https and ws take them. */
export function nodeTlsOptions(tls: StreamTls | undefined): {
  ca?: string | Buffer
  cert?: string | Buffer
  key?: string | Buffer
  servername?: string
  rejectUnauthorized: boolean
} {
  return {
    ...(tls?.ca !== undefined && {ca: tls.ca}),
    ...(tls?.cert !== undefined && {cert: tls.cert}),
    ...(tls?.key !== undefined && {key: tls.key}),
    ...(tls?.serverName !== undefined && {servername: tls.serverName}),
    rejectUnauthorized: !tls?.insecure,
  }
}
