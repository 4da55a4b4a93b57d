import {UsageError} from '../errors/errors.js'

// Sets of nodes as ClusterShell writes them: `n[1-400],@workers,!n7`, `rack[1-4]-n[01-16/2]&@new`. Read from the left.

/** More is a slip of the keyboard. */
const mostNodes = 100_000

/** What the names behind an `@` stand for. Throws UsageError. */
export type GroupLookup = (name: string) => readonly string[]

/** Every node once, in the order in which they are named. Throws UsageError. */
export function parseNodeSet(text: string, groupOf: GroupLookup): string[] {
  let nodes = new Set<string>()
  for (const {operator, term} of termsOf(text)) {
    const named = term.startsWith('@') ? groupOf(term.slice(1)) : expand(term, text)
    if (operator === '!') for (const node of named) nodes.delete(node)
    else if (operator === '&') nodes = new Set(named.filter((node) => nodes.has(node)))
    else for (const node of named) nodes.add(node)
    if (nodes.size > mostNodes) throw tooMany(text)
  }
  return [...nodes]
}

/** Whether the word names one node and no more, however it is read. */
export function isPlainNode(word: string): boolean {
  return termsOf(word).length === 1 && !/^[@!&]/.test(word) && !/\[[\d,/-]+\]/.test(word)
}

interface Term {
  operator: ',' | '!' | '&'
  term: string
}

/** Operators inside brackets belong to what is between them. */
function termsOf(text: string): Term[] {
  const parts = text.match(/[,!&]|(?:\[[^\]]*\]|[^,!&])+/g) ?? []
  const terms: Term[] = []
  let operator: Term['operator'] | undefined
  for (const part of parts.map((each) => each.trim())) {
    if (part === '') continue
    if (part !== ',' && part !== '!' && part !== '&') {
      terms.push({operator: operator ?? ',', term: part})
      operator = undefined
    } else if (operator === undefined || operator === ',') operator = part
    else
      throw new UsageError(`"${text}" is no set of nodes: nothing stands between "${operator}" and "${part}"`)
  }
  if (operator !== undefined && operator !== ',')
    throw new UsageError(`"${text}" is no set of nodes: it ends with "${operator}"`)
  return terms
}

/** `n[1-3]` is n1, n2 and n3; of several brackets each with each. What holds a colon is an address. */
function expand(term: string, text: string): string[] {
  const pieces = term.split(/(\[[^\]:]*\])/)
  if (/\[[^\]]*$/.test(term)) throw new UsageError(`"${text}" is no set of nodes: a bracket is not closed`)
  let names = ['']
  for (const piece of pieces) {
    const tails = piece.startsWith('[') ? numbersOf(piece.slice(1, -1), text) : [piece]
    if (names.length * tails.length > mostNodes) throw tooMany(text)
    names = names.flatMap((name) => tails.map((tail) => name + tail))
  }
  return names
}

/** `1-4`, `001-010`, `1-9/2`, several with commas between. */
function numbersOf(list: string, text: string): string[] {
  return list.split(',').flatMap((range) => {
    const [, from = '', to = from, step = '1'] = /^(\d+)(?:-(\d+)(?:\/(\d+))?)?$/.exec(range.trim()) ?? []
    if (from === '' || Number(from) > Number(to) || Number(step) < 1)
      throw new UsageError(
        `"${text}" is no set of nodes: [${list}] should be numbers, as [1-400], [01-16/2] or [1,4-7]`,
      )
    if ((Number(to) - Number(from)) / Number(step) >= mostNodes) throw tooMany(text)
    const width = from.startsWith('0') ? from.length : 0
    const numbers: string[] = []
    for (let number = Number(from); number <= Number(to); number += Number(step))
      numbers.push(String(number).padStart(width, '0'))
    return numbers
  })
}

function tooMany(text: string): UsageError {
  return new UsageError(`"${text}" means more than ${mostNodes} nodes`)
}

/** The shortest set that means these nodes: `cp,worker-[1-6,8-400]`. */
export function nodeSetText(nodes: readonly string[]): string {
  const families = new Map<string, {before: string; after: string; numbers: string[]}>()
  for (const node of new Set(nodes)) {
    const {before, number, after} = splitAtNumber(node)
    const key = JSON.stringify(number === '' ? [node] : [before, after])
    const family = families.get(key) ?? {before, after, numbers: []}
    if (number !== '') family.numbers.push(number)
    families.set(key, family)
  }
  return [...families.values()]
    .flatMap(({before, after, numbers}) =>
      numbers.length === 0
        ? [before]
        : ofOneWidth(numbers).map((same) => {
            const list = rangesText(same)
            return /^\d+$/.test(list) ? before + list + after : `${before}[${list}]${after}`
          }),
    )
    .join(',')
}

/** The number that counts nodes: the last of the name before its domain, and of an address the last of all. */
function splitAtNumber(node: string): {before: string; number: string; after: string} {
  const isAddress = /^[\d.]+$/.test(node.replace(/^.*@/, ''))
  const pattern = isAddress ? /^(.*?)(\d+)()$/ : /^([^.]*?)(\d+)([^\d.]*(?:\..*)?)$/
  const [, before, number, after] = (!node.includes('[') && !node.includes('/') && pattern.exec(node)) || []
  // Greater numbers are no counts, and lose digits.
  if (before === undefined || number === undefined || after === undefined || number.length > 9)
    return {before: node, number: '', after: ''}
  return {before, number, after}
}

/** `08`, `09` and `10` are of one width; `8` and `10` have none. */
function ofOneWidth(numbers: readonly string[]): string[][] {
  const padded = new Set(
    numbers.filter((number) => number.length > 1 && number.startsWith('0')).map(({length}) => length),
  )
  const widthOf = ({length}: string) => (padded.has(length) ? length : 0)
  return [...new Set(numbers.map(widthOf))]
    .sort((a, b) => a - b)
    .map((width) => numbers.filter((number) => widthOf(number) === width))
}

function rangesText(numbers: readonly string[]): string {
  const sorted = numbers.toSorted((a, b) => Number(a) - Number(b))
  const ranges: string[][] = []
  for (const number of sorted) {
    const last = ranges.at(-1)
    if (last && Number(last.at(-1)) + 1 === Number(number)) last.push(number)
    else ranges.push([number])
  }
  return ranges.map((range) => (range.length === 1 ? range[0] : `${range[0]}-${range.at(-1)}`)).join(',')
}

/** A node or set a line; `#` begins a comment, and `node/NAME` is how kubectl prints a name. */
export function parseNodesFile(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .trim()
        .replace(/^nodes?\//, ''),
    )
    .filter((line) => line !== '')
}
