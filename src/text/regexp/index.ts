import type {RE2JS} from 're2js'
import {UsageError} from '../../errors/errors.js'
import {longestQuickText} from './cost.js'
import {nativeExpression, nativeTest} from './native.js'
import type {Pattern} from './pattern.js'
import {readRegexp, type Tree} from './syntax.js'

/** A part of a text: from, to, in UTF-16 units. */
export type Span = readonly [number, number]

/** JavaScript's engine is given up where it has taken more than that, and for less than so many characters each ms. */
const slow = {ms: 200, charactersEachMs: 2000}
const clockEach = 8

/**
 * An expression of RE2's, as Go and so crictl have them; unanchored. However hostile a text, the time that it takes
 * grows no faster than the text. JavaScript's engine, the faster one, gets what it is sure to end soon with, as long
 * as it is the faster one.
 */
export class Regexp implements Pattern {
  /** Undefined for what only RE2 itself understands. */
  readonly tree: Tree | undefined
  #longestQuick: number
  readonly #native: RegExp | undefined
  #spanning: RegExp | undefined
  readonly #linear: RE2JS | undefined
  readonly #spent = {ms: 0, characters: 0}
  #tests = 0

  constructor(tree: Tree | undefined, longestQuick: number, linear: RE2JS | undefined) {
    this.tree = tree
    this.#longestQuick = longestQuick
    this.#native = tree && longestQuick > 0 ? nativeTest(tree) : undefined
    this.#linear = linear
  }

  /** How long a text may be for JavaScript's engine; 0 where it is not to be used. */
  get longestQuick(): number {
    return this.#longestQuick
  }

  test(text: string): boolean {
    if (!this.#linear) return this.#native?.test(text) ?? false
    if (!this.#native || text.length > this.#longestQuick) return this.#linear.test(text)
    // To look at a clock each time costs as much as most texts.
    if (++this.#tests % clockEach !== 0) return this.#native.test(text)
    const startedAt = performance.now()
    const matches = this.#native.test(text)
    this.took((performance.now() - startedAt) * clockEach, text.length * clockEach)
    return matches
  }

  /** What matches, from the left; none within another. */
  spans(text: string): Span[] {
    const spans: Span[] = []
    if (this.tree && this.#native && text.length <= this.#longestQuick) {
      this.#spanning ??= new RegExp(nativeExpression(this.tree), 'gu')
      for (const {0: found, index} of text.matchAll(this.#spanning)) spans.push([index, index + found.length])
    } else if (this.#linear) {
      const matcher = this.#linear.matcher(text)
      while (matcher.find()) spans.push([matcher.start(), matcher.end()])
    }
    return spans
  }

  /** To be told how long JavaScript's engine took. */
  took(ms: number, characters: number): void {
    this.#spent.ms += ms
    this.#spent.characters += characters
    const isSlow = this.#spent.ms > slow.ms && this.#spent.characters < this.#spent.ms * slow.charactersEachMs
    if (this.#linear && isSlow) this.#longestQuick = 0
  }
}

/** Throws UsageError. */
export async function parseRegexp(source: string): Promise<Regexp> {
  const tree = readRegexp(source)
  const longestQuick = tree ? longestQuickText(tree) : 0
  return new Regexp(tree, longestQuick, longestQuick === Infinity ? undefined : await linearOf(source))
}

/** RE2 itself, loaded for the few expressions that need it. */
async function linearOf(source: string): Promise<RE2JS> {
  const {RE2JS, RE2JSSyntaxException} = await import('re2js')
  try {
    return RE2JS.compile(source)
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error
    const why = error.message.replace(/^error parsing regexp: /, '')
    const note = /^invalid (?:escape sequence: `\\[1-9]|.*`\(\?<?[=!])/.test(why)
      ? ' (RE2, as crictl has it, knows neither back references nor looking around)'
      : ''
    throw new UsageError(`"${source}" is not a regular expression: ${why}${note}`, {cause: error})
  }
}
