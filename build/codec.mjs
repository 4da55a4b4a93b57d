// Of the proto what turns requests into bytes and bytes into answers: straight code for each message, which needs no
// library at run time. What it calls is in src/wire.
import protobuf from 'protobufjs'

/** What lists are of, and the answers that they come in: for src/client/rows.ts, which reads of them what is asked for. */
const rowTypes = ['Container', 'PodSandbox', 'Image', 'ContainerStats', 'PodSandboxStats']
const listTypes = [
  'ListContainersResponse',
  'StreamContainersResponse',
  'ListPodSandboxResponse',
  'StreamPodSandboxesResponse',
  'ListImagesResponse',
  'StreamImagesResponse',
  'ListContainerStatsResponse',
  'StreamContainerStatsResponse',
  'ListPodSandboxStatsResponse',
  'StreamPodSandboxStatsResponse',
]

/** TypeScript's name of a message or enum. */
export function localName(type) {
  return type.parent instanceof protobuf.Type ? `${type.parent.name}${type.name}` : type.name
}

export function codecModule(api) {
  const services = api.nestedArray.filter((member) => member instanceof protobuf.Service)
  const methods = services.flatMap(({methodsArray}) => methodsArray)
  const requests = reachable(methods.map(({resolvedRequestType}) => resolvedRequestType))
  const answers = reachable(methods.map(({resolvedResponseType}) => resolvedResponseType))
  const enums = (types) =>
    new Set(types.flatMap((type) => type.fieldsArray.map(enumOf)).filter((type) => type !== undefined))
  return [
    '// Generated from proto/runtime/v1/api.proto by build/generate.mjs. Do not edit.',
    "import {Reader} from '../wire/reader.js'",
    "import {Writer} from '../wire/writer.js'",
    "import type * as cri from './cri.js'",
    '',
    '/** How the messages of one method are written and read. */',
    'export interface Method {',
    '  readonly path: string',
    '  readonly responseStream: boolean',
    '  encode(request: object): Buffer',
    '  decode(bytes: Buffer): object',
    '}',
    '',
    'type Write<Message> = (writer: Writer, message: cri.Input<Message>) => void',
    '',
    'function encodeWith<Message>(write: Write<Message>): (request: object) => Buffer {',
    '  return (request) => {',
    '    const writer = new Writer()',
    '    write(writer, request as cri.Input<Message>)',
    '    return writer.finish()',
    '  }',
    '}',
    '',
    '/** A value that is newer than this client stays its number. */',
    'function nameOr<Name>(names: Readonly<Record<number, Name>>, number: number): Name | number {',
    '  return names[number] ?? number',
    '}',
    '',
    'function decodeWith<Message>(read: (reader: Reader) => Message): (bytes: Buffer) => Message {',
    '  return (bytes) => read(new Reader(bytes))',
    '}',
    '',
    'const noEntries: Readonly<Record<string, string>> = Object.freeze({})',
    'const noItems = Object.freeze([]) as unknown as never[]',
    '',
    ...services.map((service) => methodTable(service, api)),
    ...[...enums(requests)].map(numbersOf),
    ...[...enums(answers)].map(namesOf),
    ...requests.map(writerOf),
    ...answers.map(readerOf),
    ...[...rowTypes, ...listTypes].map((name) => fieldNumbersOf(api.lookupType(name))),
  ].join('\n')
}

function reachable(types, found = new Set()) {
  for (const type of types) {
    if (!(type instanceof protobuf.Type) || found.has(type)) continue
    found.add(type)
    reachable(
      type.fieldsArray.map(({resolvedType}) => resolvedType),
      found,
    )
  }
  return [...found]
}

function enumOf({resolvedType}) {
  return resolvedType instanceof protobuf.Enum ? resolvedType : undefined
}

function methodTable(service, api) {
  const rows = service.methodsArray.map((method) =>
    [
      `  ${method.name}: {`,
      `    path: '/${api.fullName.slice(1)}.${service.name}/${method.name}',`,
      `    responseStream: ${method.responseStream === true},`,
      `    encode: encodeWith<cri.${localName(method.resolvedRequestType)}>(write${localName(method.resolvedRequestType)}),`,
      `    decode: decodeWith(read${localName(method.resolvedResponseType)}),`,
      '  },',
    ].join('\n'),
  )
  return `export const ${lowerFirst(service.name)}Methods = {\n${rows.join('\n')}\n} satisfies Record<string, Method>\n`
}

function numbersOf(type) {
  return `const numbersOf${localName(type)} = ${JSON.stringify(type.values)}\n`
}

function namesOf(type) {
  return `const namesOf${localName(type)}: Readonly<Record<number, cri.${localName(type)}>> = ${JSON.stringify(type.valuesById)}\n`
}

const wireTypes = {
  string: 2,
  bytes: 2,
  double: 1,
}

/** As the specification has it: by number, what has its default too where the caller gives it. */
function writerOf(type) {
  const name = localName(type)
  const writes = type.fieldsArray
    .toSorted((a, b) => a.id - b.id)
    .map((field) => `  if (message.${field.name} != null) ${writeOf(field)}`)
  const used = writes.length > 0 ? '' : '_'
  return [
    `export function write${name}(${used}writer: Writer, ${used}message: cri.Input<cri.${name}>): void {`,
    ...writes,
    '}\n',
  ].join('\n')
}

function writeOf(field) {
  const value = `message.${field.name}`
  const call = (kind, wireType, ...more) =>
    `writer.${kind}(${[field.id * 8 + wireType, ...more, value].join(', ')})`
  if (field.map) return call('map', 2)
  if (enumOf(field)) {
    if (field.repeated) throw unknown(field)
    return call('enum', 0, `numbersOf${localName(field.resolvedType)}`)
  }
  if (field.resolvedType)
    return `writer.${field.repeated ? 'messages' : 'message'}(${field.id * 8 + 2}, ${value}, write${localName(field.resolvedType)})`
  if (field.repeated) {
    if (!['string', 'int32', 'int64'].includes(field.type)) throw unknown(field)
    return call(`${field.type}s`, 2)
  }
  const kinds = {uint64: 'int64', bytes: 'blob'}
  if (!['string', 'bool', 'uint32', 'int32', 'int64', 'uint64', 'bytes'].includes(field.type))
    throw unknown(field)
  return call(kinds[field.type] ?? field.type, wireTypes[field.type] ?? 0)
}

/** Every field is there, and always in the same order: lists, maps, the others by number. */
function readerOf(type) {
  const name = localName(type)
  const fields = type.fieldsArray.toSorted((a, b) => a.id - b.id)
  const isRow = rowTypes.includes(name)
  const place = (field) => (field.repeated ? 0 : field.map ? 1 : 2)
  const unset = fields
    .toSorted((a, b) => place(a) - place(b))
    .map((field) => `    ${field.name}: ${isRow ? unsetInRow(field) : unsetValue(field)},`)
  const cases = fields.flatMap((field) => [
    `      case ${field.id}:`,
    `        ${readOf(field)}`,
    '        break',
  ])
  return [
    ...(isRow
      ? ['/** `wanted` has a bit for the number of each field that is read; the others are as if unset. */']
      : []),
    `export function read${name}(reader: Reader${isRow ? ', wanted = -1' : ''}): cri.${name} {`,
    `  const message: cri.${name} = {`,
    ...unset,
    '  }',
    '  while (reader.at < reader.end) {',
    '    const tag = reader.uint32()',
    ...(isRow
      ? [
          '    if ((wanted & (1 << (tag >>> 3))) === 0) {',
          '      reader.skip(tag & 7)',
          '      continue',
          '    }',
        ]
      : []),
    '    switch (tag >>> 3) {',
    ...cases,
    '      default:',
    '        reader.skip(tag & 7)',
    '    }',
    '  }',
    '  return message',
    '}\n',
  ].join('\n')
}

function fieldNumbersOf(type) {
  const numbers = Object.fromEntries(type.fieldsArray.map(({name, id}) => [name, id]))
  if (Object.values(numbers).some((id) => id > 31)) throw new Error(`${type.fullName}: a field beyond 31`)
  return `export const fieldsOf${localName(type)} = ${JSON.stringify(numbers)} as const\n`
}

/** What nobody wants is not made anew for each of thousands. */
function unsetInRow(field) {
  if (!field.repeated && !field.map) return unsetValue(field)
  return `wanted & ${1 << field.id} ? ${unsetValue(field)} : ${field.map ? 'noEntries' : 'noItems'}`
}

function unsetValue(field) {
  if (field.repeated) return '[]'
  if (field.map) return '{}'
  if (enumOf(field)) return `'${field.resolvedType.valuesById[0]}'`
  if (field.resolvedType) return 'null'
  const values = {string: "''", bool: 'false', bytes: 'Buffer.alloc(0)', int64: "'0'", uint64: "'0'"}
  return values[field.type] ?? '0'
}

function readOf(field) {
  const value = `message.${field.name}`
  if (field.map) {
    if (field.keyType !== 'string' || field.type !== 'string') throw unknown(field)
    return `reader.entry(${value})`
  }
  const read = readCall(field)
  if (!field.repeated) return `${value} = ${read}`
  if (field.resolvedType || field.type === 'string') return `${value}.push(${read})`
  return `reader.numbers(tag & 7, ${value}, (inner) => inner.${field.type}())`
}

function readCall(field) {
  if (enumOf(field)) {
    if (field.repeated) throw unknown(field)
    return `nameOr(namesOf${localName(field.resolvedType)}, reader.int32())`
  }
  if (field.resolvedType) return `reader.message(read${localName(field.resolvedType)})`
  const known = ['string', 'bool', 'uint32', 'int32', 'int64', 'uint64', 'double', 'bytes']
  if (!known.includes(field.type)) throw unknown(field)
  return `reader.${field.type === 'bytes' ? 'blob' : field.type}()`
}

function unknown(field) {
  return new Error(
    `${field.fullName}: src/wire reads and writes no ${field.repeated ? 'repeated ' : ''}${field.type}`,
  )
}

function lowerFirst(name) {
  return name[0].toLowerCase() + name.slice(1)
}
