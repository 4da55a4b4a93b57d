import {describe, expect, test} from 'vitest'
import {parseRegexp} from '../../src/text/regexp/index.js'

describe("expressions mean what RE2's mean", () => {
  test.each<[source: string, found: readonly string[], notFound: readonly string[]]>([
    ['(?i)^WEB', ['web-1', 'Web'], ['a-web']],
    ['(?i:web)-A', ['WEB-A'], ['WEB-a']],
    ['(?i)k', ['K', '\u212a'], ['c']],
    ['a(?i)b|c', ['aB', 'C'], ['AB']],
    ['(?s)a.b', ['a\nb'], ['ab']],
    ['a.b', ['a😀b', 'a\rb', 'a\u2028b'], ['a\nb']],
    ['^.{3}$', ['😀é—'], ['😀é']],
    ['web$', ['web'], ['web\n', 'web\nx']],
    ['(?m)^web$', ['a\nweb\nb'], ['a\rweb\rb']],
    ['\\Aweb\\z', ['web'], ['a\nweb']],
    ['[[:digit:]]+\\z', ['web-12'], ['web']],
    ['^[[:^digit:]]+$', ['web'], ['web1']],
    ['^[^\\pL]', ['1web', '-'], ['web', 'éb', 'pL']],
    ['\\p{Greek}', ['α'], ['a']],
    ['\\Q^.*\\E$', ['a^.*'], ['a']],
    ['\\Qa|b', ['a|b'], ['a']],
    ['(?P<n>w)(?<m>e)b', ['web'], ['wb']],
    ['(?P<n>w)(?P<n>e)b', ['web'], ['wb']],
    ['^\\s$', [' ', '\t', '\f'], ['\u00a0', '\v', '\u2028']],
    ['\\x{e9}|\\x41', ['é', 'A'], ['e']],
    ['\\141', ['a'], ['1']],
    ['[[:x]', ['[', ':', 'x'], ['y']],
    ['[]a]', [']', 'a'], ['b']],
    ['a{,2}', ['a{,2}'], ['aa']],
    ['\\B-', ['a--'], ['a-']],
    ['\\pL?', [''], []],
    ['', ['', 'web'], []],
  ])('%s', async (source, found, notFound) => {
    const expression = await parseRegexp(source)
    expect(found.filter((text) => !expression.test(text))).toEqual([])
    expect(notFound.filter((text) => expression.test(text))).toEqual([])
  })
})

test.each([
  ['[', 'missing closing ]: `[`'],
  ['a)', 'unexpected ): `a)`'],
  ['a**', 'invalid nested repetition operator: `**`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'],
  ['[[:constructor:]]', 'invalid character class range: `[:constructor:]`'],
  ['\\C', 'invalid escape sequence: `\\C`'],
  ['\\Z', 'invalid escape sequence: `\\Z`'],
  [
    '(a)\\1',
    'invalid escape sequence: `\\1` (RE2, as crictl has it, knows neither back references nor looking around)',
  ],
  [
    '(?=a)',
    'invalid or unsupported Perl syntax: `(?=` (RE2, as crictl has it, knows neither back references nor looking around)',
  ],
  [
    '(?<!a)b',
    'invalid named capture: `(?<!a)b` (RE2, as crictl has it, knows neither back references nor looking around)',
  ],
])('%s is refused', async (source, why) => {
  await expect(parseRegexp(source)).rejects.toThrow(`"${source}" is not a regular expression: ${why}`)
})

test('what is found of an expression is told from the left, by either engine', async () => {
  const text = 'web-1 😀 db-22'
  for (const source of ['\\d+', '\\pN+'])
    expect((await parseRegexp(source)).spans(text).map(([from, to]) => text.slice(from, to))).toEqual([
      '1',
      '22',
    ])
})

test('only what may take its time in a text of any length is kept from the faster engine', async () => {
  const longest = async (source: string) => (await parseRegexp(source)).longestQuick
  for (const source of [
    'error',
    '^web-\\d+$',
    '(\\d{1,3}\\.){3}\\d{1,3}',
    'err|error',
    '^\\S+ \\S+ .*timeout',
    '(?i)Status=5\\d\\d',
  ])
    expect([source, await longest(source)]).toEqual([source, Infinity])
  for (const source of ['error.*timeout', 'GET.*/api.*500', '(\\w+ )*x', '\\s+$', '".*"']) {
    expect([source, (await longest(source)) > 300]).toEqual([source, true])
    expect([source, (await longest(source)) < 10_000]).toEqual([source, true])
  }
  for (const source of ['(a+)+$', '(a|a)*b', '(a|ab)*c', '(.*,)*x', '(\\w+)*@', '(a*b*)*c', '\\pL'])
    expect([source, await longest(source)]).toEqual([source, 0])
})
