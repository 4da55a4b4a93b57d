import {UsageError} from '../../errors/errors.js'
import {isPrintable} from '../go-quote.js'
import {jsonText, sortKeys} from '../json.js'
import {compare, equal} from './comparison.js'
import {sprintf} from './printf.js'
import {
  entryOf,
  GoFloat,
  isJsonNumber,
  isList,
  isMap,
  isTrue,
  kindName,
  type Value,
  wholeOf,
} from './values.js'
import {formatValue} from './verbs.js'

export interface GoFunction {
  least: number
  most: number
  /** Gets as many arguments as it allows. Throws UsageError without a position. */
  call: (args: readonly Value[]) => Value
}

function fixed(count: number, call: (...args: Value[]) => Value): GoFunction {
  return {least: count, most: count, call: (args) => call(...args)}
}

function open(least: number, call: (args: readonly Value[]) => Value): GoFunction {
  return {least, most: Number.POSITIVE_INFINITY, call}
}

/** Go's own, and those that crictl adds: json, lower, upper, title. join and split are ours, as docker has them. */
export const functions: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  // The evaluator answers these two itself: they leave later arguments alone.
  ['and', open(1, (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1) ?? null)],
  ['or', open(1, (args) => args.find(isTrue) ?? args.at(-1) ?? null)],
  ['not', fixed(1, (value = null) => !isTrue(value))],
  ['eq', open(2, ([first = null, ...rest]) => rest.some((other) => equal(first, other)))],
  ['ne', fixed(2, (a = null, b = null) => !equal(a, b))],
  ['lt', fixed(2, (a = null, b = null) => compare(a, b) < 0)],
  ['le', fixed(2, (a = null, b = null) => compare(a, b) <= 0)],
  ['gt', fixed(2, (a = null, b = null) => compare(a, b) > 0)],
  ['ge', fixed(2, (a = null, b = null) => compare(a, b) >= 0)],
  ['len', fixed(1, (value = null) => BigInt(lengthOf(value)))],
  ['index', open(1, ([value = null, ...keys]) => keys.reduce(indexInto, value))],
  ['slice', {least: 1, most: 4, call: ([value = null, ...bounds]) => sliceOf(value, bounds)}],
  ['call', open(1, ([value = null]) => refuse(`${kindName(value)} is no function`))],
  ['print', open(0, (args) => printAll(args))],
  ['println', open(0, (args) => `${args.map((arg) => formatValue(arg)).join(' ')}\n`)],
  ['printf', open(1, ([format = null, ...args]) => sprintf(textOf(format), args))],
  ['html', open(0, (args) => escapeHtml(printAll(args.map(shownAlone))))],
  ['js', open(0, (args) => escapeJs(printAll(args.map(shownAlone))))],
  ['urlquery', open(0, (args) => escapeUrl(printAll(args.map(shownAlone))))],
  ['json', fixed(1, (value = null) => json(value))],
  ['lower', fixed(1, (value = null) => textOf(value).toLowerCase())],
  ['upper', fixed(1, (value = null) => textOf(value).toUpperCase())],
  ['title', fixed(1, (value = null) => capitalize(textOf(value)))],
  ['join', fixed(2, (list = null, separator = null) => joinTexts(list, textOf(separator)))],
  ['split', fixed(2, (text = null, separator = null) => textOf(text).split(textOf(separator)))],
])

function refuse(message: string): never {
  throw new UsageError(message)
}

function textOf(value: Value): string {
  if (typeof value === 'string') return value
  if (isJsonNumber(value)) return String(value)
  return refuse(`needs text, this is ${kindName(value)}`)
}

/** Bytes of text, as Go counts. */
function lengthOf(value: Value): number {
  if (isList(value)) return value.length
  if (isMap(value)) return Object.keys(value).length
  if (typeof value === 'string') return Buffer.byteLength(value)
  return refuse(`${kindName(value)} has no length`)
}

function indexInto(value: Value, key: Value): Value {
  if (isMap(value)) {
    if (typeof key !== 'string') return refuse(`an object is indexed by text, not by ${kindName(key)}`)
    return entryOf(value, key) ?? null
  }
  if (isList(value)) return value[position(key, value.length - 1)] ?? null
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return BigInt(bytes[position(key, bytes.length - 1)] ?? 0)
  }
  return refuse(`${kindName(value)} cannot be indexed`)
}

function sliceOf(value: Value, bounds: readonly Value[]): Value {
  if (!isList(value) && typeof value !== 'string') return refuse(`${kindName(value)} cannot be sliced`)
  if (typeof value === 'string' && bounds.length > 2) return refuse('text takes two bounds')
  const whole = typeof value === 'string' ? Buffer.from(value) : value
  const [start = 0, end = whole.length, capacity = whole.length] = bounds.map((bound) =>
    position(bound, whole.length),
  )
  if (start > end || end > capacity) return refuse(`its bounds are not in order: ${start}, ${end}`)
  return Buffer.isBuffer(whole) ? whole.subarray(start, end).toString('utf8') : whole.slice(start, end)
}

function position(key: Value, last: number): number {
  const index = wholeOf(key)
  if (index === undefined) return refuse(`a position is a whole number, not ${kindName(key)}`)
  if (index < 0n || index > BigInt(last)) return refuse(`there is no position ${index}: they end at ${last}`)
  return Number(index)
}

/** A blank between two values unless one of them is text; numbers of JSON count as text, as in crictl. */
function printAll(args: readonly Value[]): string {
  const isText = (value: Value = null) => typeof value === 'string' || isJsonNumber(value)
  return args
    .map(
      (arg, index) => (index > 0 && !isText(arg) && !isText(args[index - 1]) ? ' ' : '') + formatValue(arg),
    )
    .join('')
}

/** Escaping writes nothing at all as an action that prints it would. */
function shownAlone(value: Value): Value {
  return value ?? '<no value>'
}

/** Compact, with a line end and with what is special in HTML escaped: what Go's encoder writes. */
function json(value: Value): string {
  const plain = jsonText(value instanceof GoFloat ? value.value : sortKeys(value), 0)
  return plain.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${hex(character, 4)}`)
}

/** The first letter of each word in capitals, the rest as it is. */
function capitalize(text: string): string {
  return text.replace(/(?<=^|\s)\S/gu, (letter) => letter.toUpperCase())
}

function joinTexts(list: Value, separator: string): string {
  if (!isList(list)) return refuse(`joins a list, this is ${kindName(list)}`)
  return list.map((item) => formatValue(item)).join(separator)
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (character) => htmlEscapes[character] ?? character)
}

function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=]|[^ -~]/gu, (character) => {
    if (/[\\'"]/.test(character)) return `\\${character}`
    if (/[<>&=]/.test(character) || !isPrintable(character)) return `\\u${hex(character, 4).toUpperCase()}`
    return character
  })
}

function escapeUrl(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
    .replace(/[!'()*]/g, (character) => `%${hex(character, 2).toUpperCase()}`)
    .replaceAll('%20', '+')
}

function hex(character: string, digits: number): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(digits, '0')
}
