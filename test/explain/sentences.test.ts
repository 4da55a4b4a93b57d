import {describe, expect, test} from 'vitest'
import {checks} from '../../src/doctor/checks/index.js'
import {verbCalls} from '../../src/explain/verbs.js'
import {words} from '../../src/explain/words.js'
import {docsJson} from '../../src/generated/docs.js'
import {manifest} from '../support/in-process.js'

// What explain says of anything is there, is of that alone, and says more than the name.

const api = JSON.parse(docsJson) as Record<string, string>

/** By what it is asked for. */
const explanations: Record<string, Record<string, string>> = {
  'the API': api,
  verbs: Object.fromEntries(manifest.commands.map(({id, summary}) => [id, summary])),
  'states and words': words,
  "doctor's checks": Object.fromEntries(checks.map(({name, explanation}) => [name, explanation])),
  'what the checks look at': Object.fromEntries(checks.map(({name, about}) => [name, about])),
}

/** They say nothing by themselves. */
const empty = new Set(
  'a an the of or and in on to for is are it its this that which with by as at from not no be can one each if since'.split(
    ' ',
  ),
)

function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
}

/** What a sentence has beyond the name, its plural and its singular. */
function ownWords(name: string, text: string): Set<string> {
  const known = new Set(wordsOf(name).flatMap((word) => [word, `${word}s`, word.replace(/s$/, '')]))
  return new Set(wordsOf(text).filter((word) => !known.has(word) && !empty.has(word)))
}

/** Without the release that it came with, and however it is broken into lines. */
function plainText(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/ ?Since 1\.\d+\.$/, '')
    .trim()
}

describe.each(Object.entries(explanations))('%s', (_, texts) => {
  test('nothing is explained by nothing, or by its own name', () => {
    const poor = Object.entries(texts).filter(([name, text]) => ownWords(name, text).size < 2)
    expect(poor).toEqual([])
  })

  test('nothing is explained in the words of something else', () => {
    const first = new Map<string, string>()
    const repeated = Object.entries(texts).flatMap(([name, text]) => {
      const plain = plainText(text)
      const other = first.get(plain)
      first.set(plain, name)
      return other === undefined ? [] : [[other, name, plain]]
    })
    expect(repeated).toEqual([])
  })
})

test('a step of a verb says why, and not only which call it is', () => {
  const poor = Object.entries(verbCalls).flatMap(([verb, calls]) =>
    calls.filter(({method = '', why}) => ownWords(method, why).size < 2).map(({why}) => [verb, why]),
  )
  expect(poor).toEqual([])
})
