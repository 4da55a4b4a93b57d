import {fillLines} from '../text/wrap.js'
import {widthOf} from './table.js'

/** How a page looks on a terminal; without one it is plain text. */
export interface PageStyle {
  title: (text: string) => string
  /** What can be typed, or is printed, as it stands. */
  typed: (text: string) => string
}

const plain: PageStyle = {title: (text) => text, typed: (text) => text}

const gap = 3

/**
 * Markdown as text of so many columns: as much of it as our own pages use. Links are left to their words, tables
 * stand in columns, and below one another where there is no room for that.
 */
export function markdownText(source: string, width: number, style: PageStyle = plain): string {
  const blocks = blocksOf(source).map((block) => blockText(block, width, style))
  return `${blocks.join('\n\n')}\n`
}

type Block =
  | {kind: 'heading' | 'paragraph'; text: string}
  | {kind: 'code'; lines: string[]}
  | {kind: 'list'; items: {mark: string; text: string}[]}
  | {kind: 'table'; rows: string[][]}

function blocksOf(source: string): Block[] {
  const blocks: Block[] = []
  const lines = source.split('\n')
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line.trim() === '') continue
    const [, heading] = /^#+ (.*)/.exec(line) ?? []
    if (heading !== undefined) blocks.push({kind: 'heading', text: heading})
    else if (line.startsWith('```')) {
      blocks.push({kind: 'code', lines: lines.splice(0, lines.indexOf('```'))})
      lines.shift()
    } else {
      const group = [line, ...takeWhile(lines, (next) => next.trim() !== '' && !/^(#|```)/.test(next))]
      blocks.push(proseOf(group))
    }
  }
  return blocks
}

function takeWhile(lines: string[], belongs: (line: string) => boolean): string[] {
  const end = lines.findIndex((line) => !belongs(line))
  return lines.splice(0, end === -1 ? lines.length : end)
}

const itemStart = /^(-|\d+\.) (.*)/

function proseOf(lines: readonly string[]): Block {
  if (lines[0]?.startsWith('|')) return {kind: 'table', rows: lines.filter(isRow).map(cellsOf)}
  if (!itemStart.test(lines[0] ?? '')) return {kind: 'paragraph', text: lines.join(' ')}
  const items: {mark: string; text: string}[] = []
  for (const line of lines) {
    const [, mark = '', text = ''] = itemStart.exec(line) ?? []
    const last = items.at(-1)
    if (mark !== '') items.push({mark, text})
    else if (last) last.text += ` ${line.trim()}`
  }
  return {kind: 'list', items}
}

function isRow(line: string): boolean {
  return !/^\|[-| :]+\|$/.test(line)
}

function cellsOf(line: string): string[] {
  const cells = line.slice(1, -1).split(/(?<!\\)\|/)
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'))
}

function blockText(block: Block, width: number, style: PageStyle): string {
  switch (block.kind) {
    case 'heading':
      return style.title(plainWords(block.text).toUpperCase())
    case 'paragraph':
      return wrapWords(block.text, width, style).join('\n')
    case 'code':
      return block.lines.map((line) => style.typed(`  ${line}`.trimEnd())).join('\n')
    case 'list':
      return block.items
        .map(({mark, text}) => {
          const indent = ' '.repeat(mark.length + 1)
          return `${mark} ${wrapWords(text, width - indent.length, style).join(`\n${indent}`)}`
        })
        .join('\n')
    case 'table':
      return tableText(block.rows, width, style)
  }
}

function tableText(rows: readonly string[][], width: number, style: PageStyle): string {
  const widths = columnWidths(rows, width)
  if (!widths) return records(rows, width, style)
  return rows
    .map((cells, row) => {
      const wrapped = cells.map((cell, column) => {
        const lines = wrapWords(cell, widths[column] ?? 0, style)
        return row === 0 ? lines.map((line) => style.title(line)) : lines
      })
      const height = Math.max(...wrapped.map((lines) => lines.length))
      return Array.from({length: height}, (_, index) =>
        wrapped
          .map((lines, column) => padTo(lines[index] ?? '', (widths[column] ?? 0) + gap))
          .join('')
          .trimEnd(),
      ).join('\n')
    })
    .join('\n')
}

/** Undefined where not even the longest words of all columns stand side by side. */
function columnWidths(rows: readonly string[][], width: number): number[] | undefined {
  const columns = (rows[0] ?? []).map((_, column) => rows.map((row) => plainWords(row[column] ?? '')))
  const widths = columns.map((cells) => Math.max(...cells.map(widthOf)))
  const floors = columns.map((cells) => Math.max(...cells.flatMap((cell) => cell.split(' ')).map(widthOf)))
  const used = () => widths.reduce((sum, each) => sum + each + gap, -gap)
  while (used() > width) {
    const room = widths.map((each, column) => each - (floors[column] ?? 0))
    const widest = widths.reduce(
      (best, each, column) => (room[column] && (best === -1 || each > (widths[best] ?? 0)) ? column : best),
      -1,
    )
    if (widest === -1) return undefined
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

function records([titles = [], ...rows]: readonly string[][], width: number, style: PageStyle): string {
  return rows
    .map(([first = '', ...others]) => {
      const lines = others.flatMap((cell, index) => {
        if (cell === '') return []
        const title = titles[index + 1] ?? ''
        return wrapWords(title === '' ? cell : `${title}: ${cell}`, width - 2, style).map(
          (line) => `  ${line}`,
        )
      })
      return [...wrapWords(first, width, style), ...lines].join('\n')
    })
    .join('\n')
}

/** The colours stand around single words, so that lines can be broken between them. */
function wrapWords(text: string, width: number, style: PageStyle): string[] {
  const widthOfWord = (word: readonly Piece[]) => word.reduce((sum, {text}) => sum + widthOf(text), 0)
  const shown = (word: readonly Piece[]) =>
    word.map(({text, typed}) => (typed ? style.typed(text) : text)).join('')
  return fillLines(wordsOf(text), width, widthOfWord).map((words) => words.map(shown).join(' '))
}

interface Piece {
  text: string
  typed: boolean
}

/** The words of a paragraph, each with what of it is code. */
function wordsOf(text: string): Piece[][] {
  const words: Piece[][] = [[]]
  for (const [index, part] of withoutLinks(text).split('`').entries()) {
    const typed = index % 2 === 1
    const said = typed ? part : part.replaceAll('**', '').replace(/\\([*_<>[\]\\])/g, '$1')
    for (const [place, piece] of said.split(/\s+/).entries()) {
      if (place > 0) words.push([])
      if (piece !== '') words.at(-1)?.push({text: piece, typed})
    }
  }
  return words.filter((word) => word.length > 0)
}

function plainWords(text: string): string {
  return wordsOf(text)
    .map((word) => word.map((piece) => piece.text).join(''))
    .join(' ')
}

function withoutLinks(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
}

/** Escape sequences have no width. */
function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text.replace(/\u001b\[[0-9;]*m/g, ''))))
}
