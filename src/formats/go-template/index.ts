import {defaultLimits, evaluate, type Limits} from './evaluator.js'
import {functions} from './functions.js'
import {parseTemplate} from './parser.js'
import type {Value} from './values.js'

export interface GoTemplate {
  /** The text that the template makes of a JSON value. Throws UsageError with line and column, as parsing does. */
  render(document: unknown): string
}

const functionNames: ReadonlySet<string> = new Set(functions.keys())

/** Go's text/template over JSON, as crictl has it: docs/templates.md. */
export function parseGoTemplate(source: string, limits: Limits = defaultLimits): GoTemplate {
  const template = parseTemplate(source, functionNames)
  return {render: (document) => evaluate(source, template, document as Value, limits)}
}
