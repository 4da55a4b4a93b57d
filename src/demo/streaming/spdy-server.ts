import {setMaxListeners} from 'node:events'
import type {Socket} from 'node:net'
import {type Readable, Writable} from 'node:stream'
import {
  createFrameParser,
  encodeDataHeader,
  encodeGoAway,
  encodePing,
  encodeRstStream,
  encodeSynReply,
  rstStatus,
  type SpdyFrame,
  SpdyProtocolError,
} from '../../streaming/spdy-frames.js'
import {createHeaderDecoder, createHeaderEncoder, type SpdyHeaders} from '../../streaming/spdy-headers.js'
import {createHeldInputs, type HeldInput} from './held-inputs.js'
import {closeLingering} from './lingering-close.js'
import {createRoomQueue} from './room-queue.js'

/** A stream that the client opened. */
export interface ServedStream {
  readonly headers: SpdyHeaders
  /** Ends at the client's half-close, at its reset, and with the connection. */
  readonly input: Readable
  /** Destroyed by the client's reset, and with the connection. */
  readonly output: Writable
  /** Ends what of both directions has not ended. */
  reset(): void
}

export interface SpdyServing {
  /** The connection has ended, and not by `close`. */
  readonly gone: AbortSignal
  /** Says goodbye after what was written, and ends the connection. */
  close(): void
}

export interface SpdyServeOptions {
  /** Takes a stream by its headers; undefined refuses it. */
  route: (headers: SpdyHeaders) => ((stream: ServedStream) => void) | undefined
  /** Streams whose output ends by a reset alone, as if their writer never ended it. */
  holdsEnd?: ((headers: SpdyHeaders) => boolean) | undefined
  /** The client sent what no client sends; the connection is closed. */
  onGarbage: (reason: string) => void
}

interface StreamState {
  input: HeldInput
  output: Writable
}

const frameLimitBytes = 64 * 1024
const streamLimit = 1000
const unreadReplyLimitBytes = 1024 * 1024
const lingerMs = 30_000
const watchIntervalMs = 5000
const serverPingId = 2

/** The server's side of SPDY/3.1 as the runtimes speak it: no flow control, no streams of our own. */
export function serveSpdy(socket: Socket, {route, holdsEnd, onGarbage}: SpdyServeOptions): SpdyServing {
  const streams = new Map<number, StreamState>()
  const inputs = createHeldInputs(socket)
  const room = createRoomQueue(socket)
  const gone = new AbortController()
  setMaxListeners(0, gone.signal)
  const decodeHeaders = createHeaderDecoder()
  const encodeHeaders = createHeaderEncoder()
  let newestStreamId = 0
  let refusals = 0

  const reply = (frame: Buffer): void => {
    if (socket.writable) socket.write(frame)
    if (socket.writableLength > unreadReplyLimitBytes) {
      throw new SpdyProtocolError('requests without reading the replies')
    }
  }
  const sendData = (id: number, chunk: Buffer, done: (error?: Error) => void): void => {
    room.enter((open) => {
      if (!open || chunk.length === 0) return done(open ? undefined : new Error('the client is gone'))
      const part = chunk.subarray(0, frameLimitBytes)
      socket.cork()
      socket.write(encodeDataHeader(id, part.length))
      socket.write(part)
      socket.uncork()
      if (part.length === chunk.length) done()
      else sendData(id, chunk.subarray(part.length), done)
    })
  }
  const sendEnd = (id: number, done: () => void): void => {
    room.enter((open) => {
      if (open) socket.write(encodeDataHeader(id, 0, true))
      done()
    })
  }

  const openStream = (id: number, headers: SpdyHeaders): ServedStream => {
    const endHeld = holdsEnd?.(headers) ?? false
    const forgetEnded = (): void => {
      if (!endHeld && output.writableFinished && input.ended) streams.delete(id)
    }
    const input = inputs.create(forgetEnded)
    const output = new Writable({
      highWaterMark: frameLimitBytes,
      write: (chunk, _encoding, done) => sendData(id, chunk, done),
      final: (done) => (endHeld ? done() : sendEnd(id, done)),
    })
    output.on('error', () => {}).on('finish', forgetEnded)
    streams.set(id, {input, output})
    return {
      headers,
      input: input.readable,
      output,
      reset() {
        if (!streams.has(id)) return
        if (socket.writable) socket.write(encodeRstStream(id, rstStatus.cancel))
        drop(id)
      },
    }
  }
  const drop = (id: number): void => {
    const stream = streams.get(id)
    streams.delete(id)
    stream?.output.destroy()
    stream?.input.end()
  }

  const takeSynStream = ({streamId, headerBlock, fin}: SpdyFrame & {type: 'synStream'}): void => {
    if (streamId % 2 === 0 || streamId <= newestStreamId) {
      throw new SpdyProtocolError(`a new stream with the number ${streamId}`)
    }
    newestStreamId = streamId
    if (streams.size + refusals >= streamLimit) throw new SpdyProtocolError(`${streamLimit} streams and more`)
    const headers = decodeHeaders(headerBlock)
    const taker = route(headers)
    if (!taker) {
      refusals++
      reply(encodeRstStream(streamId, rstStatus.refusedStream))
      return
    }
    reply(encodeSynReply(streamId, encodeHeaders({})))
    taker(openStream(streamId, headers))
    if (fin) streams.get(streamId)?.input.end()
  }
  const takeFrame = (frame: SpdyFrame): void => {
    switch (frame.type) {
      case 'synStream':
        takeSynStream(frame)
        return
      case 'data': {
        if (frame.streamId > newestStreamId) {
          throw new SpdyProtocolError(`data of stream ${frame.streamId}, which it did not open`)
        }
        const input = streams.get(frame.streamId)?.input
        if (frame.chunk.length > 0) input?.push(frame.chunk)
        if (frame.fin) input?.end()
        return
      }
      case 'rstStream':
        drop(frame.streamId)
        return
      case 'ping':
        if (frame.id % 2 === 1) reply(encodePing(frame.id))
        return
      case 'synReply':
      case 'goAway':
        return
    }
  }

  const takeBytes = createFrameParser(takeFrame)
  const onData = (bytes: Buffer): void => {
    try {
      takeBytes(bytes)
    } catch (error) {
      if (!(error instanceof SpdyProtocolError)) throw error
      onGarbage(error.message)
      lose()
    }
  }
  // A connection that is not being read does not show that its client has gone; writing to it does.
  const watching = setInterval(() => {
    if (inputs.holding && socket.writableLength === 0) socket.write(encodePing(serverPingId))
  }, watchIntervalMs)
  const release = (): void => {
    clearInterval(watching)
    socket.off('data', onData).off('end', lose).off('close', lose)
    for (const id of streams.keys()) drop(id)
  }
  const lose = (): void => {
    gone.abort()
    release()
    socket.destroy()
  }

  socket.on('data', onData).on('end', lose).on('close', lose)

  return {
    gone: gone.signal,
    close() {
      if (gone.signal.aborted) return
      release()
      socket.write(encodeGoAway(newestStreamId))
      closeLingering(socket, lingerMs)
    },
  }
}
