import {UsageError} from '../../errors/errors.js'
import {compare, equal} from '../go-template/comparison.js'
import {entryOf, isList, isMap, kindName, type Value} from '../go-template/values.js'
import {formatValue} from '../go-template/verbs.js'
import {jsonText, sortKeys} from '../json.js'
import {
  type Comparison,
  type Condition,
  type Part,
  type Path,
  pathError,
  type Slice,
  type Step,
} from './parser.js'

/** How much an expression may find and print: `{..*..*..*}` is easily written. */
export interface PathLimits {
  /** Values looked at. */
  steps: number
  /** Characters of output. */
  output: number
}

export const defaultPathLimits: PathLimits = {steps: 20_000_000, output: 128 * 2 ** 20}

/** One evaluation of an expression; `found` gets each part's results in turn. */
export function walkParts(
  source: string,
  parts: readonly Part[],
  document: Value,
  limits: PathLimits,
  found: (values: readonly Value[]) => void,
): void {
  new Evaluation(source, document, limits).walk(parts, document, found)
}

/** A result as kubectl prints it: objects and lists as JSON. */
export function printResult(value: Value): string {
  if (value === null) return 'null'
  return isList(value) || isMap(value) ? jsonText(sortKeys(value), 0).trimEnd() : formatValue(value)
}

class Evaluation {
  readonly #source: string
  readonly #document: Value
  readonly #limits: PathLimits
  #steps = 0

  constructor(source: string, document: Value, limits: PathLimits) {
    this.#source = source
    this.#document = document
    this.#limits = limits
  }

  walk(parts: readonly Part[], current: Value, found: (values: readonly Value[]) => void): void {
    for (const part of parts) {
      this.#count(1, 0)
      if (part.kind === 'text') found([part.text])
      else if (part.kind === 'path') found(this.#path(part.path, current))
      else for (const item of this.#path(part.path, current)) this.walk(part.body, item, found)
    }
  }

  #path(path: Path, current: Value): readonly Value[] {
    if (path.kind === 'constant') return [path.value]
    let values: readonly Value[] = [path.from === 'root' ? this.#document : current]
    for (const step of path.steps) values = this.#step(values, step)
    return values
  }

  #step(values: readonly Value[], step: Step): readonly Value[] {
    if (step.kind === 'union') return step.steps.flatMap((one) => this.#step(values, one))
    const results: Value[] = []
    for (const value of values) {
      const found = value === null ? [] : this.#select(value, step)
      this.#count(1 + found.length, step.at)
      for (const item of found) results.push(item)
    }
    return results
  }

  #select(value: Value, step: Exclude<Step, {kind: 'union'}>): readonly Value[] {
    switch (step.kind) {
      case 'field': {
        const found = isMap(value) ? entryOf(value, step.name) : undefined
        return found === undefined ? [] : [found]
      }
      case 'wildcard':
        return children(value)
      case 'descent':
        return this.#descendants(value, step.at)
      case 'slice':
        if (!isList(value)) throw this.#error(step.at, `${kindName(value)} has no positions, only a list has`)
        return this.#slice(value, step.slice, step.at)
      case 'filter':
        if (!isList(value))
          throw this.#error(step.at, `${kindName(value)} cannot be filtered, only a list can`)
        return value.filter((item) => {
          this.#count(1, step.at)
          return this.#holds(step.condition, item)
        })
    }
  }

  /** The value and all that is in it, as far as there is something in them. */
  #descendants(value: Value, at: number): Value[] {
    const found: Value[] = []
    const waiting = [value]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const inside = children(next)
      this.#count(1 + inside.length, at)
      if (inside.length === 0) continue
      found.push(next)
      for (let index = inside.length - 1; index >= 0; index--) waiting.push(inside[index] ?? null)
    }
    return found
  }

  #slice(list: readonly Value[], {start, end, step = 1, single}: Slice, at: number): readonly Value[] {
    const position = (index: number) => (index < 0 ? index + list.length : index)
    if (step <= 0) throw this.#error(at, 'the step of a slice is above 0')
    const first = position(start ?? 0)
    const last = single ? first + 1 : end === undefined ? list.length : position(end)
    if (first === last) return []
    if (first < 0 || first >= list.length || last < 0 || last > list.length)
      throw this.#error(
        at,
        `there is no position ${single ? start : `${start ?? 0}:${end ?? ''}`} in a list of ${list.length}`,
      )
    if (first > last) throw this.#error(at, `a slice from ${first} to ${last} goes backwards`)
    return list.slice(first, last).filter((_, index) => index % step === 0)
  }

  #holds(condition: Condition, item: Value): boolean {
    switch (condition.kind) {
      case 'all':
        return condition.conditions.every((each) => this.#holds(each, item))
      case 'any':
        return condition.conditions.some((each) => this.#holds(each, item))
      case 'not':
        return !this.#holds(condition.condition, item)
      case 'exists':
        return this.#path(condition.path, item).length > 0
      case 'compares':
        return this.#compares(condition, item)
    }
  }

  #compares({left, operator, right, at}: Condition & {kind: 'compares'}, item: Value): boolean {
    const [lefts, rights] = [this.#path(left, item), this.#path(right, item)]
    if (lefts.length > 1 || rights.length > 1)
      throw this.#error(at, 'a filter compares one value, here are several')
    const [a, b] = [lefts[0], rights[0]]
    // What is not there is neither equal nor unequal, as in kubectl.
    if (a === undefined || b === undefined) return false
    try {
      return comparisons[operator](a, b)
    } catch (error) {
      // Comparison knows its values, not where in the expression they stand.
      if (error instanceof UsageError) throw this.#error(at, error.message)
      throw error
    }
  }

  #count(steps: number, at: number): void {
    this.#steps += steps
    if (this.#steps > this.#limits.steps)
      throw this.#error(at, `the expression looks at more than ${this.#limits.steps} values`)
  }

  #error(at: number, message: string): UsageError {
    return pathError(this.#source, at, message)
  }
}

function children(value: Value): readonly Value[] {
  if (isList(value)) return value
  return isMap(value) ? Object.values(value) : []
}

const comparisons: Readonly<Record<Comparison, (a: Value, b: Value) => boolean>> = {
  '==': equal,
  '!=': (a, b) => !equal(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
}
