import {expect, test} from 'vitest'
import {KeyDecoder} from '../../src/terminal/keys.js'

test.each([
  [['qé📦'], ['q', 'é', '📦']],
  [['\u001b[A\u001bOB\u001b[5~'], ['up', 'down', 'page-up']],
  [['\u001b', '[', 'C'], ['right']],
  [['\u001b[1;5Ax'], ['unknown', 'x']],
  [['\u001b\u001b[A'], ['escape', 'up']],
  [['\u001bq'], ['escape', 'q']],
  [['\r\t\u007f\u0003\u0007'], ['enter', 'tab', 'backspace', 'ctrl-c', 'unknown']],
])('%j', (chunks, keys) => {
  const decoder = new KeyDecoder()
  expect(chunks.flatMap((chunk) => decoder.feed(chunk))).toEqual(keys)
  expect(decoder.waiting).toBe(false)
})

test('an escape that nothing follows was the key', () => {
  const decoder = new KeyDecoder()
  expect([decoder.feed('\u001b'), decoder.waiting, decoder.flush(), decoder.waiting]).toEqual([
    [],
    true,
    ['escape'],
    false,
  ])
})
