import {enumValues, type FieldDescriptor, messageFields, methodsOf, protoName} from '../client/descriptor.js'
import type {View} from '../formats/view.js'
import {programName} from '../text/program.js'
import {type Element, nameOf} from './find.js'
import {type Docs, docKey, typeText} from './text.js'
import {type VerbCall, verbCalls} from './verbs.js'
import {words} from './words.js'

// What is explained, as data: for tools, with the same words as the text for people.

export interface Entry {
  kind: Element['kind'] | 'verb' | 'word' | 'check'
  /** By which it is explained again. */
  name: string
  text: string
  type?: string
  jsonName?: string
  number?: number
  request?: Message
  response?: Message & {stream: boolean}
  fields?: readonly Field[]
  values?: readonly {name: string; number: number; text: string}[]
  calls?: readonly VerbCall[]
  sources?: readonly string[]
  severity?: string
}

interface Message {
  type: string
  fields: readonly Field[]
}

interface Field {
  name: string
  jsonName: string
  type: string
  text: string
  /** With all that is inside it, where that is asked for. */
  fields?: readonly Field[]
}

export type Depth = 'itself' | 'whole' | 'recursive'

/** An element of the API. */
export function elementEntry(element: Element, docs: Docs, depth: Depth): Entry {
  const entry: Entry = {
    kind: element.kind,
    name: nameOf(element),
    text: about(docs, docKey(element)),
    ...ownFacts(element),
  }
  return depth === 'itself' ? entry : {...entry, ...inside(element, docs, depth)}
}

function ownFacts(element: Element): Partial<Entry> {
  if (element.kind === 'field') return {type: typeText(element.field), jsonName: element.name}
  return element.kind === 'value' ? {number: element.number} : {}
}

function inside(element: Element, docs: Docs, depth: Depth): Partial<Entry> {
  const message = (type: string) => ({type, fields: fieldsOf(type, docs, depth)})
  switch (element.kind) {
    case 'rpc': {
      const {
        requestType = '',
        responseType = '',
        responseStream,
      } = methodsOf(element.service)[element.name] ?? {}
      return {
        request: message(requestType),
        response: {...message(responseType), stream: responseStream === true},
      }
    }
    case 'message':
    case 'enum':
      return typeFacts(element.name, docs, depth)
    case 'field':
      return typeFacts(element.field.type, docs, depth)
    default:
      return {}
  }
}

function typeFacts(type: string, docs: Docs, depth: Depth): Partial<Entry> {
  const values = enumValues(type)
  if (values)
    return {
      values: Object.entries(values).map(([name, number]) => ({
        name,
        number,
        text: about(docs, `${type}.${name}`),
      })),
    }
  return messageFields(type) ? {fields: fieldsOf(type, docs, depth)} : {}
}

function fieldsOf(message: string, docs: Docs, depth: Depth, above: readonly string[] = []): Field[] {
  return Object.entries(messageFields(message) ?? {}).map(([name, field]: [string, FieldDescriptor]) => ({
    name: protoName(name),
    jsonName: name,
    type: typeText(field),
    text: about(docs, `${message}.${name}`),
    ...(depth === 'recursive' && messageFields(field.type) && !above.includes(field.type)
      ? {fields: fieldsOf(field.type, docs, depth, [...above, message])}
      : {}),
  }))
}

/** In one line: where it is broken is for whoever shows it to say. */
function about(docs: Docs, name: string): string {
  return (docs[name] ?? '').replaceAll('\n', ' ')
}

export function verbEntry(verb: string, summary: string): Entry {
  return {kind: 'verb', name: verb, text: summary, calls: verbCalls[verb] ?? []}
}

export function wordEntry(word: string): Entry {
  return {kind: 'word', name: word, text: (words[word] ?? '').replaceAll('"crisp ', `"${programName()} `)}
}

/** Each beside its text for people. */
export function entriesView(entries: readonly Entry[], text: string): View {
  return {
    document: () => ({entries}),
    items: () => entries,
    listName: 'entries',
    names: () => entries.map(({name}) => name),
    table: () => text,
  }
}
