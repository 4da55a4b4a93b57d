import type {Socket} from 'node:net'
import type {Consume} from './consume.js'
import {readOnWhenWritesFail} from './reading-on.js'
import {
  createFrameParser,
  encodeDataHeader,
  encodeGoAway,
  encodePing,
  encodeRstStream,
  encodeSynStream,
  rstStatus,
  type SpdyFrame,
  SpdyProtocolError,
} from './spdy-frames.js'
import {createHeaderEncoder, type SpdyHeaders} from './spdy-headers.js'
import {lostConnection, StreamError} from './stream-error.js'
import {createWriteGate} from './write-gate.js'

/** How the server's side of a stream ended: in order, by a reset, or with the connection. */
export type StreamEnd = 'finished' | 'reset' | 'lost'

export interface SpdyStream {
  /** Resolves when the server has taken the stream; rejects with StreamError when it never will. */
  readonly accepted: Promise<void>
  /** Resolves when no more bytes will come. */
  readonly ended: Promise<StreamEnd>
  /**
   * Resolves when the kernel has the bytes, so that their buffer is free. Bytes for an ended connection are dropped. `patienceMs` (default: no
   * limit) is how long they are held back at most, where writes are held.
   */
  write(chunk: Uint8Array, patienceMs?: number): Promise<void>
  /** Half-closes: the server reads end-of-file, what it sends still arrives. */
  end(): Promise<void>
}

export interface SpdyConnection {
  /**
   * Opens a stream; its bytes go to `consume`. Write to it after `accepted`: servers drop silently what arrives
   * earlier (spdystream, every version).
   */
  openStream(headers: SpdyHeaders, consume: Consume): SpdyStream
  /** Why the connection was lost, if it was. */
  failure(): StreamError
  /** Says goodbye and leaves: nothing more is consumed, streams that are still open end as `lost`. */
  close(): void
}

export interface SpdyOptions {
  /** A ping resets the server's idle timer, which is 4 hours in containerd and CRI-O. */
  pingIntervalMs: number
  /** Send nothing while reading is paused: for servers that close the connection after the last output. */
  holdWrites: boolean
}

interface OpenStream {
  consume: Consume
  accept: () => void
  refuse: (error: StreamError) => void
  finish: (end: StreamEnd) => void
}

const frameLimitBytes = 128 * 1024
/** What is given to the kernel in one go. */
const batchLimitBytes = 512 * 1024
/** A peer that asks and asks, and reads no answer, must not fill our memory. */
const mostUnreadReplies = 10_000
const goodbyePatienceMs = 500

/**
 * The client's side of SPDY/3.1 as the runtimes speak it: no flow control, no compression, no server push. Owns the
 * socket, which `close` ends; until then it ends by the peer alone.
 */
export function connectSpdy(socket: Socket, options: SpdyOptions): SpdyConnection {
  const streams = new Map<number, OpenStream>()
  const encodeHeaders = createHeaderEncoder()
  const gate = createWriteGate(socket)
  let nextStreamId = 1
  let nextPingId = 1
  let cause: StreamError | undefined
  let closed = false

  const allowed = async (patienceMs?: number): Promise<void> => {
    if (options.holdWrites) await gate.waitUntilOpen(patienceMs)
  }
  const streamOf = (frame: SpdyFrame & {streamId: number}): OpenStream => {
    const stream = streams.get(frame.streamId)
    if (!stream) throw new SpdyProtocolError(`a frame of stream ${frame.streamId}, which nobody opened`)
    return stream
  }

  const takeFrame = (frame: SpdyFrame): void => {
    if (closed) return
    switch (frame.type) {
      case 'data': {
        const stream = streamOf(frame)
        const busy = frame.chunk.length > 0 ? stream.consume(frame.chunk) : undefined
        if (busy) gate.pauseUntil(busy)
        if (frame.fin) stream.finish('finished')
        return
      }
      case 'synReply': {
        const stream = streamOf(frame)
        stream.accept()
        if (frame.fin) stream.finish('finished')
        return
      }
      case 'rstStream': {
        const stream = streamOf(frame)
        stream.refuse(
          new StreamError(
            'refused',
            `the runtime's streaming server refused a stream: SPDY status ${frame.status}`,
          ),
        )
        stream.finish('reset')
        return
      }
      case 'ping':
        if (frame.id % 2 === 0) reply(encodePing(frame.id))
        return
      case 'synStream':
        reply(encodeRstStream(frame.streamId, rstStatus.refusedStream))
        return
      case 'goAway':
        return
    }
  }

  const takeBytes = createFrameParser(takeFrame)
  socket.on('data', (bytes: Buffer) => {
    gate.noteReceived()
    try {
      takeBytes(bytes)
    } catch (error) {
      if (!(error instanceof SpdyProtocolError)) throw error
      cause = new StreamError('protocol', `the runtime's streaming server sent ${error.message}`, {
        cause: error,
      })
      socket.destroy()
    }
  })
  const noteFailure = (error: Error): void => {
    cause ??= lostConnection(error)
  }
  socket.on('error', noteFailure)
  readOnWhenWritesFail(socket, noteFailure)
  const loseStreams = (): void => {
    clearInterval(pinging)
    for (const stream of streams.values()) {
      stream.refuse(cause ?? lostConnection())
      stream.finish('lost')
    }
  }
  socket.on('end', loseStreams)
  socket.on('close', loseStreams)

  let unreadReplies = 0
  const reply = (frame: Buffer): void => {
    if (++unreadReplies > mostUnreadReplies)
      throw new SpdyProtocolError('requests without reading the replies')
    void send(frame, () => unreadReplies--)
  }

  let pingDue = false
  const pinging = setInterval(async () => {
    if (pingDue) return
    pingDue = true
    await send(encodePing(nextPingId))
    nextPingId += 2
    pingDue = false
  }, options.pingIntervalMs)

  const send = async (frame: Buffer, written?: () => void): Promise<void> => {
    await allowed()
    if (socket.writable) socket.write(frame, written)
  }
  const sendData = async (
    streamId: number,
    chunk: Uint8Array,
    patienceMs: number | undefined,
  ): Promise<void> => {
    await allowed(patienceMs)
    if (!socket.writable) return
    await new Promise<void>((resolve) => {
      const written = () => resolve()
      socket.cork()
      for (let offset = 0; offset < chunk.length; offset += frameLimitBytes) {
        const payload = chunk.subarray(offset, offset + frameLimitBytes)
        socket.write(encodeDataHeader(streamId, payload.length))
        const isLast = offset + frameLimitBytes >= chunk.length
        if (isLast) socket.write(payload, written)
        else socket.write(payload)
      }
      socket.uncork()
    })
  }

  return {
    openStream(headers, consume) {
      const id = nextStreamId
      nextStreamId += 2
      const {stream, accepted, ended} = trackStream(consume)
      streams.set(id, stream)
      socket.write(encodeSynStream(id, encodeHeaders(headers)))
      if (socket.destroyed) loseStreams()
      return {
        accepted,
        ended,
        async write(chunk, patienceMs) {
          for (let offset = 0; offset < chunk.length; offset += batchLimitBytes)
            await sendData(id, chunk.subarray(offset, offset + batchLimitBytes), patienceMs)
        },
        end: () => send(encodeDataHeader(id, 0, true)),
      }
    },
    failure: () => cause ?? lostConnection(),
    close() {
      closed = true
      clearInterval(pinging)
      // A peer that reads nothing must not keep us.
      const patience = setTimeout(() => socket.destroy(), goodbyePatienceMs)
      socket.on('close', () => clearTimeout(patience))
      socket.end(encodeGoAway(0), () => socket.destroy())
    },
  }
}

function trackStream(consume: Consume): {
  stream: OpenStream
  accepted: Promise<void>
  ended: Promise<StreamEnd>
} {
  let accept!: () => void
  let refuse!: (error: StreamError) => void
  let finish!: (end: StreamEnd) => void
  const accepted = new Promise<void>((resolve, reject) => {
    accept = resolve
    refuse = reject
  })
  const ended = new Promise<StreamEnd>((resolve) => {
    finish = resolve
  })
  // Nobody has to wait for it: `ended` tells as well.
  accepted.catch(() => {})
  return {stream: {consume, accept, refuse, finish}, accepted, ended}
}
