// What archives are put together from. The program's file is in every package: it is compressed once, not once in each.
import {constants, crc32, deflateRawSync} from 'node:zlib'

/** Bytes that stand in an archive, and what deflate makes of them. */
export class Part {
  #deflated

  constructor(content) {
    this.bytes = Buffer.from(content)
  }

  /** Ends on a whole byte and looks back at nothing before it: such pieces in a row are one stream. */
  get deflated() {
    this.#deflated ??= deflateRawSync(this.bytes, {level: 9, finishFlush: constants.Z_FULL_FLUSH})
    return this.#deflated
  }
}

/** One member of gzip, without a name or a time. */
export function gzip(parts) {
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3])
  const lastBlock = deflateRawSync(Buffer.alloc(0))
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(parts.reduce((sum, {bytes}) => crc32(bytes, sum), 0))
  tail.writeUInt32LE(sizeOf(parts) % 2 ** 32, 4)
  return Buffer.concat([head, ...parts.map(({deflated}) => deflated), lastBlock, tail])
}

export function sizeOf(parts) {
  return parts.reduce((sum, {bytes}) => sum + bytes.length, 0)
}

/** Zeros up to the next multiple. */
export function padding(size, multiple) {
  return Buffer.alloc((multiple - (size % multiple)) % multiple)
}
