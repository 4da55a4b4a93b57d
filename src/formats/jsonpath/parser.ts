import type {UsageError} from '../../errors/errors.js'
import {errorAt} from '../error-at.js'
import {unquoteGo} from '../go-quote.js'
import {GoFloat, type Value} from '../go-template/values.js'

/** Text as it is, a path in braces, or what stands between `{range …}` and `{end}`. */
export type Part =
  | {kind: 'text'; text: string}
  | {kind: 'path'; path: Path}
  | {kind: 'range'; path: Path; body: Part[]}

export type Path =
  | {kind: 'constant'; value: Value}
  | {kind: 'steps'; from: 'current' | 'root'; steps: Step[]; at: number}

export type Step = {at: number} & (
  | {kind: 'field'; name: string}
  | {kind: 'wildcard' | 'descent'}
  | {kind: 'slice'; slice: Slice}
  | {kind: 'union'; steps: Step[]}
  | {kind: 'filter'; condition: Condition}
)

/** `[start:end:step]`; an index is a slice of one. */
export interface Slice {
  start: number | undefined
  end: number | undefined
  step: number | undefined
  single: boolean
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

export type Condition =
  | {kind: 'exists'; path: Path}
  | {kind: 'compares'; left: Path; operator: Comparison; right: Path; at: number}
  | {kind: 'all' | 'any'; conditions: Condition[]}
  | {kind: 'not'; condition: Condition}

const deepest = 100

export function pathError(source: string, at: number, message: string): UsageError {
  return errorAt('jsonpath', source, at, message)
}

/** kubectl's JSONPath: text with paths in braces. Throws UsageError with line and column. */
export function parseParts(source: string): Part[] {
  return new Parser(source).parts()
}

/** One path alone, with or without braces and its first dot. */
export function addBraces(source: string): string {
  const trimmed = source.trim()
  if (trimmed === '' || /[{}]/.test(source)) return source
  return /^[.[$@]/.test(trimmed) ? `{${trimmed}}` : `{.${trimmed}}`
}

const constants: Readonly<Record<string, Value>> = {true: true, false: false, null: null}
const slicePattern = /^(-?\d+)?\s*(:\s*(-?\d+)?)?\s*(:\s*(-?\d+)?)?$/
const fieldEnds = /[\s.,[\]$@{}]/
/** Inside a filter a field ends at operators and parentheses too. */
const filterFieldEnds = /[\s.,[\]$@{}=!<>&|()]/

class Parser {
  readonly #source: string
  #at = 0
  #depth = 0
  #inFilter = false

  constructor(source: string) {
    this.#source = source
  }

  parts(): Part[] {
    const {parts, end} = this.#sequence()
    if (end !== undefined) throw this.#error('{end} without a {range}', end)
    return parts
  }

  /** Parts up to the `{end}` that closes them, or to the end of the text. */
  #sequence(): {parts: Part[]; end?: number} {
    const parts: Part[] = []
    while (this.#at < this.#source.length) {
      const open = this.#source.indexOf('{', this.#at)
      const text = this.#source.slice(this.#at, open === -1 ? undefined : open)
      if (text !== '') parts.push({kind: 'text', text})
      if (open === -1) break
      this.#at = open + 1
      this.#skipSpace()
      if (this.#word('end')) {
        this.#close(open)
        return {parts, end: open}
      }
      parts.push(this.#action(open))
    }
    this.#at = this.#source.length
    return {parts}
  }

  #action(open: number): Part {
    if (!this.#word('range')) {
      const path = this.#path()
      this.#close(open)
      return {kind: 'path', path}
    }
    return this.#deeper(() => {
      this.#skipSpace()
      const path = this.#path()
      this.#close(open)
      const {parts, end} = this.#sequence()
      if (end === undefined) throw this.#error('this {range} has no {end}', open)
      return {kind: 'range', path, body: parts}
    })
  }

  #close(open: number): void {
    this.#skipSpace()
    if (this.#take('}')) return
    if (this.#at >= this.#source.length) throw this.#error('this { has no }', open)
    if (/["']/.test(this.#character())) throw this.#error('text stands in braces of its own: {.a}{"\\n"}')
    throw this.#unexpected()
  }

  #path(): Path {
    const at = this.#at
    const constant = this.#constant()
    if (constant !== undefined) return {kind: 'constant', value: constant}
    const from = this.#take('$') ? 'root' : 'current'
    if (from === 'current') this.#take('@')
    const steps: Step[] = []
    while (true) {
      const step = this.#step()
      if (step.length === 0) return {kind: 'steps', from, steps, at}
      steps.push(...step)
    }
  }

  #constant(): Value | undefined {
    const quote = this.#character()
    if (quote === '"' || quote === "'") return this.#readQuoted(quote)
    const number = this.#match(/[-+]?\d+(\.\d+)?(?![\w.])/y)
    if (number !== undefined)
      return number.includes('.') ? new GoFloat(Number(number)) : BigInt(number.replace('+', ''))
    const at = this.#at
    const word = this.#match(/[\p{L}_][\p{L}\p{N}_]*/uy)
    if (word === undefined) return undefined
    if (!Object.hasOwn(constants, word))
      throw this.#error(
        `unexpected ${word}: a path begins with a dot, as {.${word}}; other words are range and end`,
        at,
      )
    return constants[word]
  }

  /** None where the path ends here. */
  #step(): Step[] {
    const at = this.#at
    if (this.#take('..')) {
      const descent: Step = {kind: 'descent', at}
      if (this.#character() === '.') throw this.#unexpected()
      return /[[\s})]|^$/.test(this.#character()) ? [descent] : [descent, this.#field(at)]
    }
    if (this.#take('.')) return this.#atFieldEnd() ? [] : [this.#field(at)]
    if (this.#take('[')) return [this.#brackets(at)]
    return []
  }

  #atFieldEnd(): boolean {
    const character = this.#character()
    return character === '' || (this.#inFilter ? filterFieldEnds : fieldEnds).test(character)
  }

  #field(at: number): Step {
    let name = ''
    while (!this.#atFieldEnd()) {
      if (this.#take('\\') && this.#at >= this.#source.length) break
      name += this.#source[this.#at++]
    }
    if (name === '') throw this.#unexpected()
    return name === '*' ? {kind: 'wildcard', at} : {kind: 'field', name, at}
  }

  #brackets(at: number): Step {
    this.#skipSpace()
    if (this.#take('?')) return this.#filter(at)
    const steps: Step[] = []
    do {
      this.#skipSpace()
      steps.push(this.#selector())
      this.#skipSpace()
    } while (this.#take(','))
    if (!this.#take(']')) throw this.#error('this [ has no ]', at)
    const [first] = steps
    return first && steps.length === 1 ? first : {kind: 'union', steps, at}
  }

  #selector(): Step {
    const at = this.#at
    const quote = this.#character()
    if (quote === '"' || quote === "'") return {kind: 'field', name: this.#readQuoted(quote), at}
    const text = (this.#match(/[^\],]*/y) ?? '').trim()
    if (text === '*') return {kind: 'wildcard', at}
    const found = slicePattern.exec(text)
    if (!found || text === '') throw this.#error(`[${text}] is no index, slice, 'key' or ?(filter)`, at)
    const [, start, colon, end, , step] = found
    const number = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits))
    return {
      kind: 'slice',
      slice: {start: number(start), end: number(end), step: number(step), single: colon === undefined},
      at,
    }
  }

  #filter(at: number): Step {
    this.#skipSpace()
    if (!this.#take('(')) throw this.#error('a filter is written [?(…)]', at)
    const outside = this.#inFilter
    this.#inFilter = true
    const condition = this.#deeper(() => this.#any())
    this.#inFilter = outside
    this.#skipSpace()
    if (!this.#take(')'))
      throw this.#at < this.#source.length ? this.#unexpected() : this.#error('this filter has no )', at)
    this.#skipSpace()
    if (!this.#take(']')) throw this.#error('this filter has no ]', at)
    return {kind: 'filter', condition, at}
  }

  #any(): Condition {
    return this.#joinConditions('||', 'any', () => this.#joinConditions('&&', 'all', () => this.#condition()))
  }

  #joinConditions(operator: string, kind: 'any' | 'all', next: () => Condition): Condition {
    const first = next()
    const conditions = [first]
    while (this.#operator(operator)) conditions.push(next())
    return conditions.length === 1 ? first : {kind, conditions}
  }

  #condition(): Condition {
    this.#skipSpace()
    if (this.#character() === '!' && this.#source[this.#at + 1] !== '=') {
      this.#at++
      return {kind: 'not', condition: this.#deeper(() => this.#condition())}
    }
    if (this.#take('(')) {
      const condition = this.#deeper(() => this.#any())
      this.#skipSpace()
      if (!this.#take(')')) throw this.#unexpected()
      return condition
    }
    const left = this.#operand()
    this.#skipSpace()
    const at = this.#at
    const operator = this.#match(/[=!<>]+/y)
    if (operator === undefined) return {kind: 'exists', path: left}
    if (!isComparison(operator)) throw this.#error(`${operator} is no comparison: == != < <= > >=`, at)
    this.#skipSpace()
    return {kind: 'compares', left, operator, right: this.#operand(), at}
  }

  #operand(): Path {
    const at = this.#at
    const path = this.#path()
    if (this.#at === at) throw this.#unexpected()
    return path
  }

  #operator(operator: string): boolean {
    this.#skipSpace()
    return this.#take(operator)
  }

  #readQuoted(quote: '"' | "'"): string {
    const at = this.#at
    const body = this.#match(quote === '"' ? /"((?:[^"\\\n]|\\.)*)"/y : /'((?:[^'\\\n]|\\.)*)'/y)
    if (body === undefined) throw this.#error('this quote has no end', at)
    // kubectl escapes the dots of a key in brackets; Go's strings have no such escape.
    const text = unquoteGo(body.slice(1, -1).replaceAll('\\.', '.'), quote)
    if (text === undefined) throw this.#error(`no such escape in ${body}`, at)
    return text
  }

  #deeper<Result>(work: () => Result): Result {
    if (++this.#depth > deepest) throw this.#error(`nested more than ${deepest} deep`)
    const result = work()
    this.#depth--
    return result
  }

  #word(word: string): boolean {
    const found = this.#match(word === 'end' ? /end(?=[\s}])/y : /range(?=[\s}.[@$'"])/y)
    return found !== undefined
  }

  #character(): string {
    return this.#source[this.#at] ?? ''
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#source)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #skipSpace(): void {
    this.#match(/\s*/y)
  }

  #unexpected(): UsageError {
    const code = this.#source.codePointAt(this.#at)
    return this.#error(
      code === undefined ? 'unexpected end' : `unexpected ${JSON.stringify(String.fromCodePoint(code))}`,
    )
  }

  #error(message: string, at = this.#at): UsageError {
    return pathError(this.#source, at, message)
  }
}

function isComparison(operator: string): operator is Comparison {
  return ['==', '!=', '<', '<=', '>', '>='].includes(operator)
}
