import Table from 'cli-table3'
import {printable} from '../errors/printable.js'
import {type Column, type TableOptions, type TableStyle, table, widthOf, wrapLine} from './table.js'

const gap = '   '
/** Lines of text narrower than this are hard to read. */
const leastWidth = 20

/**
 * A table of few rows whose last column is text. Where a terminal has no room for that it goes on in the next line,
 * and nothing is cut; else all is as `table` has it.
 */
export function report(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  {width, style}: TableOptions = {},
): string {
  const cells = [columns.map(({title}) => title), ...rows.map((row) => row.map(printable))]
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))))
  const total = widths.reduce((sum, each) => sum + each + gap.length, -gap.length)
  if (width === undefined || total <= width) return table(columns, rows, {style})

  const text = widths.length - 1
  const room = width - (total - (widths[text] ?? 0))
  if (room < leastWidth) return stacked(columns, cells, {width, style})
  const layout = new Table({
    chars: bare,
    style: {head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0},
    colWidths: [...widths.slice(0, text), room],
  })
  const [titles = [], ...lines] = cells
  layout.push(titles.map((title) => style?.header(title) ?? title))
  // Broken before it is coloured: a break within a colour's code would show the code.
  for (const row of lines)
    layout.push(
      row.map((cell, column) =>
        (column === text ? wrapLine(cell, room) : [cell])
          .map((part) => style?.cell(columns[column]?.title ?? '', part) ?? part)
          .join('\n'),
      ),
    )
  return layout
    .toString()
    .split('\n')
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/** Where a line has room for little else than the text, that stands below the other cells of its row, set in. */
function stacked(
  columns: readonly Column[],
  [titles = [], ...rows]: readonly (readonly string[])[],
  {width, style}: {width: number; style: TableStyle | undefined},
): string {
  const lines = (cells: readonly string[], paint: (cell: string, column: number) => string) => {
    const above = cells
      .slice(0, -1)
      .map((cell, column) => paint(cell, column))
      .filter((cell) => cell !== '')
      .join(narrowGap)
    const below = wrapLine(cells.at(-1) ?? '', width - indent.length)
    return [...(above === '' ? [] : [above]), ...below.map((part) => indent + paint(part, cells.length - 1))]
  }
  return [
    ...lines(titles, (title) => style?.header(title) ?? title),
    ...rows.flatMap((row) =>
      lines(row, (cell, column) => style?.cell(columns[column]?.title ?? '', cell) ?? cell),
    ),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

const narrowGap = '  '
const indent = '    '

/** No frame, and a gap between columns. */
const bare = {
  ...Object.fromEntries(
    ['top', 'bottom', 'left', 'right', 'mid']
      .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
      .map((place) => [place, '']),
  ),
  middle: gap,
}
