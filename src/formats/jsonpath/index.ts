import {UsageError} from '../../errors/errors.js'
import type {Value} from '../go-template/values.js'
import {defaultPathLimits, type PathLimits, printResult, walkParts} from './evaluator.js'
import {addBraces, type Part, parseParts} from './parser.js'

export interface JsonPath {
  /** The text for a JSON value. Throws UsageError with line and column, as parsing does. */
  render(document: unknown): string
  /** One of its paths looks for a key in the document, so that a list has nothing for it. */
  beginsWithKey: boolean
  /** All that its paths find. */
  find(document: unknown): Value[]
}

function beginsWithKey(part: Part): boolean {
  return part.kind !== 'text' && part.path.kind === 'steps' && part.path.steps[0]?.kind === 'field'
}

/** kubectl's JSONPath, its braces and first dot optional where there is one path alone: docs/templates.md. */
export function parseJsonPath(expression: string, limits: PathLimits = defaultPathLimits): JsonPath {
  const source = addBraces(expression)
  const parts = parseParts(source)
  return {
    beginsWithKey: parts.some(beginsWithKey),
    render: (document) => {
      const texts: string[] = []
      let length = 0
      walkParts(source, parts, document as Value, limits, (values) => {
        for (const [index, value] of values.entries()) {
          // What one path finds has blanks between; what several find has not.
          const text = (index === 0 ? '' : ' ') + printResult(value)
          length += text.length
          if (length > limits.output)
            throw new UsageError(`jsonpath: the output is longer than ${limits.output} characters`)
          texts.push(text)
        }
      })
      return texts.join('')
    },
    find: (document) => {
      const found: Value[] = []
      walkParts(source, parts, document as Value, limits, (values) => {
        for (const value of values) found.push(value)
      })
      return found
    },
  }
}
