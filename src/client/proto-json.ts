import {messageFields} from './descriptor.js'

/**
 * A message as protobuf JSON prints it: fields in the proto's order, map keys sorted, bytes as base64, empty values
 * kept. A sub-message that is not set is left out, or null with `unset: 'null'` (first level only), which is how
 * crictl prints container and pod status.
 */
export function protoJson(
  message: string,
  value: object,
  unset: 'omit' | 'null' = 'omit',
): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  const source = value as Record<string, unknown>
  for (const {name, type, isMap, isList} of fieldsOf(message)) {
    const item = source[name]
    if (item === undefined || item === null) {
      if (unset === 'null' && messageFields(type)) json[name] = null
    } else if (isMap) {
      json[name] = mapJson(type, item as Record<string, unknown>)
    } else if (isList) {
      json[name] = (item as unknown[]).map((element) => fieldJson(type, element))
    } else {
      json[name] = fieldJson(type, item)
    }
  }
  return json
}

interface Field {
  name: string
  type: string
  isMap: boolean
  isList: boolean
}

const known = new Map<string, Field[]>()

function fieldsOf(message: string): Field[] {
  let fields = known.get(message)
  if (!fields) {
    fields = Object.entries(messageFields(message) ?? {}).map(([name, {type, keyType, rule}]) => ({
      name,
      type,
      isMap: keyType !== undefined,
      isList: rule === 'repeated',
    }))
    known.set(message, fields)
  }
  return fields
}

function mapJson(type: string, map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(map)
      .sort()
      .map((key) => [key, fieldJson(type, map[key])]),
  )
}

function fieldJson(type: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'object' && value !== null) return protoJson(type, value)
  return value
}
