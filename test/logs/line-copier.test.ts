import {expect, test} from 'vitest'
import {LineCopier} from '../../src/logs/line-copier.js'
import type {LineFilter} from '../../src/logs/lines.js'
import type {StreamIndex} from '../../src/logs/record.js'
import {timeFromMs} from '../../src/logs/time.js'
import {randomLog, record, reference, seededRandom, stamp} from '../support/log-files.js'

interface Copy {
  sizes?: readonly number[]
  shared?: boolean
  filter?: LineFilter
  timestamps?: boolean
  needle?: string
}

async function copied(
  bytes: Buffer,
  {sizes = [1e9], shared = false, filter = {}, timestamps = false, needle}: Copy = {},
) {
  const written: [string, string] = ['', '']
  let damaged = 0
  const write = (stream: StreamIndex, piece: Uint8Array) => {
    written[stream] += Buffer.from(piece).toString('latin1')
  }
  const onDamage = () => damaged++
  const copier = new LineCopier(
    {shared, write},
    {
      filter,
      timestamps,
      onDamage,
      needle: needle === undefined ? undefined : Buffer.from(needle, 'latin1'),
    },
  )
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const room = copier.room()
    const count = Math.min(room.length, sizes[turn % sizes.length] ?? 1, bytes.length - at)
    bytes.copy(room, 0, at, at + count)
    at += count
    await copier.take(count)
  }
  await copier.endLog()
  return {stdout: written[0], stderr: written[1], damaged}
}

test('any bytes in any pieces give what a plain reading gives', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed)
    const bytes = randomLog(random)
    const sizes = Array.from({length: 5}, () => 1 + Math.floor(random() ** 2 * 600))
    const timestamps = random() < 0.5
    const {lines, damaged} = reference(bytes)
    const textOf = (stream: number) =>
      lines
        .filter((line) => line.stream === stream)
        .map(({time, text, ended}) => `${timestamps ? `${time} ` : ''}${text}${ended ? '\n' : ''}`)
        .join('')
    expect(await copied(bytes, {sizes, timestamps}), `seed ${seed}`).toEqual({
      stdout: textOf(0),
      stderr: textOf(1),
      damaged,
    })
  }
})

test('in one place no line begins inside one of the other stream, whatever the pieces', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed)
    const bytes = randomLog(random)
    const sizes = Array.from({length: 5}, () => 1 + Math.floor(random() ** 2 * 600))
    const {stdout, damaged} = await copied(bytes, {sizes, shared: true})
    const expected = reference(bytes)
    const sorted = (texts: readonly string[]) => texts.filter((text) => text !== '').sort()
    expect(damaged, `seed ${seed}`).toBe(expected.damaged)
    expect(sorted(stdout.split('\n')), `seed ${seed}`).toEqual(sorted(expected.lines.map(({text}) => text)))
  }
})

test('lines that wait for a very long one of the other stream break it off when there is no more room', async () => {
  const begun = record(1, 'begun ', {tag: 'P'})
  const waiting = record(2, 'e'.repeat(1000), {stream: 'stderr'})
  const {stdout} = await copied(Buffer.from(begun + waiting.repeat(400) + record(3, 'ended')), {shared: true})
  const counts: Record<string, number> = {}
  for (const line of stdout.split('\n')) counts[line.slice(0, 9)] = (counts[line.slice(0, 9)] ?? 0) + 1
  expect(counts).toEqual({'begun ': 1, eeeeeeeee: 400, ended: 1, '': 1})
})

test('a stream and a span of time; what begins before it is left out whole', async () => {
  const text =
    record(10, 'early ', {tag: 'P'}) +
    record(20, 'late') +
    record(21, 'wrong stream', {stream: 'stderr'}) +
    record(22, 'in') +
    record(30, 'last ', {tag: 'P'}) +
    record(40, 'but whole') +
    record(41, 'after') +
    '2026-01-02T01:00:25.5+01:00 stdout F in another zone\n'
  const dayMs = Date.UTC(2026, 0, 2)
  const filter: LineFilter = {
    stream: 0,
    since: timeFromMs(dayMs + 15_000),
    until: timeFromMs(dayMs + 30_000),
  }
  expect(await copied(Buffer.from(text), {sizes: [7], filter, timestamps: true})).toEqual({
    stdout: `${stamp(22)} in\n${stamp(30)} last but whole\n2026-01-02T01:00:25.500000000+01:00 in another zone\n`,
    stderr: '',
    damaged: 0,
  })
})

test('a line of 3 MiB goes through whole', async () => {
  const long = 'x'.repeat(3 * 1024 * 1024)
  expect((await copied(Buffer.from(record(1, long) + record(2, 'next')))).stdout).toBe(`${long}\nnext\n`)
})

test('only lines that hold a text, whatever the pieces', async () => {
  let shown = 0
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed)
    const bytes = randomLog(random, 3)
    const sizes = Array.from({length: 5}, () => 1 + Math.floor(random() ** 2 * 600))
    const timestamps = random() < 0.5
    const needle = ['a', 'ab', 'abca', 'b'.repeat(5)][seed % 4] ?? ''
    const {lines, damaged} = reference(bytes)
    const textOf = (stream: number) =>
      lines
        .filter((line) => line.stream === stream && line.text.includes(needle))
        .map(({time, text, ended}) => `${timestamps ? `${time} ` : ''}${text}${ended ? '\n' : ''}`)
        .join('')
    shown += textOf(0).length
    expect(await copied(bytes, {sizes, timestamps, needle}), `seed ${seed}`).toEqual({
      stdout: textOf(0),
      stderr: textOf(1),
      damaged,
    })
  }
  expect(shown).toBeGreaterThan(10_000)
})

test('a line of 3 MiB that holds a text is shown from the piece on that holds it', async () => {
  const long = `${'x'.repeat(1024 * 1024)}needle${'y'.repeat(2 * 1024 * 1024)}`
  const {stdout} = await copied(Buffer.from(record(1, long) + record(2, 'next')), {needle: 'needle'})
  expect(stdout.endsWith(`needle${'y'.repeat(2 * 1024 * 1024)}\n`)).toBe(true)
  expect((await copied(Buffer.from(record(1, long) + record(2, 'next')), {needle: 'nex'})).stdout).toBe(
    'next\n',
  )
})
