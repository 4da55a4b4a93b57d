import {codeName, type RpcCode} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {type Paint, unpainted} from '../text/meaning.js'
import {shortId} from '../text/short-id.js'

// A line for each call of the CRI: by the demo for those that it answers, by a trace for those that are made.

interface EndedCall {
  method: string
  request: object | undefined
  code: RpcCode
  details: string
  durationMs: number
}

/** One line: when, what, about which object, how long, and how it ended where that was badly. */
export function callLine(call: EndedCall, atMs: number, paint: Paint = unpainted): string {
  const ending = call.code === 0 ? '' : `${codeName(call.code)}: ${call.details}`
  return lineOf([
    paint('ended', timeText(atMs)),
    printable(call.method.padEnd(methodWidth)),
    paint('ended', durationText(call.durationMs)),
    printable(subjectOf(call.request)),
    paint('failed', printable(ending)),
  ])
}

/** What a trace tells of a call: as it begins, of a message that came, or at its end. */
export interface TracedMoment {
  /** Left out where nobody wants to know. */
  atMs?: number
  service: 'runtime' | 'image' | 'stream'
  method: string
  /** What stands there where it has not ended. */
  took: number | 'begins' | 'message' | 'waits'
  /** OK, or why it failed. */
  ending?: {text: string; isFailure: boolean} | undefined
  /** What it is about. */
  subject: string
  /** What came back, in short. */
  answer?: string
}

/** One line of a trace. */
export function traceLine(moment: TracedMoment, paint: Paint = unpainted): string {
  const {atMs, service, method, took, ending, subject, answer = ''} = moment
  return lineOf([
    atMs === undefined ? '' : paint('ended', timeText(atMs)),
    `${service.padEnd(7)} ${printable(method.padEnd(methodWidth))}`,
    paint('ended', typeof took === 'number' ? durationText(took) : took.padStart(9)),
    ending && !ending.isFailure ? ending.text : '',
    printable(subject),
    answer === '' ? '' : printable(`-> ${answer}`),
    ending?.isFailure ? paint('failed', printable(ending.text)) : '',
  ])
}

const methodWidth = 22

function lineOf(parts: readonly string[]): string {
  return `${parts.filter(Boolean).join('  ')}\n`
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23)
}

function durationText(durationMs: number): string {
  return `${durationMs < 10 ? durationMs.toFixed(1) : Math.round(durationMs)} ms`.padStart(9)
}

/** The first thing in a request that says what it is about: an ID, a name, a filter. */
export function subjectOf(request: object | undefined): string {
  const fields = (request ?? {}) as Record<string, unknown>
  const id = fields.containerId ?? fields.podSandboxId
  const command = Array.isArray(fields.cmd) ? fields.cmd.join(' ') : ''
  if (typeof id === 'string' && id !== '' && !fields.config) return `${shortId(id)} ${command}`.trim()
  const image = textAt(fields, 'image', 'image')
  if (image !== '') return image
  const name = textAt(fields, 'config', 'metadata', 'name')
  if (name !== '') return name
  return filterText(fields.filter)
}

/** What an answer brings, in short: how many things, an event, an ID. */
export function answerOf(message: object): string {
  const fields = message as Record<string, unknown>
  const kind = textAt(fields, 'containerEventType')
  if (kind !== '') return `${kind} ${shortId(textAt(fields, 'containerId'))}`.trim()
  const state = textAt(fields, 'status', 'state')
  if (state !== '') return state
  const id = ['podSandboxId', 'containerId', 'imageRef'].map((name) => textAt(fields, name)).find(Boolean)
  if (id !== undefined) return shortId(id)
  const lists = Object.entries(fields).filter(([, value]) => Array.isArray(value))
  const [first] = lists
  if (lists.length === 1 && first) return `${(first[1] as unknown[]).length} ${lowerWords(first[0])}`
  return `${textAt(fields, 'runtimeName')} ${textAt(fields, 'runtimeVersion')}`.trim()
}

/** `podSandboxes` as `pod sandboxes`. */
function lowerWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function textAt(value: unknown, ...path: string[]): string {
  const found = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null)?.[key], value)
  return typeof found === 'string' ? found : ''
}

function filterText(filter: unknown): string {
  const set = Object.entries((filter ?? {}) as object).filter(
    ([, value]) =>
      value !== null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0),
  )
  return set.map(([key, value]) => `${key}=${filterValue(value)}`).join(' ')
}

/** A state stands in a message of its own, labels in a map. */
function filterValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const {state, ...others} = value as {state?: unknown}
  return typeof state === 'string' && Object.keys(others).length === 0 ? state : JSON.stringify(value)
}
