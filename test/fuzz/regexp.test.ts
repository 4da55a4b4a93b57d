import {RE2JS} from 're2js'
import {expect, test} from 'vitest'
import {nativeExpression, nativeTest} from '../../src/text/regexp/native.js'
import {readRegexp} from '../../src/text/regexp/syntax.js'
import {rounds, seeded} from '../support/random.js'
import {randomRegexp, randomText} from './regexp-text.js'

const {count, seed} = rounds(2000)
const textsOfEach = 12

function compile(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source)
  } catch {
    return undefined
  }
}

function spansOf(expression: RE2JS, text: string): [number, number][] {
  const spans: [number, number][] = []
  const matcher = expression.matcher(text)
  while (matcher.find()) spans.push([matcher.start(), matcher.end()])
  return spans
}

/** RE2's port leaves out some of the empty ones behind a character of two units. */
function withText(spans: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  return spans.filter(([from, to]) => from < to)
}

test('what JavaScript gets of an expression made at random finds what RE2 finds', {timeout: 600_000}, () => {
  const random = seeded(seed)
  const outcomes = {refused: 0, left: 0, native: 0, units: 0, found: 0}
  for (let round = 0; round < count; round++) {
    const source = randomRegexp(random)
    const linear = compile(source)
    const tree = readRegexp(source)
    if (!tree) outcomes[linear ? 'left' : 'refused']++
    else {
      const because = `${JSON.stringify(source)} (seed ${seed}, round ${round})`
      if (!linear) expect.fail(`${because} is refused by RE2`)
      outcomes.native++
      const native = new RegExp(nativeExpression(tree), 'gu')
      const tested = nativeTest(tree)
      if (!tested.unicode) outcomes.units++
      for (let texts = textsOfEach; texts > 0; texts--) {
        const text = randomText(random)
        const where = `${because} in ${JSON.stringify(text)}`
        const spans = [...text.matchAll(native)].map(
          ({0: found, index}) => [index, index + found.length] as const,
        )
        expect(withText(spans), where).toEqual(withText(spansOf(linear, text)))
        expect(spans.length > 0, where).toBe(linear.test(text))
        expect(tested.test(text), where).toBe(spans.length > 0)
        if (spans.length > 0) outcomes.found++
      }
    }
  }
  // All are worth a look.
  expect(Math.min(outcomes.refused, outcomes.left)).toBeGreaterThan(count / 20)
  expect(outcomes.native).toBeGreaterThan(count / 5)
  expect(outcomes.units).toBeGreaterThan(outcomes.native / 2)
  expect(outcomes.units).toBeLessThan(outcomes.native)
  expect(outcomes.found).toBeGreaterThan((outcomes.native * textsOfEach) / 5)
  expect(outcomes.found).toBeLessThan((outcomes.native * textsOfEach * 4) / 5)
})
