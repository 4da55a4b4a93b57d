import {type CodePoints, codePointsOf, complement, isAscii, rangesOf, unite} from './code-points.js'

/** A regular expression, read. What is in brackets is no more than its parts, since nothing asks for groups. */
export type Tree =
  | {kind: 'set'; set: CodePoints}
  | {kind: 'at'; place: Place}
  | {kind: 'sequence'; parts: readonly Tree[]}
  | {kind: 'choice'; options: readonly Tree[]}
  | {kind: 'repeat'; part: Tree; least: number; most: number; greedy: boolean}

type Place = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge'

interface Modes {
  ignoreCase: boolean
  manyLines: boolean
  dotAll: boolean
  ungreedy: boolean
}

/** RE2 refuses more. */
const mostRepeats = 1000
/** More is left to RE2, which has limits of its own for what is large or deep. */
const longestSource = 500
const deepest = 50

/**
 * The expression as RE2 understands it; undefined where it is no expression of RE2's, and also for the parts of its
 * syntax that are rare or depend on Unicode's tables. Whoever wants these asks RE2 itself.
 */
export function readRegexp(source: string): Tree | undefined {
  if (source.length > longestSource) return undefined
  try {
    return new Reader(source).read()
  } catch (error) {
    if (error === notUnderstood) return undefined
    throw error
  }
}

const notUnderstood = new Error('not understood')

const repeatForm = /(?:([*+?])|\{(\d+)(?:(,)(\d+)?)?\})(\??)/y
const modesForm = /\?([imsU]*)(?:-([imsU]+))?([:)])/y
const nameForm = /\?P?<([A-Za-z0-9_]+)>/y
const posixForm = /\[:(\^?)(\w+):\]/y
const hexForm = /x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y

class Reader {
  readonly #source: string
  #at = 0
  #depth = 0

  constructor(source: string) {
    this.#source = source
  }

  read(): Tree {
    const tree = this.#choice({ignoreCase: false, manyLines: false, dotAll: false, ungreedy: false})
    if (this.#at < this.#source.length) throw notUnderstood
    return tree
  }

  /** To the bracket that ends it. Modes set within it hold to its end, behind `|` too. */
  #choice(outer: Modes): Tree {
    if (++this.#depth > deepest) throw notUnderstood
    const modes = {...outer}
    const options: Tree[] = []
    do options.push(this.#sequence(modes))
    while (this.#take('|'))
    this.#depth--
    const [only] = options
    return options.length === 1 && only ? only : {kind: 'choice', options}
  }

  #sequence(modes: Modes): Tree {
    const parts: Tree[] = []
    while (this.#at < this.#source.length && !this.#sees('|') && !this.#sees(')')) {
      const read = this.#parts(modes)
      const last = read.pop()
      const repeat = this.#match(repeatForm)
      if (!last) {
        if (repeat) throw notUnderstood
        continue
      }
      parts.push(...read, repeat ? this.#repeated(last, repeat, modes) : last)
    }
    const [only] = parts
    return parts.length === 1 && only ? only : {kind: 'sequence', parts}
  }

  #repeated(part: Tree, [, sign, low, comma, high, lazy]: readonly string[], modes: Modes): Tree {
    const least = sign ? (sign === '+' ? 1 : 0) : Number(low)
    const most = sign ? (sign === '?' ? 1 : Infinity) : high ? Number(high) : comma ? Infinity : least
    const largest = most === Infinity ? least : most
    // JavaScript takes no round that is empty; RE2 counts the rounds of what is repeated within.
    if (isNullable(part) || least > most || largest * repeatsIn(part) > mostRepeats) throw notUnderstood
    // Of those with a zero in front RE2 takes the bracket for itself.
    if (/^0\d/.test(low ?? '') || /^0\d/.test(high ?? '') || this.#match(repeatForm)) throw notUnderstood
    return {kind: 'repeat', part, least, most, greedy: (lazy === '') !== modes.ungreedy}
  }

  /** None for a change of modes; several for what is quoted. */
  #parts(modes: Modes): Tree[] {
    if (this.#match(repeatForm)) throw notUnderstood
    const character = this.#next()
    switch (character) {
      case '(':
        return this.#group(modes)
      case '[':
        return [{kind: 'set', set: this.#class(modes)}]
      case '.':
        return [{kind: 'set', set: modes.dotAll ? complement([]) : complement([newline, newline])}]
      case '^':
        return [{kind: 'at', place: modes.manyLines ? 'line-start' : 'text-start'}]
      case '$':
        return [{kind: 'at', place: modes.manyLines ? 'line-end' : 'text-end'}]
      case '\\':
        return this.#escape(modes)
      default:
        return [{kind: 'set', set: withCases(characterSet(character), modes)}]
    }
  }

  /** Behind the bracket. */
  #group(modes: Modes): Tree[] {
    const inner = {...modes}
    const [, on = '', off = '', end] = this.#match(modesForm) ?? []
    const changed = end === ')' ? modes : inner
    for (const mode of on) setMode(changed, mode, true)
    for (const mode of off) setMode(changed, mode, false)
    if (end === ')') return []
    if (end === undefined && !this.#match(nameForm) && this.#sees('?')) throw notUnderstood
    const tree = this.#choice(inner)
    if (!this.#take(')')) throw notUnderstood
    return [tree]
  }

  #escape(modes: Modes): Tree[] {
    const group = this.#perlClass(modes)
    if (group) return [{kind: 'set', set: group}]
    const letter = this.#source[this.#at] ?? ''
    const place = places.get(letter)
    if (place) {
      this.#at++
      return [{kind: 'at', place}]
    }
    if (this.#take('Q')) return this.#quoted(modes)
    return [{kind: 'set', set: withCases(characterSet(this.#escapedCharacter()), modes)}]
  }

  #quoted(modes: Modes): Tree[] {
    const end = this.#source.indexOf('\\E', this.#at)
    const text = this.#source.slice(this.#at, end === -1 ? undefined : end)
    if (text === '') throw notUnderstood
    this.#at = end === -1 ? this.#source.length : end + 2
    return [...text].map((character) => ({kind: 'set', set: withCases(characterSet(character), modes)}))
  }

  /** Behind the `[`. */
  #class(modes: Modes): CodePoints {
    const inverted = this.#take('^')
    const sets: CodePoints[] = []
    for (let first = true; first || !this.#sees(']'); first = false)
      sets.push(this.#posixClass(modes) ?? this.#classItem(modes))
    this.#at++
    return inverted ? complement(unite(...sets)) : unite(...sets)
  }

  #posixClass(modes: Modes): CodePoints | undefined {
    if (!this.#source.startsWith('[:', this.#at) || !this.#source.includes(':]', this.#at + 2))
      return undefined
    const [, not, name = ''] = this.#match(posixForm) ?? []
    const set = posixClasses.get(name)
    if (!set) throw notUnderstood
    const folded = withCases(set, modes)
    return not ? complement(folded) : folded
  }

  #classItem(modes: Modes): CodePoints {
    if (this.#take('\\')) {
      const group = this.#perlClass(modes)
      if (group) return group
      this.#at--
    }
    const from = this.#classCharacter()
    const isRange = this.#sees('-') && this.#source[this.#at + 1] !== ']'
    if (isRange) this.#at++
    const to = isRange ? this.#classCharacter() : from
    if (from > to) throw notUnderstood
    return withCases([from, to], modes)
  }

  #classCharacter(): number {
    const character = this.#next()
    return codePointOf(character === '\\' ? this.#escapedCharacter() : character)
  }

  /** Behind the backslash. */
  #perlClass(modes: Modes): CodePoints | undefined {
    const letter = this.#source[this.#at] ?? ''
    const set = perlClasses.get(letter.toLowerCase())
    if (!set) return undefined
    this.#at++
    const folded = withCases(set, modes)
    return letter === letter.toLowerCase() ? folded : complement(folded)
  }

  /** Behind the backslash. */
  #escapedCharacter(): string {
    const hex = this.#match(hexForm)
    if (hex) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw notUnderstood
      return String.fromCodePoint(code)
    }
    const character = this.#next()
    const control = controls.get(character)
    if (control !== undefined) return control
    if (!/^[\0-/:-@[-`{-\x7f]$/.test(character)) throw notUnderstood
    return character
  }

  #next(): string {
    const code = this.#source.codePointAt(this.#at)
    if (code === undefined) throw notUnderstood
    const character = String.fromCodePoint(code)
    this.#at += character.length
    return character
  }

  #sees(character: string): boolean {
    return this.#source[this.#at] === character
  }

  #take(character: string): boolean {
    const there = this.#sees(character)
    if (there) this.#at++
    return there
  }

  #match(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = this.#at
    const found = form.exec(this.#source) ?? undefined
    if (found) this.#at = form.lastIndex
    return found
  }
}

const newline = 10

const places: ReadonlyMap<string, Place> = new Map([
  ['A', 'text-start'],
  ['z', 'text-end'],
  // JavaScript's `\B` stands within a character of two units too.
  ['b', 'word-edge'],
])

const controls: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

/** From characters in pairs: `az` is a to z. */
function setOf(...pairs: readonly string[]): CodePoints {
  return codePointsOf(pairs.map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]))
}

const perlClasses: ReadonlyMap<string, CodePoints> = new Map([
  ['d', setOf('09')],
  ['s', setOf('\t\n', '\f\r', '  ')],
  ['w', setOf('09', 'AZ', '__', 'az')],
])

const posixClasses: ReadonlyMap<string, CodePoints> = new Map([
  ['alnum', setOf('09', 'AZ', 'az')],
  ['alpha', setOf('AZ', 'az')],
  ['ascii', setOf('\0\x7f')],
  ['blank', setOf('\t\t', '  ')],
  ['cntrl', setOf('\0\x1f', '\x7f\x7f')],
  ['digit', setOf('09')],
  ['graph', setOf('!~')],
  ['lower', setOf('az')],
  ['print', setOf(' ~')],
  ['punct', setOf('!/', ':@', '[`', '{~')],
  ['space', setOf('\t\r', '  ')],
  ['upper', setOf('AZ')],
  ['word', setOf('09', 'AZ', '__', 'az')],
  ['xdigit', setOf('09', 'AF', 'af')],
])

function setMode(modes: Modes, letter: string, on: boolean): void {
  if (letter === 'i') modes.ignoreCase = on
  if (letter === 'm') modes.manyLines = on
  if (letter === 's') modes.dotAll = on
  if (letter === 'U') modes.ungreedy = on
}

function codePointOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

function characterSet(character: string): CodePoints {
  return [codePointOf(character), codePointOf(character)]
}

const caseDistance = 0x20
/** Letters beyond ASCII whose other case is `s` and `k`. */
const longS = 0x17f
const kelvin = 0x212a

/** With the other case of each letter, where case is ignored. */
function withCases(set: CodePoints, {ignoreCase}: Modes): CodePoints {
  if (!ignoreCase) return set
  // The cases of other letters are in Unicode's tables.
  if (!isAscii(set)) throw notUnderstood
  const cases: [number, number][] = []
  const fold = (from: number, to: number, distance: number) => {
    for (const [start, end] of rangesOf(set)) {
      const [first, last] = [Math.max(start, from), Math.min(end, to)]
      if (first > last) continue
      cases.push([first + distance, last + distance])
      const holds = (letter: string) => {
        const code = letter.charCodeAt(0) - (distance < 0 ? 0 : caseDistance)
        return first <= code && code <= last
      }
      if (holds('k')) cases.push([kelvin, kelvin])
      if (holds('s')) cases.push([longS, longS])
    }
  }
  fold(0x41, 0x5a, caseDistance)
  fold(0x61, 0x7a, -caseDistance)
  return codePointsOf([...rangesOf(set), ...cases])
}

/** Whether it matches where nothing is. */
function isNullable(tree: Tree): boolean {
  switch (tree.kind) {
    case 'set':
      return false
    case 'at':
      return true
    case 'sequence':
      return tree.parts.every(isNullable)
    case 'choice':
      return tree.options.some(isNullable)
    case 'repeat':
      return tree.least === 0
  }
}

/** How many rounds of something one round of this can be. */
function repeatsIn(tree: Tree): number {
  switch (tree.kind) {
    case 'set':
    case 'at':
      return 1
    case 'sequence':
      return Math.max(1, ...tree.parts.map(repeatsIn))
    case 'choice':
      return Math.max(1, ...tree.options.map(repeatsIn))
    case 'repeat': {
      const rounds = tree.most === Infinity ? tree.least : tree.most
      return Math.max(1, rounds) * repeatsIn(tree.part)
    }
  }
}
