import {expect, test} from 'vitest'
import {UsageError} from '../../src/errors/errors.js'
import {parseCustomColumns, rowsOf} from '../../src/formats/custom-columns.js'
import {parseGoTemplate} from '../../src/formats/go-template/index.js'
import {parseJsonPath} from '../../src/formats/jsonpath/index.js'
import {inspected, listed} from '../support/inspected.js'
import {rounds, seeded} from '../support/random.js'
import {randomPath, randomTemplate} from './template-text.js'

const {count, seed} = rounds(3000)
const limits = {steps: 20_000, output: 200_000, depth: 1000}
// A template that included itself without a bound would never leave this loop; the runner's timeout tells.
const longest = 600_000

/** `text`, or `error` for a UsageError of one line; anything else is thrown on, with what caused it. */
function outcome(work: () => unknown, cause: string): 'text' | 'error' {
  try {
    work()
    return 'text'
  } catch (error) {
    if (!(error instanceof UsageError))
      throw new Error(`${JSON.stringify(cause)} (seed ${seed})`, {cause: error})
    expect(error.message, cause).toMatch(/^(template|jsonpath|custom-columns)\b[^\n]*$/)
    return 'error'
  }
}

test.each([
  ['a Go template', randomTemplate, (text: string) => parseGoTemplate(text, limits).render(inspected)],
  ['a JSONPath', randomPath, (text: string) => parseJsonPath(text, limits).render(listed)],
  [
    'custom columns',
    (random: ReturnType<typeof seeded>) => `A:${randomPath(random)}`,
    (text: string) => rowsOf(parseCustomColumns(text), [listed]),
  ],
])('%s made at random is text or a mistake said in one line', {timeout: longest}, (_, make, render) => {
  const random = seeded(seed)
  const outcomes = {text: 0, error: 0}
  for (let round = 0; round < count; round++) {
    const text = make(random)
    outcomes[outcome(() => render(text), text)]++
  }
  // Else the generator would test one half of the code only.
  expect(Math.min(outcomes.text, outcomes.error)).toBeGreaterThan(count / 20)
})
