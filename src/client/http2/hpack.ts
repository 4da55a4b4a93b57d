import {decodeHuffman} from './huffman.js'

export type Header = readonly [name: string, value: string]

/** RFC 7541, appendix A: names, and the values that stand beside some of them. */
const staticTable: readonly Header[] = [
  ':authority',
  ':method=GET',
  ':method=POST',
  ':path=/',
  ':path=/index.html',
  ':scheme=http',
  ':scheme=https',
  ':status=200',
  ':status=204',
  ':status=206',
  ':status=304',
  ':status=400',
  ':status=404',
  ':status=500',
  'accept-charset',
  'accept-encoding=gzip, deflate',
  'accept-language',
  'accept-ranges',
  'accept',
  'access-control-allow-origin',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
].map((entry) => {
  const [name = '', value = ''] = entry.split('=')
  return [name, value]
})

/** What the other end may keep of headers that it has sent; HTTP/2's default. */
const tableBytes = 4096
/** More than any runtime says in its headers; the others' servers and clients draw the line at 8 to 64 KiB. */
const mostBytes = 256 * 1024

/** Reads the blocks of headers of one connection, all of them and in order: each can refer to those before. */
export class HeaderReader {
  /** The newest first. */
  readonly #table: Header[] = []
  #tableBytes = 0
  #limitBytes = tableBytes

  /** Throws for a block that is none: no later one can be read then. */
  read(block: Buffer): Header[] {
    const headers: Header[] = []
    let bytes = 0
    const take = (header: Header): Header => {
      bytes += sizeOf(header)
      if (bytes > mostBytes) throw new Error(`more than ${mostBytes} bytes of headers`)
      headers.push(header)
      return header
    }
    const cursor = new Cursor(block)
    while (!cursor.isAtEnd()) {
      const first = cursor.peek()
      if (first >= 0x80) take(this.#entry(cursor.integer(7)))
      else if (first >= 0x40) this.#keep(take(this.#literal(cursor, 6)))
      else if (first >= 0x20) this.#resize(cursor.integer(5))
      else take(this.#literal(cursor, 4))
    }
    return headers
  }

  #literal(cursor: Cursor, prefixBits: number): Header {
    const index = cursor.integer(prefixBits)
    const name = index === 0 ? cursor.text() : this.#entry(index)[0]
    return [name, cursor.text()]
  }

  #entry(index: number): Header {
    const entry =
      index <= staticTable.length ? staticTable[index - 1] : this.#table[index - 1 - staticTable.length]
    if (!entry) throw new Error('a header that nobody has sent')
    return entry
  }

  #keep(header: Header): void {
    this.#table.unshift(header)
    this.#tableBytes += sizeOf(header)
    this.#shrink()
  }

  #resize(limitBytes: number): void {
    if (limitBytes > tableBytes) throw new Error('a table of headers that is larger than allowed')
    this.#limitBytes = limitBytes
    this.#shrink()
  }

  #shrink(): void {
    while (this.#tableBytes > this.#limitBytes) this.#tableBytes -= sizeOf(this.#table.pop() as Header)
  }
}

function sizeOf([name, value]: Header): number {
  return name.length + value.length + 32
}

class Cursor {
  readonly #block: Buffer
  #at = 0

  constructor(block: Buffer) {
    this.#block = block
  }

  isAtEnd(): boolean {
    return this.#at >= this.#block.length
  }

  peek(): number {
    const byte = this.#block[this.#at]
    if (byte === undefined) throw new Error('a header is cut off')
    return byte
  }

  /** What the lower bits of the first byte say, and more bytes where they are all set. */
  integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1
    let value = this.#next() & most
    if (value < most) return value
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#next()
      value += (byte & 127) * factor
      if (value > 2 ** 30) throw new Error('a number in a header is too large')
      if (byte < 128) return value
    }
  }

  text(): string {
    const isCoded = this.peek() >= 0x80
    const length = this.integer(7)
    const bytes = this.#block.subarray(this.#at, this.#at + length)
    if (bytes.length < length) throw new Error('a header is cut off')
    this.#at += length
    return (isCoded ? decodeHuffman(bytes) : bytes).toString()
  }

  #next(): number {
    const byte = this.peek()
    this.#at++
    return byte
  }
}

/** As a block that every other end reads, whatever was sent before. */
export function writeHeaders(headers: readonly Header[]): Buffer {
  return Buffer.concat(
    headers.flatMap(([name, value]) => [Buffer.of(0), lengthAndText(name), lengthAndText(value)]),
  )
}

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length: number[] = []
  let rest = bytes.length
  if (rest < 127) length.push(rest)
  else {
    length.push(127)
    for (rest -= 127; rest > 127; rest >>>= 7) length.push((rest & 127) | 128)
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}
