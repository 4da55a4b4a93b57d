import {expect, test} from 'vitest'
import {listLogFiles} from '../../src/logs/files.js'
import type {LineFilter} from '../../src/logs/lines.js'
import {planReading} from '../../src/logs/plan.js'
import {LineSource} from '../../src/logs/source.js'
import {type LogTime, timeFromMs} from '../../src/logs/time.js'
import {type LogDirectory, logDirectory, record, seededRandom} from '../support/log-files.js'

const dayMs = Date.UTC(2026, 0, 2)
const at = (seconds: number): LogTime => timeFromMs(dayMs + seconds * 1000)

interface Line {
  seconds: number
  text: string
  stream: string
}

/** Some megabytes in three files, the oldest one compressed; `secondsOf` says when a line was written. */
function threeFiles(logs: LogDirectory, secondsOf: (index: number) => number) {
  const random = seededRandom(7)
  const lines: Line[] = []
  const file = (count: number) => {
    let text = ''
    for (let index = 0; index < count; index++) {
      const stream = random() < 0.2 ? 'stderr' : 'stdout'
      const line = {
        seconds: secondsOf(lines.length),
        text: `${lines.length} ${'x'.repeat(random() * 200)}`,
        stream,
      }
      lines.push(line)
      const middle = Math.floor(line.text.length / 2)
      text +=
        random() < 0.1
          ? record(line.seconds, line.text.slice(0, middle), {stream, tag: 'P'}) +
            record(line.seconds + 0.001, line.text.slice(middle), {stream})
          : record(line.seconds, line.text, {stream})
    }
    return text
  }
  logs.write('0.log.20260102-000010.gz', file(4000))
  logs.write('0.log.20260102-000020', file(15_000))
  const path = logs.write('0.log', file(15_000))
  return {lines, path}
}

async function read(path: string, plan: {tail?: number; filter?: LineFilter}) {
  const {tail, filter = {}} = plan
  const segments = await planReading(listLogFiles(path), {tail, ...filter})
  const texts: string[] = []
  using source = new LineSource(segments, {filter})
  for (;;) {
    const found = await source.next()
    if (found === 'end') break
    if (typeof found !== 'string') for (const {content} of found) texts.push(content.toString())
  }
  const readBytes = segments.reduce((sum, {file, start, end}) => sum + (end ?? file.sizeBytes) - start, 0)
  return {texts, readBytes}
}

const within = (lines: readonly Line[], since: number, until: number) =>
  lines.filter(({seconds}) => seconds >= since && seconds <= until).map(({text}) => text)

test.each<[string, (index: number) => number]>([
  ['rising times', (index) => index * 0.2],
  ['times a little out of order', (index) => index * 0.2 + (index % 7) * 0.13],
  ['a clock set back by a minute', (index) => index * 0.2 - (index > 25_000 ? 60 : 0)],
  ['a clock set back by an hour', (index) => index * 0.2 - (index > 22_500 ? 3600 : 0)],
  ['a clock set back between two files', (index) => index * 0.2 - (index >= 19_000 ? 600 : 0)],
])('every line between two times, with %s', async (_, secondsOf) => {
  using logs = logDirectory()
  const {lines, path} = threeFiles(logs, secondsOf)
  for (const [since, until] of [
    [400, 401],
    [900, 3790],
    [3795, 3805],
    [5001, 5002],
    [6795, 1e6],
  ] as const) {
    const {texts} = await read(path, {filter: {since: at(since), until: at(until)}})
    expect(texts.length, `${since} to ${until}`).toBe(within(lines, since, until).length)
    expect(new Set(texts)).toEqual(new Set(within(lines, since, until)))
  }
})

test('a span of time is found without reading everything', async () => {
  using logs = logDirectory()
  const {path} = threeFiles(logs, (index) => index * 0.2)
  const {readBytes} = await read(path, {filter: {since: at(5000), until: at(5001)}})
  expect(readBytes).toBeLessThan(3 * 1024 * 1024)
})

test('the last lines, of both streams and of one, into compressed files', async () => {
  using logs = logDirectory()
  const {lines, path} = threeFiles(logs, (index) => index * 0.2)
  const texts = (wanted: readonly Line[]) => wanted.map(({text}) => text).sort()
  for (const tail of [0, 1, 3, 50, 15_001, 30_010, 1e6]) {
    const all = await read(path, {tail})
    expect(all.texts.sort(), `--tail ${tail}`).toEqual(texts(tail === 0 ? [] : lines.slice(-tail)))
    const err = lines.filter(({stream}) => stream === 'stderr')
    const only = await read(path, {tail, filter: {stream: 1}})
    expect(only.texts.sort(), `--tail ${tail} of stderr`).toEqual(texts(tail === 0 ? [] : err.slice(-tail)))
  }
  const until = await read(path, {tail: 3, filter: {until: at(1000)}})
  expect(until.texts.sort()).toEqual(texts(lines.slice(4998, 5001)))
})

test('of lines whose parts lie among each other the last ones are whole', async () => {
  using logs = logDirectory()
  const path = logs.write(
    '0.log',
    record(1, 'before') +
      record(2, 'out ', {tag: 'P'}) +
      record(3, 'err ', {tag: 'P', stream: 'stderr'}) +
      record(4, 'ended') +
      record(5, 'between') +
      record(6, 'ended too', {stream: 'stderr'}) +
      record(7, 'last ', {tag: 'P'}),
  )
  const tails = async (tail: number) => (await read(path, {tail})).texts
  expect(await tails(1)).toEqual(['last '])
  expect(await tails(2)).toEqual(['err ended too', 'last '])
  expect(await tails(3)).toEqual(['between', 'err ended too', 'last '])
  expect(await tails(4)).toEqual(['out ended', 'between', 'err ended too', 'last '])
})
