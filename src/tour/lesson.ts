import {nameSource} from '../config-files/file.js'
import type {SourceText} from '../config-files/source.js'
import {type Node, parseTree, TreeError} from '../config-files/tree.js'
import {parseDurationMs} from '../text/duration.js'
import {nearest} from '../text/nearest.js'
import {type Field, fieldsOf, type Shape, type WordField} from './schema.js'

// A lesson: steps that are read, tried on a node of the lesson's own, and checked there. docs/tour.md has the file.

export interface Lesson {
  title: string
  about: string
  /** What is on its node. */
  node: 'small' | 'empty'
  steps: readonly Step[]
}

export interface Step {
  id: string
  title: string
  /** Markdown. */
  text: string
  /** What Enter types; a step without it is only read. */
  command?: Command | undefined
  /** All of them have to hold. */
  check: readonly Check[]
  hint: string
  /** Said when it is done. */
  after: string
  /** Steps whose work has to be there, and is done silently where it is not. */
  needs: readonly string[]
  /** Run silently before it where what it brings about is there already. */
  undo: readonly Command[]
  /** Nobody presses Ctrl-C where nobody types: the command is ended after so long. */
  stopAfterMs?: number | undefined
  /** The runtime's socket is gone for this step. */
  runtime: 'there' | 'away'
}

export interface Command {
  text: string
  /** For messages. */
  place: string
  line: number
}

/** What must be so after the command; of the command itself (call, verb, code alone), else of the node. */
export interface Check {
  /** One of these was made and answered so. */
  call?: readonly string[] | undefined
  answer?: string | undefined
  /** Its request was about this container, pod or image. */
  about?: string | undefined
  verb?: readonly string[] | undefined
  pod?: string | undefined
  container?: string | undefined
  image?: string | undefined
  is?: string | undefined
  code?: number | undefined
  reason?: string | undefined
  attempt?: number | undefined
  withinMs?: number | undefined
  hint?: string | undefined
}

/** Whether it is about the node, and can be asked at any time. */
export function isOfNode({pod, container, image}: Check): boolean {
  return pod !== undefined || container !== undefined || image !== undefined
}

/** The line of a place such as steps[1].check[0].is; where there is none, of what it would be in. */
export type LineAt = (place: string) => number

/** Throws UserError, one line with the file's name and the line; so does `check`, by TreeError, for what it misses. */
export function parseLesson(
  source: SourceText,
  check: (lesson: Lesson, lineAt: LineAt) => void = () => undefined,
): Lesson {
  return nameSource(source, () => {
    const [node, ...more] = parseTree(source.text)
    if (!node) throw new TreeError('is empty: a lesson has title and steps')
    if (more[0]) throw new TreeError('holds several documents: a lesson is one', more[0].line)
    const lesson = readValue(node, fieldsOf.lesson, '') as unknown as Lesson
    const lineAt: LineAt = (place) => lineIn(node, place.match(/[\w-]+/g) ?? [])
    checkSteps(lesson, lineAt)
    check(lesson, lineAt)
    return lesson
  })
}

function lineIn(node: Node, [first, ...rest]: readonly string[]): number {
  if (first === undefined) return node.line
  if (node.kind === 'sequence') {
    const item = node.items[Number(first)]
    return item ? lineIn(item, rest) : node.line
  }
  if (node.kind !== 'mapping') return node.line
  // One alone needs no list.
  if (/^\d+$/.test(first)) return lineIn(node, rest)
  const entry = node.entries.find(({key}) => key === first)
  if (!entry) return node.line
  return entry.value.kind === 'scalar' ? entry.line : lineIn(entry.value, rest)
}

/** What no field alone can tell. */
function checkSteps(lesson: Lesson, lineAt: LineAt): void {
  if (lesson.steps.length === 0) throw new TreeError('steps: there is none', lineAt(''))
  for (const [index, step] of lesson.steps.entries()) {
    const problem = stepProblem(step, lesson.steps.slice(0, index))
    if (problem === undefined) continue
    const [, field = '', inner = ''] = /^([\w[\]-]+)(?:: (\w+))?:/.exec(problem) ?? []
    throw new TreeError(`steps[${index}].${problem}`, lineAt(`steps[${index}].${field}.${inner}`))
  }
}

function stepProblem(step: Step, earlier: readonly Step[]): string | undefined {
  if (!/^[a-z\d]+(-[a-z\d]+)*$/.test(step.id)) return `id: "${step.id}" should be of a-z, 0-9 and -`
  if (earlier.some(({id}) => id === step.id)) return `id: another step is called ${step.id}`
  for (const id of step.needs) {
    const problem = needProblem(id, earlier)
    if (problem !== undefined) return `needs: ${problem}`
  }
  if (!step.command && step.check.length > 0) return 'check: without a command there is nothing to check'
  for (const [at, check] of step.check.entries()) {
    const problem = checkProblem(check, step)
    if (problem !== undefined) return `check[${at}]: ${problem}`
  }
  return undefined
}

function needProblem(id: string, earlier: readonly Step[]): string | undefined {
  const needed = earlier.find((other) => other.id === id)
  if (needed?.command && needed.check.some(isOfNode)) return undefined
  if (needed) return `step ${id} leaves nothing on the node that a check of it tells`
  const guess = nearest(
    id,
    earlier.map((other) => other.id),
  )
  return `no step before it is called "${id}"${guess ? `, did you mean ${guess}?` : ''}`
}

const subjects = ['call', 'verb', 'pod', 'container', 'image'] as const
/** What goes with which of them alone. */
const subjectOf = {answer: 'call', about: 'call', reason: 'container', attempt: 'container'} as const

function checkProblem(check: Check, {runtime}: Step): string | undefined {
  const [subject, other] = subjects.filter((name) => check[name] !== undefined)
  if (other) return `is about ${subject} and ${other}: write one check for each`
  if (!subject && check.code === undefined)
    return 'should be about a call, verb, pod, container, image or code'
  if (isOfNode(check) && runtime === 'away') return `no runtime can be asked about a ${subject} in this step`
  for (const [name, wanted] of Object.entries(subjectOf))
    if (check[name as keyof typeof subjectOf] !== undefined && subject !== wanted)
      return `${name}: goes with ${wanted}`
  return stateProblem(check.is, statesOf[subject ?? ''])
}

function stateProblem(is: string | undefined, states: readonly string[] | undefined): string | undefined {
  if (!states) return is === undefined ? undefined : 'is: goes with pod, container or image'
  if (is === undefined) return `is: ${states.join(', ')} is missing`
  if (states.includes(is)) return undefined
  const guess = nearest(is, states)
  return `is: "${is}" should be one of ${states.join(', ')}${guess ? `: did you mean ${guess}?` : ''}`
}

const statesOf: Readonly<Record<string, readonly string[]>> = {
  pod: ['ready', 'not-ready', 'there', 'gone'],
  container: ['created', 'running', 'exited', 'there', 'gone'],
  image: ['there', 'gone'],
}

/** Aliases make much of little: a small file must not take long to read. */
const mostItems = 100
const longestText = 8_000

type Fail = (problem: string) => never

function readValue(node: Node, field: Field, path: string): unknown {
  const fail: Fail = (problem) => {
    throw new TreeError(path === '' ? problem : `${path}: ${problem}`, node.line)
  }
  if (field.kind === 'mapping') return readMapping(node, field.shape, path)
  if (field.kind === 'list') {
    // One alone needs no list.
    const items = node.kind === 'sequence' ? node.items : node.kind === field.alone ? [node] : undefined
    if (!items) return fail('should be a list')
    if (items.length > mostItems) return fail(`has ${items.length} entries, and ${mostItems} are the most`)
    return items.map((item, index) => readValue(item, field.item, `${path}[${index}]`))
  }
  if (node.kind !== 'scalar') return fail(`should be ${field.what}`)
  if (node.text.trim() === '') return fail('is empty')
  if (node.text.length > longestText) return fail(`is longer than ${longestText} characters`)
  if (field.kind === 'command') return {text: node.text.trim(), place: path, line: node.line}
  return readWord(node.text, field, fail)
}

function readWord(text: string, {kind, what, words}: WordField, fail: Fail): string | number {
  if (kind === 'number') return /^\d{1,9}$/.test(text) ? Number(text) : fail(`"${text}" should be ${what}`)
  if (kind === 'duration') return durationOf(text, fail)
  return !words || words.includes(text) ? text : fail(`"${text}" should be ${nearest(text, words) ?? what}`)
}

const longestMs = 60_000

function durationOf(text: string, fail: Fail): number {
  let ms: number
  try {
    ms = parseDurationMs(text)
  } catch (error) {
    return fail((error as Error).message)
  }
  return ms > 0 && ms <= longestMs ? ms : fail(`"${text}" should be more than nothing and at most 1m`)
}

function readMapping(node: Node, shape: Shape, path: string): Record<string, unknown> {
  const inside = path === '' ? '' : `${path}.`
  if (node.kind !== 'mapping')
    throw new TreeError(`${path === '' ? '' : `${path}: `}should have fields such as "title: …"`, node.line)
  const given: Record<string, unknown> = {}
  for (const {key, value, line} of node.entries) {
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined
    if (!field) throw new TreeError(`${inside}${key}: ${unknownField(key, Object.keys(shape))}`, line)
    const name = field.name ?? key
    if (Object.hasOwn(given, name)) throw new TreeError(`${inside}${key}: stands there twice`, line)
    given[name] = readValue(value, field, `${inside}${key}`)
  }
  const missing = Object.entries(shape).find(([key, {required}]) => required && !(key in given))
  if (missing) throw new TreeError(`${inside}${missing[0]}: is missing`, node.line)
  return {...presetsOf(shape), ...given}
}

function presetsOf(shape: Shape): Record<string, unknown> {
  const preset = Object.entries(shape).filter(([, field]) => field.preset !== undefined)
  return Object.fromEntries(preset.map(([key, field]) => [field.name ?? key, field.preset]))
}

function unknownField(key: string, known: readonly string[]): string {
  const guess = nearest(key, known)
  return `no such field${guess ? `, did you mean ${guess}?` : `: there are ${known.join(', ')}`}`
}
