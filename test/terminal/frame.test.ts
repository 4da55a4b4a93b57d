import {expect, test} from 'vitest'
import {frameText} from '../../src/terminal/frame.js'

test.each([
  ['a\nb\n', 24, '\u001b[Ha\u001b[K\nb\u001b[K\n\u001b[J'],
  ['a\nb\nc\nd\n', 4, '\u001b[Ha\u001b[K\nb\u001b[K\n(2 more lines)\u001b[K\n\u001b[J'],
  ['a\nb\nc\nd\n', 5, '\u001b[Ha\u001b[K\nb\u001b[K\nc\u001b[K\nd\u001b[K\n\u001b[J'],
  ['a\nb\nc\n', undefined, '\u001b[Ha\u001b[K\nb\u001b[K\nc\u001b[K\n\u001b[J'],
])('%j in %s rows', (text, rows, frame) => {
  expect(frameText(text, rows)).toBe(frame)
})
