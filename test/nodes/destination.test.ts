import {expect, test} from 'vitest'
import {parseDestination} from '../../src/nodes/destination.js'

test.each(['w1', 'root@w1', 'ssh://root@w1:2222', 'me@fe80::1%eth0', 'core@10.0.0.7', 'DOM+user@w1'])(
  '%s',
  (word) => {
    expect(parseDestination(word)).toBe(word)
  },
)

test.each([
  '-oProxyCommand=id',
  'root@-oProxyCommand=id',
  'ssh://-oProxyCommand=id',
  '',
  'a b',
  'a\nb',
  "a'b",
  'a;id',
  '$(id)',
])('%j is no node', (word) => {
  expect(() => parseDestination(word)).toThrow(/is no node/)
})
