import {codeName, type RpcCode} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import {type Meaning, type Paint, unpainted} from '../text/meaning.js'
import {shortId} from '../text/short-id.js'

// A line for each call of the CRI: by the demo for those that it answers, by a trace for those that are made.

interface EndedCall {
  method: string
  request: object | undefined
  code: RpcCode
  details: string
  durationMs: number
}

/** Who reads the lines. */
export interface Look {
  paint?: Paint
  /** Of a terminal: what is longer goes on below. */
  width?: number | undefined
}

/** One line: when, what, about which object, how long, and how it ended where that was badly. */
export function callLine(call: EndedCall, atMs: number, look: Look = {}): string {
  const ending = call.code === 0 ? '' : `${codeName(call.code)}: ${call.details}`
  return lineOf(
    [
      {text: timeText(atMs), meaning: 'ended'},
      {text: printable(call.method.padEnd(methodWidth))},
      {text: durationText(call.durationMs), meaning: 'ended'},
    ],
    [{text: printable(subjectOf(call.request))}, {text: printable(ending), meaning: 'failed'}],
    look,
  )
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
export function traceLine(moment: TracedMoment, look: Look = {}): string {
  const {atMs, service, method, took, ending, subject, answer = ''} = moment
  return lineOf(
    [
      {text: atMs === undefined ? '' : timeText(atMs), meaning: 'ended'},
      {text: `${service.padEnd(7)} ${printable(method.padEnd(methodWidth))}`},
      {text: typeof took === 'number' ? durationText(took) : took.padStart(9), meaning: 'ended'},
    ],
    [
      {text: ending && !ending.isFailure ? ending.text : ''},
      {text: printable(subject)},
      {text: answer === '' ? '' : printable(`-> ${answer}`)},
      {text: ending?.isFailure ? printable(ending.text) : '', meaning: 'failed'},
    ],
    look,
  )
}

/** Of the longest, UpdatePodSandboxResources. */
const methodWidth = 25

interface Part {
  text: string
  meaning?: Meaning
}

/** Columns, and what is said behind them; that goes on below, set in, where the terminal ends, and between words. */
function lineOf(columns: readonly Part[], words: readonly Part[], {paint = unpainted, width}: Look): string {
  const isThere = ({text}: Part) => text !== ''
  const head = columns.filter(isThere)
  const said = words.filter(isThere)
  const headWidth = head.reduce((sum, {text}) => sum + text.length + gap.length, 0)
  const room = width ?? Number.POSITIVE_INFINITY
  const lines = [head.map(({text, meaning}) => paint(meaning, text)).join(gap)]
  let used = headWidth - gap.length
  for (const {text, meaning} of said) {
    const pieces = ['']
    let space = gap
    for (const word of text.split(' ')) {
      if (used + space.length + word.length > room && used > margin.length) {
        pieces.push(margin)
        used = margin.length
        space = ''
      }
      pieces.push(`${pieces.pop()}${space}${word}`)
      used += space.length + word.length
      space = ' '
    }
    const [first = '', ...below] = pieces
    lines.push(`${lines.pop()}${paintWords(paint, meaning, first)}`)
    lines.push(...below.map((piece) => paintWords(paint, meaning, piece)))
  }
  return `${lines.join('\n')}\n`
}

const gap = '  '
/** Of lines that go on. */
const margin = '      '

/** Not the blanks before them. */
function paintWords(paint: Paint, meaning: Meaning | undefined, text: string): string {
  const words = text.trimStart()
  return words === '' ? '' : text.slice(0, text.length - words.length) + paint(meaning, words)
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
