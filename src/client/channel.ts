import {connect} from 'node:net'
import {defaultConnectTimeoutMs} from './deadlines.js'
import {Connection} from './http2/connection.js'

export type ConnectionState =
  /** The server has spoken HTTP/2. */
  | 'ready'
  /** It refused, hung up, or spoke something else. */
  | 'failed'
  /** It accepted and said nothing for `timeoutMs`. */
  | 'silent'

const readBytes = 65_536

const silence = new Error('no answer')

/**
 * The way to a unix socket: one connection for all calls. The first one is attempted; when it is lost the next call
 * makes another. Whoever opens the channel closes it.
 */
export class Channel {
  readonly #path: string
  #connection: Connection | undefined
  #opening: Promise<Connection> | undefined
  #isClosed = false

  constructor(path: string) {
    this.#path = path
  }

  /** One attempt to bring the channel up. Rejects with the signal's reason. */
  async attempt(timeoutMs: number, signal?: AbortSignal): Promise<ConnectionState> {
    try {
      await this.#connect(timeoutMs, signal)
      return 'ready'
    } catch (error) {
      signal?.throwIfAborted()
      return error === silence ? 'silent' : 'failed'
    }
  }

  /** The connection, where it is up. */
  current(): Connection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined
  }

  /** Rejects with what is in the way. */
  reconnect(): Promise<Connection> {
    this.#opening ??= this.#connect(defaultConnectTimeoutMs).finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.close()
  }

  async #connect(timeoutMs: number, signal?: AbortSignal): Promise<Connection> {
    signal?.throwIfAborted()
    if (this.#isClosed) throw new Error('the channel is closed')
    // Always into the same memory: an answer of many megabytes would leave behind as many again.
    const callback = (bytes: number, buffer: Uint8Array) => {
      connection.receive((buffer as Buffer).subarray(0, bytes))
      return true
    }
    const socket = connect({path: this.#path, onread: {buffer: Buffer.allocUnsafeSlow(readBytes), callback}})
    const connection = new Connection(socket)
    const giveUp = () => socket.destroy(signal?.aborted ? signal.reason : silence)
    const timer = setTimeout(giveUp, timeoutMs)
    signal?.addEventListener('abort', giveUp, {once: true})
    try {
      await connection.ready
      if (this.#isClosed) connection.close()
      this.#connection = connection
      return connection
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
    }
  }
}
