import type {UsageError} from '../../errors/errors.js'
import {errorAt} from '../error-at.js'
import {unquoteGo} from '../go-quote.js'

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'word'
  | 'field'
  | 'variable'
  | 'dot'
  | 'string'
  | 'integer'
  | 'float'
  | 'symbol'
  | 'end'

export interface Token {
  kind: TokenKind
  /** As written, except that a string is without quotes and escapes, and a field without its dot. */
  text: string
  at: number
}

/** An error of the template at an offset of its text. */
export function templateError(source: string, at: number, message: string): UsageError {
  return errorAt('template', source, at, message)
}

const opening = /\{\{(?:-(?=[ \t\r\n]))?/g
const closing = /[ \t\r\n]+-\}\}|\}\}/y
const comment = /\/\*.*?\*\//sy
/** Where one of these ends, nothing that could go on with it may follow: `1a`, `.a"b"`. */
const wordLike: ReadonlySet<TokenKind> = new Set(['integer', 'float', 'field', 'dot', 'variable', 'word'])
const fragments: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['float', /[+-]?(?:\d[\d_]*\.[\d_]*|\.\d[\d_]*|\d[\d_]*(?=[eE]))(?:[eE][+-]?\d+)?/y],
  ['integer', /[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*)/y],
  ['field', /\.[\p{L}\p{N}_]+/uy],
  ['dot', /\./y],
  ['variable', /\$[\p{L}\p{N}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['symbol', /:=|[=|(),]/y],
]
const doubleQuoted = /"((?:[^"\\\n]|\\[^\n])*)"/y
const rawQuoted = /`([^`]*)`/y
const character = /'((?:[^'\\\n]|\\[^\n])+)'/y

/** Text and what stands between `{{` and `}}`, with white space trimmed where `{{-` and `-}}` ask for it. */
export function tokens(source: string): Token[] {
  const found: Token[] = []
  let trimNext = false
  for (let index = 0; ; ) {
    opening.lastIndex = index
    const open = opening.exec(source)
    const text = source.slice(index, open?.index ?? source.length)
    const trimmed = trimNext ? text.replace(/^[ \t\r\n]+/, '') : text
    const kept = open?.[0] === '{{-' ? withoutBlanksBehind(trimmed) : trimmed
    if (kept !== '') found.push({kind: 'text', text: kept, at: index})
    if (!open) break
    const inside = actionTokens(source, open.index, opening.lastIndex)
    found.push(...inside.tokens)
    index = inside.end
    trimNext = inside.trims
  }
  found.push({kind: 'end', text: '', at: source.length})
  return found
}

function actionTokens(
  source: string,
  at: number,
  start: number,
): {tokens: Token[]; end: number; trims: boolean} {
  let index = start
  const afterTrim = source[start - 1] === '-' ? start + 1 : start
  const note = matchAt(comment, source, afterTrim)
  if (note || source.startsWith('/*', afterTrim)) {
    const close = note && matchAt(closing, source, comment.lastIndex)
    if (!close) throw templateError(source, at, 'a comment must end right before }}: {{/* … */}}')
    return {tokens: [], end: closing.lastIndex, trims: close[0] !== '}}'}
  }
  const found: Token[] = [{kind: 'open', text: '{{', at}]
  let parentheses = 0
  while (true) {
    const close = matchAt(closing, source, index)
    if (close) {
      if (parentheses > 0) throw templateError(source, index, 'unclosed (')
      found.push({kind: 'close', text: '}}', at: index})
      return {tokens: found, end: closing.lastIndex, trims: close[0] !== '}}'}
    }
    if (index >= source.length) throw templateError(source, at, 'this {{ has no }}')
    const token = nextToken(source, index)
    if (token.text === '(' && token.kind === 'symbol') parentheses++
    if (token.text === ')' && token.kind === 'symbol' && --parentheses < 0)
      throw templateError(source, index, 'unexpected )')
    found.push(token)
    index = token.end
  }
}

function nextToken(source: string, at: number): Token & {end: number} {
  const quoted = readQuoted(source, at)
  if (quoted) return quoted
  for (const [kind, pattern] of fragments) {
    const found = matchAt(pattern, source, at)
    if (!found) continue
    const end = pattern.lastIndex
    const next = source[end] ?? ''
    if (wordLike.has(kind) && !/^[\s.,|:=()}]?$/.test(next))
      throw templateError(source, end, `unexpected ${JSON.stringify(next)} after ${found[0]}`)
    return {kind, text: kind === 'field' ? found[0].slice(1) : found[0], at, end}
  }
  throw templateError(
    source,
    at,
    `unexpected ${JSON.stringify(String.fromCodePoint(source.codePointAt(at) ?? 0))}`,
  )
}

function readQuoted(source: string, at: number): (Token & {end: number}) | undefined {
  switch (source[at]) {
    case '"': {
      const body = matchAt(doubleQuoted, source, at)?.[1]
      if (body === undefined) throw templateError(source, at, 'this string has no end')
      const text = unquoteGo(body, '"')
      if (text === undefined) throw templateError(source, at, `no such escape in the string "${body}"`)
      return {kind: 'string', text, at, end: doubleQuoted.lastIndex}
    }
    case '`': {
      const text = matchAt(rawQuoted, source, at)?.[1]
      if (text === undefined) throw templateError(source, at, 'this string has no end')
      return {kind: 'string', text: text.replaceAll('\r', ''), at, end: rawQuoted.lastIndex}
    }
    case "'": {
      const body = matchAt(character, source, at)?.[1]
      const text = body === undefined ? undefined : unquoteGo(body, "'")
      const [code, ...more] = [...(text ?? '')]
      if (code === undefined || more.length > 0)
        throw templateError(source, at, 'single quotes hold one character; write a string as "…" or `…`')
      return {kind: 'integer', text: String(code.codePointAt(0)), at, end: character.lastIndex}
    }
  }
  return undefined
}

/** A pattern would look for the end of each run of blanks again from each of its characters. */
function withoutBlanksBehind(text: string): string {
  let end = text.length
  while (end > 0 && ' \t\r\n'.includes(text[end - 1] ?? '')) end--
  return text.slice(0, end)
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(source)
}
