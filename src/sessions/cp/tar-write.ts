import {blockBytes, type Entry, type Part, paddingOf} from './entry.js'
import {bytesOf, type RawName} from './raw-name.js'

// Our own, since libraries walk trees by path, decode names as UTF-8, believe that /proc is empty and know no holes.
// GNU's form of a tar archive, the one that all of GNU, BSD and busybox read with names of any length and any bytes:
// https://www.gnu.org/software/tar/manual/html_node/Standard.html

const nameBytes = 100
const partsInHeader = 4
const partsInBlock = 21

/** The blocks before a file's content. */
export function headerOf(entry: Entry): Buffer {
  const path = (entry.kind === 'directory' ? `${entry.path}/` : entry.path) as RawName
  return Buffer.concat([
    ...longName('K', entry.target),
    ...longName('L', path),
    header(typeOf(entry), path, entry),
    ...partBlocks(entry.parts?.slice(partsInHeader) ?? []),
  ])
}

export const endOfArchive = Buffer.alloc(2 * blockBytes)

function typeOf({kind, parts}: Entry): string {
  const types: Partial<Record<Entry['kind'], string>> = {link: '1', symlink: '2', directory: '5'}
  return types[kind] ?? (parts ? 'S' : '0')
}

function longName(type: 'K' | 'L', name: RawName | undefined): Buffer[] {
  if (name === undefined || name.length <= nameBytes) return []
  const bytes = Buffer.concat([bytesOf(name), Buffer.alloc(1)])
  const about = {kind: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0} as const
  const path = '././@LongLink' as RawName
  return [
    header(type, path, {...about, path, sizeBytes: bytes.length}),
    bytes,
    Buffer.alloc(paddingOf(bytes.length)),
  ]
}

function header(type: string, path: RawName, entry: Entry): Buffer {
  const {mode, uid, gid, sizeBytes, mtimeSeconds, target, parts} = entry
  const block = Buffer.alloc(blockBytes)
  bytesOf(path).copy(block, 0, 0, nameBytes)
  writeNumber(block, 100, 8, mode)
  writeNumber(block, 108, 8, uid)
  writeNumber(block, 116, 8, gid)
  writeNumber(block, 124, 12, parts ? parts.reduce((sum, part) => sum + part.sizeBytes, 0) : sizeBytes)
  writeNumber(block, 136, 12, Math.floor(mtimeSeconds))
  block.write(type, 156, 'latin1')
  if (target !== undefined) bytesOf(target).copy(block, 157, 0, nameBytes)
  block.write('ustar  \0', 257, 'latin1')
  if (parts) {
    writeParts(block, 386, parts.slice(0, partsInHeader))
    block[482] = parts.length > partsInHeader ? 1 : 0
    writeNumber(block, 483, 12, sizeBytes)
  }
  // The sum is taken over the header with blanks in its place.
  block.write('        ', 148, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

function partBlocks(parts: readonly Part[]): Buffer[] {
  const blocks: Buffer[] = []
  for (let at = 0; at < parts.length; at += partsInBlock) {
    const block = Buffer.alloc(blockBytes)
    writeParts(block, 0, parts.slice(at, at + partsInBlock))
    block[504] = at + partsInBlock < parts.length ? 1 : 0
    blocks.push(block)
  }
  return blocks
}

function writeParts(block: Buffer, start: number, parts: readonly Part[]): void {
  for (const [index, {offset, sizeBytes}] of parts.entries()) {
    writeNumber(block, start + index * 24, 12, offset)
    writeNumber(block, start + index * 24 + 12, 12, sizeBytes)
  }
}

/** In octal digits; what is too large or below zero as a number to the base 256. */
function writeNumber(block: Buffer, at: number, length: number, value: number): void {
  const digits = value < 0 ? '' : value.toString(8)
  if (value >= 0 && digits.length < length) {
    block.write(`${digits.padStart(length - 1, '0')}\0`, at, 'latin1')
    return
  }
  let left = BigInt(value)
  for (let index = length - 1; index >= 0; index--) {
    block[at + index] = Number(left & 0xffn)
    left >>= 8n
  }
  block[at] = value < 0 ? 0xff : 0x80
}
