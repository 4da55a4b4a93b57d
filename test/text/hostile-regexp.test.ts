import {expect, test} from 'vitest'
import {parseRegexp} from '../../src/text/regexp/index.js'
import {hostileExpressions, hostileTexts} from '../support/hostile.js'

/** Thirty times what the slowest takes; an engine that tries all ways would need years. */
const mostMs = 20_000

test('no expression takes long in any text', {timeout: 600_000}, async () => {
  const texts = hostileTexts()
  expect([hostileExpressions.length, texts.length]).toEqual([30, 30])
  for (const source of hostileExpressions) {
    const expression = await parseRegexp(source)
    for (const text of texts) {
      const startedAt = performance.now()
      expression.test(text)
      const ms = performance.now() - startedAt
      expect(ms, `${source} in ${text.length} characters of ${text.slice(0, 10)}`).toBeLessThan(mostMs)
    }
  }
})
