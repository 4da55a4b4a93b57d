import {messageFields, methodsOf, protoName, type ServiceName} from '../client/descriptor.js'
import {UsageError} from '../errors/errors.js'
import {nearest} from '../text/nearest.js'
import {programName} from '../text/program.js'
import {parseMessage, type Validation} from './file.js'
import {findField} from './names.js'
import type {SourceText} from './source.js'

/** One RPC of the two services. */
export interface Rpc {
  service: ServiceName
  name: string
  requestType: string
  responseType: string
  isStream: boolean
}

/** Every RPC, in the proto's order. */
export function allRpcs(): Rpc[] {
  return (['RuntimeService', 'ImageService'] as const).flatMap((service) =>
    Object.entries(methodsOf(service)).map(([name, {requestType, responseType, responseStream}]) => ({
      service,
      name,
      requestType,
      responseType,
      isStream: responseStream === true,
    })),
  )
}

/** `ListContainers` in any letters, also behind its service and a dot. Throws UsageError that offers the nearest. */
export function findRpc(word: string): Rpc {
  const rpcs = allRpcs()
  const plain = word
    .toLowerCase()
    .replace(/^\/?runtime\.v1\./, '')
    .replace('/', '.')
  const found = rpcs.find(({service, name}) =>
    [name, `${service}.${name}`].some((known) => known.toLowerCase() === plain),
  )
  if (found) return found
  const [, bare = plain] = plain.split('.')
  const words = rpcs.map(({name}) => name)
  const lower = nearest(
    bare,
    words.map((name) => name.toLowerCase()),
  )
  const guess = words.find((name) => name.toLowerCase() === lower)
  throw new UsageError(
    `the CRI has no call "${word}"${guess ? `, did you mean ${guess}?` : ` (${programName()} explain lists them)`}`,
  )
}

const reading =
  /^(Version|Status|List.*|Stream.*|.*Status|.*Stats|ImageFsInfo|RuntimeConfig|GetContainerEvents)$/

/** Whether a call only looks; all others make, change or run something. */
export function onlyReads({name}: Rpc): boolean {
  return reading.test(name)
}

/** `timeout=10`, `config.metadata.name=web`. */
const fieldWord = /^([A-Za-z][\w]*(?:\.[A-Za-z][\w]*)*)=(.*)$/s

/** Whether the words behind the call name a file of this machine; else they are the request itself. */
export function namesRequestFile(words: readonly string[]): boolean {
  const [word = ''] = words
  return word !== '' && word !== '-' && !fieldWord.test(word) && !word.trimStart().startsWith('{')
}

/** Fields of the request as they stand on the command line, as the text of one document. Throws UsageError. */
export function requestInWords(words: readonly string[]): SourceText {
  const [first = ''] = words
  if (words.length === 1 && first.trimStart().startsWith('{')) return {name: 'request', text: first}
  const root = emptyTree()
  for (const word of words) {
    const [, path, value = ''] = fieldWord.exec(word) ?? []
    if (path === undefined) {
      const [, list] = /^([\w.]+)\[\d*\]=/.exec(word) ?? []
      throw new UsageError(
        `"${word}": ${list === undefined ? 'write one file, or fields such as container_id=ID' : `a list is one word: '${list}=[a, b]'`}`,
      )
    }
    const steps = path.split('.')
    const last = steps.pop() ?? ''
    let inner = root
    for (const step of steps) {
      const next = inner[step] ?? emptyTree()
      if (typeof next === 'string') throw givenTwice(path)
      inner = inner[step] = next
    }
    if (inner[last] !== undefined) throw givenTwice(path)
    inner[last] = valueText(value)
  }
  return {name: 'request', text: flowText(root)}
}

function givenTwice(path: string): UsageError {
  return new UsageError(`${path} is given twice: write it once, a list as '${path}=[a, b]'`)
}

/** Throws UsageError where the word is the name of a field, without a value. */
export function refuseBareField({requestType, name}: Rpc, word: string): void {
  const [first = ''] = word.split('.')
  if (!/^[A-Za-z]\w*(?:\.[A-Za-z]\w*)*$/.test(word) || findField(requestType, first) === undefined) return
  throw new UsageError(
    `${word} is a field of ${name}, and wants a value: ${word}=VALUE (a file of that name is ./${word})`,
  )
}

type Tree = {[field: string]: Tree | string}

/** Without what every object has: `constructor` is a name like any other. */
function emptyTree(): Tree {
  return Object.create(null)
}

/** As it is where YAML takes it for one thing, else as a text. */
function valueText(value: string): string {
  return /^([\w.+-]+|[[{].*[\]}]|".*")$/s.test(value) ? value : JSON.stringify(value)
}

function flowText(tree: Tree): string {
  const fields = Object.entries(tree).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : flowText(value)}`,
  )
  return `{${fields.join(', ')}}`
}

/** The request that a source holds; comments alone are the empty one. Throws UserError. */
export function parseRequest({requestType}: Rpc, source: SourceText, validation?: Validation): object {
  return source.text.split('\n').every((line) => /^\s*(#|$)/.test(line))
    ? {}
    : parseMessage(requestType, source, validation)
}

/** Names of fields that the word of a half-typed request may become, each with its sign. */
export function fieldsToComplete(method: string, part: string): string[] {
  const steps = part.split('.')
  const last = steps.pop() ?? ''
  try {
    let type = findRpc(method).requestType
    for (const step of steps) {
      const fields = Object.entries(messageFields(type) ?? {})
      type = fields.find(([name]) => protoName(name) === step)?.[1].type ?? ''
    }
    const before = steps.map((step) => `${step}.`).join('')
    return Object.entries(messageFields(type) ?? {})
      .map(([name, field]) => {
        const isInner = messageFields(field.type) && field.rule === undefined && field.keyType === undefined
        return `${protoName(name)}${isInner ? '.' : '='}`
      })
      .filter((name) => name.startsWith(last))
      .map((name) => before + name)
  } catch {
    // A word that is no call has no fields.
    return []
  }
}
