import {enumValues} from '../client/descriptor.js'
import {firstSentence} from '../text/sentence.js'
import type {Entry} from './entries.js'

// Of what has a text somewhere: where that is the name, or a word of what is said first, it stands first.

interface Found {
  entry: Entry
  /** For people. */
  text: string
}

/**
 * Alike ones in the order in which they came. Left out are those that only have the text inside of another word, where
 * there are better ones, and single values of a long list whose name is another.
 */
export function bestFirst<Each extends Found>(text: string, found: readonly Each[]): Each[] {
  const ranked = found
    .map((each) => ({each, rank: rankOf(text.toLowerCase(), each.entry)}))
    .filter(({each, rank}) => rank <= ranks.inName || !isOneOfMany(each.entry))
  const best = ranked.some(({rank}) => rank < ranks.inside)
  return ranked
    .filter(({rank}) => !best || rank < ranks.inside)
    .sort((a, b) => a.rank - b.rank)
    .map(({each}) => each)
}

const ranks = {name: 0, inName: 1, saidFirst: 2, said: 3, inside: 4} as const

function rankOf(wanted: string, entry: Entry): number {
  const name = entry.name.toLowerCase()
  if (name === wanted || name.split(/[./]/).at(-1) === wanted) return ranks.name
  if (name.includes(wanted)) return ranks.inName
  if (hasWord(firstSentence(entry.text), wanted)) return ranks.saidFirst
  return hasWord(JSON.stringify(Object.values(entry)), wanted) ? ranks.said : ranks.inside
}

/** At the beginning of one: `restart` is found in `restarts`. */
function hasWord(text: string, wanted: string): boolean {
  const lower = text.toLowerCase()
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + 1))
    if (at === 0 || !/[a-z0-9_]/.test(lower[at - 1] ?? '')) return true
  return false
}

const many = 20

function isOneOfMany({kind, name}: Entry): boolean {
  if (kind !== 'value') return false
  return Object.keys(enumValues(name.slice(0, name.lastIndexOf('.'))) ?? {}).length > many
}
