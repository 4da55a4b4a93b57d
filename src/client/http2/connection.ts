import type {Socket} from 'node:net'
import {
  contentOf,
  errorCode,
  type Frame,
  FrameReader,
  flag,
  frameLimitBytes,
  frameType,
  words,
  writeFrame,
} from './frames.js'
import {type Header, HeaderReader, writeHeaders} from './hpack.js'

/** How a stream ends without its own last frame. */
export type Ending =
  | {kind: 'reset'; code: number}
  /** With its connection, or the other end has not looked at it. */
  | {kind: 'dropped'}
  /** With its connection, since the other end does not keep to HTTP/2. */
  | {kind: 'broken'; reason: string}

/** Told what comes back. Each of them may cancel the stream; then it is told no more. */
export interface StreamListener {
  onHeaders(headers: readonly Header[], isLast: boolean): void
  /**
   * The other end may send as much again once the stream is told that they were `taken`. Whoever keeps them copies them:
   * their memory is used again.
   */
  onData(bytes: Buffer, isLast: boolean): void
  onEnd(ending: Ending): void
}

export interface Stream {
  taken(bytes: number): void
  /** The other end is told; nothing more comes. */
  cancel(): void
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const setting = {enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5} as const
const defaultWindowBytes = 65_535
const largestWindowBytes = 2 ** 31 - 1
/** What one stream's reader may leave lying. Of all streams together it needs no bound. */
const windowBytes = 1024 * 1024
/** Of headers, before they are read. */
const mostBlockBytes = 64 * 1024
/** Of answers to pings and settings, to one who does not read them. */
const mostUnreadBytes = 1024 * 1024
/** What the last words may take to be sent to one who does not read. */
const lastWordsMs = 500

interface OpenStream {
  /** undefined until it is its turn. */
  id: number | undefined
  headers: readonly Header[]
  /** What is not sent yet. */
  body: Buffer
  /** What it may send. */
  sendBytes: number
  /** What the other end may send, and what it has not been told yet. */
  receiveBytes: number
  takenBytes: number
  listener: StreamListener
}

/**
 * The client's end of HTTP/2 over a socket, as much of it as gRPC needs. It keeps the process alive while a stream is
 * open. Who opens it closes it.
 */
export class Connection {
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #headerReader = new HeaderReader()
  readonly #streams = new Map<number, OpenStream>()
  #waiting: OpenStream[] = []
  #nextId = 1
  #sendBytes = defaultWindowBytes
  #receivedBytes = 0
  #unreadBytes = 0
  #initialSendBytes = defaultWindowBytes
  #frameBytes = frameLimitBytes
  #mostStreams = Number.POSITIVE_INFINITY
  #block: {streamId: number; flags: number; parts: Buffer[]; bytes: number} | undefined
  #state: 'opening' | 'open' | 'leaving' | 'closed' = 'opening'
  #error: Error | undefined
  readonly #takers: Readonly<Record<number, (frame: Frame) => void>> = {
    [frameType.data]: (frame) => this.#takeData(frame),
    [frameType.headers]: (frame) => this.#takeBlock(frame, contentOf(frame)),
    [frameType.continuation]: (frame) => this.#takeBlock(frame, frame.payload),
    [frameType.reset]: (frame) => this.#takeReset(frame),
    [frameType.settings]: (frame) => this.#takeSettings(frame),
    [frameType.ping]: (frame) => this.#takePing(frame),
    [frameType.goAway]: (frame) => this.#takeGoAway(frame),
    [frameType.windowUpdate]: (frame) => this.#takeWindowUpdate(frame),
    [frameType.pushPromise]: () => {
      throw new Error('a push that nobody wants')
    },
  }
  #onReady: () => void = () => undefined
  #onFailure: (error: Error) => void = () => undefined
  /** Resolves once the other end has spoken HTTP/2; rejects where it does not. */
  readonly ready = new Promise<void>((resolve, reject) => {
    this.#onReady = resolve
    this.#onFailure = reject
  })

  /** Takes the socket, which may still be connecting. */
  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('close', () => this.#end({kind: 'dropped'}))
    socket.write(
      Buffer.concat([
        Buffer.from(preface),
        writeFrame({
          type: frameType.settings,
          flags: 0,
          streamId: 0,
          payload: settings([setting.enablePush, 0], [setting.initialWindowSize, windowBytes]),
        }),
        windowUpdate(0, largestWindowBytes - defaultWindowBytes),
      ]),
    )
  }

  /** Whether it takes another stream. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  open(headers: readonly Header[], body: Buffer, listener: StreamListener): Stream {
    const stream: OpenStream = {
      id: undefined,
      headers,
      body,
      sendBytes: 0,
      receiveBytes: windowBytes,
      takenBytes: 0,
      listener,
    }
    this.#socket.ref()
    this.#waiting.push(stream)
    this.#startWaiting()
    return {taken: (bytes) => this.#taken(stream, bytes), cancel: () => this.#cancel(stream)}
  }

  /** What was written still arrives, where it is read; streams that are open do not end any more. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#socket.unref()
    this.#socket.destroySoon()
    // A write that does not end keeps the process alive, whatever is unref'd.
    if (this.#socket.writableLength > 0) setTimeout(() => this.#socket.destroy(), lastWordsMs).unref()
  }

  #startWaiting(): void {
    while (this.#waiting.length > 0 && this.#streams.size < this.#mostStreams) {
      const stream = this.#waiting.shift() as OpenStream
      stream.id = this.#nextId
      stream.sendBytes = this.#initialSendBytes
      this.#nextId += 2
      this.#streams.set(stream.id, stream)
      const payload = writeHeaders(stream.headers)
      const frame = {type: frameType.headers, flags: flag.endHeaders, streamId: stream.id, payload}
      this.#socket.write(Buffer.concat([writeFrame(frame), ...this.#bodyFrames(stream)]))
    }
  }

  /** As much of the stream's body as the other end allows. */
  #bodyFrames(stream: OpenStream): Buffer[] {
    const frames: Buffer[] = []
    while (stream.id !== undefined && stream.body.length > 0) {
      const bytes = Math.min(stream.body.length, stream.sendBytes, this.#sendBytes, this.#frameBytes)
      if (bytes <= 0) break
      const payload = stream.body.subarray(0, bytes)
      stream.body = stream.body.subarray(bytes)
      stream.sendBytes -= bytes
      this.#sendBytes -= bytes
      const flags = stream.body.length === 0 ? flag.endStream : 0
      frames.push(writeFrame({type: frameType.data, flags, streamId: stream.id, payload}))
    }
    return frames
  }

  #sendBodies(): void {
    const frames = [...this.#streams.values()].flatMap((stream) => this.#bodyFrames(stream))
    if (frames.length > 0) this.#socket.write(Buffer.concat(frames))
  }

  #taken(stream: OpenStream, bytes: number): void {
    stream.takenBytes += bytes
    if (stream.takenBytes < windowBytes / 2 || !this.#isKnown(stream)) return
    stream.receiveBytes += stream.takenBytes
    this.#socket.write(windowUpdate(stream.id as number, stream.takenBytes))
    stream.takenBytes = 0
  }

  #cancel(stream: OpenStream): void {
    if (this.#isKnown(stream)) this.#reset(stream.id as number, errorCode.cancel)
    this.#remove(stream)
  }

  #reset(streamId: number, code: number): void {
    const payload = words(code)
    this.#socket.write(writeFrame({type: frameType.reset, flags: 0, streamId, payload}))
  }

  #isKnown(stream: OpenStream): boolean {
    return this.#state !== 'closed' && stream.id !== undefined && this.#streams.get(stream.id) === stream
  }

  #remove(stream: OpenStream): void {
    this.#waiting = this.#waiting.filter((other) => other !== stream)
    if (stream.id !== undefined) this.#streams.delete(stream.id)
    if (this.#state === 'closed') return
    this.#startWaiting()
    if (this.#streams.size + this.#waiting.length > 0) return
    if (this.#state === 'leaving') this.close()
    else this.#socket.unref()
  }

  /** What the socket has read; the memory is the caller's again afterwards. */
  receive(chunk: Buffer): void {
    if (this.#state === 'closed') return
    try {
      this.#frames.read(chunk, (frame) => this.#take(frame))
    } catch (error) {
      this.#break(error as Error)
    }
  }

  #take(frame: Frame): void {
    if (this.#state === 'closed') return
    if (this.#state === 'opening' && (frame.type !== frameType.settings || frame.flags & flag.ack))
      throw new Error('its first frame is no SETTINGS')
    if (this.#block && (frame.type !== frameType.continuation || frame.streamId !== this.#block.streamId))
      throw new Error('headers that do not end')
    // What is not there is of a newer HTTP/2, or a priority, which nobody heeds.
    this.#takers[frame.type]?.(frame)
  }

  #takeData(frame: Frame): void {
    const {flags, streamId, payload} = frame
    this.#receivedBytes += payload.length
    if (this.#receivedBytes >= largestWindowBytes / 2) {
      this.#socket.write(windowUpdate(0, this.#receivedBytes))
      this.#receivedBytes = 0
    }
    const stream = this.#streams.get(streamId)
    // What we have cancelled still arrives.
    if (!stream) return
    stream.receiveBytes -= payload.length
    if (stream.receiveBytes < 0) throw new Error('more data than it may send')
    const content = contentOf(frame)
    if (content.length < payload.length) this.#taken(stream, payload.length - content.length)
    const isLast = (flags & flag.endStream) !== 0
    if (isLast) this.#endByPeer(stream)
    stream.listener.onData(content, isLast)
  }

  #takeBlock(frame: Frame, part: Buffer): void {
    this.#block ??=
      frame.type === frameType.headers
        ? {streamId: frame.streamId, flags: frame.flags, parts: [], bytes: 0}
        : undefined
    const block = this.#block
    if (!block) throw new Error('headers without a beginning')
    block.parts.push(Buffer.from(part))
    // An empty part takes memory too.
    block.bytes += part.length + 32
    if (block.bytes > mostBlockBytes) throw new Error(`more than ${mostBlockBytes} bytes of headers`)
    if (!(frame.flags & flag.endHeaders)) return
    this.#block = undefined
    const headers = this.#headerReader.read(Buffer.concat(block.parts))
    const stream = this.#streams.get(block.streamId)
    if (!stream) return
    const isLast = (block.flags & flag.endStream) !== 0
    if (isLast) this.#endByPeer(stream)
    stream.listener.onHeaders(headers, isLast)
  }

  /** Its last frame has come: there is nothing more to send either. */
  #endByPeer(stream: OpenStream): void {
    if (stream.body.length > 0) this.#reset(stream.id as number, errorCode.cancel)
    this.#remove(stream)
  }

  #takeReset({streamId, payload}: Frame): void {
    const stream = this.#streams.get(streamId)
    const code = wordAt(payload, 0)
    if (!stream) return
    this.#remove(stream)
    stream.listener.onEnd({kind: 'reset', code})
  }

  #takeSettings({flags, payload}: Frame): void {
    if (flags & flag.ack) return
    for (let at = 0; at + 6 <= payload.length; at += 6)
      this.#set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
    this.#answer({type: frameType.settings, flags: flag.ack, streamId: 0, payload: Buffer.alloc(0)})
    if (this.#state === 'opening') {
      this.#state = 'open'
      this.#socket.unref()
      this.#onReady()
    }
    this.#startWaiting()
    this.#sendBodies()
  }

  #takePing(frame: Frame): void {
    if (!(frame.flags & flag.ack)) this.#answer({...frame, flags: flag.ack})
  }

  #answer(frame: Frame): void {
    if (this.#socket.writableLength === 0) this.#unreadBytes = 0
    const bytes = writeFrame(frame)
    this.#unreadBytes += bytes.length
    if (this.#unreadBytes > mostUnreadBytes) throw new Error('it asks and does not read the answers')
    this.#socket.write(bytes)
  }

  #set(name: number, value: number): void {
    if (name === setting.maxConcurrentStreams) this.#mostStreams = value
    else if (name === setting.maxFrameSize) this.#frameBytes = Math.max(value, frameLimitBytes)
    else if (name === setting.initialWindowSize) {
      if (value > largestWindowBytes) throw new Error('a window that is too large')
      for (const stream of this.#streams.values()) stream.sendBytes += value - this.#initialSendBytes
      this.#initialSendBytes = value
    }
  }

  #takeGoAway({payload}: Frame): void {
    const lastId = wordAt(payload, 0) & 0x7fff_ffff
    this.#state = 'leaving'
    const unheard = [
      ...this.#waiting,
      ...[...this.#streams].flatMap(([id, stream]) => (id > lastId ? [stream] : [])),
    ]
    this.#waiting = []
    for (const stream of unheard) {
      this.#remove(stream)
      stream.listener.onEnd({kind: 'dropped'})
    }
    if (this.#streams.size === 0) this.close()
  }

  #takeWindowUpdate({streamId, payload}: Frame): void {
    const bytes = wordAt(payload, 0) & 0x7fff_ffff
    const stream = this.#streams.get(streamId)
    if (streamId === 0) this.#sendBytes += bytes
    else if (stream) stream.sendBytes += bytes
    if (Math.max(this.#sendBytes, stream?.sendBytes ?? 0) > largestWindowBytes)
      throw new Error('a window that is too large')
    this.#sendBodies()
  }

  #break(error: Error): void {
    const lastFrame = {type: frameType.goAway, flags: 0, streamId: 0, payload: words(0, errorCode.protocol)}
    this.#error ??= error
    this.#socket.write(writeFrame(lastFrame))
    this.#socket.destroy()
    this.#end({kind: 'broken', reason: error.message})
  }

  #end(ending: Ending): void {
    this.#state = 'closed'
    this.#onFailure(this.#error ?? new Error('it hung up'))
    const streams = [...this.#streams.values(), ...this.#waiting]
    this.#streams.clear()
    this.#waiting = []
    for (const {listener} of streams) listener.onEnd(ending)
  }
}

function settings(...pairs: [name: number, value: number][]): Buffer {
  return Buffer.concat(pairs.map(([name, value]) => Buffer.concat([Buffer.of(0, name), words(value)])))
}

function windowUpdate(streamId: number, bytes: number): Buffer {
  return writeFrame({type: frameType.windowUpdate, flags: 0, streamId, payload: words(bytes)})
}

function wordAt(payload: Buffer, at: number): number {
  if (payload.length < at + 4) throw new Error('a frame that is too short')
  return payload.readUInt32BE(at)
}
