import type {Column, TableStyle} from '../../formats/table.js'
import {tablePieces} from '../../formats/table.js'
import {listOf, type View} from '../../formats/view.js'
import {nodeSetText} from '../../nodes/node-set.js'
import {mapLazily} from '../../text/map-lazily.js'
import type {AnswerEntry, AnswerHead} from './answer.js'
import type {Answer} from './answers.js'

export interface OneViewOptions {
  width: number | undefined
  style: TableStyle | undefined
  /** Rows that say the same of several nodes are one. */
  fold: boolean
  /** Only so many entries, of all nodes together. */
  limit: number | undefined
}

interface Entry {
  node: string
  entry: AnswerEntry
}

/** Answers of several nodes that are laid out as one, and those of another make for themselves. */
export function oneViews(
  answers: readonly Answer[],
  options: OneViewOptions,
): {head: AnswerHead; view: View}[] {
  const kinds = new Map<string, {head: AnswerHead; entries: Entry[]}>()
  for (const {node, entries, ...head} of answers) {
    const key = JSON.stringify([head.kind, head.listName, head.columns?.map(({title}) => title)])
    const same = kinds.get(key) ?? {head, entries: []}
    for (const entry of entries) same.entries.push({node, entry})
    kinds.set(key, same)
  }
  return [...kinds.values()].map(({head, entries}) => ({
    head,
    view: viewOf(head, limitTo(sortEntries(entries), options.limit), options),
  }))
}

/** By node as they were asked for, where the entries have no order of their own. */
function sortEntries(entries: readonly Entry[]): readonly Entry[] {
  if (entries.some(({entry: [key]}) => key === null)) return entries
  return entries.toSorted(({entry: [a]}, {entry: [b]}) => {
    if (typeof a === 'number' && typeof b === 'number') return a - b
    return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0
  })
}

function limitTo(entries: readonly Entry[], limit: number | undefined): readonly Entry[] {
  return limit === undefined || limit <= 0 ? entries : entries.slice(0, limit)
}

function viewOf(head: AnswerHead, entries: readonly Entry[], options: OneViewOptions): View {
  const names = () => entries.map(({node, entry: [, name]}) => `${node}//${name}`)
  switch (head.kind) {
    case 'table':
      return {document: () => [], names, table: () => tableOf(head.columns ?? [], entries, options)}
    case 'names':
      return {document: () => [], names, table: () => ''}
    case 'text':
      return {document: () => [], names, table: () => textOf(entries, options)}
    case 'items': {
      const items = () => entries.map(({node, entry: [, item]}) => withNode(node, item))
      if (head.listName === undefined) return {document: items, items, names, table: () => ''}
      return {
        ...listOf(head.listName, entries, ({node, entry: [, item]}) => withNode(node, item)),
        names,
        table: () => '',
      }
    }
  }
}

function withNode(node: string, item: unknown): unknown {
  return typeof item === 'object' && item !== null && !Array.isArray(item)
    ? {node, ...item}
    : {node, value: item}
}

const nodeColumn: Column = {title: 'NODE', min: 12}

function tableOf(
  columns: readonly Column[],
  entries: readonly Entry[],
  {width, style, fold}: OneViewOptions,
): Iterable<string> {
  const rows = fold
    ? foldRows(columns, entries)
    : mapLazily(entries, ({node, entry: [, cells]}) => [node, ...(cells as string[])])
  return tablePieces([nodeColumn, ...columns], rows, {width, style})
}

/** Rows that are equal but for what differs from node to node anyway; where that is not the same everywhere there is a `*`. */
export function foldRows(columns: readonly Column[], entries: readonly Entry[]): string[][] {
  const folded = new Map<string, {nodes: string[]; cells: string[]}>()
  const seen = new Map<string, number>()
  for (const {
    node,
    entry: [, value],
  } of entries) {
    const cells = value as string[]
    const said = JSON.stringify(cells.filter((_, index) => columns[index]?.varies !== true))
    // The second of a node is another one.
    const count = seen.get(`${node} ${said}`) ?? 0
    seen.set(`${node} ${said}`, count + 1)
    const key = `${count} ${said}`
    const same = folded.get(key)
    if (!same) folded.set(key, {nodes: [node], cells})
    else {
      same.nodes.push(node)
      same.cells = same.cells.map((cell, index) => (cell === cells[index] ? cell : '*'))
    }
  }
  return [...folded.values()].map(({nodes, cells}) => [nodesText(nodes), ...cells])
}

/** `worker-[1-6,8-400] (399)`. */
export function nodesText(nodes: readonly string[]): string {
  return nodes.length === 1 ? (nodes[0] ?? '') : `${nodeSetText(nodes)} (${nodes.length})`
}

/** Under the name of the node, or the names of all that say the same. */
function textOf(entries: readonly Entry[], {fold}: OneViewOptions): string {
  const blocks: {nodes: string[]; text: string}[] = []
  for (const {
    node,
    entry: [, value],
  } of entries) {
    const text = String(value)
    const same = fold ? blocks.find((block) => block.text === text) : undefined
    if (same) same.nodes.push(node)
    else blocks.push({nodes: [node], text})
  }
  return blocks
    .map(({nodes, text}) => `${nodesText(nodes)}:\n${text}${text.endsWith('\n') ? '' : '\n'}`)
    .join('\n')
}
