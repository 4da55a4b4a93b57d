import {enumValues, type FieldDescriptor, messageFields, protoName} from '../../client/descriptor.js'
import {parseJson} from '../../formats/json.js'

/**
 * What is set of a message, as a value to be written down: no empty texts and lists, zeros and noes. A word of an enum
 * stays, as its first one says something too. `snake`: under the proto's names, else under those of JSON.
 */
export function reducedMessage(
  type: string,
  value: object,
  names: 'snake' | 'camel',
): Record<string, unknown> {
  const source = value as Record<string, unknown>
  const reduced: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(messageFields(type) ?? {})) {
    const item = source[name]
    if (isUnset(field, item)) continue
    reduced[names === 'snake' ? protoName(name) : name] = reducedField(name, field, item, names)
  }
  return reduced
}

function isUnset({type}: FieldDescriptor, item: unknown): boolean {
  if (item === undefined || item === null || item === '' || item === false) return true
  if (item instanceof Uint8Array || Array.isArray(item)) return item.length === 0
  if (typeof item === 'object') return !messageFields(type) && Object.keys(item).length === 0
  return (item === 0 || item === '0') && !enumValues(type)
}

function reducedField(
  name: string,
  field: FieldDescriptor,
  item: unknown,
  names: 'snake' | 'camel',
): unknown {
  if (field.keyType !== undefined) {
    const entries = Object.entries(item as object).map(([key, text]) => [
      key,
      name === 'info' ? readJson(String(text)) : text,
    ])
    return Object.fromEntries(entries)
  }
  const reduceOne = (one: unknown): unknown => {
    if (one instanceof Uint8Array) return textOf(one)
    return typeof one === 'object' && one !== null ? reducedMessage(field.type, one, names) : one
  }
  return Array.isArray(item) ? item.map(reduceOne) : reduceOne(item)
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch {
    return `(${bytes.length} bytes)`
  }
}

/** Where a runtime writes JSON into a text. */
function readJson(text: string): unknown {
  if (!/^[[{]/.test(text)) return text
  try {
    return withoutBigints(parseJson(text))
  } catch {
    return text
  }
}

function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(withoutBigints)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutBigints(item)]))
}
