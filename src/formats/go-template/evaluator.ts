import {UsageError} from '../../errors/errors.js'
import {nearest} from '../../text/nearest.js'
import {functions, type GoFunction} from './functions.js'
import {templateError} from './lexer.js'
import type {Command, Node, Operand, ParsedTemplate, Pipeline} from './parser.js'
import {entryOf, isList, isMap, isTrue, kindName, sortEntries, type Value, wholeOf} from './values.js'
import {formatValue} from './verbs.js'

/** How much a template may do, so that none hangs: `{{define "x"}}{{template "x"}}{{end}}` is easily written. */
export interface Limits {
  /** Nodes, commands and rounds of loops, and of what functions read and make so many characters, or one item. */
  steps: number
  /** Characters of output. */
  output: number
  /** Templates and actions inside one another. */
  depth: number
}

export const defaultLimits: Limits = {steps: 20_000_000, output: 128 * 2 ** 20, depth: 1000}

type Control = Extract<Node, {pipeline: Pipeline; body: Node[]}>
type Inclusion = Extract<Node, {kind: 'template'}>
const charactersPerStep = 64
/** `js` makes six characters of one. */
const mostGrowth = 8

type Leaving = 'break' | 'continue' | undefined

/** The text that a template makes of a document. Throws UsageError with line and column. */
export function evaluate(
  source: string,
  template: ParsedTemplate,
  document: Value,
  limits: Limits = defaultLimits,
): string {
  return new Evaluation(source, template, limits).run(document)
}

class Evaluation {
  readonly #source: string
  readonly #template: ParsedTemplate
  readonly #limits: Limits
  readonly #output: string[] = []
  #outputLength = 0
  #steps = 0
  #depth = 0
  #variables: {name: string; value: Value}[] = []

  constructor(source: string, template: ParsedTemplate, limits: Limits) {
    this.#source = source
    this.#template = template
    this.#limits = limits
  }

  run(document: Value): string {
    this.#variables = [{name: '$', value: document}]
    this.#walk(this.#template.main, document)
    return this.#output.join('')
  }

  #walk(nodes: readonly Node[], dot: Value): Leaving {
    for (const node of nodes) {
      this.#step(0)
      const leaving = this.#node(node, dot)
      if (leaving) return leaving
    }
    return undefined
  }

  #node(node: Node, dot: Value): Leaving {
    switch (node.kind) {
      case 'text':
        this.#print(node.text, 0)
        return undefined
      case 'action': {
        const {pipeline} = node
        const value = this.#pipeline(pipeline, dot)
        if (pipeline.variables.length === 0)
          this.#print(value === null ? '<no value>' : formatValue(value), pipeline.at)
        return undefined
      }
      case 'break':
      case 'continue':
        return node.kind
      case 'template':
        this.#include(node, dot)
        return undefined
      case 'range':
        return this.#runInScope(node.pipeline.at, () => this.#range(node, dot))
      case 'if':
      case 'with':
        return this.#runInScope(node.pipeline.at, () => {
          const value = this.#pipeline(node.pipeline, dot)
          if (!isTrue(value)) return this.#walk(node.otherwise, dot)
          return this.#walk(node.body, node.kind === 'with' ? value : dot)
        })
    }
  }

  #range({pipeline, body, otherwise}: Control, dot: Value): Leaving {
    const value = this.#commands(pipeline, dot)
    let rounds = 0
    for (const [key, item] of this.#rounds(value, pipeline.at)) {
      rounds++
      this.#step(pipeline.at)
      const scope = this.#variables.length
      if (pipeline.variables.length > 0)
        this.#set(pipeline, pipeline.variables.length === 1 ? [item] : [key, item])
      const leaving = this.#walk(body, item)
      this.#variables.length = scope
      if (leaving === 'break') break
    }
    return rounds === 0 ? this.#walk(otherwise, dot) : undefined
  }

  *#rounds(value: Value, at: number): Generator<readonly [Value, Value]> {
    const count = wholeOf(value)
    if (count !== undefined) for (let index = 0n; index < count; index++) yield [index, index]
    else if (value === null) return
    else if (isList(value)) for (const [index, item] of value.entries()) yield [BigInt(index), item]
    else if (isMap(value)) yield* sortEntries(value)
    else throw this.#error(at, `range needs a list, an object or a whole number, this is ${kindName(value)}`)
  }

  #include({name, pipeline, at}: Inclusion, dot: Value): void {
    const nodes = this.#template.named.get(name)
    if (!nodes) throw this.#error(at, `no template is named ${JSON.stringify(name)}`)
    this.#runInScope(at, () => {
      const value = pipeline ? this.#pipeline(pipeline, dot) : null
      const outside = this.#variables
      this.#variables = [{name: '$', value}]
      this.#walk(nodes, value)
      this.#variables = outside
    })
  }

  #runInScope<Result>(at: number, work: () => Result): Result {
    if (++this.#depth > this.#limits.depth)
      throw this.#error(at, `more than ${this.#limits.depth} actions inside one another`)
    const scope = this.#variables.length
    const result = work()
    this.#variables.length = scope
    this.#depth--
    return result
  }

  #set({variables, assigns, at}: Pipeline, values: readonly Value[]): void {
    for (const [index, name] of variables.entries()) {
      const value = values[index] ?? null
      const known = assigns ? this.#variables.findLast((variable) => variable.name === name) : undefined
      if (known) known.value = value
      else if (assigns) throw this.#error(at, `there is no variable ${name}`)
      else this.#variables.push({name, value})
    }
  }

  #pipeline(pipeline: Pipeline, dot: Value): Value {
    const value = this.#commands(pipeline, dot)
    this.#set(pipeline, [value])
    return value
  }

  #commands({commands}: Pipeline, dot: Value): Value {
    let value: Value | undefined
    for (const command of commands) value = this.#command(command, dot, value)
    return value ?? null
  }

  /** `piped` is what comes through `|`: the last argument of a function. */
  #command({at, operands: [first, ...rest]}: Command, dot: Value, piped: Value | undefined): Value {
    this.#step(at)
    if (first.kind === 'function') return this.#call(first.name, rest, dot, piped, first.at)
    if (first.kind === 'nil') throw this.#error(at, 'nil is nothing to show')
    if (rest.length > 0 || piped !== undefined)
      throw this.#error(first.at, `${this.#textOf(first)} is a value, not a function: it takes no arguments`)
    return this.#operand(first, dot)
  }

  #call(name: string, rest: readonly Operand[], dot: Value, piped: Value | undefined, at: number): Value {
    const {least, most, call} = functions.get(name) as GoFunction
    const count = rest.length + (piped === undefined ? 0 : 1)
    if (count < least || count > most)
      throw this.#error(at, `${name} takes ${argumentCount(least, most)}, here it has ${count}`)
    if (name === 'and' || name === 'or') return this.#shortCircuit(name, rest, dot, piped)
    const args = rest.map((operand) => this.#operand(operand, dot))
    if (piped !== undefined) args.push(piped)
    const taken = args.reduce((sum: number, arg) => sum + lengthOf(arg), 0)
    if (taken > this.#limits.output / mostGrowth)
      throw this.#error(at, `${name} is given more than ${this.#limits.output / mostGrowth} characters`)
    const result = this.#locateErrors(at, name, () => call(args))
    this.#step(at, (taken + lengthOf(result)) / charactersPerStep + (isList(result) ? result.length : 0))
    return result
  }

  /** Later arguments are left alone once one decides. */
  #shortCircuit(name: 'and' | 'or', rest: readonly Operand[], dot: Value, piped: Value | undefined): Value {
    let value: Value = null
    for (const operand of rest) {
      value = this.#operand(operand, dot)
      if (isTrue(value) === (name === 'or')) return value
    }
    return piped ?? value
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case 'constant':
        return operand.value
      case 'dot':
        return dot
      case 'nil':
        return null
      case 'field':
        return this.#fields(dot, operand.names, operand.at, '.')
      case 'variable': {
        const variable = this.#variables.findLast(({name}) => name === operand.name)
        if (!variable) throw this.#error(operand.at, `there is no variable ${operand.name}`)
        return this.#fields(variable.value, operand.names, operand.at, operand.name)
      }
      case 'pipeline':
        return this.#fields(this.#pipeline(operand.pipeline, dot), operand.names, operand.at, '(…)')
      case 'function':
        return this.#call(operand.name, [], dot, undefined, operand.at)
    }
  }

  #fields(start: Value, names: readonly string[], at: number, from: string): Value {
    let value = start
    for (const [index, name] of names.entries()) {
      const path = index === 0 ? from : `${from === '.' ? '' : from}.${names.slice(0, index).join('.')}`
      value = this.#field(value, name, path, at)
    }
    return value
  }

  #field(value: Value, name: string, path: string, at: number): Value {
    if (isMap(value)) {
      const found = entryOf(value, name)
      if (found !== undefined) return found
      throw this.#error(at, missingKey(name, path, Object.keys(value)))
    }
    if (isList(value))
      throw this.#error(
        at,
        `${path} is a list and has no "${name}": {{range ${path}}} walks it, {{index ${path} 0}} picks one`,
      )
    throw this.#error(at, `${path} is ${kindName(value)} and has no "${name}"`)
  }

  #print(text: string, at: number): void {
    this.#outputLength += text.length
    if (this.#outputLength > this.#limits.output)
      throw this.#error(at, `the output is longer than ${this.#limits.output} characters`)
    this.#output.push(text)
  }

  #step(at: number, steps = 1): void {
    this.#steps += steps
    if (this.#steps > this.#limits.steps)
      throw this.#error(at, `the template takes more than ${this.#limits.steps} steps`)
  }

  #locateErrors<Result>(at: number, name: string, work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      // A function knows what is wrong with its arguments, not where in the template it stands.
      if (error instanceof UsageError) throw this.#error(at, `${name}: ${error.message}`)
      throw error
    }
  }

  #textOf({at}: Operand): string {
    return /^\S+?(?=[\s|)]|\}\}|$)/.exec(this.#source.slice(at))?.[0] ?? 'this'
  }

  #error(at: number, message: string): UsageError {
    return templateError(this.#source, at, message)
  }
}

function lengthOf(value: Value): number {
  return typeof value === 'string' ? value.length : 0
}

function argumentCount(least: number, most: number): string {
  const count =
    least === most
      ? `${least}`
      : most === Number.POSITIVE_INFINITY
        ? `${least} or more`
        : `${least} to ${most}`
  return `${count} argument${count === '1' ? '' : 's'}`
}

const keysShown = 12

function missingKey(name: string, path: string, keys: readonly string[]): string {
  const guess = nearest(name, keys)
  const known = keys.length > keysShown ? `${keys.slice(0, keysShown).join(', ')}, …` : keys.join(', ')
  const help = guess ? `did you mean ${guess}?` : keys.length > 0 ? `there are ${known}` : 'it is empty'
  return `no "${name}" in ${path}: ${help} ({{index ${path} "${name}"}} allows for its absence)`
}
