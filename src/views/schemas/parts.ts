// JSON Schema of what `-o json` shows, in few words. What is there stays as it is; more may come.

interface Part {
  schema: object
  /** It may be left out. */
  optional?: boolean
}

type Parts = {[key: string]: Part | Parts}

const draft = 'https://json-schema.org/draft/2020-12/schema'

export function documentSchema(title: string, parts: Parts): object {
  return {$schema: draft, title, ...objectSchema(parts)}
}

export const text = (description: string): Part => part({type: 'string'}, description)
export const number = (description: string): Part => part({type: 'number'}, description)
export const truth = (description: string): Part => part({type: 'boolean'}, description)
export const oneOf = (...words: string[]): Part => ({schema: {enum: words}})

export function orNull({schema}: Part): Part {
  return {schema: {...schema, type: [(schema as {type: string}).type, 'null']}}
}

export function optional(what: Part | Parts): Part {
  return {schema: schemaOf(what), optional: true}
}

export function list(items: Part | Parts, description: string): Part {
  return part({type: 'array', items: schemaOf(items)}, description)
}

function part(schema: object, description: string): Part {
  return {schema: description === '' ? schema : {...schema, description}}
}

function schemaOf(what: Part | Parts): object {
  return isPart(what) ? what.schema : objectSchema(what)
}

function isPart(what: Part | Parts): what is Part {
  return 'schema' in what && !('schema' in (what.schema as object))
}

function objectSchema(parts: Parts): object {
  const entries = Object.entries(parts)
  return {
    type: 'object',
    required: entries.filter(([, each]) => !(isPart(each) && each.optional)).map(([name]) => name),
    properties: Object.fromEntries(entries.map(([name, each]) => [name, schemaOf(each)])),
  }
}
