import {expect, test} from 'vitest'
import type {TopRow} from '../../src/top/rows.js'
import {initialState, keepSelection} from '../../src/top/state.js'

const row = (id: string, name: string) => ({kind: 'container', id, podId: 'p1', name}) as TopRow
const before = [row('a', 'app'), row('b', 'sidecar'), row('c', 'db')]

test.each([
  ['still there', 'b', [row('c', 'db'), row('b', 'sidecar')], 'b'],
  ['a new attempt of it', 'b', [row('a', 'app'), row('c', 'db'), row('b2', 'sidecar')], 'b2'],
  ['what took its place', 'a', [row('b', 'sidecar'), row('c', 'db')], 'b'],
  ['the last, where it was the last', 'c', [row('a', 'app'), row('b', 'sidecar')], 'b'],
  ['nothing chosen', undefined, [row('b', 'sidecar')], undefined],
  ['nothing left', 'a', [], 'a'],
])('after a look the selection is on %s', (_, selectedId, now, id) => {
  expect(keepSelection({...initialState, selectedId}, before, now).selectedId).toBe(id)
})
