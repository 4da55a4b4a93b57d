/** What Buffer has beside its documented methods: toString() that does not look at its arguments first. */
interface Slicing {
  utf8Slice(start: number, end: number): string
}

const deepest = 100
/** More are looked up slower than they are made. */
const mostKeys = 16

/** Where in the message a map's key was met first. */
interface KnownKey {
  text: string
  start: number
  length: number
}

/**
 * Reads protobuf's wire format. Whoever reads a message goes on until `at` is `end`, tag by tag, of each its value or
 * `skip()`. Throws for bytes that are no message.
 */
export class Reader {
  readonly bytes: Buffer
  at = 0
  /** Of the message that is being read. */
  end: number
  readonly #keys: KnownKey[] = []
  /** Of the keys the one that probably comes next. */
  #nextKey = 0
  #low = 0
  #high = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.end = bytes.length
  }

  /** A tag, a length or a number: of a longer one, such as a negative one, the lower 32 bits. */
  uint32(): number {
    if (this.at < this.end) {
      const first = this.bytes[this.at] as number
      if (first < 128) {
        this.at++
        return first
      }
    }
    this.#varint()
    return this.#low
  }

  int32(): number {
    return this.uint32() | 0
  }

  bool(): boolean {
    this.#varint()
    return this.#low !== 0 || this.#high !== 0
  }

  /** As a decimal, since it may be more than a number holds. */
  int64(): string {
    this.#varint()
    return this.#isSmall() ? this.#small() : String(BigInt.asIntN(64, this.#large()))
  }

  /** As a decimal. */
  uint64(): string {
    this.#varint()
    return this.#isSmall() ? this.#small() : String(this.#large())
  }

  double(): number {
    this.#pass(8)
    return this.bytes.readDoubleLE(this.at - 8)
  }

  string(): string {
    const length = this.uint32()
    this.#pass(length)
    return (this.bytes as unknown as Slicing).utf8Slice(this.at - length, this.at)
  }

  /** A part of the message, not a copy. */
  blob(): Buffer {
    const length = this.uint32()
    this.#pass(length)
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** A message within the message. */
  message<Message>(read: (reader: Reader) => Message): Message {
    const outer = this.#enter()
    const message = read(this)
    this.#leave(outer)
    return message
  }

  /** Of a list of numbers those that stand together, or one that stands by itself. */
  numbers<Item>(wireType: number, items: Item[], read: (reader: Reader) => Item): void {
    if (wireType !== 2) {
      items.push(read(this))
      return
    }
    const outer = this.#enter()
    while (this.at < this.end) items.push(read(this))
    this.#leave(outer)
  }

  /** One entry of a map. */
  entry(map: Record<string, string>): void {
    const outer = this.#enter()
    let key = ''
    let value = ''
    while (this.at < this.end) {
      const tag = this.uint32()
      if (tag >>> 3 === 1) key = this.#key()
      else if (tag >>> 3 === 2) value = this.string()
      else this.skip(tag & 7)
    }
    this.#leave(outer)
    if (key !== '__proto__') map[key] = value
    else Object.defineProperty(map, key, {value, enumerable: true, configurable: true, writable: true})
  }

  /** One of few that come again and again, in the same order for each message of a list: then it is not made again. */
  #key(): string {
    const length = this.uint32()
    this.#pass(length)
    const start = this.at - length
    for (let tries = 0; tries < this.#keys.length; tries++) {
      const known = this.#keys[this.#nextKey] as KnownKey
      this.#nextKey = this.#nextKey + 1 < this.#keys.length ? this.#nextKey + 1 : 0
      if (known.length === length && this.#isSame(known.start, start, length)) return known.text
    }
    const text = (this.bytes as unknown as Slicing).utf8Slice(start, this.at)
    if (this.#keys.length < mostKeys) this.#keys.push({text, start, length})
    return text
  }

  #isSame(first: number, second: number, length: number): boolean {
    // From the end: keys have their beginnings in common.
    for (let index = length - 1; index >= 0; index--)
      if (this.bytes[first + index] !== this.bytes[second + index]) return false
    return true
  }

  /** Passes the value of a field that nobody wants. */
  skip(wireType: number, depth = 0): void {
    if (wireType === 0) this.#varint()
    else if (wireType === 1) this.#pass(8)
    else if (wireType === 2) this.#pass(this.uint32())
    else if (wireType === 3) this.#skipGroup(depth + 1)
    else if (wireType === 5) this.#pass(4)
    else throw new Error(`invalid wire type ${wireType} at offset ${this.at}`)
  }

  #skipGroup(depth: number): void {
    if (depth > deepest) throw new Error('maximum nesting depth exceeded')
    for (;;) {
      const wireType = this.uint32() & 7
      if (wireType === 4) return
      this.skip(wireType, depth)
    }
  }

  #enter(): number {
    const length = this.uint32()
    const outer = this.end
    this.#require(length)
    this.end = this.at + length
    return outer
  }

  #leave(outer: number): void {
    this.end = outer
  }

  #pass(length: number): void {
    this.#require(length)
    this.at += length
  }

  #require(length: number): void {
    if (this.at + length > this.end)
      throw new RangeError(`index out of range: ${this.at} + ${length} > ${this.end}`)
  }

  #varint(): void {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      this.#require(1)
      const byte = this.bytes[this.at++] as number
      const bits = byte & 127
      if (shift < 28) low |= bits << shift
      else if (shift > 28) high |= bits << (shift - 32)
      else {
        low |= bits << 28
        high = bits >>> 4
      }
      if (byte < 128) {
        this.#low = low >>> 0
        this.#high = high >>> 0
        return
      }
    }
    throw new Error('invalid varint encoding')
  }

  #isSmall(): boolean {
    return this.#high < 0x20_0000
  }

  #small(): string {
    return String(this.#high * 0x1_0000_0000 + this.#low)
  }

  #large(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low)
  }
}
