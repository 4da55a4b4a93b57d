import {describe, expect, test} from 'vitest'
import {
  createFrameParser,
  encodeDataHeader,
  encodeGoAway,
  encodePing,
  encodeRstStream,
  encodeSynReply,
  encodeSynStream,
  type SpdyFrame,
} from '../../src/streaming/spdy-frames.js'

const block = Buffer.from('cafe', 'hex')

const frames: [string, Buffer, SpdyFrame][] = [
  [
    '80030001 0000000c 00000005 00000000 0000 cafe',
    encodeSynStream(5, block),
    {type: 'synStream', streamId: 5, headerBlock: block, fin: false},
  ],
  [
    '80030002 00000006 00000007 cafe',
    encodeSynReply(7, block),
    {type: 'synReply', streamId: 7, headerBlock: block, fin: false},
  ],
  ['80030003 00000008 00000009 00000005', encodeRstStream(9, 5), {type: 'rstStream', streamId: 9, status: 5}],
  ['80030006 00000004 0000000b', encodePing(11), {type: 'ping', id: 11}],
  ['80030007 00000008 00000003 00000000', encodeGoAway(3), {type: 'goAway', lastStreamId: 3, status: 0}],
]

function parse(bytes: Buffer, sliceBytes = bytes.length): SpdyFrame[] {
  const parsed: SpdyFrame[] = []
  const take = createFrameParser((frame) => parsed.push(frame))
  for (let offset = 0; offset < bytes.length; offset += sliceBytes)
    take(bytes.subarray(offset, offset + sliceBytes))
  return parsed
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

test.each(frames)('%s is written and read', (text, encoded, frame) => {
  expect(encoded.toString('hex')).toBe(text.replaceAll(' ', ''))
  expect(parse(hex(text))).toEqual([frame])
  expect(parse(hex(text), 1)).toEqual([frame])
})

test('a data frame has its length after the flags', () => {
  expect(encodeDataHeader(3, 65_536).toString('hex')).toBe('0000000300010000')
  expect(encodeDataHeader(3, 0, true).toString('hex')).toBe('0000000301000000')
  expect(encodeDataHeader(3, 0xffffff).toString('hex')).toBe('0000000300ffffff')
  expect(() => encodeDataHeader(3, 0x1000000)).toThrow(RangeError)
})

test('data is handed on as it arrives, FIN with its last slice', () => {
  const bytes = Buffer.concat([encodeDataHeader(1, 5, true), Buffer.from('hello'), encodePing(2)])

  expect(parse(bytes, 10)).toEqual([
    {type: 'data', streamId: 1, chunk: Buffer.from('he'), fin: false},
    {type: 'data', streamId: 1, chunk: Buffer.from('llo'), fin: true},
    {type: 'ping', id: 2},
  ])
})

test('a half-close is an empty data frame, and an empty frame without it is nothing', () => {
  expect(parse(Buffer.concat([encodeDataHeader(1, 0), encodeDataHeader(1, 0, true)]))).toEqual([
    {type: 'data', streamId: 1, chunk: Buffer.alloc(0), fin: true},
  ])
})

test('frames split anywhere come out alike', () => {
  const bytes = Buffer.concat(frames.map(([text]) => hex(text)))
  for (let sliceBytes = 1; sliceBytes <= bytes.length; sliceBytes++) {
    expect(parse(bytes, sliceBytes)).toEqual(frames.map(([, , frame]) => frame))
  }
})

test('FIN on SYN_STREAM and SYN_REPLY is told', () => {
  expect(parse(hex('80030002 01000004 00000007'))).toEqual([
    {type: 'synReply', streamId: 7, headerBlock: Buffer.alloc(0), fin: true},
  ])
})

describe('passed over', () => {
  test.each([
    ['SETTINGS', '80030004 0000000c 00000001 00000004 00000064'],
    ['HEADERS', '80030008 00000006 00000001 cafe'],
    ['WINDOW_UPDATE', '80030009 00000008 00000001 00010000'],
    ['a control frame without payload', '8003000a 00000000'],
  ])('%s', (_name, text) => {
    expect(parse(Buffer.concat([hex(text), encodePing(1)]), 3)).toEqual([{type: 'ping', id: 1}])
  })
})

describe('not SPDY/3.1', () => {
  test.each([
    ['80020006 00000004 00000001', 'a control frame of SPDY version 2, not 3'],
    ['80030006 00100001 00000001', 'a control frame of 1048577 bytes'],
    ['80030003 00000004 00000001', 'a control frame of type 3 cut short'],
    ['80030006 00000000', 'a control frame of type 6 cut short'],
  ])('%s', (text, message) => {
    expect(() => parse(hex(text))).toThrow(message)
  })
})
