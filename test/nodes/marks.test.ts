import {expect, test} from 'vitest'
import {type Frame, FrameReader, frameBytes} from '../../src/nodes/frames.js'
import {MarkReader, markStart} from '../../src/nodes/marks.js'

const nonce = '0123456789abcdef'

/** Neighbouring bytes are one piece. */
function piecesOf(chunks: readonly Buffer[]): string[] {
  const reader = new MarkReader(nonce)
  const pieces: string[] = []
  let bytes = ''
  const flush = () => {
    if (bytes !== '') pieces.push(`bytes ${bytes}`)
    bytes = ''
  }
  for (const chunk of chunks)
    for (const piece of reader.read(chunk)) {
      if (typeof piece !== 'string') bytes += piece.toString('latin1')
      else {
        flush()
        pieces.push(`mark ${piece}`)
      }
    }
  bytes += reader.end().toString('latin1')
  flush()
  return pieces
}

test('marks are found wherever the chunks are cut', () => {
  const mark = markStart(nonce)
  const all = Buffer.from(`a\u001e\u001ecrisp x${mark}begin\nb\n${mark}end 3\n${mark.slice(0, 9)}`, 'latin1')
  const expected = [
    'bytes a\u001e\u001ecrisp x',
    'mark begin',
    'bytes b\n',
    'mark end 3',
    `bytes ${mark.slice(0, 9)}`,
  ]
  expect(piecesOf([all])).toEqual(expected)
  for (let cut = 1; cut < all.length; cut++)
    expect(piecesOf([all.subarray(0, cut), all.subarray(cut)]), `cut at ${cut}`).toEqual(expected)
  expect(piecesOf([...all].map((byte) => Buffer.from([byte])))).toEqual(expected)
})

test('the marks of another run are bytes', () => {
  const other = `${markStart('fedcba9876543210')}end 0\n`
  expect(piecesOf([Buffer.from(other)])).toEqual([`bytes ${other}`])
})

test('a mark without an end is refused', () => {
  expect(() => piecesOf([Buffer.from(markStart(nonce) + 'x'.repeat(100_000))])).toThrow(
    /something else than crisp/,
  )
})

test('frames are found wherever the chunks are cut', () => {
  const frames: Frame[] = [
    {kind: 'data', bytes: Buffer.from('abc')},
    {kind: 'size', columns: 80, rows: 24},
    {kind: 'signal', name: 'SIGINT'},
    {kind: 'ping'},
    {kind: 'data', bytes: Buffer.alloc(0)},
    {kind: 'end'},
  ]
  const all = Buffer.concat(frames.flatMap(frameBytes))
  for (let cut = 0; cut < all.length; cut++) {
    const reader = new FrameReader()
    const read = [...reader.read(all.subarray(0, cut)), ...reader.read(all.subarray(cut))]
    expect(read, `cut at ${cut}`).toEqual(frames)
  }
  expect(() => new FrameReader().read(Buffer.from('Welcome'))).toThrow(/not what is sent/)
})
