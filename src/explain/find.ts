import {
  enumValues,
  type FieldDescriptor,
  messageFields,
  methodsOf,
  protoName,
  type ServiceName,
  typeNames,
} from '../client/descriptor.js'
import {findField} from '../config-files/names.js'
import {NotFoundError} from '../errors/errors.js'
import {closest, nearest} from '../text/nearest.js'
import {programName} from '../text/program.js'

// The elements of the CRI by the words that people have for them: an RPC, a message, a path of fields below one, or
// the bare name of a field. Upper and lower case, `snake_case` and `camelCase` are all the same.

export type Element =
  | {kind: 'service'; name: ServiceName}
  | {kind: 'rpc'; service: ServiceName; name: string}
  | {kind: 'message'; name: string}
  | {kind: 'enum'; name: string}
  | {kind: 'field'; message: string; name: string; field: FieldDescriptor}
  | {kind: 'value'; enum: string; name: string; number: number}

export const services: readonly ServiceName[] = ['RuntimeService', 'ImageService']

/** The calls of a service, in the proto's order. */
export function callsOf(service: ServiceName): Extract<Element, {kind: 'rpc'}>[] {
  return Object.keys(methodsOf(service)).map((name) => ({kind: 'rpc', service, name}))
}

/** What the two kinds of files hold. */
const files: Readonly<Record<string, string>> = {pod: 'PodSandboxConfig', container: 'ContainerConfig'}

const plain = (word: string) => word.replaceAll('_', '').toLowerCase()

/**
 * All that the word may mean: a call and a message may share a name, and a bare field may be in many messages. Throws
 * NotFoundError, which offers the nearest name, also of `others`.
 */
export function findElements(word: string, others: readonly string[] = []): Element[] {
  const [head = '', ...path] = word.split('.')
  const top = topElements(head)
  if (path.length === 0) {
    const found = top.length > 0 ? top : findByName(word)
    if (found.length > 0) return found
  }
  let failure: unknown
  for (const start of top) {
    try {
      return [path.reduce(inside, start)]
    } catch (error) {
      failure = error
    }
  }
  if (failure) throw failure
  const known = [
    ...services.flatMap(callsOf).map(({name}) => name),
    ...typeNames(),
    ...others,
    ...memberNames(),
  ]
  throw new NotFoundError(`nothing is called "${word}"${hint(head, [...new Set(known)])}`)
}

/** Of all fields and enum values. */
function memberNames(): string[] {
  return typeNames().flatMap((type) => [
    ...Object.keys(messageFields(type) ?? {}).map(protoName),
    ...Object.keys(enumValues(type) ?? {}),
  ])
}

function topElements(word: string): Element[] {
  const wanted = plain(word)
  const isNamed = (name: string) => plain(name) === wanted
  const types = [
    ...(Object.hasOwn(files, wanted) ? [files[wanted] as string] : []),
    ...typeNames().filter(isNamed),
  ]
  return [
    ...services.filter(isNamed).map((name): Element => ({kind: 'service', name})),
    ...services.flatMap(callsOf).filter(({name}) => isNamed(name)),
    ...types.map(typeElement),
  ]
}

function typeElement(name: string): Element {
  return enumValues(name) ? {kind: 'enum', name} : {kind: 'message', name}
}

/** One step down: a service's call, a call's request or response, a message's field or enum, an enum's value. */
function inside(element: Element, step: string): Element {
  const found = candidates(element).find(({word}) => plain(word) === plain(step))
  if (found) return found.element
  const words = candidates(element).map(({word}) => word)
  if (words.length === 0)
    throw new NotFoundError(`${nameOf(element)} has no "${step}": there is nothing inside it`)
  throw new NotFoundError(`${nameOf(element)} has no "${step}"${hint(step, words)}`)
}

function candidates(element: Element): {word: string; element: Element}[] {
  switch (element.kind) {
    case 'service':
      return callsOf(element.name).map((call) => ({word: call.name, element: call}))
    case 'rpc': {
      const {requestType, responseType} = methodsOf(element.service)[element.name] ?? {}
      return [...fieldsOf(requestType), ...fieldsOf(responseType)]
    }
    case 'message':
      return [
        ...fieldsOf(element.name),
        ...typeNames()
          .filter((name) => name.startsWith(`${element.name}.`))
          .map((name) => ({word: name.slice(element.name.length + 1), element: typeElement(name)})),
      ]
    case 'field':
      return candidates(typeElement(element.field.type))
    case 'enum':
      return Object.entries(enumValues(element.name) ?? {}).map(([name, number]) => ({
        word: name,
        element: {kind: 'value', enum: element.name, name, number},
      }))
    case 'value':
      return []
  }
}

function fieldsOf(message = ''): {word: string; element: Element}[] {
  return Object.entries(messageFields(message) ?? {}).map(([name, field]) => ({
    word: protoName(name),
    element: {kind: 'field', message, name, field},
  }))
}

/** Every field and enum value of that name, wherever it is. */
function findByName(word: string): Element[] {
  return typeNames().flatMap((type): Element[] => {
    const name = findField(type, word)
    const field = name === undefined ? undefined : messageFields(type)?.[name]
    if (name !== undefined && field) return [{kind: 'field', message: type, name, field}]
    const value = Object.entries(enumValues(type) ?? {}).find(([known]) => plain(known) === plain(word))
    return value ? [{kind: 'value', enum: type, name: value[0], number: value[1]}] : []
  })
}

/** As the proto names it: what `docs` has its comment under, with a field's name in the proto's style. */
export function nameOf(element: Element): string {
  switch (element.kind) {
    case 'rpc':
      return `${element.service}.${element.name}`
    case 'field':
      return `${element.message}.${protoName(element.name)}`
    case 'value':
      return `${element.enum}.${element.name}`
    default:
      return element.name
  }
}

function hint(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  if (near !== undefined) return `, did you mean ${near}?`
  const next = closest(word, known)
  const more = `${programName()} explain lists the calls, --search TEXT looks into all explanations`
  return next === undefined ? `: ${more}` : `; the nearest is ${next} (${more})`
}
