import {type IncomingMessage, request as requestHttp} from 'node:http'
import {request as requestHttps} from 'node:https'
import type {Socket} from 'node:net'
import {connectionTo} from './dialer.js'
import {type SetupLimits, withinLimits} from './setup-limits.js'
import {connectFailure, refusedStream, StreamError} from './stream-error.js'
import {nodeTlsOptions, type StreamTls} from './tls-options.js'

export interface UpgradeRequest extends SetupLimits {
  /** From `parseStreamUrl`. */
  url: URL
  /** The one value offered as X-Stream-Protocol-Version. */
  protocol: string
  tls?: StreamTls | undefined
}

/**
 * Turns an HTTP connection into a SPDY/3.1 one. The socket is the caller's, its first bytes unread. Rejects with
 * StreamError (`unreachable`, `tls`, `refused`, `protocol`, `timedOut`) or the signal's reason, nothing left open.
 * A refusal uses up the URL's token as well (containerd, CRI-O), so another try needs another URL.
 */
export async function upgradeToSpdy(options: UpgradeRequest): Promise<Socket> {
  options.signal?.throwIfAborted()
  const {url, protocol} = options
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'POST',
    ...(connectionTo(url) ?? {agent: false}),
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'SPDY/3.1',
      'Content-Length': 0,
      'X-Stream-Protocol-Version': protocol,
    },
    ...nodeTlsOptions(options.tls),
  })
  const answer = new Promise<Socket>((resolve, reject) => {
    request.on('upgrade', (response: IncomingMessage, socket: Socket, head: Buffer) => {
      const problem = upgradeProblem(response, protocol)
      if (problem) {
        socket.destroy()
        return reject(problem)
      }
      socket.setNoDelay(true)
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    request.on('response', (response) => void refusal(response).then(reject))
    request.on('error', (error) => reject(connectFailure(url.origin, error)))
    request.end()
  })
  return withinLimits(answer, options, () => request.destroy())
}

function upgradeProblem(response: IncomingMessage, protocol: string): StreamError | undefined {
  const upgrade = response.headers.upgrade ?? 'nothing'
  if (upgrade.toLowerCase() !== 'spdy/3.1') {
    return new StreamError(
      'protocol',
      `the runtime's streaming server upgraded to ${upgrade}, not to SPDY/3.1`,
    )
  }
  const chosen = response.headers['x-stream-protocol-version'] ?? 'nothing'
  if (chosen !== protocol) {
    return new StreamError('protocol', `the runtime's streaming server chose ${chosen}, not ${protocol}`)
  }
  return undefined
}

/** Reads the start of an answer that opens no stream, and ends its connection. */
export async function refusal(response: IncomingMessage): Promise<StreamError> {
  const bodyLimitBytes = 4096
  let body = ''
  response.setEncoding('utf8')
  try {
    for await (const text of response) {
      body += text
      if (body.length >= bodyLimitBytes) break
    }
  } catch {
    // Cut off in the middle: the status says enough.
  }
  response.destroy()
  const accepted = response.headers['x-accepted-stream-protocol-versions']
  return refusedStream(
    response.statusCode ?? 0,
    body,
    Array.isArray(accepted) ? accepted.join(', ') : accepted,
  )
}
