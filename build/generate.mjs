// Reads our proto file and writes src/generated: the TypeScript types with the proto's comments, the code that writes
// and reads the messages, and the descriptor for what is asked for by name; and the pages of docs that help shows.
// Nothing there is ever edited by hand.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import protobuf from 'protobufjs'
import {codecModule, localName} from './codec.mjs'

const protoFile = new URL('../proto/runtime/v1/api.proto', import.meta.url)
const outDir = new URL('../src/generated/', import.meta.url)

const scalarTypes = {
  string: 'string',
  bool: 'boolean',
  bytes: 'Uint8Array',
  double: 'number',
  float: 'number',
  int32: 'number',
  uint32: 'number',
  // 64-bit integers travel as decimal strings: times in nanoseconds are beyond 2^53.
  int64: 'string',
  uint64: 'string',
}

const source = readFileSync(protoFile, 'utf8')
const {root, package: packageName} = protobuf.parse(source, new protobuf.Root(), {
  alternateCommentMode: true,
  preferTrailingComment: false,
})
root.resolveAll()
const api = root.lookup(packageName)

export function generate() {
  mkdirSync(outDir, {recursive: true})
  writeFileSync(new URL('cri.ts', outDir), typescriptTypes())
  writeFileSync(new URL('codec.ts', outDir), codecModule(api))
  writeFileSync(new URL('descriptor.ts', outDir), descriptorModule())
  writeFileSync(new URL('docs.ts', outDir), docsModule())
  writeFileSync(new URL('topics.ts', outDir), topicsModule())
  writeFileSync(new URL('lessons.ts', outDir), lessonsModule())
}

/** The steps of `crisp tour`, and the file that a teacher starts from: the standalone file has them inside. */
function lessonsModule() {
  const files = {builtInTour: 'tour.yaml', exampleLesson: 'why-does-it-crash.yaml'}
  const texts = Object.entries(files).map(([name, file]) => {
    const text = readFileSync(new URL(`../lessons/${file}`, import.meta.url), 'utf8')
    return `export const ${name} = ${JSON.stringify(text)}\n`
  })
  return `// Generated from lessons by build/generate.mjs. Do not edit.\n${texts.join('')}`
}

/** The pages that `crisp help TOPIC` shows: the standalone file has no other file beside it. */
function topicsModule() {
  const pages = ['connecting', 'exit-codes', 'names', 'output'].map((topic) => {
    const page = readFileSync(new URL(`../docs/${topic}.md`, import.meta.url), 'utf8')
    return `  ${JSON.stringify(topic)}: ${JSON.stringify(page)},\n`
  })
  return `// Generated from docs by build/generate.mjs. Do not edit.\nexport const topicPages = {\n${pages.join('')}}\n`
}

function typescriptTypes() {
  const parts = [
    '// Generated from proto/runtime/v1/api.proto by build/generate.mjs. Do not edit.\n',
    `/** A request as the caller writes it: every field may be left out, nested ones too. */
export type Input<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer Item)[]
    ? Input<Item>[]
    : T extends object
      ? {[Key in keyof T]?: Input<T[Key]>}
      : T
`,
  ]
  for (const member of api.nestedArray) {
    if (member instanceof protobuf.Type) parts.push(...interfaceOf(member, ''))
    else if (member instanceof protobuf.Enum) parts.push(enumOf(member, ''))
    else if (member instanceof protobuf.Service) parts.push(serviceOf(member))
  }
  return `${parts.join('\n')}\n`
}

function interfaceOf(type, prefix) {
  const parts = type.nestedArray.map((nested) => enumOf(nested, `${prefix}${type.name}`))
  const fields = type.fieldsArray.map(
    (field) => `${comment(field, '  ')}  ${field.name}: ${fieldType(field)}`,
  )
  const body = fields.length === 0 ? '' : `\n${fields.join('\n')}\n`
  parts.push(`${comment(type, '')}export interface ${prefix}${type.name} {${body}}\n`)
  return parts
}

function enumOf(type, prefix) {
  const names = Object.keys(type.values).map((name) => `  | '${name}'`)
  const values = Object.keys(type.values)
    .map((name) => `${name}: ${(type.comments[name] ?? '').replaceAll('\n', ' ')}`)
    .join('\n\n')
  const text = [type.comment, values, 'A value newer than this client arrives as its number.']
    .filter(Boolean)
    .join('\n\n')
  return `${jsdoc(text, '')}export type ${prefix}${type.name} =\n${names.join('\n')}\n  | number\n`
}

function fieldType(field) {
  const name = field.resolvedType ? localName(field.resolvedType) : scalarTypes[field.type]
  if (!name) throw new Error(`no TypeScript type for ${field.fullName}: ${field.type}`)
  if (field.map) return `Record<string, ${name}>`
  if (field.repeated) return field.resolvedType instanceof protobuf.Enum ? `(${name})[]` : `${name}[]`
  return field.resolvedType instanceof protobuf.Type ? `${name} | null` : name
}

function serviceOf(service) {
  const methods = service.methodsArray.map((method) => {
    const name = method.name[0].toLowerCase() + method.name.slice(1)
    const request = localName(method.resolvedRequestType)
    const response = localName(method.resolvedResponseType)
    const result = method.responseStream ? `AsyncIterable<${response}>` : `Promise<${response}>`
    return `${comment(method, '  ')}  ${name}(request?: Input<${request}>, options?: Options): ${result}`
  })
  return `${comment(service, '')}export interface ${service.name}<Options> {\n${methods.join('\n')}\n}\n`
}

function comment(element, indent) {
  return element.comment ? jsdoc(element.comment, indent) : ''
}

function jsdoc(text, indent) {
  const lines = text.replaceAll('*/', '* /').split('\n')
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`
}

// A string that is parsed at run time: V8 reads JSON text several times faster than the same object literal.
function descriptorModule() {
  const descriptor = JSON.stringify(root.toJSON({keepComments: false}))
  return `// Generated from proto/runtime/v1/api.proto by build/generate.mjs. Do not edit.\nexport const descriptorJson: string = ${quote(descriptor)}\n`
}

/** The comments by full element name, for JSON schemas and explanations: not needed by a plain call, so a file of its own. */
function docsModule() {
  const docs = {}
  for (const member of api.nestedArray) collectDocs(member, member.name, docs)
  return `// Generated from proto/runtime/v1/api.proto by build/generate.mjs. Do not edit.\nexport const docsJson: string = ${quote(JSON.stringify(docs))}\n`
}

function collectDocs(element, name, docs) {
  if (element.comment) docs[name] = element.comment
  for (const field of element.fieldsArray ?? [])
    if (field.comment) docs[`${name}.${field.name}`] = field.comment
  for (const method of element.methodsArray ?? [])
    if (method.comment) docs[`${name}.${method.name}`] = method.comment
  for (const [value, text] of Object.entries(element.comments ?? {}))
    if (text) docs[`${name}.${value}`] = text
  for (const nested of element.nestedArray ?? []) collectDocs(nested, `${name}.${nested.name}`, docs)
}

function quote(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
}

if (import.meta.filename === process.argv[1]) generate()
