import type {Readable} from 'node:stream'
import {constants, createDeflate, deflateSync} from 'node:zlib'
import {describe, expect, test} from 'vitest'
import {spdyDictionary} from '../../src/streaming/spdy-dictionary.js'
import {createHeaderDecoder, createHeaderEncoder, type SpdyHeaders} from '../../src/streaming/spdy-headers.js'

/** A header block as SPDY/3.1 lays it out before compression. */
function layOut(headers: SpdyHeaders): Buffer {
  const text = (value: string) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(Buffer.byteLength(value))
    return Buffer.concat([length, Buffer.from(value)])
  }
  const count = Buffer.alloc(4)
  count.writeUInt32BE(Object.keys(headers).length)
  return Buffer.concat([
    count,
    ...Object.entries(headers).flatMap(([name, value]) => [text(name), text(value)]),
  ])
}

/** One `read` gives all that there is up to Node 25, and a chunk since. */
function readAll(from: Readable): Buffer {
  const chunks: Buffer[] = []
  for (let chunk = from.read(); chunk !== null; chunk = from.read()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Compresses as Go clients do: one zlib stream for the connection, flushed after each block. */
async function compress(...blocks: Buffer[]): Promise<Buffer[]> {
  const deflate = createDeflate({dictionary: spdyDictionary})
  const compressed: Buffer[] = []
  for (const block of blocks) {
    deflate.write(block)
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()))
    compressed.push(readAll(deflate))
  }
  deflate.close()
  return compressed
}

test('the dictionary is that of SPDY/3', () => {
  expect(spdyDictionary).toHaveLength(1423)
  expect(deflateSync('', {dictionary: spdyDictionary}).toString('hex', 2, 6)).toBe('e3c6a7c2')
})

test('a block is stored, flushed, and only the first has the zlib header', () => {
  const encode = createHeaderEncoder()
  const plain = '00000001 0000000a 73747265616d74797065 00000005 6572726f72'.replaceAll(' ', '')

  expect(encode({streamType: 'error'}).toString('hex')).toBe(`7820e3c6a7c2001b00e4ff${plain}000000ffff`)
  expect(encode({streamtype: 'error'}).toString('hex')).toBe(`001b00e4ff${plain}000000ffff`)
  expect(encode({}).toString('hex')).toBe('000400fbff00000000000000ffff')
})

test('more headers than a block holds are an error', () => {
  expect(() => createHeaderEncoder()({name: 'x'.repeat(65_536)})).toThrow(RangeError)
})

test('stored blocks are read back', () => {
  const encode = createHeaderEncoder()
  const decode = createHeaderDecoder()

  expect(decode(encode({streamType: 'data', port: '80', requestID: '0'}))).toEqual({
    streamtype: 'data',
    port: '80',
    requestid: '0',
  })
  expect(decode(encode({}))).toEqual({})
  expect(decode(encode({name: 'Zoë 🎉'}))).toEqual({name: 'Zoë 🎉'})
})

test('compressed blocks are read, each referring to the ones before and to the dictionary', async () => {
  const all = ['error', 'stdin', 'stdout', 'stderr', 'resize'].map((type) => ({
    streamtype: type,
    'user-agent': 'Go',
  }))
  const blocks = await compress(...all.map(layOut))
  expect(blocks[1]?.length).toBeLessThan(20)

  const decode = createHeaderDecoder()
  expect(blocks.map(decode)).toEqual(all)
})

test('compressed blocks are read when they are far longer than the window', async () => {
  const all = Array.from({length: 30}, (_, index) => ({
    requestid: String(index),
    filler: `${index}`.repeat(4000),
  }))
  const decode = createHeaderDecoder()

  expect((await compress(...all.map(layOut))).map(decode)).toEqual(all)
})

describe('no header block', () => {
  const stored = (plain: string) => {
    const block = Buffer.alloc(5)
    block.writeUInt16LE(plain.length / 2, 1)
    block.writeUInt16LE(~(plain.length / 2) & 0xffff, 3)
    return `7820e3c6a7c2${block.toString('hex')}${plain}000000ffff`
  }
  test.each([
    ['nothing', '', 'not compressed as SPDY/3.1 says'],
    ['a zlib stream without dictionary', '789c0000', 'not compressed as SPDY/3.1 says'],
    ['another dictionary', '7820e3c6a7c3', 'not compressed as SPDY/3.1 says'],
    ['no deflate data', '7820e3c6a7c2ffffff', 'cannot be decompressed'],
    ['no count', stored('0000'), 'ends early'],
    ['fewer headers than counted', stored('00000002'), 'ends early'],
    ['a name longer than the block', stored('0000000100000010aa'), 'ends early'],
  ])('%s', (_name, hex, message) => {
    expect(() => createHeaderDecoder()(Buffer.from(hex, 'hex'))).toThrow(message)
  })

  test('one that inflates without end', async () => {
    const [bomb = Buffer.alloc(0)] = await compress(Buffer.alloc(4 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(10_000)
    expect(() => createHeaderDecoder()(bomb)).toThrow('cannot be decompressed')
  })
})
