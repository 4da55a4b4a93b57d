import {expect, test} from 'vitest'
import {TimeMerge, timeOfLine} from '../../../src/cli/nodes/time-merge.js'

test('lines of several nodes are one by time', async () => {
  const written: string[] = []
  const merge = new TimeMerge(['a', 'b'], false, (text) => written.push(text))
  await merge.add('a', 1, 'a1')
  await merge.add('a', 3, 'a3')
  expect(written).toEqual([])
  await merge.add('b', 2, 'b2')
  expect(written).toEqual(['a1', 'b2'])
  merge.end('b')
  expect(written).toEqual(['a1', 'b2', 'a3'])
})

test('what has no end is not waited for', async () => {
  const written: string[] = []
  const merge = new TimeMerge(['a', 'b'], true, (text) => written.push(text))
  await merge.add('a', 1, 'a1')
  await expect.poll(() => written).toEqual(['a1'])
})

test.each([
  ['2026-11-29T03:00:00.5Z hello', {timeMs: Date.parse('2026-11-29T03:00:00.500Z'), bare: 'hello'}],
  [
    'web-1/web | 2026-11-29T03:00:00+01:00 a | b',
    {timeMs: Date.parse('2026-11-29T02:00:00Z'), bare: 'web-1/web | a | b'},
  ],
  ['--', undefined],
])('%s', (line, time) => {
  expect(timeOfLine(line)).toEqual(time)
})
