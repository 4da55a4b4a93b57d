import type {FileHandle} from 'node:fs/promises'
import {pipeline, Readable} from 'node:stream'
import {createGunzip} from 'node:zlib'
import {UserError} from '../../errors/errors.js'
import {programName} from '../../text/program.js'

// The runtimes' tools want archives as they are. What gzip has packed is unpacked on the way to them; of other packers
// it is said how.

type Packer = 'gzip' | 'zstd' | 'xz' | 'bzip2'

const beginnings: readonly (readonly [Packer, Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['bzip2', Buffer.from('BZh')],
]
const longest = 6

function packerOf(beginning: Buffer): Packer | undefined {
  return beginnings.find(([, bytes]) => beginning.subarray(0, bytes.length).equals(bytes))?.[0]
}

/** Which program has packed it; undefined for none. */
export async function packerOfFile(handle: FileHandle): Promise<Packer | undefined> {
  const {buffer, bytesRead} = await handle.read(Buffer.alloc(longest), 0, longest, 0)
  return packerOf(buffer.subarray(0, bytesRead))
}

/** What a tool takes of it. `name` is for messages. It fails with UserError for what is packed in a way that is not undone here. */
export function unpackArchive(source: Readable, name: string): Readable {
  return Readable.from(unpack(source, name), {objectMode: false})
}

async function* unpack(source: Readable, name: string): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = source[Symbol.asyncIterator]()
  let beginning = Buffer.alloc(0)
  while (beginning.length < longest) {
    const {done, value} = await chunks.next()
    if (done) break
    beginning = Buffer.concat([beginning, value])
  }
  const packer = packerOf(beginning)
  const whole = (async function* () {
    yield beginning
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  })()
  if (packer === undefined) return yield* whole
  if (packer !== 'gzip') throw new UserError(packedText(name, packer))
  const gunzip = createGunzip()
  // How it fails is told to whoever reads from it.
  pipeline(Readable.from(whole, {objectMode: false}), gunzip, () => undefined)
  try {
    for await (const chunk of gunzip) yield chunk
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error
    throw new UserError(`${name} is packed by gzip, and damaged or cut off: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

export function packedText(name: string, packer: Exclude<Packer, 'gzip'>, word = '…'): string {
  return `${name} is packed by ${packer}: ${packer} -dc ${word} | ${programName()} load -`
}
