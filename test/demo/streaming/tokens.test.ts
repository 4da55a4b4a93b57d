import {expect, test} from 'vitest'
import {createTokens, TooManyTokensError} from '../../../src/demo/streaming/tokens.js'

test('a token gives its value once', () => {
  const tokens = createTokens<string>()
  const [first, second] = [tokens.issue('a'), tokens.issue('b')]
  expect([tokens.take(second), tokens.take(second), tokens.take(first), tokens.take('none')]).toEqual([
    'b',
    undefined,
    'a',
    undefined,
  ])
})

test('tokens are 24 random bytes in letters that a URL takes', () => {
  const tokens = createTokens<number>()
  const issued = Array.from({length: 500}, (_, index) => tokens.issue(index))
  expect(new Set(issued).size).toBe(500)
  expect(issued.filter((token) => !/^[\w-]{32}$/.test(token))).toEqual([])
})

test('a token is good for 60 s', () => {
  let nowMs = 0
  const tokens = createTokens<string>(() => nowMs)
  const [kept, late] = [tokens.issue('kept'), tokens.issue('late')]
  nowMs = 59_999
  expect(tokens.take(kept)).toBe('kept')
  nowMs = 60_000
  expect(tokens.take(late)).toBe(undefined)
})

test('1000 wait at most; used and expired ones make room', () => {
  let nowMs = 0
  const tokens = createTokens<number>(() => nowMs)
  const issued = Array.from({length: 1000}, (_, index) => tokens.issue(index))
  expect(() => tokens.issue(0)).toThrow(TooManyTokensError)
  expect(tokens.take(issued[500] ?? '')).toBe(500)
  tokens.issue(0)
  expect(() => tokens.issue(0)).toThrow(
    '1000 streaming URLs are waiting for their client: use one, or wait a minute',
  )
  nowMs = 60_000
  expect(tokens.take(tokens.issue(7))).toBe(7)
})
