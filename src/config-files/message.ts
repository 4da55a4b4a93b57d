import {enumValues, type FieldDescriptor, messageFields, protoName} from '../client/descriptor.js'
import {printable} from '../errors/printable.js'
import {nearest} from '../text/nearest.js'
import {parseBytes} from '../text/quantity.js'
import {
  enumWords,
  findField,
  isOutdated,
  isWrapper,
  plainEnumWord,
  shortEnumName,
  suggestedField,
} from './names.js'
import {type MappingNode, type Node, type ScalarNode, TreeError} from './tree.js'

// A tree as a message of the CRI, checked field by field against the proto. Beyond what the proto says, a plain
// value is taken where the CRI wants a message around it, as there is only one thing it can mean.

/** The field that a plain value stands for. */
export const plainValueOf: Readonly<Record<string, string>> = {
  Int64Value: 'value',
  UInt64Value: 'value',
  ImageSpec: 'image',
  CDIDevice: 'name',
}

/** More than any file of this size can hold, unless its aliases multiply. */
const maxNodes = 200_000

/** The message that the tree holds. Throws TreeError with the path inside the file; `judge` may let faults pass. */
export function messageFrom(
  message: string,
  node: Node,
  {path = [], judge = refuse}: {path?: Path; judge?: Judge} = {},
): Record<string, unknown> {
  return new Reader(judge).message(message, node, path)
}

/** The way from the top of the file. */
export type Path = readonly (string | number)[]

/** What can be read all the same: what it would then mean, and whether it is a field that is known to stand in files. */
export interface Fault {
  error: TreeError
  otherwise: string
  outdated: boolean
}

/** Throws the fault's error, or returns where the file is read in spite of it. */
export type Judge = (fault: Fault) => void

export const refuse: Judge = ({error}) => {
  throw error
}

interface KeyPlace {
  /** The keys before it, and in which lines. */
  known: Map<string, number>
  path: Path
  line: number
  judge: Judge
}

/** Says of a key that stands twice in one mapping that the last one counts, or fails. */
export function checkKey(key: string, {known, path, line, judge}: KeyPlace): void {
  const first = known.get(key)
  if (first === undefined) known.set(key, line)
  else {
    const error = failure(path, `duplicate key, first in line ${first}`, line)
    judge({error, otherwise: 'the last one counts', outdated: false})
  }
}

class Reader {
  readonly #judge: Judge
  readonly #budget = {left: maxNodes}

  constructor(judge: Judge) {
    this.#judge = judge
  }

  message(type: string, node: Node, path: Path): Record<string, unknown> {
    const mapping = this.#mapping(node, path, `fields, such as ${firstFields(type)},`)
    const values: Record<string, unknown> = {}
    const known = new Map<string, number>()
    for (const {key, value, line} of mapping.entries) {
      const name = findField(type, key)
      if (name === undefined) {
        const error = unknownField(type, key, path, line)
        this.#judge({error, otherwise: 'left out', outdated: isOutdated(type, key)})
        continue
      }
      checkKey(name, {known, path: [...path, key], line, judge: this.#judge})
      const field = messageFields(type)?.[name] as FieldDescriptor
      const item = this.#field(field, value, [...path, protoName(name)])
      if (item !== undefined) values[name] = item
      else delete values[name]
    }
    return values
  }

  /** undefined for a null: the field is not set. */
  #field(field: FieldDescriptor, node: Node, path: Path): unknown {
    this.#spend(node, path)
    if (isNull(node) && !(field.type === 'string' && node.kind === 'scalar' && node.tag === '!!str')) {
      return undefined
    }
    if (field.keyType !== undefined) return this.#map(field, node, path)
    if (field.rule !== 'repeated') return this.#single(field, node, path)
    if (field.type === 'KeyValue' && node.kind === 'mapping') return this.#keyValues(node, path)
    if (node.kind !== 'sequence')
      throw failure(path, `should be a list, such as [${example(field)}]`, node.line)
    return node.items.map((item, index) => {
      const at = [...path, index]
      this.#spend(item, at)
      if (isNull(item)) throw failure(at, 'is empty: a list item needs a value', item.line)
      return this.#single(field, item, at)
    })
  }

  #map(field: FieldDescriptor, node: Node, path: Path): Record<string, unknown> {
    const known = new Map<string, number>()
    return Object.fromEntries(
      this.#mapping(node, path, 'name: value pairs,').entries.map(({key, value, line}) => {
        checkKey(key, {known, path: [...path, key], line, judge: this.#judge})
        this.#spend(value, path)
        return [key, isNull(value) ? '' : this.#single(field, value, [...path, key])]
      }),
    )
  }

  /** `envs: {HOME: /root}` for a list of keys and values. */
  #keyValues(node: MappingNode, path: Path): unknown[] {
    const pairs = this.#map({type: 'bytes', id: 2, keyType: 'string'}, node, path)
    return Object.entries(pairs).map(([key, value]) => ({key, value: value === '' ? Buffer.alloc(0) : value}))
  }

  #single(field: FieldDescriptor, node: Node, path: Path): unknown {
    const {type} = field
    if (messageFields(type)) {
      const inner = plainValueOf[type]
      if (inner === undefined || node.kind !== 'scalar') return this.message(type, node, path)
      const innerField = messageFields(type)?.[inner] as FieldDescriptor
      return {[inner]: this.#single(innerField, node, path)}
    }
    if (node.kind !== 'scalar') {
      throw failure(path, `should be ${expectedWord(type)}, not ${nounOf(node)}`, node.line)
    }
    if (node.tag !== '' && !['!!str', '!!int', '!!bool', '!!float', '!!binary', '!'].includes(node.tag)) {
      throw failure(path, `has a tag ${quoteShort(node.tag)} that is not supported`, node.line)
    }
    return enumValues(type) ? enumValue(type, node, path) : scalarValue(type, node, path)
  }

  #mapping(node: Node, path: Path, what: string): MappingNode {
    if (node.kind === 'mapping') return node
    throw failure(path, `should hold ${what} not ${nounOf(node)}`, node.line)
  }

  #spend(node: Node, path: Path): void {
    if (this.#budget.left-- <= 0) throw failure(path, 'is too much: its aliases multiply', node.line)
  }
}

function enumValue(type: string, node: ScalarNode, path: Path): string {
  const values = enumValues(type) ?? {}
  const words = enumWords(type)
  const {text} = node
  const name = /^-?\d+$/.test(text)
    ? Object.keys(values).find((candidate) => values[candidate] === Number(text))
    : words.get(plainEnumWord(text))
  if (name !== undefined) return name
  const names = Object.keys(values).map((value) => shortEnumName(type, value))
  const guess = nearest(
    text.toUpperCase(),
    names.map((value) => value.toUpperCase()),
  )
  const meant = names.find((value) => value.toUpperCase() === guess)
  const choices =
    names.length > 8
      ? `${names.slice(0, 6).join(', ')}, …`
      : names.map((value, index) => `${value} (${Object.values(values)[index]})`).join(', ')
  throw failure(
    path,
    `${quoteShort(text)} should be one of ${choices}${meant ? `; did you mean ${meant}?` : ''}`,
    node.line,
  )
}

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
}

function scalarValue(type: string, node: ScalarNode, path: Path): unknown {
  const {text, plain, line} = node
  switch (type) {
    case 'string':
      return text
    case 'bytes':
      return node.tag === '!!binary' ? Buffer.from(text, 'base64') : Buffer.from(text, 'utf8')
    case 'bool': {
      if (plain && /^(true|yes|on)$/i.test(text)) return true
      if (plain && /^(false|no|off)$/i.test(text)) return false
      const quotes = /^(true|false)$/i.test(text) ? ' without quotes' : ''
      throw failure(path, `${quoteShort(text)} should be true or false${quotes}`, line)
    }
    case 'double':
    case 'float': {
      const number = text.trim() === '' ? Number.NaN : Number(text)
      if (Number.isFinite(number)) return number
      throw failure(path, `${quoteShort(text)} should be a number`, line)
    }
    default:
      return integerValue(type, node, path)
  }
}

/** 64-bit ones stay text: a number would lose digits. */
function integerValue(type: string, {text, plain, line}: ScalarNode, path: Path): number | string {
  // YAML takes `1_000` for a number; in quotes it is a text.
  const digits = plain && /^[+-]?[1-9]/.test(text) ? text.replaceAll(/(?<=\d)_(?=\d)/g, '') : text
  const value = wholeNumber(digits) ?? decimalNumber(digits)
  if (value === undefined) {
    const leadingZero = /^[+-]?0\d+$/.test(text)
    const hint = leadingZero
      ? ': a leading 0 is read as octal by some; write it without, or as 0o10'
      : sizeHint(type, text)
    throw failure(path, `${quoteShort(text)} should be a whole number${hint}`, line)
  }
  const [least, most] = ranges[type] as readonly [bigint, bigint]
  if (value < least || value > most) {
    throw failure(path, `${quoteShort(text)} should be between ${least} and ${most}`, line)
  }
  return type.endsWith('64') ? value.toString() : Number(value)
}

function wholeNumber(text: string): bigint | undefined {
  const [, sign = '', digits] = /^([+-]?)(0|[1-9]\d*|0x[\da-f]+|0o[0-7]+)$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  return sign === '-' ? -BigInt(digits) : BigInt(digits)
}

/** `67108864.0` and `1e7`, as other programs write whole numbers; undefined for fractions. No digit is lost. */
function decimalNumber(text: string): bigint | undefined {
  const [, sign = '', whole, part = '', power = '0'] =
    /^([+-]?)(0|[1-9]\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  if (whole === undefined) return undefined
  const digits = `${whole}${part}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return 0n
  const zeros = digits.length - significant.length + Number(power) - part.length
  if (zeros < 0) return undefined
  // More than any type holds: how much more does not matter, and to write it out could take for ever.
  return BigInt(`${sign}${significant}${'0'.repeat(Math.min(zeros, 40))}`)
}

/** `64Mi`, which Kubernetes takes where the CRI counts bytes. */
function sizeHint(type: string, text: string): string {
  return type.endsWith('64') && /^\d{1,6}(\.\d+)?[kmg]i?b?$/i.test(text) ? `: write ${parseBytes(text)}` : ''
}

function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.plain && (node.tag === '!!null' || /^(|~|null)$/i.test(node.text))
}

function unknownField(type: string, key: string, path: Path, line: number): TreeError {
  const guess = suggestedField(type, key)
  return failure([...path, key], `no such field${guess ? `, did you mean ${guess}?` : ''}`, line)
}

function firstFields(type: string): string {
  return Object.keys(messageFields(type) ?? {})
    .slice(0, 2)
    .map(protoName)
    .join(' and ')
}

function expectedWord(type: string): string {
  if (type === 'string' || type === 'bytes') return 'text'
  if (type === 'bool') return 'true or false'
  if (enumValues(type)) return 'a word'
  return 'a whole number'
}

function example(field: FieldDescriptor): string {
  if (isWrapper(field) || field.type in ranges) return '1000'
  return messageFields(field.type) ? '{…}' : 'a, b'
}

function nounOf(node: Node): string {
  switch (node.kind) {
    case 'mapping':
      return 'fields of its own'
    case 'sequence':
      return 'a list'
    case 'scalar':
      return isNull(node) ? 'nothing' : quoteShort(node.text)
  }
}

function failure(path: Path, problem: string, line: number): TreeError {
  return new TreeError(path.length === 0 ? problem : `${pathText(path)}: ${problem}`, line)
}

/** `linux.security_context`, `mounts[2].host_path`, `labels["a.b/c"]`. */
function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^\w+$/.test(step)) return `[${quoteShort(step)}]`
      return index === 0 ? step : `.${step}`
    })
    .join('')
}

function quoteShort(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return `"${printable(short)}"`
}
