import {
  type CodePoints,
  complement,
  intersect,
  isAscii,
  lastAscii,
  lastCodePoint,
  onlyCodePoint,
  rangesOf,
} from '../text/regexp/code-points.js'
import {Regexp} from '../text/regexp/index.js'
import {quantifierSource} from '../text/regexp/native.js'
import type {Pattern} from '../text/regexp/pattern.js'
import type {Tree} from '../text/regexp/syntax.js'

/** What finds lines among many: at least each line that one of the expressions matches, never beyond a line's end. */
export class LineFinder {
  /** It counts characters, so the bytes must be valid UTF-8. */
  readonly needsUtf8: boolean
  /** Finds no other lines than those that match. */
  readonly exact: boolean
  readonly #patterns: readonly Regexp[]
  readonly #expression: RegExp

  /** The sources are for bytes that are read as Latin-1, so that places are those of the bytes. */
  constructor(patterns: readonly Regexp[], sources: readonly string[], {needsUtf8, exact}: BytesOf) {
    this.#patterns = patterns
    this.#expression = new RegExp(sources.join('|'), 'gm')
    this.needsUtf8 = needsUtf8
    this.exact = exact
  }

  /** How many bytes a line may have; 0 where it has turned out to be slow. */
  get longestQuick(): number {
    return Math.min(...this.#patterns.map(({longestQuick}) => longestQuick))
  }

  /** Where one of the lines matches, from a place on; the text's length where none does. */
  next(text: string, from: number): number {
    this.#expression.lastIndex = from
    return this.#expression.exec(text)?.index ?? text.length
  }

  /** To be told how long it took. */
  took(ms: number, bytes: number): void {
    for (const pattern of this.#patterns) pattern.took(ms, bytes)
  }
}

/**
 * Each line that it finds is still to be looked at, unless it is exact. `stamped`: a time and a blank come before each
 * line's text. Undefined where there is none.
 */
export function lineFinder(patterns: readonly Pattern[], stamped: boolean): LineFinder | undefined {
  const readable = patterns.filter(
    (pattern) => pattern instanceof Regexp && pattern.longestQuick > 0,
  ) as Regexp[]
  if (readable.length === 0 || readable.length < patterns.length) return undefined
  const bytes = new BytesOf(stamped)
  const sources = readable.flatMap(({tree}) => (tree ? [bytes.source(withoutEdges(tree))] : []))
  return new LineFinder(readable, sources, bytes)
}

/** The bytes of one character beyond ASCII. Behind each there is only one way to go on, so nothing is tried twice. */
const beyondAscii = '[\\xc2-\\xdf][\\x80-\\xbf]|[\\xe0-\\xef][\\x80-\\xbf]{2}|[\\xf0-\\xf4][\\x80-\\xbf]{3}'
/** More are not told apart. */
const mostSpelledOut = 4
const newline: CodePoints = [10, 10]
const replacement = 0xfffd

/** Expressions for the UTF-8 of one line, read as Latin-1. They take at least what the tree takes. */
class BytesOf {
  needsUtf8 = false
  exact = true
  readonly #lineStart: string

  constructor(stamped: boolean) {
    if (stamped) this.exact = false
    this.#lineStart = stamped ? '(?<=^\\S{30,35} )' : '^'
  }

  source(tree: Tree): string {
    switch (tree.kind) {
      case 'set':
        return this.#character(tree.set)
      case 'at':
        return this.#place(tree.place)
      case 'sequence':
        return tree.parts
          .map((part) => (part.kind === 'choice' ? `(?:${this.source(part)})` : this.source(part)))
          .join('')
      case 'choice':
        return tree.options.map((option) => this.source(option)).join('|')
      case 'repeat': {
        const {part, least, most} = tree
        const round =
          part.kind === 'set' && least <= 1 && most === Infinity
            ? this.#anyBytes(part.set)
            : `(?:${this.source(part)})`
        return `${round}${quantifierSource(tree)}`
      }
    }
  }

  #place(place: Extract<Tree, {kind: 'at'}>['place']): string {
    if (place === 'word-edge') return '\\b'
    // These stand beside a carriage return too.
    this.exact = false
    return place === 'text-start' || place === 'line-start' ? this.#lineStart : '$'
  }

  #character(set: CodePoints): string {
    const [ascii, others] = partsOf(set)
    if (others.length === 0) return classSource(ascii)
    const spelledOut = spellOut(others)
    if (!spelledOut) {
      this.exact = false
      this.needsUtf8 = true
    }
    const beyond = spelledOut ?? beyondAscii
    return ascii.length === 0 ? `(?:${beyond})` : `(?:${classSource(ascii)}|${beyond})`
  }

  /** Where any number of them may follow each other, they need not be told apart. */
  #anyBytes(set: CodePoints): string {
    const [ascii, others] = partsOf(set)
    if (others.length === 0) return classSource(ascii)
    this.exact = false
    return `[${classBody(ascii)}\\x80-\\xff]`
  }
}

/** The part in ASCII, where no line ends, and the part beyond. */
function partsOf(set: CodePoints): [CodePoints, CodePoints] {
  const within = intersect(set, complement(newline))
  return [intersect(within, [0, lastAscii]), intersect(within, [lastAscii + 1, lastCodePoint])]
}

/** Undefined for many, and where bytes that are no UTF-8 count as one of them. */
function spellOut(set: CodePoints): string | undefined {
  const codes: number[] = []
  for (const [from, to] of rangesOf(set)) {
    if (to - from >= mostSpelledOut || codes.length >= mostSpelledOut) return undefined
    for (let code = from; code <= to; code++) codes.push(code)
  }
  if (codes.includes(replacement)) return undefined
  return codes.map((code) => Buffer.from(String.fromCodePoint(code)).toString('latin1')).join('|')
}

function classSource(set: CodePoints): string {
  const only = onlyCodePoint(set)
  return only === undefined ? `[${classBody(set)}]` : byteSource(only)
}

function classBody(set: CodePoints): string {
  return rangesOf(set)
    .map(([from, to]) => (from === to ? byteSource(from) : `${byteSource(from)}-${byteSource(to)}`))
    .join('')
}

function byteSource(code: number): string {
  const character = String.fromCharCode(code)
  return /^\w$/.test(character) ? character : `\\x${code.toString(16).padStart(2, '0')}`
}

/** Whether a line matches does not depend on how much more of the same there is at either end. */
function withoutEdges(tree: Tree): Tree {
  const parts = tree.kind === 'sequence' ? [...tree.parts] : [tree]
  for (const edge of [0, -1]) {
    for (;;) {
      const part = parts.at(edge)
      if (part?.kind !== 'repeat') break
      if (part.least > 0) {
        const {part: round, least} = part
        if (round.kind === 'set' && isAscii(round.set)) parts.splice(edge, 1, {...part, most: least})
        break
      }
      parts.splice(edge, 1)
    }
  }
  return {kind: 'sequence', parts}
}

/** Less is in almost every line. */
const shortestText = 3
const longestText = 64

/** A text that every line holds that matches. Undefined where none is known. */
export function requiredText(pattern: Pattern): string | undefined {
  if (!(pattern instanceof Regexp) || !pattern.tree) return undefined
  const runs = ['']
  addRuns(pattern.tree, runs)
  const longest = runs.reduce((long, run) => (run.length > long.length ? run : long), '')
  const text = [...longest].slice(0, longestText).join('')
  return text.length >= shortestText && !text.includes('\ufffd') ? text : undefined
}

function addRuns(tree: Tree, runs: string[]): void {
  switch (tree.kind) {
    case 'at':
      return
    case 'set': {
      const only = onlyCodePoint(tree.set)
      if (only === undefined) runs.push('')
      else runs.push(`${runs.pop()}${String.fromCodePoint(only)}`)
      return
    }
    case 'sequence':
      for (const part of tree.parts) addRuns(part, runs)
      return
    case 'choice':
      runs.push('')
      return
    case 'repeat':
      if (tree.least > 0) addRuns(tree.part, runs)
      runs.push('')
  }
}

/** What a pattern looks for that is nothing but text. */
export function literalOf(pattern: Pattern): string | undefined {
  if (!(pattern instanceof Regexp) || !pattern.tree) return undefined
  const {tree} = pattern
  const codes = (tree.kind === 'sequence' ? tree.parts : [tree]).map((part) =>
    part.kind === 'set' ? onlyCodePoint(part.set) : undefined,
  )
  if (codes.length === 0 || codes.includes(undefined) || codes.includes(replacement)) return undefined
  return String.fromCodePoint(...codes.map((code) => code ?? 0))
}
