import type {Pattern} from '../text/regexp/pattern.js'
import {literalOf, requiredText} from './expression.js'
import type {LogLine} from './lines.js'

export interface Grep {
  /** A line must match one of these, unless there are none. */
  include: readonly Pattern[]
  /** And none of these. */
  exclude: readonly Pattern[]
  /** Lines shown before and after each that matches. */
  before: number
  after: number
}

/** Whether a line's text passes. Each pattern that is nothing but text is compared as bytes. */
export function lineTest({
  include,
  exclude,
}: Pick<Grep, 'include' | 'exclude'>): (content: Buffer) => boolean {
  const included = include.map(bytesTest)
  const excluded = exclude.map(bytesTest)
  return (content) => {
    const text: Text = {content, decoded: undefined}
    return (
      (included.length === 0 || included.some((test) => test(text))) && !excluded.some((test) => test(text))
    )
  }
}

interface Text {
  content: Buffer
  decoded: string | undefined
}

function bytesTest(pattern: Pattern): (text: Text) => boolean {
  const literal = literalOf(pattern)
  if (literal !== undefined) {
    const needle = Buffer.from(literal)
    return ({content}) => content.includes(needle)
  }
  const required = requiredText(pattern)
  const needle = required === undefined ? undefined : Buffer.from(required)
  return (text) => {
    if (needle && !text.content.includes(needle)) return false
    text.decoded ??= text.content.toString('utf8')
    return pattern.test(text.decoded)
  }
}

/** Lines of one log around those that pass. */
export class ContextLines {
  readonly #grep: Grep
  readonly #passes: (content: Buffer) => boolean
  #before: LogLine[] = []
  #afterLeft = 0
  #anyShown = false
  #leftOut = false

  constructor(grep: Grep) {
    this.#grep = grep
    this.#passes = lineTest(grep)
  }

  /** What to show now that this line has come; `gap` where lines between this and the last shown one are left out. */
  next(line: LogLine): {lines: LogLine[]; gap: boolean; matches: boolean} {
    const matches = this.#passes(line.content)
    if (matches) {
      const lines = [...this.#before, line]
      const gap = this.#anyShown && this.#leftOut && (this.#grep.before > 0 || this.#grep.after > 0)
      this.#before = []
      this.#afterLeft = this.#grep.after
      this.#anyShown = true
      this.#leftOut = false
      return {lines, gap, matches}
    }
    if (this.#afterLeft > 0) {
      this.#afterLeft--
      return {lines: [line], gap: false, matches}
    }
    if (this.#grep.before === 0) this.#leftOut = true
    else {
      this.#before.push({...line, content: Buffer.from(line.content)})
      if (this.#before.length > this.#grep.before) {
        this.#before.shift()
        this.#leftOut = true
      }
    }
    return none
  }
}

const none: {lines: LogLine[]; gap: boolean; matches: boolean} = {lines: [], gap: false, matches: false}
