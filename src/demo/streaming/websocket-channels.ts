import {setMaxListeners} from 'node:events'
import {type Readable, Writable} from 'node:stream'
import type {WebSocket} from 'ws'
import {createHeldInputs, type HeldInput} from './held-inputs.js'

/** The numbered channels of one WebSocket. */
export interface WebSocketChannels {
  /** What the client sends on a channel. What comes on channels that nobody asked for is thrown away. */
  input(channel: number): Readable
  /** Ending it is not signalled: the protocols have no way to. */
  output(channel: number): Writable
  send(channel: number, bytes: Buffer): Promise<void>
  /** The connection has ended, and not by `close`. */
  readonly gone: AbortSignal
  close(): void
}

const halfCloseChannel = 255
const messageLimitBytes = 64 * 1024
const unreadReplyLimitBytes = 1024 * 1024
const watchIntervalMs = 5000
const normalClosure = 1000

export function serveChannels(
  socket: WebSocket,
  protocol: string,
  onGarbage: (reason: string) => void,
): WebSocketChannels {
  const {encode, decode} = protocol.includes('base64') ? base64Messages : binaryMessages
  const halfCloses = protocol.startsWith('v5.')
  const inputs = createHeldInputs(socket)
  const inputOf = new Map<number, HeldInput>()
  const outputs: Writable[] = []
  const gone = new AbortController()
  setMaxListeners(0, gone.signal)

  const send = (channel: number, bytes: Buffer): Promise<void> =>
    new Promise((resolve) => {
      const message = encode(channel, bytes)
      // A failed send ends the socket, which tells everyone.
      socket.send(message, {binary: typeof message !== 'string'}, () => resolve())
    })
  const takeMessage = (bytes: Buffer): void => {
    // An empty message keeps a server's idle timer away, and means nothing else.
    if (bytes.length === 0) return
    const {channel, data} = decode(bytes)
    if (halfCloses && channel === halfCloseChannel) inputOf.get(data[0] ?? halfCloseChannel)?.end()
    else if (data.length > 0) inputOf.get(channel)?.push(data)
  }
  const refuse = (reason: string): void => {
    socket.off('message', takeMessage).off('ping', takePing)
    onGarbage(reason)
    socket.terminate()
  }
  const takePing = (bytes: Buffer): void => {
    if (socket.readyState === socket.OPEN) socket.pong(bytes)
    if (socket.bufferedAmount > unreadReplyLimitBytes) refuse('requests without reading the replies')
  }
  // A connection that is not being read does not show that its client has gone; writing to it does.
  const watching = setInterval(() => {
    if (inputs.holding && socket.bufferedAmount === 0 && socket.readyState === socket.OPEN) socket.ping()
  }, watchIntervalMs)
  const release = (): void => {
    clearInterval(watching)
    socket.off('close', lose)
    for (const output of outputs) output.destroy()
    for (const input of inputOf.values()) input.end()
  }
  const lose = (): void => {
    gone.abort()
    release()
  }

  socket.on('message', takeMessage).on('ping', takePing).on('close', lose)
  socket.on('error', (error) => {
    const isGarbage = 'code' in error && String(error.code).startsWith('WS_ERR')
    if (isGarbage) onGarbage(`no WebSocket frame: ${error.message}`)
  })

  return {
    input(channel) {
      const input = inputs.create()
      inputOf.set(channel, input)
      return input.readable
    },
    output(channel) {
      const output = new Writable({
        highWaterMark: messageLimitBytes,
        write(chunk: Buffer, _encoding, done) {
          void sendParts(chunk).then(() => done())
        },
      })
      const sendParts = async (chunk: Buffer): Promise<void> => {
        for (let offset = 0; offset < chunk.length; offset += messageLimitBytes) {
          await send(channel, chunk.subarray(offset, offset + messageLimitBytes))
        }
      }
      output.on('error', () => {})
      outputs.push(output)
      return output
    },
    send,
    gone: gone.signal,
    close() {
      if (gone.signal.aborted) return
      release()
      socket.close(normalClosure)
    },
  }
}

interface Messages {
  encode(channel: number, bytes: Buffer): Buffer | string
  /** Of a message that is not empty. */
  decode(message: Buffer): {channel: number; data: Buffer}
}

const binaryMessages: Messages = {
  encode: (channel, bytes) => Buffer.concat([Uint8Array.of(channel), bytes]),
  decode: (message) => ({channel: message.readUInt8(0), data: message.subarray(1)}),
}

const asciiZero = 0x30

const base64Messages: Messages = {
  encode: (channel, bytes) => `${channel}${bytes.toString('base64')}`,
  decode: (message) => ({
    channel: message.readUInt8(0) - asciiZero,
    data: Buffer.from(message.toString('latin1', 1), 'base64'),
  }),
}
