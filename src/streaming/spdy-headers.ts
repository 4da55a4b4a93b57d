import {constants, inflateRawSync} from 'node:zlib'
import {spdyDictionary} from './spdy-dictionary.js'
import {SpdyProtocolError} from './spdy-frames.js'

export type SpdyHeaders = Record<string, string>

// A zlib header that announces the preset dictionary, then the dictionary's Adler-32.
const zlibHeader = Buffer.from([0x78, 0x20, 0xe3, 0xc6, 0xa7, 0xc2])
// An empty stored block, which zlib calls a sync flush. Go's inflater waits for more without it, and the server
// gives up on the connection after 30 s.
const flush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])

const storedBlockLimitBytes = 65_535
const inflateWindowBytes = 32_768
const inflatedLimitBytes = 1024 * 1024

/**
 * Makes header blocks for one direction of one connection, in order. They are stored, not compressed: every inflater
 * takes that (tried with spdystream 0.2.0 and 0.5.1), and nothing has to be kept between blocks.
 * Throws RangeError for more than 65,535 bytes of headers.
 */
export function createHeaderEncoder(): (headers: SpdyHeaders) => Buffer {
  let first = true
  return (headers) => {
    const plain = encodeHeaders(headers)
    if (plain.length > storedBlockLimitBytes) {
      throw new RangeError(`${plain.length} bytes of stream headers; ${storedBlockLimitBytes} fit in a block`)
    }
    const block = Buffer.alloc(5)
    block.writeUInt16LE(plain.length, 1)
    block.writeUInt16LE(~plain.length & 0xffff, 3)
    const parts = first ? [zlibHeader, block, plain, flush] : [block, plain, flush]
    first = false
    return Buffer.concat(parts)
  }
}

/**
 * Reads the header blocks of one direction of one connection, in order, compressed or stored. Names come out in lower
 * case. Throws SpdyProtocolError for anything that is no header block, or inflates to more than 1 MiB.
 */
export function createHeaderDecoder(): (block: Uint8Array) => SpdyHeaders {
  let first = true
  // Every block ends on a byte boundary, so each can be inflated alone when the inflater is given the text that
  // came before as its dictionary.
  let window = spdyDictionary
  return (block) => {
    const compressed = first ? withoutZlibHeader(block) : block
    first = false
    const plain = inflate(compressed, window)
    window = Buffer.concat([window, plain]).subarray(-inflateWindowBytes)
    return parseHeaders(plain)
  }
}

function withoutZlibHeader(block: Uint8Array): Uint8Array {
  const [method = 0, flags = 0] = block
  const announcesDictionary = (flags & 0x20) !== 0
  const isDeflate = (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0
  const isSpdyDictionary = zlibHeader.subarray(2).equals(block.subarray(2, 6))
  if (!isDeflate || !announcesDictionary || !isSpdyDictionary) {
    throw new SpdyProtocolError('a header block that is not compressed as SPDY/3.1 says')
  }
  return block.subarray(6)
}

function inflate(compressed: Uint8Array, dictionary: Buffer): Buffer {
  try {
    return inflateRawSync(compressed, {
      dictionary,
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: inflatedLimitBytes,
    })
  } catch (error) {
    throw new SpdyProtocolError('a header block that cannot be decompressed', {cause: error})
  }
}

function encodeHeaders(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers)
  return Buffer.concat([
    uint32(entries.length),
    ...entries.flatMap(([name, value]) => [...prefixLength(name.toLowerCase()), ...prefixLength(value)]),
  ])
}

function parseHeaders(plain: Buffer): SpdyHeaders {
  let offset = 0
  const readLength = (): number => {
    if (offset + 4 > plain.length) throw new SpdyProtocolError('a header block that ends early')
    offset += 4
    return plain.readUInt32BE(offset - 4)
  }
  const readText = (): string => {
    const length = readLength()
    if (offset + length > plain.length) throw new SpdyProtocolError('a header block that ends early')
    offset += length
    return plain.toString('utf8', offset - length, offset)
  }

  const entries: [string, string][] = []
  const count = readLength()
  while (entries.length < count) entries.push([readText().toLowerCase(), readText()])
  return Object.fromEntries(entries)
}

function prefixLength(text: string): Buffer[] {
  const bytes = Buffer.from(text)
  return [uint32(bytes.length), bytes]
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
