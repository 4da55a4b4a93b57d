import {enumValues, messageFields, protoName} from '../../client/descriptor.js'

/** A message as a runtime written in Go puts it into `info`: snake case, zero values left out, enums as numbers. */
export function goJson(message: string, value: object): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const [name, {type, rule, keyType}] of Object.entries(messageFields(message) ?? {})) {
    const item = (value as Record<string, unknown>)[name]
    if (item === undefined || item === null || item === '' || item === false || item === 0) continue
    const key = protoName(name)
    if (keyType !== undefined) {
      if (Object.keys(item).length > 0) json[key] = item
    } else if (rule === 'repeated') {
      const items = item as unknown[]
      if (items.length > 0) json[key] = items.map((element) => fieldJson(type, element))
    } else {
      const field = fieldJson(type, item)
      if (field !== 0) json[key] = field
    }
  }
  return json
}

function fieldJson(type: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (typeof value === 'object' && value !== null) return goJson(type, value)
  const enumNumber = typeof value === 'string' ? enumValues(type)?.[value] : undefined
  if (enumNumber !== undefined) return enumNumber
  return type.includes('int64') ? Number(value) : value
}
