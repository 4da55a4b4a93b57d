import {setImmediate} from 'node:timers/promises'
import {expect, test} from 'vitest'
import {TimeMerge, timeOfLine} from '../../../src/cli/nodes/time-merge.js'

test('lines of several nodes are one by time', async () => {
  let written = ''
  const merge = new TimeMerge(['a', 'b'], false, (text) => {
    written += text
  })
  await merge.add('a', 1, 'a1 ')
  await merge.add('a', 4, 'a4 ')
  await merge.add('a', 3, 'a3 ', 1)
  expect(written).toBe('')
  await merge.add('b', 2, 'b2 ')
  expect(written).toBe('a1 b2 ')
  merge.end('b')
  await merge.finish()
  expect(written).toBe('a1 b2 a3 a4 ')
})

test('where nobody takes what is written, more waits with whoever brings it, on both outputs', async () => {
  let written = ''
  let read = () => {}
  const reader = new Promise<void>((resolve) => {
    read = resolve
  })
  let pieces = 0
  const merge = new TimeMerge(['a', 'b'], false, (text) => {
    written += text
    pieces++
    return reader
  })
  merge.end('b')
  let brought = 0
  const bring = async (output: 0 | 1) => {
    for (let number = 0; number < 20_000; number++) {
      await merge.add('a', number, `${output} ${number}\n`, output)
      brought++
    }
  }
  const all = Promise.all([bring(0), bring(1)])
  // Until nothing moves any more.
  for (let before = -1; before < brought; ) {
    before = brought
    await setImmediate()
  }
  expect(brought).toBeLessThan(20_000)
  expect(pieces).toBe(1)
  read()
  await all
  merge.end('a')
  await merge.finish()
  for (const output of [0, 1])
    expect(written.split('\n').filter((line) => line.startsWith(`${output} `))).toEqual(
      Array.from({length: 20_000}, (_, number) => `${output} ${number}`),
    )
})

test('what has no end is not waited for', async () => {
  const written: string[] = []
  const merge = new TimeMerge(['a', 'b'], true, (text) => void written.push(text))
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
