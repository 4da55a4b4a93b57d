import {readdirSync} from 'node:fs'
import {signalAfter} from '../../client/deadlines.js'
import {printable} from '../../errors/printable.js'
import {askRuntime, candidatesFrom, listFor} from '../completion/live.js'
import {type Position, positionOf} from '../completion/position.js'
import {splitLine} from '../completion/shells.js'
import type {Grammar} from '../grammar.js'
import {type Author, mayRun} from './allowed.js'
import type {Completion} from './ask.js'

const patienceMs = 1_000

export interface Completing {
  grammar: Grammar
  author: Author
  endpoint: string
  /** Where commands run. */
  directory: string
  /** What a tour takes besides commands. */
  ways: readonly string[]
}

/** What may end a half-typed line of a tour, and the part of it that is replaced. */
export async function completeLine(
  line: string,
  {grammar, author, endpoint, directory, ways}: Completing,
): Promise<Completion> {
  const {words: all} = splitLine(line)
  const words = all.length > 1 && /^(crisp|crictl)$/.test(all[0] ?? '') ? all.slice(1) : all
  const position = positionOf(words, grammar.commands, grammar.globals)
  const {command, part} = position
  const named = position.candidates.map(({word}) => word)
  const own = all.length === 1 ? ['crisp', ...ways].filter((word) => word.startsWith(part)) : []
  const fixed = command || words.length > 1 ? named : named.filter((word) => mayRun(word, author))
  const found = new Set([...fixed, ...own, ...(await lookUp(position, endpoint, directory))])
  const [only, other] = found
  if (only !== undefined && other === undefined && !/[=:/]$/.test(only)) return [[`${only} `], part]
  return [[...found].sort(), part]
}

async function lookUp(
  {lookup, part, taken}: Position,
  endpoint: string,
  directory: string,
): Promise<string[]> {
  if (lookup === undefined) return []
  if (lookup === 'file')
    return readdirSync(directory).filter((name) => name.endsWith('.yaml') && name.startsWith(part))
  const kept = {endpoint, imageEndpoint: endpoint, list: listFor(lookup)}
  const lists = await askRuntime(kept, signalAfter(patienceMs))
  const names = candidatesFrom(lookup, part, lists).map(({word}) => word)
  return names.filter((name) => !taken.includes(name) && printable(name) === name)
}
