// What a template works on: JSON, and the constants of its own text, which have Go's types.

/** A float of the template's text or of a function. A `number` is always one of the document's JSON. */
export class GoFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

export type GoMap = {readonly [key: string]: Value}

/** `bigint` is Go's int; a `number` is JSON's, and so is a `bigint` beyond its range. */
export type Value = string | number | bigint | boolean | null | GoFloat | readonly Value[] | GoMap

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isMap(value: Value): value is GoMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof GoFloat)
}

/** The entry of a map under one key; undefined where there is none. */
export function entryOf(map: GoMap, key: string): Value | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

/** In the order in which Go walks and prints maps. */
export function sortEntries(map: GoMap): [string, Value][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** What `if` asks: nothing, zero and emptiness are false. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0
  if (isMap(value)) {
    for (const _ in value) return true
    return false
  }
  if (value instanceof GoFloat) return value.value !== 0
  return Boolean(value)
}

/** A number of the document's JSON, which crictl's templates know as the text it was written in. */
export function isJsonNumber(value: Value): value is number | bigint {
  return typeof value === 'number' || (typeof value === 'bigint' && !Number.isSafeInteger(Number(value)))
}

/** The value as a whole number; undefined where it is none. */
export function wholeOf(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined
}

/** Go's name of the value's type, for errors and `%T`. */
export function typeName(value: Value): string {
  if (value === null) return '<nil>'
  if (isList(value)) return '[]interface {}'
  if (value instanceof GoFloat) return 'float64'
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float64'
    default:
      return 'map[string]interface {}'
  }
}

/** What an error calls the value, for people who know no Go. */
export function kindName(value: Value): string {
  if (value === null) return 'nothing'
  if (isList(value)) return 'a list'
  if (isMap(value)) return 'an object'
  if (typeof value === 'string') return 'text'
  return typeof value === 'boolean' ? 'true or false' : 'a number'
}
