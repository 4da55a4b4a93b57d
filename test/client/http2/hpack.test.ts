import {expect, test} from 'vitest'
import {type Frame, FrameReader, writeFrame} from '../../../src/client/http2/frames.js'
import {type Header, HeaderReader, writeHeaders} from '../../../src/client/http2/hpack.js'
import {decodeHuffman} from '../../../src/client/http2/huffman.js'

function readAll(...blocks: string[]): Record<string, string>[] {
  const reader = new HeaderReader()
  return blocks.map((block) => Object.fromEntries(reader.read(Buffer.from(block.replaceAll(' ', ''), 'hex'))))
}

/** RFC 7541, appendix C.3 to C.6. */
test('the examples of the specification', () => {
  const requests = [
    {':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'www.example.com'},
    {
      ':method': 'GET',
      ':scheme': 'http',
      ':path': '/',
      ':authority': 'www.example.com',
      'cache-control': 'no-cache',
    },
    {
      ':method': 'GET',
      ':scheme': 'https',
      ':path': '/index.html',
      ':authority': 'www.example.com',
      'custom-key': 'custom-value',
    },
  ]
  expect(
    readAll(
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ),
  ).toEqual(requests)
  expect(
    readAll(
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ),
  ).toEqual(requests)
})

test('each byte has a code of its own, and padding is ones', () => {
  // 'a' is 00011, and every code begins another text.
  expect(decodeHuffman(Buffer.from([0b00011_111])).toString()).toBe('a')
  for (const [coded, reason] of [
    [[0b00011_110], 'cut off'],
    [[0xff, 0xff], 'cut off'],
    [[0xff, 0xff, 0xff, 0xff], 'a code that must not be'],
  ] as const)
    expect(() => decodeHuffman(Buffer.from(coded))).toThrow(reason)
})

test.each([
  ['an entry that nobody has sent', 'bf'],
  ['no index', '80'],
  ['a text that is cut off', '4003 6162'],
  ['a number without end', '7fff ffff ffff ffff ff'],
  ['a table that is too large', '3fff ffff 0f'],
  ['nothing after its name', '4001 61'],
])('a block with %s is refused', (_, block) => {
  expect(() => readAll(block)).toThrow(/header/)
})

test('a few bytes do not become many', () => {
  const kept = writeHeaders([['a', 'x'.repeat(3000)]])
  // With incremental indexing, then referred to a hundred times.
  kept[0] = 0x40
  expect(() => readAll(kept.toString('hex'), 'be'.repeat(100))).toThrow('more than 262144 bytes of headers')
})

test('what is written is read again', () => {
  const headers: Header[] = [
    [':method', 'POST'],
    ['grpc-timeout', '120000m'],
    ['traceparent', 'x'.repeat(126)],
    ['tracestate', 'y'.repeat(127)],
    ['long', 'z'.repeat(5000)],
  ]
  expect(new HeaderReader().read(writeHeaders(headers))).toEqual(headers)
})

test('frames are found however they are cut', () => {
  const frames: Frame[] = [
    {type: 0, flags: 1, streamId: 1, payload: Buffer.from('hello')},
    {type: 6, flags: 0, streamId: 0, payload: Buffer.alloc(8)},
    {type: 0, flags: 0, streamId: 2 ** 31 - 1, payload: Buffer.alloc(0)},
  ]
  const bytes = Buffer.concat(frames.map(writeFrame))
  for (const size of [1, 2, 7, bytes.length]) {
    const reader = new FrameReader()
    const found: Frame[] = []
    for (let at = 0; at < bytes.length; at += size)
      reader.read(bytes.subarray(at, at + size), (frame) =>
        found.push({...frame, payload: Buffer.from(frame.payload)}),
      )
    expect(found).toEqual(frames)
  }
  expect(() => new FrameReader().read(Buffer.from('HTTP/1.1 400 Bad Request\r\n'), () => undefined)).toThrow(
    'a frame of',
  )
})
