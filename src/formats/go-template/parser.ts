import {type Token, type TokenKind, templateError, tokens} from './lexer.js'
import {GoFloat} from './values.js'

export type Node =
  | {kind: 'text'; text: string}
  | {kind: 'action'; pipeline: Pipeline}
  | {kind: 'if' | 'with' | 'range'; pipeline: Pipeline; body: Node[]; otherwise: Node[]}
  | {kind: 'template'; name: string; pipeline: Pipeline | undefined; at: number}
  | {kind: 'break' | 'continue'}

export interface Pipeline {
  at: number
  /** `$name` of each variable in front of `:=` or `=`. */
  variables: string[]
  /** `=`: the variables are there already. */
  assigns: boolean
  commands: Command[]
}

export interface Command {
  at: number
  operands: [Operand, ...Operand[]]
}

export type Operand = {at: number} & (
  | {kind: 'constant'; value: string | bigint | boolean | GoFloat}
  | {kind: 'dot' | 'nil'}
  | {kind: 'function'; name: string}
  | {kind: 'field'; names: string[]}
  | {kind: 'variable'; name: string; names: string[]}
  | {kind: 'pipeline'; pipeline: Pipeline; names: string[]}
)

export interface ParsedTemplate {
  main: Node[]
  /** Templates that `define` and `block` name. */
  named: ReadonlyMap<string, Node[]>
}

const keywords: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
])
const deepest = 200

/** Throws UsageError with line and column. */
export function parseTemplate(source: string, functions: ReadonlySet<string>): ParsedTemplate {
  return new Parser(source, functions).template()
}

class Parser {
  readonly #source: string
  readonly #functions: ReadonlySet<string>
  readonly #tokens: readonly Token[]
  readonly #named = new Map<string, Node[]>()
  #next = 0
  #variables: string[] = ['$']
  #loops = 0
  #depth = 0

  constructor(source: string, functions: ReadonlySet<string>) {
    this.#source = source
    this.#functions = functions
    this.#tokens = tokens(source)
  }

  template(): ParsedTemplate {
    const {nodes, ending} = this.#nodes(true)
    if (ending) throw this.#error(ending.at, `{{${ending.word}}} without an if, range, with, define or block`)
    return {main: nodes, named: this.#named}
  }

  /** Nodes up to the `end` or `else` that closes them. */
  #nodes(top: boolean): {nodes: Node[]; ending?: {word: 'end' | 'else'; at: number}} {
    const nodes: Node[] = []
    while (true) {
      const token = this.#take()
      if (token.kind === 'end') return {nodes}
      if (token.kind === 'text') {
        nodes.push({kind: 'text', text: token.text})
        continue
      }
      const {text: word, kind} = this.#peekNonSpace()
      if (kind === 'word' && (word === 'end' || word === 'else')) {
        this.#takeNonSpace()
        if (word === 'end') this.#close('end')
        return {nodes, ending: {word, at: token.at}}
      }
      const node = this.#action(token.at, top)
      if (node) nodes.push(node)
    }
  }

  #action(at: number, top: boolean): Node | undefined {
    const {kind, text: word} = this.#peekNonSpace()
    if (kind !== 'word' || !keywords.has(word)) {
      const pipeline = this.#pipeline('an action')
      this.#close('an action')
      return {kind: 'action', pipeline}
    }
    this.#takeNonSpace()
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#control(word, at)
      case 'break':
      case 'continue':
        if (this.#loops === 0) throw this.#error(at, `{{${word}}} outside of {{range}}`)
        this.#close(word)
        return {kind: word}
      case 'template':
        return this.#inclusion(at)
      case 'block':
        return this.#block(at)
      default:
        if (!top) throw this.#error(at, '{{define}} stands at the top, not inside another action')
        this.#define(at)
        return undefined
    }
  }

  #control(kind: 'if' | 'with' | 'range', at: number): Node {
    return this.#deeper(at, () => {
      const scope = this.#variables.length
      const pipeline = this.#pipeline(kind)
      if (kind === 'range' ? pipeline.variables.length > 2 : pipeline.variables.length > 1)
        throw this.#error(pipeline.at, `too many variables for ${kind}`)
      this.#close(kind)
      if (kind === 'range') this.#loops++
      const body = this.#nodes(false)
      if (kind === 'range') this.#loops--
      if (!body.ending) throw this.#error(at, `this {{${kind}}} has no {{end}}`)
      const otherwise = body.ending.word === 'else' ? this.#otherwise(kind, at) : []
      this.#variables.length = scope
      return {kind, pipeline, body: body.nodes, otherwise}
    })
  }

  /** Behind `else`: nodes up to `end`, or the one `if` or `with` that shares its `end`. */
  #otherwise(kind: 'if' | 'with' | 'range', at: number): Node[] {
    const {text: word, kind: found, at: where} = this.#peekNonSpace()
    if (found === 'word' && word === kind && kind !== 'range') {
      this.#takeNonSpace()
      return [this.#control(kind, where)]
    }
    this.#close('else')
    const {nodes, ending} = this.#nodes(false)
    if (!ending) throw this.#error(at, `this {{${kind}}} has no {{end}}`)
    if (ending.word === 'else') throw this.#error(ending.at, `a second {{else}} for one {{${kind}}}`)
    return nodes
  }

  #inclusion(at: number): Node {
    const name = this.#name('template')
    const pipeline = this.#peekNonSpace().kind === 'close' ? undefined : this.#pipeline('template')
    this.#close('template')
    return {kind: 'template', name, pipeline, at}
  }

  #block(at: number): Node {
    const name = this.#name('block')
    const pipeline = this.#pipeline('block')
    this.#close('block')
    this.#body(name, 'block', at)
    return {kind: 'template', name, pipeline, at}
  }

  #define(at: number): void {
    const name = this.#name('define')
    this.#close('define')
    this.#body(name, 'define', at)
  }

  /** A template of its own up to `end`: no variable and no loop around it reaches into it. */
  #body(name: string, kind: 'define' | 'block', at: number): void {
    const outside = {variables: this.#variables, loops: this.#loops}
    this.#variables = ['$']
    this.#loops = 0
    const {nodes, ending} = this.#deeper(at, () => this.#nodes(false))
    this.#variables = outside.variables
    this.#loops = outside.loops
    if (ending?.word !== 'end') throw this.#error(ending?.at ?? at, `this {{${kind}}} has no {{end}}`)
    const known = this.#named.get(name)
    if (known && !isBlank(known) && !isBlank(nodes))
      throw this.#error(at, `a second template named ${JSON.stringify(name)}`)
    if (!known || !isBlank(nodes)) this.#named.set(name, nodes)
  }

  #name(kind: string): string {
    const token = this.#takeNonSpace()
    if (token.kind !== 'string') throw this.#unexpected(token, `${kind}, which needs a name in quotes`)
    return token.text
  }

  #pipeline(place: string): Pipeline {
    const {at} = this.#peekNonSpace()
    return this.#deeper(at, () => {
      const {variables, assigns} = this.#variablesOf(place)
      const commands: Command[] = []
      do commands.push(this.#command(place))
      while (this.#skip('|'))
      const [first, ...rest] = commands
      if (!first) throw this.#error(at, `nothing to show in ${place}`)
      for (const {at: where, operands} of rest) {
        if (['constant', 'dot', 'nil'].includes(operands[0].kind))
          throw this.#error(where, 'a value cannot take what comes through |')
      }
      return {at, variables, assigns, commands}
    })
  }

  #variablesOf(place: string): {variables: string[]; assigns: boolean} {
    const start = this.#next
    const variables: string[] = []
    while (this.#peekNonSpace().kind === 'variable') {
      const {text: name, at} = this.#takeNonSpace()
      variables.push(name)
      if (this.#skip(':=')) {
        this.#variables.push(...variables)
        return {variables, assigns: false}
      }
      if (this.#skip('=')) {
        for (const variable of variables) this.#requireVariable(variable, at)
        return {variables, assigns: true}
      }
      if (place !== 'range' || !this.#skip(',')) break
    }
    this.#next = start
    return {variables: [], assigns: false}
  }

  #command(place: string): Command {
    const {at} = this.#peekNonSpace()
    const operands: Operand[] = []
    this.#skipSpace()
    while (true) {
      const operand = this.#operand()
      if (operand) operands.push(operand)
      const {kind, text} = this.#peek()
      if (kind === 'space') {
        this.#skipSpace()
        continue
      }
      if (kind === 'close' || (kind === 'symbol' && (text === '|' || text === ')'))) break
      throw this.#unexpected(this.#peek(), operand ? `${place}: a blank is missing` : place)
    }
    const [first, ...rest] = operands
    if (!first) throw this.#error(at, `a value is missing in ${place}`)
    return {at, operands: [first, ...rest]}
  }

  #operand(): Operand | undefined {
    const {kind, text, at} = this.#peek()
    switch (kind) {
      case 'dot':
        return this.#single({kind: 'dot', at})
      case 'field':
        return {kind: 'field', names: this.#chain(), at}
      case 'variable':
        this.#take()
        this.#requireVariable(text, at)
        return {kind: 'variable', name: text, names: this.#chain(), at}
      case 'string':
        return this.#single({kind: 'constant', value: text, at})
      case 'integer':
        return this.#single({kind: 'constant', value: this.#integer(text, at), at})
      case 'float':
        return this.#single({kind: 'constant', value: new GoFloat(Number(text.replaceAll('_', ''))), at})
      case 'word':
        return this.#single(this.#word(text, at))
      case 'symbol': {
        if (text !== '(') return undefined
        this.#take()
        const pipeline = this.#pipeline('parentheses')
        const close = this.#takeNonSpace()
        if (close.text !== ')' || close.kind !== 'symbol') throw this.#unexpected(close, 'parentheses')
        return {kind: 'pipeline', pipeline, names: this.#chain(), at}
      }
      default:
        return undefined
    }
  }

  #word(text: string, at: number): Operand {
    if (text === 'nil') return {kind: 'nil', at}
    if (text === 'true' || text === 'false') return {kind: 'constant', value: text === 'true', at}
    if (keywords.has(text)) throw this.#error(at, `unexpected ${text}`)
    if (!this.#functions.has(text)) throw this.#error(at, `there is no function "${text}"`)
    return {kind: 'function', name: text, at}
  }

  /** An operand of one token, behind which no field may stand. */
  #single(operand: Operand): Operand {
    this.#take()
    if (this.#peek().kind === 'field') throw this.#unexpected(this.#peek(), 'a value that has no fields')
    return operand
  }

  #chain(): string[] {
    const names: string[] = []
    while (this.#peek().kind === 'field') names.push(this.#take().text)
    return names
  }

  #integer(text: string, at: number): bigint {
    const sign = text.startsWith('-') ? -1n : 1n
    const digits = text.replace(/^[+-]/, '').replaceAll('_', '')
    const isOctal = /^0\d/.test(digits)
    if (isOctal && /[89]/.test(digits)) throw this.#error(at, `${text} is no octal number`)
    const magnitude = BigInt(isOctal ? `0o${digits.slice(1)}` : digits.toLowerCase())
    const value = sign * magnitude
    if (BigInt.asIntN(64, value) !== value) throw this.#error(at, `${text} has more than 64 bits`)
    return value
  }

  #requireVariable(name: string, at: number): void {
    if (!this.#variables.includes(name)) throw this.#error(at, `there is no variable ${name}`)
  }

  #deeper<Result>(at: number, work: () => Result): Result {
    if (++this.#depth > deepest) throw this.#error(at, `nested more than ${deepest} deep`)
    const result = work()
    this.#depth--
    return result
  }

  #close(place: string): void {
    const token = this.#takeNonSpace()
    if (token.kind !== 'close') throw this.#unexpected(token, place)
  }

  #skip(symbol: string): boolean {
    const {kind, text} = this.#peekNonSpace()
    if (kind !== 'symbol' || text !== symbol) return false
    this.#takeNonSpace()
    return true
  }

  #skipSpace(): void {
    while (this.#peek().kind === 'space') this.#next++
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] as Token
  }

  #take(): Token {
    const token = this.#peek()
    this.#next++
    return token
  }

  /** Leaves the blank where it is: whether one stands there matters between operands. */
  #peekNonSpace(): Token {
    const token = this.#peek()
    return token.kind === 'space' ? (this.#tokens[this.#next + 1] ?? token) : token
  }

  #takeNonSpace(): Token {
    this.#skipSpace()
    return this.#take()
  }

  #unexpected({kind, text, at}: Token, place: string): Error {
    return this.#error(at, `unexpected ${describeToken(kind, text)} in ${place}`)
  }

  #error(at: number, message: string): Error {
    return templateError(this.#source, at, message)
  }
}

function describeToken(kind: TokenKind, text: string): string {
  switch (kind) {
    case 'end':
      return 'end of the template'
    case 'string':
      return JSON.stringify(text)
    case 'field':
      return `.${text}`
    default:
      return text
  }
}

function isBlank(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '')
}
