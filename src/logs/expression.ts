/** One element of an expression: a character, a class, an assertion, or a bracket of a group. */
interface Element {
  /** The same, for many lines of UTF-8 read as Latin-1. Undefined where it can't be said for these. */
  source: string | undefined
  quantifier: string
  /** It takes the same bytes as the element takes characters, no more. */
  exact: boolean
  /** The one character that it stands for. */
  literal: string | undefined
  kind: 'character' | 'any' | 'assertion' | 'open' | 'close' | 'or'
}

const elementForm = /\\.|\[\^?(?:\\.|[^\]\\])*\]|\((?:\?(?::|<\w+>))?|\)|\||./suy
const quantifierForm = /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y

/** Undefined for what is not understood: looking around, back references, code points by number. */
function elementsOf({source, flags}: RegExp): Element[] | undefined {
  const elements: Element[] = []
  for (let at = 0; at < source.length; ) {
    elementForm.lastIndex = at
    const [text = ''] = elementForm.exec(source) ?? []
    at += text.length
    quantifierForm.lastIndex = at
    const [quantifier = ''] = quantifierForm.exec(source) ?? []
    at += quantifier.length
    const element = elementOf(text, quantifier, flags)
    if (!element) return undefined
    elements.push(element)
  }
  return elements
}

function elementOf(text: string, quantifier: string, flags: string): Element | undefined {
  const element: MakeElement = (kind, source, {exact = true, literal} = {}) => ({
    kind,
    source,
    exact,
    literal,
    quantifier,
  })
  switch (text[0]) {
    case '(':
      return text === '(' && quantifier !== '' ? undefined : element('open', '(?:')
    case ')':
      return element('close', ')')
    case '|':
      return element('or', '|')
    case '^':
    case '$':
      // With `m` they stand beside Unicode's other line ends too.
      return element('assertion', flags.includes('m') ? undefined : text, {exact: false})
    case '.':
      return element('any', wide(flags.includes('s') ? '[^\\n]' : '.', quantifier), {exact: false})
    case '[':
      return element('any', classSource(text, quantifier), {exact: !isWide(text)})
    case '\\':
      return escapeOf(text, quantifier, element)
    case '*':
    case '+':
    case '?':
      return undefined
    default:
      return element('character', characterSource(text, flags), {literal: text})
  }
}

type MakeElement = (
  kind: Element['kind'],
  source: string | undefined,
  more?: {exact?: boolean; literal?: string | undefined},
) => Element

function escapeOf(text: string, quantifier: string, element: MakeElement): Element | undefined {
  if (/^\\[bB]$/.test(text)) return element('assertion', text)
  if (/^\\[dwtrfv]$/.test(text)) return element('any', text)
  if (/^\\[sSDW]$/.test(text)) return element('any', classSource(`[${text}]`, quantifier), {exact: false})
  if (/^\\[!-/:-@[-`{-~ ]$/.test(text)) return element('character', text, {literal: text[1]})
  return undefined
}

/** A character beyond ASCII is several bytes, whose other case is not that of their Latin-1. */
function characterSource(text: string, flags: string): string | undefined {
  if (text <= '\u007f') return text === '\n' ? undefined : text
  if (flags.includes('i') || /[\ud800-\udfff\ufffd]/.test(text)) return undefined
  return `(?:${Buffer.from(text).toString('latin1')})`
}

/** The bytes of one UTF-16 unit beyond ASCII. Behind each way there is only one place to go on, so nothing is tried twice. */
const beyondAscii =
  '[\\xc2-\\xdf][\\x80-\\xbf]|[\\xe0-\\xef][\\x80-\\xbf]{2}|[\\xf0-\\xf4][\\x80-\\xbf]|[\\x80-\\xbf]{2}'

/** An element for which any character beyond ASCII may stand; `bytes` takes any byte of one. */
function wide(bytes: string, quantifier: string): string {
  return /^[*+]/.test(quantifier) ? bytes : `(?:(?![\\x80-\\xff])${bytes}|${beyondAscii})`
}

/** A class that takes no newline, and at least all that the class takes. */
function classSource(text: string, quantifier: string): string | undefined {
  const inverted = text.startsWith('[^')
  const body = text.slice(inverted ? 2 : 1, -1)
  const plain = /^[ -~\t]*$/.test(body) && !/\\[^dDwWsStrfv!-/:-@[-`{-~]|-\\[sS]/.test(body)
  if (!plain) return undefined
  const holds = (form: RegExp) => form.test(body.replace(/\\\\/g, ''))
  if (inverted) {
    if (holds(/\\[SDW]/)) return undefined
    return wide(`[^\\n${withSpaces(body, '').replace(/^-/, '\\-')}]`, quantifier)
  }
  if (!holds(/\\[sSDW]/)) return holds(/[\\\t]/) ? `(?:(?!\\n)${text})` : text
  return wide(`(?:(?!\\n)[${withSpaces(body, '\\x80-\\xff')}])`, quantifier)
}

/** Whether it may take characters beyond ASCII. */
function isWide(text: string): boolean {
  return text.startsWith('[^') || /\\[sSDW]/.test(text)
}

/** `\s` and `\S` mean other things in Latin-1, where a blank may be half of a letter. */
function withSpaces(body: string, beyond: string): string {
  return body.replace(/\\./g, (part) => {
    // At its end a range, since a dash may follow.
    if (part === '\\s') return ` \\t-\\r${beyond}`
    return part === '\\S' ? '\\x00-\\x08\\x0e-\\x1f\\x21-\\xff' : part
  })
}

export interface LineFinder {
  /** For bytes that are read as Latin-1, so that places are those of the bytes. */
  expression: RegExp
  /** It counts characters, so the bytes must be valid UTF-8. */
  needsUtf8: boolean
  /** Finds no other lines than those that match. */
  exact: boolean
}

/**
 * What finds lines among many: at least each line that one of the expressions matches, without ever looking beyond a
 * line's end. Each line found is still to be looked at. `stamped`: a time and a blank come before each line's text.
 * Undefined where there is none.
 */
export function lineFinder(expressions: readonly RegExp[], stamped: boolean): LineFinder | undefined {
  const [flags = ''] = expressions.map((expression) => expression.flags)
  const finders = expressions.map((expression) =>
    expression.flags === flags ? finderOf(expression, stamped) : undefined,
  )
  if (finders.length === 0 || finders.includes(undefined)) return undefined
  const source = finders.map((finder) => finder?.source).join('|')
  try {
    return {
      expression: new RegExp(source, `gm${flags.replace(/[gmy]/g, '')}`),
      needsUtf8: source.includes(beyondAscii),
      exact: !stamped && finders.every((finder) => finder?.exact),
    }
  } catch {
    // A range whose end became another character.
    return undefined
  }
}

function finderOf(expression: RegExp, stamped: boolean): {source: string; exact: boolean} | undefined {
  const elements = elementsOf(expression)
  if (!elements) return undefined
  const shorter = elements.some(({kind}) => kind === 'or') ? elements : withoutEdges(elements)
  const sources = shorter.map(({source, quantifier}) =>
    source === undefined
      ? undefined
      : `${source === '^' && stamped ? '(?<=^\\S{30,35} )' : source}${quantifier}`,
  )
  if (sources.includes(undefined)) return undefined
  return {source: `(?:${sources.join('')})`, exact: elements.every(({exact}) => exact)}
}

/** Whether a line matches does not depend on how much more of the same there is at either end. */
function withoutEdges(elements: readonly Element[]): Element[] {
  const rest = [...elements]
  for (const edge of [0, -1]) {
    for (;;) {
      const element = rest.at(edge)
      if (!element || (element.kind !== 'any' && element.kind !== 'character')) break
      const {quantifier, exact} = element
      if (quantifier.startsWith('+') && exact) {
        rest.splice(edge, 1, {...element, quantifier: ''})
        break
      }
      if (!/^[*+]/.test(quantifier)) break
      rest.splice(edge, 1)
    }
  }
  return rest
}

/** Less is in almost every line. */
const shortestText = 3
const longestText = 64

/** A text that every line holds that matches. Undefined where none is known. */
export function requiredText(expression: RegExp): string | undefined {
  const elements = expression.flags.includes('i') ? undefined : elementsOf(expression)
  const outermost = elements ? outsideGroups(elements) : []
  if (outermost.some(({kind}) => kind === 'or')) return undefined
  const runs = ['']
  for (const {kind, literal, quantifier} of outermost) {
    if (kind === 'assertion') continue
    const always = literal !== undefined && !/^[*?]|^\{0/.test(quantifier)
    if (always) runs.push(`${runs.pop()}${literal}`)
    if (!always || quantifier !== '') runs.push('')
  }
  const longest = runs.reduce((long, run) => (run.length > long.length ? run : long), '')
  const text = longest.slice(0, longestText)
  const ofWholeCharacters = Buffer.from(text).toString() === text && !text.includes('\ufffd')
  return text.length >= shortestText && ofWholeCharacters ? text : undefined
}

/** The elements at the outermost level, with one bracket for each group. */
function outsideGroups(elements: readonly Element[]): Element[] {
  let depth = 0
  return elements.filter(({kind}) => {
    if (kind === 'close') depth--
    if (kind === 'open') depth++
    return depth === 0
  })
}
