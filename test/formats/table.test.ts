import stringWidth from 'string-width'
import {expect, test} from 'vitest'
import {printable} from '../../src/errors/printable.js'
import {type Column, table} from '../../src/formats/table.js'

const titles = (...names: string[]): Column[] => names.map((title) => ({title}))

test('columns are as wide as their widest cell, no line ends in blanks', () => {
  const rows = [
    ['1', 'a'],
    ['22', ''],
  ]
  expect(table(titles('ID', 'NAME'), rows)).toBe('ID   NAME\n1    a\n22\n')
})

test('wide characters count twice, joined emoji once', () => {
  const text = table(titles('NAME', 'X'), [
    ['日本', 'x'],
    ['👩‍👩‍👧', 'x'],
    ['plain', 'x'],
  ])
  const columns = text
    .split('\n')
    .slice(0, -1)
    .map((line) => stringWidth(line.slice(0, line.search(/[xX]$/))))
  expect(columns).toEqual([8, 8, 8, 8])
})

test('thousands of rows of any kind stand below each other, however late a column grows', () => {
  const kinds = [
    '',
    'a',
    'two words',
    ' blank before',
    'blank behind ',
    '日本',
    'é',
    '\u001b[31m',
    'a\u0000b\n',
  ]
  const rows = Array.from({length: 9_000}, (_, index) => [
    'x'.repeat(index / 300),
    // Long runs of one kind, so that whole blocks are kept in each way.
    kinds[Math.floor(index / 900) % 2 === 0 ? 1 : index % kinds.length] ?? '',
    index % 7 === 0 ? '' : `name-${index}`,
  ])
  rows.push(['the longest of all of them comes at the very end', 'b', 'c'])
  const shown = rows.map((row) => row.map(printable))
  const widths = [0, 1, 2].map((column) =>
    Math.max(1, ...shown.map((row) => stringWidth(row[column] as string))),
  )
  const lines = [['A', 'B', 'C'], ...shown].map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] as number) - stringWidth(cell)))
      .join('   ')
      .replace(/ +$/, ''),
  )
  // A cell's own blanks at the end of its line are the cell's.
  expect(
    table(titles('A', 'B', 'C'), rows)
      .split('\n')
      .map((line) => line.replace(/ +$/, '')),
  ).toEqual([...lines, ''])
})

const columns: Column[] = [
  {title: 'ID'},
  {title: 'IMAGE', min: 10, keep: 'end', drop: 1},
  {title: 'NAME', min: 6},
  {title: 'STATE', drop: 2},
]
const row = ['3f1b2c4d5e6f7', 'registry.example.com/some/image:v1.2.3', 'coredns-7c65d6cfc9', 'Running']

test.each([
  [
    undefined,
    'ID              IMAGE                                    NAME                 STATE\n3f1b2c4d5e6f7   registry.example.com/some/image:v1.2.3   coredns-7c65d6cfc9   Running\n',
  ],
  [
    60,
    'ID             IMAGE              NAME               STATE\n3f1b2c4d5e6f7  …ome/image:v1.2.3  coredns-7c65d6cf…  Running\n',
  ],
  [45, 'ID             IMAGE       NAME       STATE\n3f1b2c4d5e6f7  …ge:v1.2.3  coredns-…  Running\n'],
  [
    32,
    'ID             NAME      STATE\n3f1b2c4d5e6f7  coredns…  Running\n(no room for IMAGE: --no-trunc\nshows them)\n',
  ],
  [22, 'ID             NAME\n3f1b2c4d5e6f7  coredn…\n(no room for IMAGE,\nSTATE: --no-trunc\nshows them)\n'],
  [9, 'ID\n3f1b2c4d…\n(no room\nfor\nIMAGE,\nNAME,\nSTATE:\n--no-trun\nc shows\nthem)\n'],
])('a terminal of %s columns', (width, text) => {
  const shown = table(columns, [row], {width})
  expect(shown).toBe(text)
  for (const line of shown.split('\n').slice(0, 2))
    expect(stringWidth(line)).toBeLessThanOrEqual(width ?? 1000)
})

test('a cut never splits a wide character or a joined one', () => {
  const flexible = [{title: 'N', min: 4}, {title: 'B'}]
  expect(table(flexible, [['漢字漢字漢字', 'x']], {width: 10}).split('\n')[1]).toBe('漢字漢…  x')
  expect(table(flexible, [['👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 'x']], {width: 8}).split('\n')[1]).toBe(
    '👩‍👩‍👧👩‍👩‍👧…  x',
  )
})

test('colours go round the cell, not round the blanks', () => {
  const style = {
    header: (text: string) => `<${text}>`,
    cell: (title: string, text: string) => `${title}(${text})`,
  }
  expect(table(titles('A', 'B'), [['xx', 'y']], {style})).toBe('<A>    <B>\nA(xx)   B(y)\n')
})

test('a title that somebody chose is fit to print, too', () => {
  expect(table(titles('A\u001b[2J', 'B'), [['x', 'y']])).toBe('A\\x1b[2J   B\nx          y\n')
})
