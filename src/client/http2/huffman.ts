/** The length in bits of each byte's code, and at the end of the one that must not occur (RFC 7541, appendix B). */
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]
const longest = 30
const endOfText = 256

/** Of the codes of one length, which follow one another: the first of them, and where their bytes are. */
interface Codes {
  bytes: number[]
  firstCode: number[]
  firstByte: number[]
  counts: number[]
}

let codes: Codes | undefined

/** The code is canonical: a byte's code follows from the lengths of all. */
function makeCodes(): Codes {
  const counts = Array<number>(longest + 1).fill(0)
  for (const length of lengths) counts[length] = (counts[length] as number) + 1
  const firstCode: number[] = []
  const firstByte: number[] = []
  let code = 0
  let before = 0
  for (let length = 0; length <= longest; length++) {
    firstCode[length] = code
    firstByte[length] = before
    code = (code + (counts[length] as number)) << 1
    before += counts[length] as number
  }
  const bytes: number[] = []
  const next = [...firstByte]
  lengths.forEach((length, byte) => {
    bytes[next[length] as number] = byte
    next[length] = (next[length] as number) + 1
  })
  return {bytes, firstCode, firstByte, counts}
}

/** What HPACK's Huffman code stands for. Throws for what is none. */
export function decodeHuffman(coded: Uint8Array): Buffer {
  codes ??= makeCodes()
  const {bytes, firstCode, firstByte, counts} = codes
  const text: number[] = []
  let code = 0
  let length = 0
  for (const byte of coded)
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1)
      const place = code - (firstCode[++length] as number)
      if (place < (counts[length] as number)) {
        const value = bytes[(firstByte[length] as number) + place] as number
        if (value === endOfText) throw new Error('a header has a code that must not be')
        text.push(value)
        code = 0
        length = 0
      } else if (length === longest) throw new Error('a header has a code that is none')
    }
  // The last byte is filled up with ones.
  if (length > 7 || code !== (1 << length) - 1) throw new Error('a header is cut off')
  return Buffer.from(text)
}
