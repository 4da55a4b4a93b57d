/** The peer sent something that is not SPDY/3.1. */
export class SpdyProtocolError extends Error {
  override name = 'SpdyProtocolError'
}

/**
 * Frames as they come off the wire. `data` is handed on in the slices that arrived, without waiting for the rest of
 * the frame; `fin` is true on the last slice of a frame that carried the flag. Header blocks are undecoded.
 */
export type SpdyFrame =
  | {type: 'data'; streamId: number; chunk: Buffer; fin: boolean}
  | {type: 'synStream'; streamId: number; headerBlock: Buffer; fin: boolean}
  | {type: 'synReply'; streamId: number; headerBlock: Buffer; fin: boolean}
  | {type: 'rstStream'; streamId: number; status: number}
  | {type: 'ping'; id: number}
  | {type: 'goAway'; lastStreamId: number; status: number}

/** Status words of RST_STREAM. */
export const rstStatus = {protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5} as const

const controlType = {synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7} as const

const spdyVersion = 3
const finFlag = 0x01
const frameHeaderBytes = 8
const dataLimitBytes = 0xffffff
const controlPayloadLimitBytes = 1024 * 1024

export function encodeSynStream(streamId: number, headerBlock: Uint8Array): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt32BE(streamId)
  return controlFrame(controlType.synStream, Buffer.concat([fixed, headerBlock]))
}

export function encodeSynReply(streamId: number, headerBlock: Uint8Array): Buffer {
  return controlFrame(controlType.synReply, Buffer.concat([words(streamId), headerBlock]))
}

export function encodeRstStream(streamId: number, status: number): Buffer {
  return controlFrame(controlType.rstStream, words(streamId, status))
}

export function encodePing(id: number): Buffer {
  return controlFrame(controlType.ping, words(id))
}

export function encodeGoAway(lastStreamId: number): Buffer {
  return controlFrame(controlType.goAway, words(lastStreamId, 0))
}

/**
 * The eight bytes before `lengthBytes` of data, at most 16,777,215: RangeError for more. The bytes themselves are not
 * copied: send them next.
 */
export function encodeDataHeader(streamId: number, lengthBytes: number, fin = false): Buffer {
  if (lengthBytes > dataLimitBytes) throw new RangeError(`${lengthBytes} bytes do not fit into a data frame`)
  return words(streamId, ((fin ? finFlag : 0) << 24) | lengthBytes)
}

/**
 * Makes a parser for one direction of one connection: give it the bytes as they arrive, `onFrame` gets the frames in
 * order. Throws SpdyProtocolError for a control frame of another SPDY version, one too short for its type, or one of
 * more than 1 MiB. SETTINGS, HEADERS, WINDOW_UPDATE and unknown control frames are passed over.
 */
export function createFrameParser(onFrame: (frame: SpdyFrame) => void): (bytes: Buffer) => void {
  const header = Buffer.alloc(frameHeaderBytes)
  let headerLength = 0
  let payloadLeft = 0
  let control: Buffer[] = []

  const isControl = (): boolean => (header.readUInt8(0) & 0x80) !== 0
  const finishControl = (): void => {
    const frame = parseControl(header.readUInt16BE(2), header.readUInt8(4), Buffer.concat(control))
    control = []
    if (frame) onFrame(frame)
  }
  const takePayload = (slice: Buffer): void => {
    payloadLeft -= slice.length
    if (isControl()) {
      control.push(slice)
      if (payloadLeft === 0) finishControl()
      return
    }
    const fin = payloadLeft === 0 && (header.readUInt8(4) & finFlag) !== 0
    if (slice.length > 0 || fin) {
      onFrame({type: 'data', streamId: header.readUInt32BE(0), chunk: slice, fin})
    }
  }

  return (bytes) => {
    let offset = 0
    while (offset < bytes.length) {
      if (headerLength < frameHeaderBytes) {
        const taken = bytes.copy(header, headerLength, offset, offset + frameHeaderBytes - headerLength)
        headerLength += taken
        offset += taken
        if (headerLength < frameHeaderBytes) return
        payloadLeft = header.readUIntBE(5, 3)
        if (isControl()) checkControl(header.readUInt16BE(0) & 0x7fff, payloadLeft)
      }
      const slice = bytes.subarray(offset, offset + payloadLeft)
      offset += slice.length
      if (slice.length > 0 || payloadLeft === 0) takePayload(slice)
      if (payloadLeft === 0) headerLength = 0
    }
  }
}

function checkControl(version: number, lengthBytes: number): void {
  if (version !== spdyVersion)
    throw new SpdyProtocolError(`a control frame of SPDY version ${version}, not 3`)
  if (lengthBytes > controlPayloadLimitBytes) {
    throw new SpdyProtocolError(`a control frame of ${lengthBytes} bytes`)
  }
}

function parseControl(type: number, flags: number, payload: Buffer): SpdyFrame | undefined {
  const word = (index: number): number => {
    if (payload.length < 4 * (index + 1))
      throw new SpdyProtocolError(`a control frame of type ${type} cut short`)
    return payload.readUInt32BE(4 * index)
  }
  const fin = (flags & finFlag) !== 0
  switch (type) {
    case controlType.synStream:
      return {type: 'synStream', streamId: streamIdOf(word(0)), headerBlock: payload.subarray(10), fin}
    case controlType.synReply:
      return {type: 'synReply', streamId: streamIdOf(word(0)), headerBlock: payload.subarray(4), fin}
    case controlType.rstStream:
      return {type: 'rstStream', streamId: streamIdOf(word(0)), status: word(1)}
    case controlType.ping:
      return {type: 'ping', id: word(0)}
    case controlType.goAway:
      return {type: 'goAway', lastStreamId: streamIdOf(word(0)), status: word(1)}
    default:
      return undefined
  }
}

// The top bit is reserved.
function streamIdOf(word: number): number {
  return word & 0x7fffffff
}

function controlFrame(type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([words(((0x8000 | spdyVersion) << 16) | type, payload.length), payload])
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index)
  return bytes
}
