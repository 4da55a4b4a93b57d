import {printable, printableLines} from '../errors/printable.js'
import {verbCalls} from '../explain/verbs.js'
import {markdownText, type PageStyle} from '../formats/markdown.js'
import type {Paint} from '../text/meaning.js'
import {programName} from '../text/program.js'
import {answerOf, subjectOf, type TracedMoment, traceLine} from '../views/calls.js'
import type {Lesson, Step} from './lesson.js'

// What a tour shows, as text of so many columns.

export interface Look {
  width: number
  style: PageStyle
  paint: Paint
}

export function stepText(lesson: Lesson, index: number, {width, style}: Look): string {
  const step = lesson.steps[index] as Step
  const head = `--- ${index + 1}/${lesson.steps.length}  ${printable(step.title)} `
  return `\n${style.title(head.padEnd(width - 2, '-'))}\n\n${paragraphs(step.text, {width, style})}`
}

/** Markdown of a lesson's file, which may hold anything. */
export function paragraphs(text: string, {width, style}: Pick<Look, 'width' | 'style'>): string {
  return markdownText(printableLines(text), width - 2, style)
}

/** How the command of a step is shown, and how it stands where it was typed. */
export function typedText(command: string, {style}: Pick<Look, 'style'>, prompt = '  $ '): string {
  const words = command.replace(/^crisp +/, '')
  return `${prompt}${style.typed(printable(`${programName()} ${words}`))}\n`
}

export function listText(
  lesson: Lesson,
  {here, done}: {here: string | undefined; done: readonly string[]},
): string {
  const lines = lesson.steps.map(({id, title}, index) => {
    const mark = id === here ? '>' : done.includes(id) ? '+' : ' '
    return `${mark} ${String(index + 1).padStart(2)}  ${printable(title)}\n`
  })
  return `${printable(lesson.title)}\n\n${lines.join('')}`
}

/** A call or stream of the trace. */
export interface TracedCall {
  service: string
  method: string
  request?: Record<string, unknown>
  response?: Record<string, unknown>
  durationMs?: number
  status?: string
  details?: string
  exitCode?: number
}

const mostLines = 14

/** The calls of a command as --trace prints them, each with why the verb makes it where that was not yet said. */
export function callsText(
  verb: string,
  events: readonly TracedCall[],
  said: Set<string>,
  {width, style, paint}: Look,
): string {
  if (events.length === 0) return ''
  const runs = runsOf(events)
  const reasons = reasonsFor(verb, events)
  const shown = runs.slice(0, mostLines)
  const more = runs.slice(mostLines).flat().length
  const lines = shown.map(([event, ...alike]) => {
    const line = traceLine(momentOf(event), {paint, width: width - 1})
    const again = alike.length > 0 ? `    and ${alike.length} more ${event.method}\n` : ''
    const why = reasons.get(event)
    if (why === undefined || said.has(why)) return `${line}${again}`
    said.add(why)
    return `${line}${indent(why, width, style)}${again}`
  })
  return `\n${style.title('CRI calls')}\n${lines.join('')}${more > 0 ? `… and ${more} more\n` : ''}`
}

/** Why the verb made each: its calls come in the order of the table, where one may stand for several reasons. */
function reasonsFor(verb: string, events: readonly TracedCall[]): ReadonlyMap<TracedCall, string> {
  const hasFailed = events.some(({status}) => status !== undefined && !['OK', 'left'].includes(status))
  const may = (verbCalls[verb] ?? []).filter(
    ({when = ''}) => !ofOtherRuntimes.test(when) && (hasFailed || !/\bfails?\b/.test(when)),
  )
  let at = 0
  const reasons = new Map<TracedCall, string>()
  for (const event of events) {
    const isIt = ({method}: (typeof may)[number]) => method === event.method
    const next = may.findIndex((each, index) => index >= at && isIt(each))
    at = next === -1 ? Math.max(0, may.findIndex(isIt)) : next
    const found = may[at]
    if (found && isIt(found)) reasons.set(event, found.why)
  }
  return reasons
}

/** What the embedded runtime never is. */
const ofOtherRuntimes = /CRI-O|UUID/

/** The same call several times, as of each container of a list, is one of these; one that failed stands alone. */
function runsOf(events: readonly TracedCall[]): [TracedCall, ...TracedCall[]][] {
  const runs: [TracedCall, ...TracedCall[]][] = []
  for (const event of events) {
    const last = runs.at(-1)
    const isSame = last?.[0].method === event.method && last[0].status === 'OK' && event.status === 'OK'
    if (isSame && event.service !== 'stream') last.push(event)
    else runs.push([event])
  }
  return runs
}

function indent(why: string, width: number, style: PageStyle): string {
  const margin = '    '
  return markdownText(why, width - margin.length - 2, style).replace(/^(?=.)/gm, margin)
}

function momentOf(event: TracedCall): TracedMoment {
  const {service, method, request, response, durationMs, status, details = '', exitCode} = event
  const isFailure = status !== undefined && !['OK', 'left', 'interrupted'].includes(status)
  const answer = exitCode === undefined ? (response ? answerOf(response) : '') : `exit code ${exitCode}`
  return {
    service: service === 'ImageService' ? 'image' : service === 'stream' ? 'stream' : 'runtime',
    method,
    took: durationMs ?? 'begins',
    ...(status === undefined
      ? {}
      : {ending: {text: details === '' ? status : `${status}: ${details}`, isFailure}}),
    subject: service === 'stream' ? '' : subjectOf(request),
    // So that most lines end before the 80th column.
    ...(answer === '' ? {} : {answer: answer.replace(/^(CONTAINER|SANDBOX)_/, '')}),
  }
}
