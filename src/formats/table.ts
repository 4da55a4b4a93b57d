import stringWidth from 'string-width'
import {printable} from '../errors/printable.js'
import {letGo} from '../text/garbage.js'
import {isCrictlMode} from '../text/program.js'
import {fillLines} from '../text/wrap.js'

export interface Column {
  title: string
  /** Where a terminal is too narrow the column may be cut down to this many columns; without it never. */
  min?: number
  /** Which end of a cut cell stays: the beginning, or for paths the end. */
  keep?: 'start' | 'end'
  /** Left out where cutting is not enough, the lowest number first; without it last of all, from the right. */
  drop?: number
  /** Differs from node to node although it means the same, as an ID or an age does. */
  varies?: boolean
}

export interface TableOptions {
  /** Columns of the terminal; undefined where nothing limits a line, as in a pipe. */
  width?: number | undefined
  style?: TableStyle | undefined
}

/** Colours of a table; each gets a cell as it stands, without the blanks around it. */
export interface TableStyle {
  header: (text: string) => string
  cell: (title: string, text: string) => string
}

export type TableLayout = typeof table

/** What a table is made of, before it is laid out. */
export interface TableParts {
  columns: readonly Column[]
  rows: readonly (readonly string[])[]
}

let taken: TableParts[] | undefined

/** The tables of a text as what they are made of, and the text that is left without them. */
export function takeTables(make: () => Iterable<string>): {tables: TableParts[]; text: string} {
  const tables: TableParts[] = []
  taken = tables
  try {
    return {tables, text: [...make()].join('')}
  } finally {
    taken = undefined
  }
}

interface Layout {
  /** Indexes of the columns that are shown. */
  shown: number[]
  widths: number[]
  gap: number
}

/**
 * Left-aligned columns under a header. Cells may hold anything: control characters are shown as escapes. In a
 * terminal that is too narrow cells are cut, each cut marked with `…`, then columns are left out, which a last
 * line says. Without a width nothing is cut.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options?: TableOptions,
): string {
  return [...tablePieces(columns, rows, options)].join('')
}

/** The same piece by piece. Of the rows, which are all asked for before the first piece, no more is kept than their text. */
export function* tablePieces(
  columns: readonly Column[],
  rows: Iterable<readonly string[]>,
  {width, style}: TableOptions = {},
): Generator<string> {
  if (taken) {
    taken.push({columns, rows: Array.from(rows)})
    return
  }
  const least = width === undefined && isCrictlMode() ? crictlWidth - wideGap : 0
  const titles = columns.map(({title}) => printable(title))
  const natural = titles.map((title) => Math.max(widthOf(title), least))
  const lines = new KeptLines(natural, width === undefined && !style)
  for (const row of rows) lines.add(row)
  lines.keep()
  const layout = fitColumns(columns, natural, width)
  let piece = `${line(titles, columns, layout, (text) => style?.header(text) ?? text)}\n`
  for (const kept of lines.all()) {
    if (typeof kept === 'string') piece += kept
    else piece += `${line(kept, columns, layout, (cell, title) => style?.cell(title, cell) ?? cell)}\n`
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  const left = titles.filter((_, column) => !layout.shown.includes(column))
  if (left.length > 0) {
    const note = `(no room for ${left.join(', ')}: --no-trunc shows them)`
    piece += `${wrapLine(note, width ?? Number.POSITIVE_INFINITY).join('\n')}\n`
  }
  yield piece
}

// What no cell has in it that is fit to print.
const cellEnd = '\u0000'
const rowEnd = '\n'
const pieceLength = 65_536
const rowsOfBlock = 512
const blank = 0x20

/** About what is read, cut and joined for a row until it is kept. */
const garbageOfRow = 1024

interface KeptBlock {
  bytes: Buffer
  /** Of the columns between which its lines are spread; undefined where its cells stand one behind the other. */
  widths: readonly number[] | undefined
}

/**
 * Thousands of lines as bytes: strings that live long take twice their room, and time whenever garbage is collected.
 * Columns soon are as wide as they get: so where nothing is to be cut or coloured lines are spread between them as they
 * come, some hundreds at a time, and only those before a column grew are spread again. Widens `natural`.
 */
class KeptLines {
  readonly #natural: number[]
  readonly #spreads: boolean
  readonly #blocks: KeptBlock[] = []
  #rows: (readonly string[])[] = []

  constructor(natural: number[], spreads: boolean) {
    this.#natural = natural
    this.#spreads = spreads
  }

  add(row: readonly string[]): void {
    letGo(garbageOfRow)
    this.#rows.push(row)
    if (this.#rows.length >= rowsOfBlock) this.keep()
  }

  /** Text with whole lines, or the cells of one. */
  *all(): Generator<string | string[]> {
    for (const {bytes, widths} of this.#blocks) {
      const text = bytes.toString(widths ? plainBytes : 'utf8')
      if (widths?.every((width, column) => width === this.#natural[column])) yield text
      else
        for (const each of text.slice(0, -rowEnd.length).split(rowEnd))
          yield widths ? gather(each, widths) : each.split(cellEnd)
    }
  }

  /** What was added is measured and kept from here on: to be asked before the widths are. */
  keep(): void {
    const rows = this.#rows
    this.#rows = []
    if (rows.length === 0) return
    if (this.#spreads) {
      const widths = [...this.#natural]
      const bytes = spread(rows, widths)
      if (bytes) {
        this.#widen(widths)
        this.#blocks.push({bytes, widths})
        return
      }
    }
    let text = ''
    for (const row of rows) {
      const cells = row.map(printable)
      this.#widen(cells.map(widthOf))
      text += cells.join(cellEnd) + rowEnd
    }
    this.#blocks.push({bytes: Buffer.from(text), widths: undefined})
  }

  #widen(widths: readonly number[]): void {
    for (const [column, width] of widths.entries())
      if (width > (this.#natural[column] ?? 0)) this.#natural[column] = width
  }
}

/** A character a byte, twice as fast as UTF-8. */
const plainBytes = 'latin1'

/** What Buffer has beside its documented methods: write() that does not look at its arguments first. */
interface Writing {
  utf8Write(text: string, start: number): number
}

/**
 * Rows as lines between columns, which are widened as far as it takes. undefined where a cell has characters that are not
 * a byte and a column each, or blanks at its ends: such are not found again between the columns.
 */
function spread(rows: readonly (readonly string[])[], widths: number[]): Buffer | undefined {
  if (!rows.every((row) => fits(row, widths))) return undefined
  const bytes = Buffer.alloc(rows.length * (total(widths, wideGap) + rowEnd.length), blank)
  const ends: number[] = []
  let start = 0
  for (const row of rows) {
    const end = writeCells(bytes, start, row, widths)
    if (end === undefined) return undefined
    ends.push(end)
    start = end + rowEnd.length
  }
  const lines = bytes.subarray(0, start)
  if (/[^ -~]/.test(lines.toString(plainBytes))) return undefined
  for (const end of ends) lines.write(rowEnd, end)
  return lines
}

/** Widens the columns for a row; false where a cell has blanks at its ends. */
function fits(row: readonly string[], widths: number[]): boolean {
  for (let column = 0; column < row.length; column++) {
    const cell = row[column] as string
    if (cell.length > (widths[column] ?? 0)) widths[column] = cell.length
    if (cell.charCodeAt(0) === blank || cell.charCodeAt(cell.length - 1) === blank) return false
  }
  return true
}

/** Where the last one ends; undefined where one has characters of several bytes. */
function writeCells(
  bytes: Buffer,
  start: number,
  row: readonly string[],
  widths: readonly number[],
): number | undefined {
  let at = start
  let end = start
  for (let column = 0; column < row.length; column++) {
    const cell = row[column] as string
    if (cell !== '') {
      end = at + cell.length
      if ((bytes as unknown as Writing).utf8Write(cell, at) !== cell.length) return undefined
    }
    at += (widths[column] ?? 0) + wideGap
  }
  return end
}

/** The plain cells of a line. */
function gather(text: string, widths: readonly number[]): string[] {
  let start = 0
  return widths.map((width) => {
    const cell = text.slice(start, start + width).trimEnd()
    start += width + wideGap
    return cell
  })
}

const wideGap = 3
/** The least that a column and its gap take in crictl's tables. */
const crictlWidth = 20
const narrowGap = 2

function fitColumns(
  columns: readonly Column[],
  natural: readonly number[],
  width: number | undefined,
): Layout {
  const all = columns.map((_, column) => column)
  const whole = {shown: all, widths: [...natural], gap: wideGap}
  if (width === undefined || total(natural, wideGap) <= width) return whole
  const dropped = all
    .filter((column) => columns[column]?.drop !== undefined)
    .sort((a, b) => (columns[a]?.drop ?? 0) - (columns[b]?.drop ?? 0))
  for (let count = 0; ; count++) {
    const gone = new Set(dropped.slice(0, count))
    const shown = all.filter((column) => !gone.has(column))
    const widths = narrowColumns(columns, natural, shown, width)
    if (widths) return {shown, widths, gap: narrowGap}
    if (count >= dropped.length) return squeeze(columns, natural, shown, width)
  }
}

/** Where there is not even room for what should never be left out: the first columns, cut as far as it takes. */
function squeeze(
  columns: readonly Column[],
  natural: readonly number[],
  wanted: readonly number[],
  width: number,
): Layout {
  const widths = floorsOf(columns, natural)
  const taken = (shown: readonly number[]) =>
    total(
      shown.map((column) => widths[column] ?? 0),
      narrowGap,
    )
  const shown = [...wanted]
  while (shown.length > 1 && taken(shown) > width) shown.pop()
  const [first = 0] = shown
  if (shown.length === 1) widths[first] = Math.min(widths[first] ?? 0, width)
  return {shown, widths, gap: narrowGap}
}

function floorsOf(columns: readonly Column[], natural: readonly number[]): number[] {
  return natural.map((wanted, column) => Math.min(wanted, columns[column]?.min ?? wanted))
}

/** The widest column that may be cut is cut first; undefined where even that is not enough. */
function narrowColumns(
  columns: readonly Column[],
  natural: readonly number[],
  shown: readonly number[],
  width: number,
): number[] | undefined {
  const widths = [...natural]
  const floors = floorsOf(columns, natural)
  const used = () =>
    total(
      shown.map((column) => widths[column] ?? 0),
      narrowGap,
    )
  for (let excess = used() - width; excess > 0; excess--) {
    const room = (column: number) => (widths[column] ?? 0) - (floors[column] ?? 0)
    const [widest] = shown
      .filter((column) => room(column) > 0)
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))
    if (widest === undefined) return undefined
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

function total(widths: readonly number[], gap: number): number {
  return widths.reduce((sum, width) => sum + width + gap, -gap)
}

function line(
  cells: readonly string[],
  columns: readonly Column[],
  {shown, widths, gap}: Layout,
  style: (text: string, title: string) => string,
): string {
  let text = ''
  let blanks = 0
  for (const column of shown) {
    const {title, keep} = columns[column] as Column
    const width = widths[column] ?? 0
    const whole = cells[column] ?? ''
    const wanted = widthOf(whole)
    const cell = wanted <= width ? whole : cutText(whole, width, keep)
    // Blanks are written only in front of a cell, so that no line ends in them.
    if (cell !== '') {
      text += ' '.repeat(blanks) + style(cell, title)
      blanks = 0
    }
    blanks += width - (wanted <= width ? wanted : widthOf(cell)) + gap
  }
  return text
}

export function cutText(cell: string, width: number, keep: Column['keep']): string {
  if (widthOf(cell) <= width) return cell
  const characters = [...new Intl.Segmenter().segment(cell)].map(({segment}) => segment)
  if (keep === 'end') characters.reverse()
  let used = 1
  const kept: string[] = []
  for (const character of characters) {
    used += widthOf(character)
    if (used > width) break
    kept.push(character)
  }
  return keep === 'end' ? `…${kept.reverse().join('')}` : `${kept.join('')}…`
}

/**
 * Text in lines of so many columns at most, broken between words, and within one that is longer than a line. Blanks stay
 * as they are, but for those at a break.
 */
export function wrapLine(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text]
  const words = text.trimEnd().split(' ')
  const lines = fillLines(
    words.flatMap((word) => piecesOf(word, width)),
    width,
    widthOf,
  )
  return lines.map((line, index) => (index === 0 ? line.join(' ').trimEnd() : line.join(' ').trim()))
}

function piecesOf(word: string, width: number): string[] {
  const pieces: string[] = []
  let rest = word
  while (widthOf(rest) > width) {
    const head = headOf(rest, width)
    pieces.push(head)
    rest = rest.slice(head.length)
  }
  return rest === '' && pieces.length > 0 ? pieces : [...pieces, rest]
}

/** Whole characters, at least one. */
function headOf(text: string, width: number): string {
  let head = ''
  for (const {segment} of new Intl.Segmenter().segment(text)) {
    if (head !== '' && widthOf(head + segment) > width) break
    head += segment
  }
  return head
}

export function widthOf(text: string): number {
  // The common case, many times faster than looking every character up.
  for (let index = 0; index < text.length; index++)
    if (!isNarrow(text.charCodeAt(index))) return stringWidth(text)
  return text.length
}

/** ASCII, and what our own frames are drawn with: lines, blocks, triangles, the ellipsis. */
function isNarrow(code: number): boolean {
  return code <= 0x7e || code === 0x2026 || (code >= 0x2500 && code <= 0x25cf)
}
