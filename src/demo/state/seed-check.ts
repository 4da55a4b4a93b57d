import {nearest} from '../../text/nearest.js'
import type {Seed} from './seed.js'

// A check without a schema library: what a field may be, and how to say that it is not.

type Check = (value: unknown, where: string) => void

const text: Check = (value, where) => {
  if (typeof value !== 'string' || value === '') throw new Error(`${where} should be a text`)
}
const yesOrNo: Check = (value, where) => {
  if (typeof value !== 'boolean') throw new Error(`${where} should be true or false`)
}
const count: Check = (value, where) => {
  if (!Number.isInteger(value) || (value as number) < 0) throw new Error(`${where} should be a whole number`)
}
const oneOf =
  (...words: string[]): Check =>
  (value, where) => {
    if (!words.includes(value as string)) throw new Error(`${where} should be ${words.join(' or ')}`)
  }
const listOf =
  (check: Check): Check =>
  (value, where) => {
    if (!Array.isArray(value)) throw new Error(`${where} should be a list`)
    for (const [index, item] of value.entries()) check(item, `${where}[${index}]`)
  }
const mapOf =
  (check: Check): Check =>
  (value, where) => {
    for (const [key, item] of Object.entries(asMap(value, where))) check(item, `${where}.${key}`)
  }
const fields =
  (checks: Record<string, Check>, required: readonly string[] = []): Check =>
  (value, where) => {
    const map = asMap(value, where)
    const inside = where === '' ? '' : `${where}.`
    for (const [key, item] of Object.entries(map)) {
      if (!Object.hasOwn(checks, key)) throw unknownField(`${inside}${key}`, key, Object.keys(checks))
      checks[key]?.(item, `${inside}${key}`)
    }
    for (const key of required) if (!(key in map)) throw new Error(`${inside}${key} is missing`)
  }

function unknownField(where: string, key: string, known: readonly string[]): Error {
  const guess = nearest(key, known)
  return new Error(`no such field ${where}${guess ? `, did you mean ${guess}?` : ''}`)
}

function asMap(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${where === '' ? 'the file' : where} should have fields such as "name: value"`)
  return value as Record<string, unknown>
}

const container = fields(
  {
    name: text,
    image: text,
    command: listOf(text),
    args: listOf(text),
    env: mapOf(text),
    labels: mapOf(text),
    annotations: mapOf(text),
    attempt: count,
    tty: yesOrNo,
    stdin: yesOrNo,
    state: oneOf('created', 'running', 'exited'),
    init: yesOrNo,
    restart: yesOrNo,
  },
  ['name', 'image'],
)

const pod = fields(
  {
    name: text,
    namespace: text,
    uid: text,
    attempt: count,
    labels: mapOf(text),
    annotations: mapOf(text),
    hostNetwork: yesOrNo,
    ready: yesOrNo,
    containers: listOf(container),
  },
  ['name'],
)

const seed = fields({images: listOf(text), pods: listOf(pod)})

/** Throws an Error that says which field is wrong, and what it should be. */
export function checkSeed(value: unknown): Seed {
  seed(value, '')
  return value as Seed
}
