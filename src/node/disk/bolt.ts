import {constants} from 'node:fs'
import {open} from 'node:fs/promises'

// The file of a bbolt database, in which containerd keeps what it knows of its snapshots: pages that hold a tree of keys, of
// which some lead to trees of their own. A page that is in use is never written to; one that is free may be at any moment.
// So the file is read at one go, and read again where a transaction has ended meanwhile.

/** More than any node's; it is held in memory. */
const mostBytes = 268_435_456
const attempts = 3

export class UnreadableDatabase extends Error {}

/** A tree of keys. */
export interface Bucket {
  /** A value, where the key has one. */
  value(key: string): Buffer | undefined
  /** Another tree, where the key leads to one. */
  bucket(key: string): Bucket | undefined
  /** All keys, in their order. */
  keys(): string[]
}

/** Throws UnreadableDatabase, and what the system says. */
export async function readDatabase(path: string): Promise<Bucket> {
  let reason = 'is written to all the time'
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const root = await readOnce(path)
      if (root) return root
    } catch (error) {
      // What does not hold together may have been written to.
      if (!(error instanceof RangeError)) throw error
      reason = 'is damaged'
    }
  }
  throw new UnreadableDatabase(`${path} ${reason}`)
}

/** Undefined where a transaction has ended meanwhile. */
async function readOnce(path: string): Promise<Bucket | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new UnreadableDatabase(`${path} is no file`)
    const {size} = stats
    if (size > mostBytes) throw new UnreadableDatabase(`${path} is larger than ${mostBytes} bytes`)
    const bytes = Buffer.alloc(size)
    for (let at = 0; at < size; ) {
      const {bytesRead} = await file.read(bytes, at, size - at, at)
      if (bytesRead === 0) return undefined
      at += bytesRead
    }
    const {root, pageBytes, transaction} = new Database(bytes)
    const {buffer} = await file.read(Buffer.alloc(2 * pageBytes), 0, 2 * pageBytes, 0)
    return newestMeta(buffer, pageBytes)?.transaction === transaction ? root : undefined
  } finally {
    await file.close()
  }
}

const magic = 0xed0cdaed
const pageHeader = 16
const elementBytes = 16
const isBranch = 1
const isLeaf = 2
const leadsToBucket = 1
const deepest = 64

interface Meta {
  pageBytes: number
  rootPage: number
  transaction: bigint
}

/** Of the two that take turns the one of the later transaction. */
function newestMeta(bytes: Buffer, pageBytes: number): Meta | undefined {
  const metas = [0, pageBytes].flatMap((at) => metaAt(bytes, at + pageHeader) ?? [])
  return metas.sort((a, b) => Number(b.transaction - a.transaction))[0]
}

function metaAt(bytes: Buffer, at: number): Meta | undefined {
  if (bytes.length < at + 64 || bytes.readUInt32LE(at) !== magic || bytes.readUInt32LE(at + 4) !== 2)
    return undefined
  if (checksumOf(bytes.subarray(at, at + 56)) !== bytes.readBigUInt64LE(at + 56)) return undefined
  return {
    pageBytes: bytes.readUInt32LE(at + 8),
    rootPage: Number(bytes.readBigUInt64LE(at + 16)),
    transaction: bytes.readBigUInt64LE(at + 48),
  }
}

/** FNV-1a of 64 bits. */
function checksumOf(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}

class Database {
  readonly pageBytes: number
  readonly transaction: bigint
  readonly root: Bucket

  constructor(bytes: Buffer) {
    // The size of a page stands in the first one; where that is damaged, in the second, which is one page further.
    const meta = [4096, 8192, 16_384, 65_536].flatMap((size) => newestMeta(bytes, size) ?? [])[0]
    const exact = meta && newestMeta(bytes, meta.pageBytes)
    if (!exact) throw new RangeError('no bbolt database')
    this.pageBytes = exact.pageBytes
    this.transaction = exact.transaction
    const page = (number: number) => bytes.subarray(number * exact.pageBytes)
    this.root = new Tree(page(exact.rootPage), page)
  }
}

interface Entry {
  value: Buffer
  isBucket: boolean
}

class Tree implements Bucket {
  readonly #entries = new Map<string, Entry>()
  readonly #page: (number: number) => Buffer

  constructor(first: Buffer, page: (number: number) => Buffer) {
    this.#page = page
    this.#read(first, 0)
  }

  value(key: string): Buffer | undefined {
    const entry = this.#entries.get(key)
    return entry && !entry.isBucket ? entry.value : undefined
  }

  bucket(key: string): Bucket | undefined {
    const entry = this.#entries.get(key)
    if (!entry?.isBucket) return undefined
    const page = Number(entry.value.readBigUInt64LE(0))
    // A small one stands in the value itself, behind its header.
    return new Tree(page === 0 ? entry.value.subarray(16) : this.#page(page), this.#page)
  }

  keys(): string[] {
    return [...this.#entries.keys()]
  }

  #read(page: Buffer, depth: number): void {
    if (depth > deepest) throw new RangeError('the tree is too deep')
    const flags = page.readUInt16LE(8)
    const count = page.readUInt16LE(10)
    for (let index = 0; index < count; index++) {
      const at = pageHeader + index * elementBytes
      if ((flags & isLeaf) !== 0) {
        const start = at + page.readUInt32LE(at + 4)
        const keyEnd = start + page.readUInt32LE(at + 8)
        const end = keyEnd + page.readUInt32LE(at + 12)
        if (end > page.length) throw new RangeError('an entry is outside of the file')
        const isBucket = (page.readUInt32LE(at) & leadsToBucket) !== 0
        this.#entries.set(page.toString('latin1', start, keyEnd), {
          value: page.subarray(keyEnd, end),
          isBucket,
        })
      } else if ((flags & isBranch) !== 0) {
        this.#read(this.#page(Number(page.readBigUInt64LE(at + 8))), depth + 1)
      } else throw new RangeError('a page is of another kind')
    }
  }
}

/** A signed number as Go's encoding/binary writes it: seven bits a byte, the sign in the lowest. */
export function readVarint(bytes: Buffer | undefined): number {
  const unsigned = readUvarint(bytes)
  return unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2
}

export function readUvarint(bytes: Buffer | undefined): number {
  let value = 0
  let factor = 1
  for (const byte of bytes ?? []) {
    value += (byte & 0x7f) * factor
    if (byte < 0x80) break
    factor *= 128
  }
  return value
}
