import {type RpcCode, rpcCode} from '../errors/errors.js'
import {StatusError} from '../errors/status-error.js'
import {letGo} from '../text/garbage.js'
import type {Channel} from './channel.js'
import type {Connection, Ending, Stream, StreamListener} from './http2/connection.js'
import {errorCode} from './http2/frames.js'
import type {Header} from './http2/hpack.js'

// CRI-O sends up to 80 MiB (cri-o/cri-o 1.36, grpc_max_send_msg_size), containerd 16 MiB.
const maxMessageBytes = 128 * 1024 * 1024

export interface Question {
  path: string
  headers: readonly Header[]
  body: Buffer
  timeoutMs: number | undefined
}

/** One call: a request, the messages that come back, and how it ended. Whoever makes one cancels it when done. */
export class Exchange {
  readonly #messages: Buffer[] = []
  readonly #assembler = new Assembler((message) => this.#messages.push(message))
  readonly #timer: NodeJS.Timeout | undefined
  #stream: Stream | undefined
  #status: {code: RpcCode; details: string} | undefined
  #httpStatus = 200
  /** What was read and the other end not told, since messages are waiting. */
  #untoldBytes = 0
  #wake: () => void = () => undefined

  constructor(channel: Channel, question: Question) {
    const {timeoutMs} = question
    if (timeoutMs !== undefined)
      this.#timer = setTimeout(() => this.#end(rpcCode.deadlineExceeded, 'Deadline exceeded'), timeoutMs)
    const connection = channel.current()
    if (connection) this.#start(connection, question)
    else
      channel.reconnect().then(
        (opened) => this.#start(opened, question),
        (error) => this.#end(rpcCode.unavailable, `No connection established. Last error: ${error.message}`),
      )
  }

  /** The next message as it came; undefined at the end. Rejects with StatusError. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const message = this.#messages.shift()
      if (message) {
        this.#tell()
        return message
      }
      if (this.#status?.code === 0) return undefined
      if (this.#status) throw new StatusError(this.#status.code, this.#status.details)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  cancel(): void {
    this.#end(rpcCode.cancelled, 'Cancelled on client')
  }

  #start(connection: Connection, {path, headers, body, timeoutMs}: Question): void {
    if (this.#status) return
    const all: Header[] = [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'localhost'],
      ['te', 'trailers'],
      ['content-type', 'application/grpc'],
      ['user-agent', 'crisp'],
      ...(timeoutMs === undefined ? [] : [['grpc-timeout', timeoutHeader(timeoutMs)] as const]),
      ...headers,
    ]
    const listener: StreamListener = {
      onHeaders: (received, isLast) => this.#onHeaders(received, isLast),
      onData: (bytes, isLast) => this.#onData(bytes, isLast),
      onEnd: (ending) => this.#onEnd(ending),
    }
    this.#stream = connection.open(all, withHead(body), listener)
  }

  #onHeaders(headers: readonly Header[], isLast: boolean): void {
    const header = (name: string) => headers.find(([other]) => other === name)?.[1]
    const httpStatus = Number(header(':status') ?? this.#httpStatus)
    // Of several answers to one request only the last one counts.
    if (httpStatus < 200) return
    this.#httpStatus = httpStatus
    if (!isLast) return
    const status = header('grpc-status')
    if (status === undefined)
      this.#end(codeOfHttp(this.#httpStatus), `Received HTTP status code ${this.#httpStatus}`)
    else this.#end((Number(status) || 0) as RpcCode, decodePercent(header('grpc-message') ?? ''))
  }

  #onData(bytes: Buffer, isLast: boolean): void {
    this.#untoldBytes += bytes.length
    // The page of somebody who speaks no gRPC.
    if (this.#httpStatus === 200) {
      try {
        this.#assembler.add(bytes)
      } catch (error) {
        this.#end(...(error as Refusal).status)
        return
      }
    }
    if (isLast) this.#endWithoutStatus()
    else this.#tell()
    if (this.#messages.length > 0) this.#wake()
  }

  #onEnd(ending: Ending): void {
    if (ending.kind === 'dropped') this.#end(rpcCode.unavailable, 'Connection dropped')
    else if (ending.kind === 'broken') this.#end(rpcCode.internal, `HTTP/2: ${ending.reason}`)
    else if (ending.code === errorCode.none) this.#endWithoutStatus()
    else this.#end(...statusOfReset(ending.code))
  }

  #endWithoutStatus(): void {
    if (this.#httpStatus === 200)
      this.#end(rpcCode.unavailable, 'Received RST_STREAM with code 0 (Call ended without gRPC status)')
    else this.#end(codeOfHttp(this.#httpStatus), `Received HTTP status code ${this.#httpStatus}`)
  }

  /** The other end may send more. While messages are waiting it may not. */
  #tell(): void {
    if (this.#messages.length > 0) return
    this.#stream?.taken(this.#untoldBytes)
    this.#untoldBytes = 0
  }

  #end(code: RpcCode, details: string): void {
    if (!this.#status) this.#status = {code, details}
    clearTimeout(this.#timer)
    this.#stream?.cancel()
    this.#wake()
  }
}

/** A message that is not taken. */
class Refusal extends Error {
  readonly status: [RpcCode, string]

  constructor(...status: [RpcCode, string]) {
    super(status[1])
    this.status = status
  }
}

const headBytes = 5

function withHead(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(headBytes + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, headBytes)
  return framed
}

/** Puts messages together from what arrives. */
class Assembler {
  readonly #take: (message: Buffer) => void
  readonly #head = Buffer.alloc(headBytes)
  #headBytes = 0
  /** The message that has begun, and how much of it is there. */
  #message: Buffer | undefined
  #messageBytes = 0

  constructor(take: (message: Buffer) => void) {
    this.#take = take
  }

  /** Throws Refusal. */
  add(bytes: Buffer): void {
    let rest = bytes
    while (rest.length > 0) rest = this.#message ? this.#fill(this.#message, rest) : this.#begin(rest)
  }

  #begin(bytes: Buffer): Buffer {
    const copied = bytes.copy(this.#head, this.#headBytes)
    this.#headBytes += copied
    if (this.#headBytes < headBytes) return bytes.subarray(copied)
    this.#headBytes = 0
    const length = messageBytes(this.#head)
    const end = copied + length
    if (bytes.length >= end) {
      this.#take(Buffer.from(bytes.subarray(copied, end)))
      return bytes.subarray(end)
    }
    // Memory is taken as it is filled.
    this.#message = Buffer.allocUnsafeSlow(length)
    this.#messageBytes = 0
    return bytes.subarray(copied)
  }

  #fill(message: Buffer, bytes: Buffer): Buffer {
    const copied = bytes.copy(message, this.#messageBytes)
    this.#messageBytes += copied
    letGo(copied)
    if (this.#messageBytes === message.length) {
      this.#message = undefined
      this.#take(message)
    }
    return bytes.subarray(copied)
  }
}

function messageBytes(head: Buffer): number {
  if (head[0] !== 0)
    throw new Refusal(rpcCode.internal, 'Received a compressed message, which was not asked for')
  const bytes = head.readUInt32BE(1)
  if (bytes > maxMessageBytes)
    throw new Refusal(
      rpcCode.resourceExhausted,
      `Received message larger than max (${bytes} vs ${maxMessageBytes})`,
    )
  return bytes
}

/** At most eight digits and a unit. */
function timeoutHeader(timeoutMs: number): string {
  const units = [
    ['m', 1],
    ['S', 1000],
    ['M', 60_000],
    ['H', 3_600_000],
  ] as const
  const [unit, factor] = units.find(([, size]) => timeoutMs / size < 100_000_000) ?? units[3]
  return `${Math.ceil(timeoutMs / factor)}${unit}`
}

function decodePercent(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (coded) =>
    Buffer.from(coded.replaceAll('%', ''), 'hex').toString(),
  )
}

/** https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
function codeOfHttp(status: number): RpcCode {
  const codes: Readonly<Record<number, RpcCode>> = {
    400: rpcCode.internal,
    401: rpcCode.unauthenticated,
    403: rpcCode.permissionDenied,
    404: rpcCode.unimplemented,
    429: rpcCode.unavailable,
    502: rpcCode.unavailable,
    503: rpcCode.unavailable,
    504: rpcCode.unavailable,
  }
  return codes[status] ?? rpcCode.unknown
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors */
function statusOfReset(code: number): [RpcCode, string] {
  switch (code) {
    case errorCode.refusedStream:
      return [rpcCode.unavailable, 'Stream refused by server']
    case errorCode.cancel:
      return [rpcCode.cancelled, 'Call cancelled']
    case errorCode.enhanceYourCalm:
      return [rpcCode.resourceExhausted, 'Bandwidth exhausted or memory limit exceeded']
    case errorCode.inadequateSecurity:
      return [rpcCode.permissionDenied, 'Protocol not secure enough']
    case errorCode.internal:
      return [rpcCode.internal, 'Received RST_STREAM with code 2 (Internal server error)']
    default:
      return [rpcCode.internal, `Received RST_STREAM with code ${code}`]
  }
}
