import {enumValues, type FieldDescriptor, messageFields, protoName} from '../client/descriptor.js'
import {plainValueOf} from './message.js'

// JSON Schema of the files that make pods and containers, in crictl's shape: a definition for each message, the
// proto's names, nothing required, nothing else allowed. Beyond crictl's it has the proto's comments, the values of
// enums, and the shorter forms that our reader takes.

export type JsonSchema = {[key: string]: unknown}

const draft = 'https://json-schema.org/draft/2020-12/schema'
const base = 'https://k8s.io/cri-api/pkg/apis/runtime/v1'

/** `docs` are the proto's comments by full element name. */
export function jsonSchema(
  message: 'PodSandboxConfig' | 'ContainerConfig',
  docs: Readonly<Record<string, string>>,
): JsonSchema {
  const names = new Set<string>()
  collectMessages(message, names)
  const definitions = [...names].sort().map((name) => [name, definitionOf(name, docs)])
  return {
    $schema: draft,
    $id: `${base}/${message === 'PodSandboxConfig' ? 'pod-sandbox-config' : 'container-config'}`,
    $ref: referenceTo(message),
    $defs: Object.fromEntries(definitions),
  }
}

function collectMessages(name: string, into: Set<string>): void {
  const fields = messageFields(name)
  if (!fields || into.has(name)) return
  into.add(name)
  for (const {type} of Object.values(fields)) collectMessages(type, into)
}

function definitionOf(message: string, docs: Readonly<Record<string, string>>): JsonSchema {
  const properties = Object.entries(messageFields(message) ?? {}).map(([name, field]) => [
    protoName(name),
    {
      ...descriptionOf(docs[`${message}.${name}`]),
      ...(field.options?.deprecated ? {deprecated: true} : {}),
      ...fieldSchema(field, docs),
    },
  ])
  return {
    ...descriptionOf(docs[message]),
    properties: Object.fromEntries(properties),
    additionalProperties: false,
    type: 'object',
  }
}

function fieldSchema(field: FieldDescriptor, docs: Readonly<Record<string, string>>): JsonSchema {
  const single = singleSchema(field.type, docs)
  if (field.keyType !== undefined) return {additionalProperties: single, type: 'object'}
  if (field.rule !== 'repeated') return single
  const list = {items: single, type: 'array'}
  // `envs: {HOME: /root}`
  return field.type === 'KeyValue'
    ? {anyOf: [list, {additionalProperties: textSchema, type: 'object'}]}
    : list
}

const textSchema: JsonSchema = {type: 'string'}

function singleSchema(type: string, docs: Readonly<Record<string, string>>): JsonSchema {
  const plain = plainValueOf[type]
  if (plain !== undefined) {
    const inner = messageFields(type)?.[plain]?.type ?? 'string'
    return {anyOf: [{$ref: referenceTo(type)}, singleSchema(inner, docs)]}
  }
  if (messageFields(type)) return {$ref: referenceTo(type)}
  if (enumValues(type)) return enumSchema(type, docs)
  return scalarSchemas[type] ?? {type: 'integer'}
}

/** crictl's files hold the numbers, ours also the names. */
function enumSchema(type: string, docs: Readonly<Record<string, string>>): JsonSchema {
  const choices = Object.entries(enumValues(type) ?? {}).map(([name, value]) => ({
    enum: [name, value],
    ...descriptionOf(docs[`${type}.${name}`]),
  }))
  return {oneOf: choices}
}

const scalarSchemas: Readonly<Record<string, JsonSchema>> = {
  string: textSchema,
  // The only bytes in these files are the values of environment variables, which are written as text.
  bytes: textSchema,
  bool: {type: 'boolean'},
  double: {type: 'number'},
  float: {type: 'number'},
  uint32: {type: 'integer', minimum: 0},
  uint64: {type: 'integer', minimum: 0},
}

function referenceTo(message: string): string {
  return `#/$defs/${message}`
}

/** The comment without the proto's line breaks; paragraphs stay. */
function descriptionOf(comment: string | undefined): {description?: string} {
  if (comment === undefined) return {}
  return {description: comment.replaceAll(/([^\n])\n(?!\n)/g, '$1 ')}
}
