import {expect, test} from 'vitest'
import {listLogFiles} from '../../src/logs/files.js'
import {LineMerger, type MergedSource} from '../../src/logs/merge.js'
import {planReading} from '../../src/logs/plan.js'
import {LineSource} from '../../src/logs/source.js'
import {logDirectory, record, seededRandom} from '../support/log-files.js'

test('twelve logs in the order of their times; of equal ones the first log comes first', async () => {
  using logs = logDirectory()
  const random = seededRandom(3)
  const all: {seconds: number; log: number; text: string}[] = []
  const merger = new LineMerger<MergedSource>()
  for (let log = 0; log < 12; log++) {
    let text = ''
    let seconds = Math.floor(random() * 50)
    for (let index = 0; index < 1500; index++) {
      seconds += Math.floor(random() ** 8 * 40)
      const line = {seconds, log, text: `${log}:${index}${' '.repeat(random() * 90)}`}
      all.push(line)
      text += record(line.seconds, line.text)
    }
    const files = listLogFiles(logs.write(`${log}.log`, text))
    merger.add({lines: new LineSource(await planReading(files, {}), {bufferSize: 4096})})
  }
  const merged: string[] = []
  await merger.drain(({content}) => {
    merged.push(content.toString())
  })
  const expected = all.toSorted((a, b) => a.seconds - b.seconds || a.log - b.log).map(({text}) => text)
  expect(merged).toEqual(expected)
  expect(merger.size).toBe(0)
})

test('a log whose clock was set back keeps its own order', async () => {
  using logs = logDirectory()
  const path = logs.write('0.log', record(10, 'a') + record(5, 'b') + record(12, 'd'))
  const other = logs.write('1.log', record(8, 'before') + record(11, 'c'))
  const merger = new LineMerger<MergedSource>()
  for (const file of [path, other])
    merger.add({lines: new LineSource(await planReading(listLogFiles(file), {}))})
  const merged: string[] = []
  await merger.drain(({content}) => {
    merged.push(content.toString())
  })
  expect(merged).toEqual(['before', 'a', 'b', 'c', 'd'])
})
