import {expect, test} from 'vitest'
import {parseRegexp} from '../../src/text/regexp/index.js'
import {hostileExpressions, hostileTexts} from '../support/hostile.js'

test('no expression takes long in any text', async () => {
  const texts = hostileTexts()
  const results: boolean[] = []
  for (const source of hostileExpressions) {
    const expression = await parseRegexp(source)
    for (const text of texts) results.push(expression.test(text))
  }
  expect(results).toHaveLength(30 * 30)
  expect(new Set(results)).toEqual(new Set([true, false]))
})
