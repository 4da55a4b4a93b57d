import {expect, test} from 'vitest'
import {UsageError} from '../../src/errors/errors.js'
import {parseWhen} from '../../src/text/when.js'

const now = new Date(2026, 2, 10, 13, 30, 15, 250)
const nowMs = now.getTime()
const local = (day: number, hour = 0, minute = 0, second = 0) =>
  new Date(2026, 2, day, hour, minute, second).getTime() / 1000

test.each<[string, number, number]>([
  ['now', nowMs / 1000, 0],
  ['10m', nowMs / 1000 - 600, 0],
  ['1h30m', nowMs / 1000 - 5400, 0],
  ['-1h', nowMs / 1000 + 3600, 0],
  ['1.5s', nowMs / 1000 - 1.5, 0],
  ['2d', nowMs / 1000 - 172_800, 0],
  ['1w2d3h', nowMs / 1000 - 9 * 86_400 - 10_800, 0],
  ['10 minutes ago', nowMs / 1000 - 600, 0],
  ['1 hour', nowMs / 1000 - 3600, 0],
  ['2 days ago', nowMs / 1000 - 172_800, 0],
  ['today', local(10), 0],
  ['yesterday', local(9), 0],
  ['yesterday 14:00', local(9, 14), 0],
  ['Yesterday at 14:05:06', local(9, 14, 5, 6), 0],
  ['today 9:05', local(10, 9, 5), 0],
  ['13:00', local(10, 13), 0],
  ['14:00', local(9, 14), 0],
  ['2026-03-05', local(5), 0],
  ['2026-03-05T13', local(5, 13), 0],
  ['2026-03-05T13:23', local(5, 13, 23), 0],
  ['2026-03-05 13:23:37', local(5, 13, 23, 37), 0],
  ['2026-03-05T13:23:37.000000042', local(5, 13, 23, 37), 42],
  ['2026-03-05T13:23:37.123456789Z', Date.UTC(2026, 2, 5, 13, 23, 37) / 1000, 123_456_789],
  ['2026-03-05T13:23:37+02:00', Date.UTC(2026, 2, 5, 11, 23, 37) / 1000, 0],
  ['2026-03-05T13:23Z', Date.UTC(2026, 2, 5, 13, 23) / 1000, 0],
  ['1700000000', 1_700_000_000, 0],
  ['0', 0, 0],
  ['10', 10, 0],
  ['2026', 2026, 0],
  ['1700000000.000000001', 1_700_000_000, 1],
])('%s', (text, seconds, nanos) => {
  const found = parseWhen(text, nowMs)
  const whole = Math.floor(seconds)
  expect(found).toEqual({seconds: whole, nanos: nanos + Math.round((seconds - whole) * 1e9)})
})

test.each([
  '',
  'soon',
  '25:00',
  'tomorrow',
  '2026-02-30',
  '2026-13-01',
  '2026-03-05T25:00',
  '10x',
  'yesterday 14',
])('"%s" is refused', (text) => {
  expect(() => parseWhen(text, nowMs)).toThrow(UsageError)
  expect(() => parseWhen(text, nowMs)).toThrow(`"${text}" is no time: write 10m, 2d, 14:00`)
})

test('a text as long as a file is no time, and is not searched for one', () => {
  expect(() => parseWhen('1 '.repeat(50_000), 0)).toThrow('is no time')
})
