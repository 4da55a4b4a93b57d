import {load} from 'js-yaml'
import {describe, expect, test} from 'vitest'
import {jsonText, parseJson, sortKeys} from '../../src/formats/json.js'
import {yamlText} from '../../src/formats/yaml.js'

describe('JSON', () => {
  test('integers beyond 2^53 keep their digits', () => {
    const text =
      '{"limit":9223372036854771712,"neg":-9223372036854775808,"s":"9223372036854771712","f":1.5,"e":1e21}'
    expect(jsonText(parseJson(text), 0)).toBe(
      '{"limit":9223372036854771712,"neg":-9223372036854775808,"s":"9223372036854771712","f":1.5,"e":1e+21}\n',
    )
  })
  test('text that looks like a number stays text', () => {
    const text = '{"a":"x \\" 12345678901234567890","b":[12345678901234567890,1]}'
    expect(jsonText(parseJson(text), 0)).toBe(`${text}\n`)
  })
  test('controls that a terminal might act on are escaped', () => {
    expect(jsonText({a: '\u001b\u009b\u007f'}, 0)).toBe('{"a":"\\u001b\\u009b\\u007f"}\n')
  })
  test('keys are sorted by bytes at every level', () => {
    expect(Object.keys(sortKeys({b: 1, B: 2, a: {d: 1, c: 2}}) as object)).toEqual(['B', 'a', 'b'])
  })
})

describe('YAML', () => {
  test("crictl's shape", () => {
    expect(yamlText({b: [{w: '1', x: true}], a: {}, c: 'true', d: 'two\nlines\n', e: '', f: null})).toBe(
      'a: {}\nb:\n- w: "1"\n  x: true\nc: "true"\nd: |\n  two\n  lines\ne: ""\nf: null\n\n',
    )
  })
  test('big integers keep their digits', () => {
    expect(yamlText({limit: 9223372036854771712n})).toBe('limit: 9223372036854771712\n\n')
  })
  test('what it prints reads back the same', () => {
    const value = {
      'a b': [
        '- x',
        '# y',
        'z: w',
        '1e3',
        '0x10',
        'null',
        '~',
        'yes',
        '2024-01-01',
        '\u001b[2J',
        ' lead',
        'trail ',
      ],
    }
    expect(load(yamlText(value))).toEqual(value)
  })
})
