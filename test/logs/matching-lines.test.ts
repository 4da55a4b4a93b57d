import {expect, test} from 'vitest'
import {lineFinder, requiredText} from '../../src/logs/expression.js'
import {MatchingLines} from '../../src/logs/matching-lines.js'
import type {StreamIndex} from '../../src/logs/record.js'
import {parseRegexp, type Regexp} from '../../src/text/regexp/index.js'
import type {Pattern} from '../../src/text/regexp/pattern.js'
import {randomRegexp} from '../fuzz/regexp-text.js'
import {seededRandom, stamp} from '../support/log-files.js'
import {type Random, seeded} from '../support/random.js'

interface Matching {
  include?: readonly Pattern[]
  exclude?: readonly Pattern[]
  stamped?: boolean
  sizes?: readonly number[]
}

async function matching(
  bytes: Buffer,
  {include = [], exclude = [], stamped = false, sizes = [1e9]}: Matching,
): Promise<string> {
  let shown = ''
  const write = (_: StreamIndex, piece: Uint8Array) => {
    shown += Buffer.from(piece).toString('latin1')
  }
  const lines = new MatchingLines({shared: false, write}, {include, exclude, stamped})
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    await lines.write(0, Buffer.from(bytes.subarray(at, at + size)))
    at += size
  }
  await lines.end()
  return shown
}

/** Line by line, each decoded and tested by itself. */
function plainly(bytes: Buffer, {include = [], exclude = [], stamped = false}: Matching): string {
  const lines = bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? []
  return lines
    .filter((line) => {
      const from = stamped ? line.indexOf(' ') + 1 : 0
      const text = Buffer.from(line.slice(from).replace(/\n$/, ''), 'latin1').toString('utf8')
      const matches = (expression: Pattern) => expression.test(text)
      return (include.length === 0 || include.some(matches)) && !exclude.some(matches)
    })
    .join('')
}

const characters = [
  'a',
  'b',
  'A',
  'é',
  'É',
  '—',
  '😀',
  ' ',
  '\u00a0',
  '\u2028',
  '\r',
  '\t',
  '0',
  '9',
  '-',
  '.',
  'ß',
  'K',
  'à',
]
const invalid = ['\xff', '\xc3', '\xe2\x80', '\x80', '\xf0\x9f', '\xed\xa0\x80']

function randomLines(
  random: () => number,
  {stamped, anyBytes}: {stamped: boolean; anyBytes: boolean},
): Buffer {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item
  const parts: Buffer[] = []
  for (let count = Math.floor(random() * 40); count > 0; count--) {
    if (stamped)
      parts.push(Buffer.from(`${random() < 0.5 ? stamp(count) : stamp(count).replace('Z', '+05:30')} `))
    for (let length = Math.floor(random() ** 2 * 30); length > 0; length--)
      parts.push(
        anyBytes && random() < 0.05 ? Buffer.from(pick(invalid), 'latin1') : Buffer.from(pick(characters)),
      )
    if (count > 1 || random() < 0.5) parts.push(Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}

/** One that RE2 takes, and that is read as a tree more often than chance has it. */
async function randomExpression(random: Random): Promise<{source: string; expression: Regexp}> {
  for (;;) {
    const source = randomRegexp(random)
    const expression = await parseRegexp(source).catch(() => undefined)
    if (expression && (expression.tree || random.chance(0.3))) return {source, expression}
  }
}

const rounds = Number(process.env.FUZZ_ROUNDS ?? 500)

test('any expressions over any lines give what looking at each line gives', async () => {
  let found = 0
  let [left, all] = [0, 0]
  for (let seed = 1; seed <= rounds; seed++) {
    const random = seededRandom(seed)
    const stamped = random() < 0.3
    const bytes = randomLines(random, {stamped, anyBytes: random() < 0.3})
    const choices = seeded(seed)
    const sources: string[] = []
    const expressions = (count: number) =>
      Promise.all(
        Array.from({length: count}, async () => {
          const {source, expression} = await randomExpression(choices)
          sources.push(source)
          return expression
        }),
      )
    const include = await expressions(Math.floor(random() * 2.5))
    const exclude = await expressions(include.length === 0 ? 1 : Math.floor(random() * 1.3))
    const sizes = Array.from({length: 5}, () => 1 + Math.floor(random() ** 2 * 600))
    const options = {include, exclude, stamped, sizes}
    const expected = plainly(bytes, options)
    expect(
      await matching(bytes, options),
      `seed ${seed}: ${include.length} of ${JSON.stringify(sources)}`,
    ).toBe(expected)
    if (lineFinder(include.length === 0 ? exclude : include, stamped)) found++
    left += expected.length
    all += bytes.length
  }
  expect(found / rounds).toBeGreaterThan(0.3)
  expect(left / all).toBeGreaterThan(0.2)
  expect(left / all).toBeLessThan(0.8)
})

test.each<[string, string | undefined]>([
  ['error.*timeout', 'timeout'],
  ['connection (?:reset|refused) by', 'connection '],
  ['a+bcd?', undefined],
  ['abc+d', 'abc'],
  ['x{2}yz0*', undefined],
  ['status=5\\d\\d\\b ok', 'status=5'],
  ['foo$|bar$', undefined],
  ['(foo|bar)', undefined],
  ['ab(cd)ef', 'abcdef'],
  ['^größe\\.$', 'größe.'],
  ['(?i)error', undefined],
  ['(?i)404!', '404!'],
  ['a\\x62cdef', 'abcdef'],
  ['\\Qa.b\\E+', 'a.b'],
  ['\\pLabcdef', undefined],
])('what every line holds that matches %s', async (source, text) => {
  expect(requiredText(await parseRegexp(source))).toBe(text)
})

test('a long line is judged piece by piece: once one has passed, the rest does', async () => {
  const long = `${'x'.repeat(1024 * 1024)}needle${'y'.repeat(2 * 1024 * 1024)}`
  const bytes = Buffer.from(`first\n${long}\nnext\n`)
  for (const source of ['ne[e]dle', 'ne.*dle', 'n(e+)+dle']) {
    const options = {include: [await parseRegexp(source)], sizes: [1000]}
    expect((await matching(bytes, options)).endsWith(`needle${'y'.repeat(2 * 1024 * 1024)}\n`)).toBe(true)
  }
  const options = {include: [await parseRegexp('ne[x]')], sizes: [1000]}
  expect(await matching(bytes, options)).toBe('next\n')
})

test('a library takes any expression of JavaScript too', async () => {
  const bytes = Buffer.from('one\ntwo\nthree\n')
  expect(await matching(bytes, {include: [/t(?=h)/]})).toBe('three\n')
})
