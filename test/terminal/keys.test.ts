import {expect, test} from 'vitest'
import {KeyDecoder} from '../../src/terminal/keys.js'

test.each([
  [['qé📦'], ['q', 'é', '📦']],
  [['\u001b[A\u001bOB\u001b[5~'], ['up', 'down', 'page-up']],
  [['\u001b', '[', 'C'], ['right']],
  [['\u001b[1;5Ax'], ['unknown', 'x']],
  [['\u001b[<0;113;9Mx\u001b[<0;113;9mx'], [{mouse: 'click', column: 113, row: 9}, 'x', 'unknown', 'x']],
  [
    ['\u001b[<64;1;2M\u001b[<81;1;2M\u001b[<2;1;2M\u001b[<32;1;2M'],
    [{mouse: 'wheel-up', column: 1, row: 2}, {mouse: 'wheel-down', column: 1, row: 2}, 'unknown', 'unknown'],
  ],
  [
    ['\u001b[<0;1', '13;9', 'Mx'],
    [{mouse: 'click', column: 113, row: 9}, 'x'],
  ],
  [
    ['\u001b[M qq', 'x\u001b[M', ' qq\u001b[', 'M q', 'qx'],
    ['unknown', 'x', 'unknown', 'unknown', 'x'],
  ],
  [['\u001b[M \u0003'], ['unknown', 'ctrl-c']],
  [['\u001b[>0;276;0c\u001b[?1;2$y\u001b[=3q\u001b[1 q'], ['unknown', 'unknown', 'unknown', 'unknown']],
  [['\u001b[[A\u001bO2P\u001bOP'], ['unknown', 'unknown', 'unknown']],
  [
    ['\u001b]11;rgb:q/q/q\u0007\u001b]10;q\u001b\\x\u001bP>|xterm(q)\u001b', '\\x'],
    ['unknown', 'unknown', 'x', 'unknown', 'x'],
  ],
  [['\u001b]11;rgb\u0003'], ['unknown', 'ctrl-c']],
  [['\u001bPq\u001b]q'], ['escape', 'P', 'q', 'escape', ']', 'q']],
  [['\u001b[200~qé\rq\u001b[201~x'], [{pasted: 'qé\rq'}, 'x']],
  [
    ['\u001b[20', '0~we', 'b\u001b[2', '01~\u001b[A'],
    [{pasted: 'web'}, 'up'],
  ],
  [['\u001b[200~we\u0003x'], [{pasted: 'we'}, 'ctrl-c', 'x']],
  [['\u001b\u001b[A'], ['escape', 'up']],
  [['\u001bq'], ['escape', 'q']],
  [['\r\t\u007f\u0003\u0007'], ['enter', 'tab', 'backspace', 'ctrl-c', 'unknown']],
])('%j', (chunks, keys) => {
  const decoder = new KeyDecoder()
  expect(chunks.flatMap((chunk) => decoder.feed(Buffer.from(chunk)))).toEqual(keys)
  expect(decoder.waiting).toBe(false)
})

test('bytes of one character, and of a mouse far to the right, come one by one', () => {
  const decoder = new KeyDecoder()
  const bytes = Buffer.concat([
    Buffer.from('é📦'),
    Buffer.from('\u001b[M \u00c3\u00a9', 'latin1'),
    Buffer.from('x'),
  ])
  expect([...bytes].flatMap((byte) => decoder.feed(Buffer.of(byte)))).toEqual(['é', '📦', 'unknown', 'x'])
})

test('the beginning of a sequence longer than a key is no Escape key', () => {
  const decoder = new KeyDecoder()
  expect([decoder.feed(Buffer.from('\u001b[1')), decoder.waiting]).toEqual([[], false])
  expect([decoder.feed(Buffer.from('\u001b[<1')), decoder.waiting]).toEqual([['unknown'], false])
})

test('an escape that nothing follows was the key', () => {
  const decoder = new KeyDecoder()
  expect([decoder.feed(Buffer.from('\u001b')), decoder.waiting, decoder.flush(), decoder.waiting]).toEqual([
    [],
    true,
    ['escape'],
    false,
  ])
})
