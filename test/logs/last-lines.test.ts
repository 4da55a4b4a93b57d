import {appendFileSync, mkdirSync, renameSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {LogTail} from '../../src/logs/last-lines.js'
import {logDirectory, record, records} from '../support/log-files.js'

test('lines from rotated files, as many as there are to show', async () => {
  using logs = logDirectory()
  logs.write('0.log.20260102-000010.gz', records(0, 10))
  logs.write('0.log.20260102-000020', records(10, 12))
  const path = logs.write('0.log', '')
  const tail = new LogTail()
  expect(await tail.read(path, 2)).toEqual(['line 10', 'line 11'])
  expect(await tail.read(path, 4)).toEqual(['line 8', 'line 9', 'line 10', 'line 11'])

  appendFileSync(path, record(12, '\u001b[31mred\u001b[0m\tand a tab'))
  expect(await tail.read(path, 2)).toEqual(['line 11', 'red    and a tab'])

  // Rotation renames what was just read.
  renameSync(path, `${path}.20260102-000030`)
  writeFileSync(path, record(13, 'after'))
  expect(await tail.read(path, 2)).toEqual(['red    and a tab', 'after'])
})

test('more lines than fit into any block, and one that is longer than that', async () => {
  using logs = logDirectory()
  const path = logs.write('0.log', records(0, 5000) + record(5000, 'x'.repeat(3_000_000)))
  const lines = await new LogTail().read(path, 3000)
  expect(lines).toHaveLength(3000)
  expect(lines.at(0)).toBe('line 2001')
  expect(lines.at(-1)).toMatch(/^x{1000,}$/)
})

test('a log that cannot be read is one line that says why', async () => {
  using logs = logDirectory()
  const missing = join(logs.path, '0.log')
  const tail = new LogTail()
  expect(await tail.read('', 1)).toEqual(['(no log: the runtime tells no path)'])
  expect(await tail.read(missing, 1)).toEqual([
    `(there is no log at ${missing}: it was removed, or the container runs on another machine)`,
  ])
  mkdirSync(missing)
  expect(await tail.read(missing, 1)).toEqual([
    `(the log ${missing} is a directory, not a file: it can't be read)`,
  ])
})

test('a compressed file that is cut short is said where its lines end', async () => {
  using logs = logDirectory()
  const rotated = logs.write('0.log.20260102-000010.gz', records(0, 10))
  truncateSync(rotated, 0)
  const path = logs.write('0.log', record(12, 'now'))
  expect(await new LogTail().read(path, 5)).toEqual([
    `(the log ${rotated} is cut short; what follows in it is missing)`,
    'now',
  ])
})
