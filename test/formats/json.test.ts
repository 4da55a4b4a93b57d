import {expect, test} from 'vitest'
import {jsonListPieces, jsonText} from '../../src/formats/json.js'

test.each([0, 1, 99, 100, 101, 250])('a list of %s items in pieces is the same text', (count) => {
  const items = Array.from({length: count}, (_, index) => ({
    id: `id-${index}`,
    text: '\u0085 "quoted" \u202e],\n',
    labels: {},
    list: index % 2 === 0 ? [] : [{nested: index}],
  }))
  const pieces = [...jsonListPieces('containers', items)]
  expect(pieces.join('')).toBe(jsonText({containers: items}))
  expect(pieces.length).toBe(Math.ceil(count / 100) + 1)
})
