import {blockBytes, type Entry, type Part, paddingOf} from './entry.js'
import {type RawName, rawName} from './raw-name.js'

/** The archive is cut short, or none. */
export class DamagedArchiveError extends Error {
  override name = 'DamagedArchiveError'
}

/** Some bytes of a file, and where in it they belong. */
export interface Piece {
  offset: number
  bytes: Buffer
}

export interface ArchivedFile {
  entry: Entry
  /** What is not read when the next file is asked for is passed over. */
  content: AsyncIterable<Piece>
}

/** A name is at most a path long; hostile ones are not held. */
const longestExtensionBytes = 1024 * 1024
/** 16 bytes each in memory, far more than any file system makes of a file. */
const mostParts = 1_000_000

/** The files of a tar archive as GNU, POSIX, BSD and busybox write it. Throws DamagedArchiveError. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<ArchivedFile> {
  const bytes = new Bytes(source)
  let extension: Extension = {}
  for (;;) {
    const block = await bytes.next(blockBytes)
    // Some end without the two empty blocks; all that comes behind them is padding.
    if (block === undefined || block.every((byte) => byte === 0)) return await bytes.drain()
    const {entry, type, storedBytes} = readHeader(block)
    if ('LKxg'.includes(type)) {
      extension = {...extension, ...(await readExtension(bytes, type, storedBytes))}
      continue
    }
    const stored = extension.sizeBytes ?? storedBytes
    if (type === 'S') entry.parts = await readParts(bytes, block)
    else entry.sizeBytes = stored
    const file = new Content(bytes, stored, entry.parts ?? [{offset: 0, sizeBytes: stored}])
    yield {entry: applyExtension(entry, extension), content: file.pieces()}
    await file.passOver()
    extension = {}
  }
}

/** What the blocks before a header say of the file better than the header can. */
interface Extension {
  path?: RawName
  target?: RawName
  sizeBytes?: number
  mtimeSeconds?: number
  uid?: number
  gid?: number
  /** In a form that is not read here. */
  holes?: boolean
}

function applyExtension(entry: Entry, {holes = false, sizeBytes: _, ...extension}: Extension): Entry {
  const named = {...entry, ...extension}
  return holes ? {...named, kind: 'other', what: 'file with holes in the form of pax'} : named
}

const kinds: Readonly<Record<string, Entry['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '5': 'directory',
  D: 'directory',
}

const others: Readonly<Record<string, string>> = {
  '3': 'character device',
  '4': 'block device',
  '6': 'pipe',
}

function readHeader(block: Buffer): {entry: Entry; type: string; storedBytes: number} {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (readNumber(block, 148, 8) !== sum) throw new DamagedArchiveError('this is no tar archive, or not whole')
  const type = String.fromCharCode(block[156] ?? 0)
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? textAt(block, 345, 155) : ''
  const name = textAt(block, 0, 100)
  const path = (prefix === '' ? name : `${prefix}/${name}`) as RawName
  // As they were written before there was a type for directories.
  const kind = '\x000'.includes(type) && path.endsWith('/') ? 'directory' : (kinds[type] ?? 'other')
  const holdsContent = kind === 'file' || kind === 'other'
  const sizeBytes = readSize(block, 124)
  return {
    type,
    storedBytes: holdsContent || 'LKxgD'.includes(type) ? sizeBytes : 0,
    entry: {
      path,
      kind,
      ...(kind === 'other' ? {what: others[type] ?? `file of the unknown type "${type}"`} : {}),
      mode: readNumber(block, 100, 8) & 0o7777,
      uid: readNumber(block, 108, 8),
      gid: readNumber(block, 116, 8),
      sizeBytes: type === 'S' ? readSize(block, 483) : 0,
      mtimeSeconds: readNumber(block, 136, 12),
      target: textAt(block, 157, 100),
    },
  }
}

function textAt(block: Buffer, start: number, length: number): RawName {
  const field = block.subarray(start, start + length)
  const end = field.indexOf(0)
  return rawName(end === -1 ? field : field.subarray(0, end))
}

function readSize(block: Buffer, at: number): number {
  const size = readNumber(block, at, 12)
  if (size < 0) throw new DamagedArchiveError('a size in it is negative')
  return size
}

/** Octal digits, or a number to the base 256 as GNU writes large ones. */
function readNumber(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0
  if (first < 0x80) {
    const digits = /^[\s\0]*([0-7]*)/.exec(block.toString('latin1', at, at + length))?.[1] ?? ''
    return digits === '' ? 0 : Number.parseInt(digits, 8)
  }
  let value = first === 0xff ? -1n : BigInt(first & 0x7f)
  for (let index = 1; index < length; index++) value = (value << 8n) | BigInt(block[at + index] ?? 0)
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new DamagedArchiveError('a number in it is beyond all size')
  return Number(value)
}

async function readExtension(bytes: Bytes, type: string, sizeBytes: number): Promise<Extension> {
  if (sizeBytes > longestExtensionBytes) throw new DamagedArchiveError('a name in it is too long')
  const text = rawName(await bytes.exactly(sizeBytes))
  await bytes.exactly(paddingOf(sizeBytes))
  const untilZero = (text.split('\0')[0] ?? '') as RawName
  switch (type) {
    case 'L':
      return {path: untilZero}
    case 'K':
      return {target: untilZero}
    case 'x':
      return readRecords(text)
    default:
      // What is said of the archive as a whole is said to people.
      return {}
  }
}

/** Records of POSIX: `LENGTH KEY=VALUE\n`. */
function readRecords(text: RawName): Extension {
  const extension: Extension = {}
  for (let at = 0; at < text.length; ) {
    const length = Number(/^\d+(?= )/.exec(text.slice(at, at + 12))?.[0] ?? 0)
    if (length < 5) throw new DamagedArchiveError('a record in it is damaged')
    const record = text.slice(at, at + length - 1)
    const [start, equals] = [record.indexOf(' ') + 1, record.indexOf('=')]
    Object.assign(extension, recordAs(record.slice(start, equals), record.slice(equals + 1) as RawName))
    at += length
  }
  return extension
}

function recordAs(key: string, value: RawName): Extension {
  switch (key) {
    case 'path':
      return {path: value}
    case 'linkpath':
      return {target: value}
    case 'size':
      return {sizeBytes: readDecimal(value)}
    case 'mtime':
      return {mtimeSeconds: Number(value) || 0}
    case 'uid':
      return {uid: readDecimal(value)}
    case 'gid':
      return {gid: readDecimal(value)}
    default:
      return key.startsWith('GNU.sparse.') ? {holes: true} : {}
  }
}

function readDecimal(value: string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 0) throw new DamagedArchiveError('a record in it is damaged')
  return number
}

async function readParts(bytes: Bytes, header: Buffer): Promise<Part[]> {
  const parts = partsIn(header, 386, 4)
  for (let goesOn = header[482] === 1; goesOn; ) {
    const block = await bytes.exactly(blockBytes)
    parts.push(...partsIn(block, 0, 21))
    if (parts.length > mostParts) throw new DamagedArchiveError('a file in it has too many holes')
    goesOn = block[504] === 1
  }
  return parts
}

function partsIn(block: Buffer, start: number, count: number): Part[] {
  return Array.from({length: count}, (_, index) => ({
    offset: readSize(block, start + index * 24),
    sizeBytes: readSize(block, start + index * 24 + 12),
  })).filter(({offset, sizeBytes}) => offset > 0 || sizeBytes > 0)
}

/** One file's content, of which as much is taken as somebody wants. */
class Content {
  readonly #bytes: Bytes
  readonly #parts: readonly Part[]
  readonly #padding: number
  #left: number

  constructor(bytes: Bytes, storedBytes: number, parts: readonly Part[]) {
    this.#bytes = bytes
    this.#parts = parts
    this.#left = storedBytes
    this.#padding = paddingOf(storedBytes)
  }

  async *pieces(): AsyncGenerator<Piece> {
    for (const {offset, sizeBytes} of this.#parts)
      for (let done = 0; done < sizeBytes && this.#left > 0; ) {
        const bytes = await this.#take(sizeBytes - done)
        yield {offset: offset + done, bytes}
        done += bytes.length
      }
  }

  async passOver(): Promise<void> {
    while (this.#left > 0) await this.#take(this.#left)
    await this.#bytes.exactly(this.#padding)
  }

  async #take(most: number): Promise<Buffer> {
    const bytes = await this.#bytes.some(Math.min(most, this.#left))
    if (bytes === undefined) throw cutShort()
    this.#left -= bytes.length
    return bytes
  }
}

function cutShort(): DamagedArchiveError {
  return new DamagedArchiveError('it is cut short')
}

/** A stream's bytes by the number. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  /** As many as are there, but at least one; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const {value, done} = await this.#chunks.next()
      if (done) return undefined
      this.#rest = value
    }
    const bytes = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(bytes.length)
    return bytes
  }

  /** Undefined where the stream has ended before the first. */
  async next(count: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = []
    for (let left = count; left > 0; ) {
      const bytes = await this.some(left)
      if (bytes === undefined) {
        if (left === count) return undefined
        throw cutShort()
      }
      pieces.push(bytes)
      left -= bytes.length
    }
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  }

  async exactly(count: number): Promise<Buffer> {
    if (count === 0) return Buffer.alloc(0)
    const bytes = await this.next(count)
    if (bytes === undefined) throw cutShort()
    return bytes
  }

  /** Takes what is left, so that nobody waits for its being read. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== undefined);
  }
}
