export const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flag = {endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20} as const

/** The codes of RESET and GOAWAY. */
export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
} as const

export interface Frame {
  type: number
  flags: number
  streamId: number
  payload: Buffer
}

const headBytes = 9
/** HTTP/2's default, and what we allow. */
export const frameLimitBytes = 16_384

/** Cuts what arrives into frames. */
export class FrameReader {
  /** Of a frame that came in parts, what is there of it. */
  readonly #part = Buffer.allocUnsafeSlow(headBytes + frameLimitBytes)
  #partBytes = 0

  /**
   * A frame's payload is a part of the chunk, or of what is used for the next frame: whoever keeps it copies it. Throws
   * for a frame that is larger than allowed, as whatever is no HTTP/2 seems to be.
   */
  read(chunk: Buffer, take: (frame: Frame) => void): void {
    let at = 0
    while (at < chunk.length) {
      const bytes = this.#partBytes === 0 && chunk.length - at >= headBytes ? frameBytesAt(chunk, at) : 0
      if (bytes > 0 && at + bytes <= chunk.length) {
        take(frameAt(chunk, at, bytes))
        at += bytes
      } else {
        at += this.#fill(chunk, at, take)
      }
    }
  }

  #fill(chunk: Buffer, at: number, take: (frame: Frame) => void): number {
    const wanted = this.#partBytes < headBytes ? headBytes : frameBytesAt(this.#part, 0)
    const copied = chunk.copy(this.#part, this.#partBytes, at, at + wanted - this.#partBytes)
    this.#partBytes += copied
    if (this.#partBytes < headBytes) return copied
    const bytes = frameBytesAt(this.#part, 0)
    if (this.#partBytes < bytes) return copied
    this.#partBytes = 0
    take(frameAt(this.#part, 0, bytes))
    return copied
  }
}

function frameBytesAt(bytes: Buffer, at: number): number {
  const length = bytes.readUIntBE(at, 3)
  if (length > frameLimitBytes) throw new Error(`a frame of ${length} bytes`)
  return headBytes + length
}

function frameAt(bytes: Buffer, at: number, length: number): Frame {
  return {
    type: bytes[at + 3] as number,
    flags: bytes[at + 4] as number,
    streamId: bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
    payload: bytes.subarray(at + headBytes, at + length),
  }
}

export function writeFrame({type, flags, streamId, payload}: Frame): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + payload.length)
  frame.writeUIntBE(payload.length, 0, 3)
  frame[3] = type
  frame[4] = flags
  frame.writeUInt32BE(streamId, 5)
  frame.set(payload, headBytes)
  return frame
}

/** What DATA and HEADERS hold without their padding, and HEADERS without its priority. */
export function contentOf({flags, payload}: Frame): Buffer {
  const padding = flags & flag.padded ? payload[0] : 0
  const start = (flags & flag.padded ? 1 : 0) + (flags & flag.priority ? 5 : 0)
  const end = payload.length - (padding ?? payload.length)
  if (end < start) throw new Error('a frame that is all padding')
  return payload.subarray(start, end)
}

export function words(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index)
  return bytes
}
