import {enumValues, type FieldDescriptor, messageFields, methodsOf, protoName} from '../client/descriptor.js'
import {wrapText} from '../text/wrap.js'
import {callsOf, type Element, nameOf, services} from './find.js'

/** The proto's comments by full name: `Message`, `Message.jsonName`, `Service.Rpc`, `Enum.VALUE`. */
export type Docs = Readonly<Record<string, string>>

const width = 80

/** One element at length, with what is inside it. */
export function explanationText(element: Element, docs: Docs): string {
  const about = docs[docKey(element)] ?? ''
  return `${title(element)}\n${paragraph(about, 2)}${details(element, docs)}`
}

/** Several elements, a sentence each. */
export function elementsText(elements: readonly Element[], docs: Docs): string {
  return elements
    .map((element) => `${nameOf(element)}\n${paragraph(firstSentence(docs[docKey(element)] ?? ''), 2)}`)
    .join('')
}

/** Every call of the CRI. */
export function callsText(docs: Docs): string {
  const parts = services.map((service) => {
    const rows = callsOf(service).map(
      (call) => `  ${call.name}\n${paragraph(firstSentence(docs[docKey(call)] ?? ''), 4)}`,
    )
    return `${service}\n${paragraph(docs[service] ?? '', 2)}\n${rows.join('')}`
  })
  return parts.join('\n')
}

function docKey(element: Element): string {
  return element.kind === 'field' ? `${element.message}.${element.name}` : nameOf(element)
}

function title(element: Element): string {
  switch (element.kind) {
    case 'rpc': {
      const {requestType, responseType, responseStream} = methodsOf(element.service)[element.name] ?? {}
      return `call ${nameOf(element)}\n  takes ${requestType}\n  gives ${responseStream ? 'a stream of ' : ''}${responseType}\n`
    }
    case 'field': {
      const json = protoName(element.name) === element.name ? '' : `, in JSON ${element.name}`
      return `field ${nameOf(element)}\n  ${typeText(element.field)}${json}\n`
    }
    case 'value':
      return `value ${nameOf(element)}\n  ${element.number} on the wire\n`
    default:
      return `${element.kind} ${nameOf(element)}\n`
  }
}

function details(element: Element, docs: Docs): string {
  switch (element.kind) {
    case 'service':
      return `\nCALLS\n${elementsText(callsOf(element.name), docs)}`
    case 'rpc': {
      const {requestType = '', responseType = ''} = methodsOf(element.service)[element.name] ?? {}
      return `${fields('REQUEST', requestType, docs)}${fields('RESPONSE', responseType, docs)}`
    }
    case 'message':
      return fields('FIELDS', element.name, docs)
    case 'field':
      return typeDetails(element.field.type, docs)
    case 'enum':
      return values(element.name, docs)
    case 'value':
      return ''
  }
}

function typeDetails(type: string, docs: Docs): string {
  if (!messageFields(type) && !enumValues(type)) return ''
  const about = `\n${type}\n${paragraph(docs[type] ?? '', 2)}`
  return about + (messageFields(type) ? fields('FIELDS', type, docs) : values(type, docs))
}

function fields(heading: string, message: string, docs: Docs): string {
  const known = Object.entries(messageFields(message) ?? {})
  if (known.length === 0) return ''
  const rows = known.map(
    ([name, field]) =>
      `  ${protoName(name)}  ${typeText(field)}\n${paragraph(docs[`${message}.${name}`] ?? '', 6)}`,
  )
  return `\n${heading}\n${rows.join('')}`
}

function values(type: string, docs: Docs): string {
  const rows = Object.entries(enumValues(type) ?? {}).map(
    ([name, number]) => `  ${name}  ${number}\n${paragraph(docs[`${type}.${name}`] ?? '', 6)}`,
  )
  return `\nVALUES\n${rows.join('')}`
}

function typeText({type, rule, keyType}: FieldDescriptor): string {
  if (keyType !== undefined) return `map of ${keyType} to ${type}`
  return rule === 'repeated' ? `list of ${type}` : type
}

function paragraph(text: string, indent: number): string {
  if (text === '') return ''
  return wrapText(text, width - indent)
    .map((line) => `${' '.repeat(indent)}${line}\n`)
    .join('')
}

function firstSentence(text: string): string {
  return /^[\s\S]*?[.?!](?=\s|$)/.exec(text)?.[0] ?? text
}

/** Every element of the API whose name or explanation has this text, a sentence each. */
export function searchText(text: string, docs: Docs): string {
  const wanted = text.toLowerCase()
  return Object.entries(docs)
    .map(([name, about]) => [asWritten(name), about] as const)
    .filter(([name, about]) => `${name} ${about}`.toLowerCase().includes(wanted))
    .map(([name, about]) => `${name}\n${paragraph(firstSentence(about), 2)}`)
    .join('')
}

/** `Message.jsonName` as the proto has it. */
function asWritten(name: string): string {
  return name.replace(/(?<=\.)[a-z]\w*$/, protoName)
}

/** The fields of a message, and below each those of the message that it holds. */
export function fieldTree(message: string, indent = 2, above: readonly string[] = []): string {
  return Object.entries(messageFields(message) ?? {})
    .map(([name, field]) => {
      const isAgain = above.includes(field.type)
      const inner = isAgain ? '' : fieldTree(field.type, indent + 2, [...above, message])
      return `${' '.repeat(indent)}${protoName(name)}  ${typeText(field)}\n${inner}`
    })
    .join('')
}

/** Of a call what it takes and gives, of a message or a field what is in it, down to the last field. */
export function recursiveText(element: Element): string {
  switch (element.kind) {
    case 'rpc': {
      const {requestType = '', responseType = ''} = methodsOf(element.service)[element.name] ?? {}
      return `${title(element)}\nREQUEST\n${fieldTree(requestType)}\nRESPONSE\n${fieldTree(responseType)}`
    }
    case 'message':
      return `${title(element)}\n${fieldTree(element.name)}`
    case 'field':
      return `${title(element)}\n${fieldTree(element.field.type)}`
    default:
      return title(element)
  }
}
