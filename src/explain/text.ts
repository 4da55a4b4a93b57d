import {enumValues, type FieldDescriptor, messageFields, methodsOf, protoName} from '../client/descriptor.js'
import {linesOf} from '../formats/lines.js'
import {firstSentence} from '../text/sentence.js'
import {indentText} from '../text/wrap.js'
import {callsOf, type Element, nameOf, services} from './find.js'

/** The proto's comments by full name: `Message`, `Message.jsonName`, `Service.Rpc`, `Enum.VALUE`. */
export type Docs = Readonly<Record<string, string>>

/** What explanations are made of, and the columns of a line. */
export interface Page {
  docs: Docs
  width: number
}

/** One element at length, with what is inside it. */
export function explanationText(element: Element, page: Page): string {
  const about = page.docs[docKey(element)] ?? ''
  return `${title(element)}\n${paragraph(about, 2, page)}${details(element, page)}`
}

/** Several elements, a sentence each. */
export function elementsText(elements: readonly Element[], page: Page): string {
  return elements
    .map(
      (element) =>
        `${nameOf(element)}\n${paragraph(firstSentence(page.docs[docKey(element)] ?? ''), 2, page)}`,
    )
    .join('')
}

/** Every call of the CRI. */
export function callsText(page: Page): string {
  const parts = services.map((service) => {
    const rows = callsOf(service).map(
      (call) => `  ${call.name}\n${paragraph(firstSentence(page.docs[docKey(call)] ?? ''), 4, page)}`,
    )
    return `${service}\n${paragraph(page.docs[service] ?? '', 2, page)}\n${rows.join('')}`
  })
  return parts.join('\n')
}

export function docKey(element: Element): string {
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

function details(element: Element, page: Page): string {
  switch (element.kind) {
    case 'service':
      return `\nCALLS\n${elementsText(callsOf(element.name), page)}`
    case 'rpc': {
      const {requestType = '', responseType = ''} = methodsOf(element.service)[element.name] ?? {}
      return `${fields('REQUEST', requestType, page)}${fields('RESPONSE', responseType, page)}`
    }
    case 'message':
      return fields('FIELDS', element.name, page)
    case 'field':
      return typeDetails(element.field.type, page)
    case 'enum':
      return values(element.name, page)
    case 'value':
      return ''
  }
}

function typeDetails(type: string, page: Page): string {
  if (!messageFields(type) && !enumValues(type)) return ''
  const about = `\n${type}\n${paragraph(page.docs[type] ?? '', 2, page)}`
  return about + (messageFields(type) ? fields('FIELDS', type, page) : values(type, page))
}

function fields(heading: string, message: string, page: Page): string {
  const known = Object.entries(messageFields(message) ?? {})
  if (known.length === 0) return ''
  const rows = known.map(
    ([name, field]) =>
      `  ${protoName(name)}  ${typeText(field)}\n${paragraph(page.docs[`${message}.${name}`] ?? '', 6, page)}`,
  )
  return `\n${heading}\n${rows.join('')}`
}

function values(type: string, page: Page): string {
  const rows = Object.entries(enumValues(type) ?? {}).map(
    ([name, number]) => `  ${name}  ${number}\n${paragraph(page.docs[`${type}.${name}`] ?? '', 6, page)}`,
  )
  return `\nVALUES\n${rows.join('')}`
}

export function typeText({type, rule, keyType}: FieldDescriptor): string {
  if (keyType !== undefined) return `map of ${keyType} to ${type}`
  return rule === 'repeated' ? `list of ${type}` : type
}

function paragraph(text: string, indent: number, {width}: Page): string {
  return linesOf(indentText(text, indent, width))
}

/** Full names of the elements of the API whose name or explanation has this text. */
export function searchElements(text: string, docs: Docs): string[] {
  const wanted = text.toLowerCase()
  return Object.entries(docs)
    .map(([name, about]) => [asWritten(name), about] as const)
    .filter(([name, about]) => `${name} ${about}`.toLowerCase().includes(wanted))
    .map(([name]) => name)
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
