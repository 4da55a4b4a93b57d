import {describe, expect, test} from 'vitest'
import {UsageError} from '../../src/errors/errors.js'
import {printable, printableLines} from '../../src/errors/printable.js'
import {shorten} from '../../src/errors/shorten.js'
import {ageText, agoText} from '../../src/text/age.js'
import {durationText, parseDurationMs} from '../../src/text/duration.js'
import {parseInteger} from '../../src/text/integer.js'
import {nearest} from '../../src/text/nearest.js'
import {parseChoice, parsePairs, splitList} from '../../src/text/selectors.js'
import {shortId, shortImage} from '../../src/text/short-id.js'
import {sizeText} from '../../src/text/size.js'
import {rfc3339} from '../../src/text/time.js'
import {bytesText} from '../../src/text/units.js'
import {wrapMessage} from '../../src/text/wrap.js'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

describe("ages in crictl's words", () => {
  const ages: [number, string][] = [
    [-5 * second, 'Less than a second'],
    [999, 'Less than a second'],
    [second, '1 second'],
    [59.9 * second, '59 seconds'],
    [minute, 'About a minute'],
    [2 * minute - 1, 'About a minute'],
    [59 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [1.49 * hour, 'About an hour'],
    [1.5 * hour, '2 hours'],
    [47.4 * hour, '47 hours'],
    [2 * day, '2 days'],
    [13 * day, '13 days'],
    [14 * day, '2 weeks'],
    [59 * day, '8 weeks'],
    [60 * day, '2 months'],
    [729 * day, '24 months'],
    [730 * day, '2 years'],
  ]
  test.each(ages)('%d ms', (age, text) => expect(ageText(age)).toBe(text))

  test('from nanoseconds', () =>
    expect(agoText('1700000000000000000', 1_700_000_180_000)).toBe('3 minutes ago'))
  test('what has not happened has no age', () => expect(agoText('0', 5)).toBe(''))
})

describe('sizes', () => {
  const sizes: [number, number, string][] = [
    [0, 3, '0B'],
    [999, 3, '999B'],
    [1000, 3, '1kB'],
    [696_640, 3, '697kB'],
    [2_130_000, 3, '2.13MB'],
    [1_500_000, 3, '1.5MB'],
    [999_600, 3, '1MB'],
    [847_912, 4, '847.9kB'],
    [16_777_216, 4, '16.78MB'],
    [5e15, 3, '5PB'],
  ]
  test.each(sizes)('%d bytes, %d digits', (bytes, digits, text) => expect(sizeText(bytes, digits)).toBe(text))
})

describe('sizes in binary units', () => {
  const sizes: [number, number, string][] = [
    [0, 3, '0B'],
    [1000, 3, '1000B'],
    [1_073_741_823, 3, '1024MiB'],
    [1023 * 1024, 3, '1023KiB'],
    [2_130_000, 3, '2.03MiB'],
    [134_217_728, 4, '128MiB'],
  ]
  test.each(sizes)('%d bytes, %d digits', (bytes, digits, text) =>
    expect(bytesText(bytes, 'iec', digits)).toBe(text),
  )
})

describe('durations', () => {
  const durations: [string, number][] = [
    ['2s', 2000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['500ms', 500],
    ['-10s', -10_000],
    ['0', 0],
    ['.5s', 500],
  ]
  test.each(durations)('%s', (text, durationMs) => expect(parseDurationMs(text)).toBe(durationMs))
  test.each(['', '5', 's', '1x', '1s2', 'one', '1 s', '--1s'])('%j is refused', (text) =>
    expect(() => parseDurationMs(text)).toThrow(UsageError),
  )
  test.each([
    [500, '500ms'],
    [3000, '3s'],
    [90_000, '1m30s'],
    [119_700, '2m'],
    [120_000, '2m'],
    [11_525_000, '3h12m'],
    [7_200_000, '2h'],
  ] as const)('%d ms reads %s', (durationMs, text) => expect(durationText(durationMs)).toBe(text))
})

describe("integers in Go's spellings", () => {
  test.each([
    ['10', 10],
    ['-3', -3],
    ['0x10', 16],
    ['010', 8],
    ['0o17', 15],
    ['0b101', 5],
    ['1_000', 1000],
    ['0', 0],
  ] as const)('%s', (text, value) => expect(parseInteger(text)).toBe(value))
  test.each(['', 'x', '1.5', '0x', '08', '9007199254740993', '1e3'])('%j is refused', (text) =>
    expect(() => parseInteger(text)).toThrow(UsageError),
  )
})

test('IDs are cut to 13 characters, names are not', () => {
  expect(shortId(`sha256:${'ab'.repeat(32)}`)).toBe('ababababababa')
  expect(shortId('3f'.repeat(32))).toBe('3f3f3f3f3f3f3')
  expect(shortImage(`sha256:${'ab'.repeat(32)}`)).toBe('ababababababa')
  expect(shortImage('docker.io/library/busybox:1.36')).toBe('docker.io/library/busybox:1.36')
  expect(shortImage('sha256:short')).toBe('sha256:short')
})

test('control characters are shown, not sent', () => {
  expect(printable('a\u001b[2Jb\nc\td\u009b\u202e')).toBe('a\\x1b[2Jb\\nc\\td\\x9b\\u202e')
  expect(printableLines('a\nb\t\u0007')).toBe('a\nb\t\\x07')
  expect(printable('日本 é 🚀')).toBe('日本 é 🚀')
})

describe('times', () => {
  test('trailing zeros of the fraction are dropped', () => {
    expect(rfc3339('1700000000120000000')).toMatch(/:20\.12(Z|[+-]\d\d:\d\d)$/)
    expect(rfc3339('1700000000000000000')).toMatch(/:20(Z|[+-]\d\d:\d\d)$/)
    expect(rfc3339('1700000000000000001')).toMatch(/:20\.000000001(Z|[+-]\d\d:\d\d)$/)
  })
  test("0 is Go's zero time", () => expect(rfc3339('0')).toBe('0001-01-01T00:00:00Z'))
})

test('the nearest word', () => {
  const words = ['pods', 'ps', 'images', 'inspect', 'inspecti', 'version']
  expect([...['pod', 'imagse', 'insepct', 'ver', 'xyz', 'p'].map((word) => nearest(word, words))]).toEqual([
    'pods',
    'images',
    'inspect',
    'version',
    undefined,
    'ps',
  ])
})

test('a choice is one of the words, in any case, and nothing that every object has', () => {
  const states = {running: 1, exited: 2}
  expect(parseChoice('Running', states)).toBe(1)
  for (const word of ['bogus', 'constructor', '__proto__', ''])
    expect(() => parseChoice(word, states)).toThrow('should be one of running, exited')
})

test('a comma separates only what is a pair of its own', () => {
  expect(splitList(['a=b,c=d', 'reference=x{1,3}', 'k=1,2,l=3'])).toEqual([
    'a=b',
    'c=d',
    'reference=x{1,3}',
    'k=1,2',
    'l=3',
  ])
  expect(parsePairs('app=web,tier=a=b')).toEqual([
    ['app', 'web'],
    ['tier', 'a=b'],
  ])
  expect(() => parsePairs('=x')).toThrow(UsageError)
})

describe('a line with words that nobody reads', () => {
  const long = 'x'.repeat(100_000)
  const head = 'x'.repeat(100)
  test.each([
    [`no container "${long}": crisp ps -a`, `no container "${head.slice(1)}…": crisp ps -a`],
    [`--timeout ${long}: not negative`, `--timeout ${head}…: not negative`],
    [`"${'two words '.repeat(1000)}" is no date`, `"${'two words '.repeat(10).slice(0, 99)}…" is no date`],
    [`"${'🚀'.repeat(1000)}"`, `"${'🚀'.repeat(99)}…"`],
    [`cannot write /${'x'.repeat(400)}`, `cannot write /${'x'.repeat(400)}`],
    [`${'many short words '.repeat(100)}`, `${'many short words '.repeat(100)}`],
  ])('%#', (line, text) => expect(shorten(line)).toBe(text))
})

describe('messages are broken at words, and what is to be copied is not', () => {
  test.each([
    ['a line that fits', 40, 'crisp: no container "web"'],
    [
      'what goes on is set in',
      30,
      `crisp: no container "web"; did
  you mean "webs" or "wex"?`,
    ],
    [
      'a word that is longer than the line',
      20,
      `crisp: no runtime at
  /run/containerd/containerd.sock:
  nobody listens`,
    ],
    [
      'a command, with sudo and flags',
      40,
      `crisp: unknown command kill:
  sudo crisp stop -t 0 CONTAINER ends it
  at once`,
    ],
    [
      'a command of the node, up to where the sentence goes on',
      40,
      `crisp: is it running
  (systemctl status containerd crio)?
  another socket:
  --runtime-endpoint unix:///path`,
    ],
    ['a flag and its value', 30, 'crisp: or let crisp wait with\n  --max-retries 20'],
    ['a row', 30, '  /run/crio/crio.sock\n    permission denied'],
  ])('%s', (_, columns, lines) => {
    const line = lines.replaceAll(/(\S)\n +/g, '$1 ')
    expect(wrapMessage(line, columns).join('\n')).toBe(lines)
  })
})
