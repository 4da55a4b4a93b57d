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
  #rest: Buffer = Buffer.alloc(0)

  /** Throws for a frame that is larger than allowed, as whatever is no HTTP/2 seems to be. */
  read(chunk: Buffer, take: (frame: Frame) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= headBytes) {
      const length = bytes.readUIntBE(at, 3)
      if (length > frameLimitBytes) throw new Error(`a frame of ${length} bytes`)
      const end = at + headBytes + length
      if (bytes.length < end) break
      take({
        type: bytes[at + 3] as number,
        flags: bytes[at + 4] as number,
        streamId: bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
        payload: bytes.subarray(at + headBytes, end),
      })
      at = end
    }
    this.#rest = bytes.subarray(at)
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
