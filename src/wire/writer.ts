const firstBytes = 256

/** Writes protobuf's wire format. A field is its tag and its value; what its type does not hold becomes what it does. */
export class Writer {
  #bytes = Buffer.allocUnsafe(firstBytes)
  #at = 0

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  uint32(tag: number, value: unknown): void {
    this.#tag(tag)
    this.#varint(Number(value) >>> 0)
  }

  int32(tag: number, value: unknown): void {
    this.#tag(tag)
    this.#int32(value)
  }

  /** By name or number; a name that the type does not have is left out. */
  enum(tag: number, numbers: Readonly<Record<string, number>>, value: unknown): void {
    const number = typeof value === 'number' ? value : numbers[String(value)]
    if (number !== undefined) this.int32(tag, number)
  }

  bool(tag: number, value: unknown): void {
    this.#tag(tag)
    this.#varint(value ? 1 : 0)
  }

  /** Of a decimal, or of a number. */
  int64(tag: number, value: unknown): void {
    this.#tag(tag)
    this.#int64(value)
  }

  string(tag: number, value: unknown): void {
    const text = String(value)
    const length = Buffer.byteLength(text)
    this.#tag(tag)
    this.#varint(length)
    this.#require(length)
    this.#bytes.write(text, this.#at)
    this.#at += length
  }

  /** Of bytes, or of their base64. */
  blob(tag: number, value: Uint8Array | string): void {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : value
    this.#tag(tag)
    this.#varint(bytes.length)
    this.#require(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  strings(tag: number, values: readonly unknown[]): void {
    for (const value of values) this.string(tag, value)
  }

  int32s(tag: number, values: readonly unknown[]): void {
    if (values.length > 0)
      this.#within(tag, () => {
        for (const value of values) this.#int32(value)
      })
  }

  int64s(tag: number, values: readonly unknown[]): void {
    if (values.length > 0)
      this.#within(tag, () => {
        for (const value of values) this.#int64(value)
      })
  }

  map(tag: number, map: Readonly<Record<string, unknown>>): void {
    for (const [key, value] of Object.entries(map))
      this.#within(tag, () => {
        this.string(10, key)
        this.string(18, value)
      })
  }

  message<Message>(tag: number, message: Message, write: (writer: Writer, message: Message) => void): void {
    this.#within(tag, () => write(this, message))
  }

  messages<Message>(
    tag: number,
    messages: readonly Message[],
    write: (writer: Writer, message: Message) => void,
  ): void {
    for (const message of messages) this.message(tag, message, write)
  }

  /** What `write` writes, after its length: most are short, for which one byte is kept. */
  #within(tag: number, write: () => void): void {
    this.#tag(tag)
    this.#require(1)
    const start = ++this.#at
    write()
    const length = this.#at - start
    const more = varintBytes(length) - 1
    if (more > 0) {
      this.#require(more)
      this.#bytes.copyWithin(start + more, start, this.#at)
    }
    this.#at = start - 1
    this.#varint(length)
    this.#at += length
  }

  #tag(tag: number): void {
    this.#varint(tag)
  }

  #int32(value: unknown): void {
    const number = Number(value) | 0
    if (number < 0) this.#int64(number)
    else this.#varint(number)
  }

  #int64(value: unknown): void {
    let rest = BigInt.asUintN(64, BigInt(typeof value === 'number' ? Math.trunc(value) : String(value)))
    this.#require(10)
    for (; rest > 127n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 127n) | 128
    this.#bytes[this.#at++] = Number(rest)
  }

  #varint(value: number): void {
    this.#require(5)
    let rest = value
    for (; rest > 127; rest >>>= 7) this.#bytes[this.#at++] = (rest & 127) | 128
    this.#bytes[this.#at++] = rest
  }

  #require(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest > 127; rest >>>= 7) bytes++
  return bytes
}
