import {expect, test} from 'vitest'
import {LineAssembler, type LineFilter, type LogLine} from '../../src/logs/lines.js'
import {stampText, timeFromMs} from '../../src/logs/time.js'
import {type ReadLine, randomLog, record, reference, seededRandom, stamp} from '../support/log-files.js'

/** Hands the bytes over in pieces of the sizes given, again and again. */
function assembled(bytes: Buffer, sizes: readonly number[], filter: LineFilter = {}, bufferSize = 4096) {
  let damaged = 0
  const lines: ReadLine[] = []
  const keep = (found: LogLine[]) => {
    for (const line of found) {
      const text = line.content.toString('latin1')
      const before = line.continued ? lines.findLast(({stream}) => stream === line.stream) : undefined
      if (before) Object.assign(before, {text: before.text + text, ended: line.ended})
      else
        lines.push({
          time: stampText(line, line.offsetMinutes),
          stream: line.stream,
          text,
          ended: line.ended,
        })
    }
  }
  const assembler = new LineAssembler(filter, () => damaged++, bufferSize)
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const room = assembler.room()
    const count = Math.min(room.length, sizes[turn % sizes.length] ?? 1, bytes.length - at)
    bytes.copy(room, 0, at, at + count)
    at += count
    keep(assembler.take(count))
  }
  keep(assembler.endLog())
  return {lines, damaged}
}

const all = (text: string | Buffer) => assembled(Buffer.from(text), [1_000_000])

test.each([
  ['containerd in UTC', '2026-01-02T03:04:05.123456789Z', '2026-01-02T03:04:05.123456789Z'],
  ['zeros cut at the end', '2026-01-02T03:04:05.12Z', '2026-01-02T03:04:05.120000000Z'],
  ['no fraction', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000000000Z'],
  ['conmon in UTC', '2026-01-02T03:04:05.123456789+00:00', '2026-01-02T03:04:05.123456789Z'],
  ['east', '2026-01-02T03:04:05.000000001+05:30', '2026-01-02T03:04:05.000000001+05:30'],
  ['west, over midnight', '2026-01-01T23:59:59.5-08:00', '2026-01-01T23:59:59.500000000-08:00'],
])('a time: %s', (_, time, shown) => {
  expect(all(`${time} stderr F x\n`)).toEqual({
    lines: [{time: shown, stream: 1, text: 'x', ended: true}],
    damaged: 0,
  })
})

test('parts are joined for each stream, at the time of the first', () => {
  const text =
    record(1, 'out-a ', {tag: 'P'}) +
    record(2, 'err-a ', {tag: 'P', stream: 'stderr'}) +
    record(3, 'out-b', {tag: 'F'}) +
    record(4, 'err-b', {tag: 'F:more:tags', stream: 'stderr'}) +
    record(5, 'cut', {tag: 'P:again'})
  expect(all(text).lines).toEqual([
    {time: stamp(1), stream: 0, text: 'out-a out-b', ended: true},
    {time: stamp(2), stream: 1, text: 'err-a err-b', ended: true},
    {time: stamp(5), stream: 0, text: 'cut', ended: false},
  ])
})

test.each([
  ['empty line', '\n'],
  ['no time', 'hello world, this is long enough to be one\n'],
  ['a month of letters', '2026-xx-02T03:04:05Z stdout F text that is long\n'],
  ['no zone', '2026-01-02T03:04:05.123 stdout F text that is long\n'],
  ['no stream', '2026-01-02T03:04:05.123Z stdaux F text that is long\n'],
  ['no tag', '2026-01-02T03:04:05.123Z stdout Fxxxxxxxxxxxxx\n'],
  ['half a header', '2026-01-02T03:04:05.1\n'],
  ['a long one', `${'x'.repeat(20_000)}\n`],
  ['NUL bytes of a file with a hole', `${'\0'.repeat(9000)}\n`],
  ['half of a Docker line', '{"log":"x\\n","stream":"std\n'],
])('damaged: %s; the lines around it are kept', (_, damage) => {
  const {lines, damaged} = all(record(1, 'before') + damage + record(2, 'after'))
  expect(lines.map(({text}) => text)).toEqual(['before', 'after'])
  expect(damaged).toBe(1)
})

test('a last line that was written only half is shown as far as it goes', () => {
  expect(all(`${record(1, 'whole')}${stamp(2)} stdout F hal`).lines.at(-1)?.text).toBe('hal')
  expect(all(`${record(1, 'whole')}${stamp(2)} std`)).toMatchObject({damaged: 1, lines: [{text: 'whole'}]})
})

test('every byte but the newline stays as it is', () => {
  const bytes = Buffer.from([...Array(256).keys()].filter((byte) => byte !== 10))
  const text = Buffer.concat([Buffer.from(`${stamp(1)} stdout F `), bytes, Buffer.from('\n')])
  expect(all(text).lines[0]?.text).toBe(bytes.toString('latin1'))
})

test('lines of Docker are read as well', () => {
  const docker = (log: string, stream: string, seconds: number) =>
    `${JSON.stringify({log, stream, time: stamp(seconds)})}\n`
  const text = docker('one\n', 'stdout', 1) + docker('é ', 'stderr', 2) + docker('two\n', 'stderr', 3)
  expect(all(text).lines).toEqual([
    {time: stamp(1), stream: 0, text: 'one', ended: true},
    {time: stamp(2), stream: 1, text: Buffer.from('é two').toString('latin1'), ended: true},
  ])
  expect(all(docker(`${'x'.repeat(60_000)}\n`, 'stdout', 1)).lines[0]?.text).toHaveLength(60_000)
})

test('a stream and a span of time; what begins before it is left out whole', () => {
  const text =
    record(10, 'early ', {tag: 'P'}) +
    record(20, 'late') +
    record(21, 'wrong stream', {stream: 'stderr'}) +
    record(22, 'in') +
    record(30, 'last ', {tag: 'P'}) +
    record(40, 'but whole') +
    record(41, 'after')
  const dayMs = Date.UTC(2026, 0, 2)
  const filter: LineFilter = {
    stream: 0,
    since: timeFromMs(dayMs + 15_000),
    until: timeFromMs(dayMs + 30_000),
  }
  expect(assembled(Buffer.from(text), [7], filter).lines.map((line) => line.text)).toEqual([
    'in',
    'last but whole',
  ])
})

test('any bytes in any pieces give what a plain reading gives', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = seededRandom(seed)
    const bytes = randomLog(random)
    const sizes = Array.from({length: 5}, () => 1 + Math.floor(random() ** 2 * 600))
    const bufferSize = 512 + Math.floor(random() * 1500)
    expect(assembled(bytes, sizes, {}, bufferSize), `seed ${seed}`).toEqual(reference(bytes))
  }
})
