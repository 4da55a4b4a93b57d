import {UsageError} from '../../errors/errors.js'
import {GoFloat, isList, isMap, kindName, type Value} from './values.js'

type Basic =
  | {kind: 'text'; value: string}
  | {kind: 'boolean'; value: boolean}
  | {kind: 'int'; value: bigint}
  | {kind: 'float'; value: number}

/**
 * Go's rules: both of one kind, no lists, no objects. Beyond them, for JSON has one kind of number and the CRI writes
 * 64-bit integers as text: numbers of JSON compare with ints, floats and their own text, digits in quotes with ints.
 */
export function equal(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b
  const {x, y} = alike(basic(a), basic(b), a, b)
  return x === y
}

/** Negative, zero or positive, for what has an order. */
export function compare(a: Value, b: Value): number {
  if (a === null || b === null || typeof a === 'boolean' || typeof b === 'boolean')
    throw new UsageError(`${kindName(a)} and ${kindName(b)} have no order`)
  const {x, y} = alike(basic(a), basic(b), a, b)
  return x < y ? -1 : x > y ? 1 : 0
}

type Comparable = string | number | bigint | boolean

function basic(value: NonNullable<Value>): Basic {
  if (isList(value) || isMap(value)) throw new UsageError(`${kindName(value)} cannot be compared`)
  if (value instanceof GoFloat) return {kind: 'float', value: value.value}
  if (typeof value === 'string') return {kind: 'text', value}
  if (typeof value === 'boolean') return {kind: 'boolean', value}
  if (typeof value === 'bigint') return {kind: 'int', value}
  return Number.isInteger(value) ? {kind: 'int', value: BigInt(value)} : {kind: 'float', value}
}

function alike(left: Basic, right: Basic, a: Value, b: Value): {x: Comparable; y: Comparable} {
  if (left.kind === right.kind) return {x: left.value, y: right.value}
  const isNumber = ({kind}: Basic) => kind === 'int' || kind === 'float'
  // A number of JSON is whatever the other one is; two constants of the template's text are not.
  if (isNumber(left) && isNumber(right) && (typeof a === 'number' || typeof b === 'number'))
    return {x: Number(left.value), y: Number(right.value)}
  const [x, y] = [digits(left), digits(right)]
  if (x !== undefined && y !== undefined) return {x, y}
  // crictl knows a number of JSON as the text it was written in.
  if (typeof a === 'number' && typeof b === 'string') return {x: String(a), y: b}
  if (typeof a === 'string' && typeof b === 'number') return {x: a, y: String(b)}
  throw new UsageError(`${kindName(a)} and ${kindName(b)} cannot be compared`)
}

function digits(side: Basic): bigint | undefined {
  if (side.kind === 'int') return side.value
  return side.kind === 'text' && /^-?\d{1,40}$/.test(side.value) ? BigInt(side.value) : undefined
}
