import {type FieldDescriptor, messageFields, protoName} from '../client/descriptor.js'
import {UserError} from '../errors/errors.js'
import {jsonText} from '../formats/json.js'

// Messages as files that messageFrom reads back to the same message: the proto's names and order, enums by name,
// only what is set.

/** The message as a plain value for `documentText`. */
export function plainMessage(message: string, value: object): Record<string, unknown> {
  const source = value as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(messageFields(message) ?? {})
      .filter(([name]) => source[name] !== undefined && source[name] !== null)
      .map(([name, field]) => [protoName(name), plainField(field, source[name])]),
  )
}

function plainField(field: FieldDescriptor, value: unknown): unknown {
  if (field.keyType !== undefined) {
    const entries = Object.entries(value as Record<string, unknown>)
    return Object.fromEntries(entries.map(([key, item]) => [key, plainSingle(field, item)]))
  }
  if (field.rule === 'repeated') return (value as unknown[]).map((item) => plainSingle(field, item))
  return plainSingle(field, value)
}

function plainSingle(field: FieldDescriptor, value: unknown): unknown {
  if (value instanceof Uint8Array) return plainBytes(value)
  if (typeof value === 'object' && value !== null) return plainMessage(field.type, value)
  if (!field.type.endsWith('64')) return value
  // Digits of a larger one are safe in quotes alone.
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

/** Text where it is text, as environment values nearly always are. */
function plainBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch {
    return Uint8Array.from(bytes)
  }
}

/** Several values as one text: YAML documents, or one JSON list. */
export async function documentsText(
  values: readonly object[],
  format: 'yaml' | 'json',
  comments: readonly string[] = [],
): Promise<string> {
  if (format === 'json') return jsonText(values, 2)
  const yaml = await yamlDumper()
  const above = (index: number) => (comments[index] ? `# ${comments[index]}\n` : '')
  return values.map((value, index) => `---\n${above(index)}${yaml(value)}`).join('')
}

/** What makes YAML of a value. */
export async function yamlDumper(): Promise<(value: object) => string> {
  const {dump} = await import('js-yaml')
  return (value) => dump(value, {seqNoIndent: true, lineWidth: -1, noRefs: true})
}

/** JSON has no bytes. Throws UserError where a value is not text. */
export function requireText(value: unknown): void {
  if (value instanceof Uint8Array) {
    throw new UserError('-o json cannot hold environment values that are not UTF-8: use -o yaml')
  }
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) requireText(item)
}
