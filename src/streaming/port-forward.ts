import {setMaxListeners} from 'node:events'
import {Socket} from 'node:net'
import type {Duplex} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import {type Consume, createTextCollector, writeTo} from './consume.js'
import {pump} from './pump.js'
import {defaultSetupTimeoutMs, withinLimits} from './setup-limits.js'
import {connectSpdy, type SpdyStream} from './spdy-connection.js'
import {StreamError} from './stream-error.js'
import {parseStreamUrl} from './stream-url.js'
import type {StreamTls} from './tls-options.js'
import {upgradeToSpdy} from './upgrade.js'

export interface ForwardedConnection {
  /** Makes the PortForward call and gives its URL: a fresh one for every connection. */
  openUrl: () => Promise<string>
  /** One accepted local connection. It is ours from now on, and closed at the end. */
  local: Duplex
  /** The port inside the pod, 1 to 65535. */
  remotePort: number
  tls?: StreamTls | undefined
  signal?: AbortSignal | undefined
  /** Default 5 s. */
  pingIntervalMs?: number | undefined
  /** How long the pod must have been silent before it hears that the local side has ended; default 2 s. */
  quietMs?: number | undefined
  /** Default 30 s, for the upgrade and for the streams each. */
  setupTimeoutMs?: number | undefined
}

const defaultPingIntervalMs = 5000
const lingerMs = 5000
const defaultQuietMs = 2000
/**
 * containerd and CRI-O end the data of a connection that failed, and say a moment later on the error stream that it
 * did: until then an end of the data is not known to be a good one. A server that goes on listening says nothing.
 */
const failurePatienceMs = 500

/**
 * Carries one local connection to a port of a pod, over a SPDY connection of its own: on a shared one a single slow
 * reader stops all others. Resolves when the pod's side has ended and its bytes are written. Rejects with StreamError
 * (`failed` with the runtime's text when nobody listens on the port), the error of `openUrl`, or the signal's reason.
 *
 * A local half-close is passed on when the pod has nothing more to say for the moment: containerd does not pass it on
 * itself, but cuts both directions off a second later, in the middle of whatever the pod was sending.
 */
export async function forwardConnection(options: ForwardedConnection): Promise<void> {
  const {local, signal} = options
  // All connections of a port-forward share it, and Node warns of a leak at eleven listeners.
  if (signal) setMaxListeners(0, signal)
  // Its end shows while relaying; without a listener an error would end the program.
  local.on('error', () => {})
  try {
    await carry(options)
    await lingeringClose(local, signal)
    local.destroy()
  } catch (error) {
    // So that the local client does not take an answer cut short for a whole one. Node may send an end just before.
    if (local instanceof Socket) local.resetAndDestroy()
    else local.destroy()
    throw error
  }
}

async function carry(options: ForwardedConnection): Promise<void> {
  const {local, signal} = options
  const setupTimeoutMs = options.setupTimeoutMs ?? defaultSetupTimeoutMs
  const url = parseStreamUrl(await options.openUrl())
  const socket = await upgradeToSpdy({...options, url, protocol: 'portforward.k8s.io', setupTimeoutMs})
  const connection = connectSpdy(socket, {
    pingIntervalMs: options.pingIntervalMs ?? defaultPingIntervalMs,
    // The server keeps this connection until we close it, so nothing we send can cost unread bytes.
    holdWrites: false,
  })
  try {
    const headers = {port: String(options.remotePort), requestid: '0'}
    const refusal = createTextCollector()
    const quiet = watchQuiet(local, options.quietMs ?? defaultQuietMs)
    const error = connection.openStream({streamtype: 'error', ...headers}, refusal.consume)
    const data = connection.openStream({streamtype: 'data', ...headers}, quiet.consume)
    const opened = Promise.all([error.accepted, data.accepted])
    const failed = () => new StreamError('failed', refusal.text().trim())
    try {
      await withinLimits(opened, {signal, setupTimeoutMs}, connection.close)
    } catch (refused) {
      if (!(refused instanceof StreamError) || refused.kind !== 'refused') throw refused
      // CRI-O may reset the data before it has taken them, and say why on the other stream.
      if (refusal.text() === '')
        await Promise.race([error.ended, sleep(failurePatienceMs, undefined, {ref: false})])
      throw refusal.text() === '' ? refused : failed()
    }

    await error.end()
    // A server may say that the pod's side has finished, and go on listening to ours.
    void data.ended.then(async (end) => {
      if (end !== 'finished') return
      await Promise.race([error.ended, sleep(failurePatienceMs, undefined, {ref: false})])
      if (refusal.text() === '') local.end()
    })
    const ended = Promise.all([data.ended, error.ended])
    const silent = (): Promise<unknown> => Promise.race([quiet.lasted(), data.ended])
    if ((await relay(local, data, {silent, ended}, signal)) === 'local') return
    if (refusal.text() !== '') throw failed()
    if ((await data.ended) !== 'finished') throw connection.failure()
  } finally {
    connection.close()
  }
}

/** Moves bytes until one side is gone, and says which. */
async function relay(
  local: Duplex,
  data: SpdyStream,
  remote: {silent: () => Promise<unknown>; ended: Promise<unknown>},
  signal: AbortSignal | undefined,
): Promise<'local' | 'remote'> {
  let stop = (): void => {}
  try {
    return await new Promise((resolve, reject) => {
      const aborted = (): void => reject(signal?.reason)
      const gone = (): void => resolve('local')
      // After its own end there may still be something of it on the way.
      const closed = (): void => {
        if (!local.readableEnded) gone()
      }
      const end = async (): Promise<void> => {
        if (!local.destroyed) await remote.silent()
        await data.end()
        if (local.destroyed) gone()
        else local.once('close', gone)
      }
      const stopPump = pump(local, {write: data.write, end}, gone)
      stop = () => {
        stopPump()
        local.off('close', closed).off('close', gone)
        signal?.removeEventListener('abort', aborted)
      }
      if (signal?.aborted) return aborted()
      signal?.addEventListener('abort', aborted)
      if (local.destroyed) return closed()
      local.on('close', closed)
      remote.ended.then(() => resolve('remote'), reject)
    })
  } finally {
    stop()
  }
}

/** Writes to `local`, and tells when nothing has come, nor waited to be written, for `quietMs` or `local` is gone. */
function watchQuiet(local: Duplex, quietMs: number): {consume: Consume; lasted: () => Promise<void>} {
  const write = writeTo(local)
  let busyAt = 0
  return {
    consume(chunk) {
      busyAt = performance.now()
      return write(chunk)
    },
    async lasted() {
      // The answer to the last bytes is still to come.
      busyAt = performance.now()
      while (!local.destroyed) {
        if (local.writableLength > 0) busyAt = performance.now()
        const leftMs = busyAt + quietMs - performance.now()
        if (leftMs <= 0) return
        await sleep(Math.min(leftMs, 100), undefined, {ref: false})
      }
    },
  }
}

/**
 * Ends `local` and reads on until its client has closed too, for 5 s at most: closing a socket while there are unread
 * bytes resets it, and the client would lose what it has not read yet.
 */
function lingeringClose(local: Duplex, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const closed = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    const aborted = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    if (local.destroyed) return closed()
    signal?.addEventListener('abort', aborted)
    local.once('close', closed)
    local.end(() => {
      if (!local.destroyed) timer = setTimeout(closed, lingerMs)
    })
    local.resume()
  })
}
