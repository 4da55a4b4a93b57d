import {appendFileSync, copyFileSync, truncateSync} from 'node:fs'
import {expect, test} from 'vitest'
import {listLogFiles} from '../../src/logs/files.js'
import {planReading} from '../../src/logs/plan.js'
import {LogReader} from '../../src/logs/reader.js'
import {logDirectory, records} from '../support/log-files.js'

/** A log that is copied and emptied while it is followed. */
function followedCopies() {
  const logs = logDirectory()
  const path = logs.write('0.log', records(0, 3))
  const notices: string[] = []
  const follow = true
  const segments = listLogFiles(path).map((file) => ({file, start: 0}))
  const reader = new LogReader(segments, {follow, onNotice: (text) => notices.push(text)})
  const room = Buffer.alloc(4096)
  const read = async (untilFileEnd = false) => {
    let text = ''
    for (let waits = 0; waits < 3; ) {
      const reading = await reader.next(room)
      if (reading === 'wait') waits++
      if (typeof reading === 'number') text += room.toString('latin1', 0, reading)
      if (untilFileEnd && reading === 'file-end' && text !== '') break
    }
    return text
  }
  const begin = async () => {
    expect(await read()).toBe(records(0, 3))
    copyFileSync(path, `${path}.20260102-000010`)
    truncateSync(path)
    appendFileSync(path, records(3, 9))
    logs.write('0.log.20260102-000020', records(3, 5))
  }
  const finishCopy = () => {
    copyFileSync(path, `${path}.20260102-000020`)
    truncateSync(path)
    appendFileSync(path, records(9, 12))
  }
  const end = () => {
    reader.close()
    logs[Symbol.dispose]()
  }
  return {read, begin, finishCopy, notices, [Symbol.dispose]: end}
}

test('a rotated copy still being written is completed from the log itself', async () => {
  using log = followedCopies()
  await log.begin()
  expect(await log.read()).toBe(records(3, 9))
  log.finishCopy()
  expect(await log.read()).toBe(records(9, 12))
  expect(log.notices).toEqual([])
})

test('a rotated copy finished after the first read supplies the remaining lines', async () => {
  using log = followedCopies()
  await log.begin()
  const first = await log.read(true)
  log.finishCopy()
  expect(first + (await log.read())).toBe(records(3, 12))
  expect(log.notices).toEqual([])
})

test('a file that only begins like the one before it is read from its beginning', async () => {
  using logs = logDirectory()
  const line = (second: number) =>
    `${JSON.stringify({log: `${'the same '.repeat(20)}\n`, stream: 'stdout', time: `2026-01-02T00:00:0${second}Z`})}\n`
  logs.write('0.log.20260102-000010', line(1) + line(2))
  const path = logs.write('0.log', line(3) + line(4) + line(5))
  const segments = listLogFiles(path).map((file) => ({file, start: 0}))
  using reader = new LogReader(segments, {follow: true})
  const room = Buffer.alloc(4096)
  let text = ''
  for (let reading = await reader.next(room); reading !== 'wait'; reading = await reader.next(room))
    if (typeof reading === 'number') text += room.toString('latin1', 0, reading)
  expect(text).toBe([1, 2, 3, 4, 5].map(line).join(''))
})

/** What a reader that follows gives until it waits. */
async function readAll(reader: LogReader): Promise<string> {
  const room = Buffer.alloc(4096)
  let text = ''
  for (;;) {
    const reading = await reader.next(room)
    if (reading === 'wait') return text
    if (typeof reading === 'number') text += room.toString('latin1', 0, reading)
  }
}

test('an empty log that is filled, copied and emptied between two looks is read in its copy at once', async () => {
  using logs = logDirectory()
  logs.write('0.log.20260102-000005', records(0, 1))
  const path = logs.write('0.log', '')
  const files = listLogFiles(path)
  using reader = new LogReader(await planReading(files, {tail: 0}), {follow: true})
  expect(await readAll(reader)).toBe('')
  for (const second of [10, 20]) {
    logs.write(`0.log.20260102-0000${second}`, records(second, second + 5))
    expect(await readAll(reader)).toBe(records(second, second + 5))
  }
  appendFileSync(path, records(30, 31))
  expect(await readAll(reader)).toBe(records(30, 31))
})

test.each([
  [0, ''],
  [1, records(5, 6)],
  [3, records(3, 6)],
  [4, records(2, 6)],
])('following the last %d lines shows no rotated file that lies before them', async (tail, expected) => {
  using logs = logDirectory()
  logs.write('0.log.20260102-000010', records(0, 3))
  const path = logs.write('0.log', records(3, 6))
  using reader = new LogReader(await planReading(listLogFiles(path), {tail}), {follow: true})
  expect(await readAll(reader)).toBe(expected)
})
