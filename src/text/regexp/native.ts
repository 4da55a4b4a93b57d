import {type CodePoints, complement, isAscii, onlyCodePoint, rangesOf} from './code-points.js'
import type {Tree} from './syntax.js'

/** The same as an expression of JavaScript's, for the flag `u`. It finds what RE2 finds, at the same places. */
export function nativeSource(tree: Tree): string {
  switch (tree.kind) {
    case 'set':
      return setSource(tree.set)
    case 'at':
      return placeSources[tree.place]
    case 'sequence':
      return tree.parts.map(partSource).join('')
    case 'choice':
      return tree.options.map(nativeSource).join('|')
    case 'repeat':
      return `${repeatedSource(tree.part)}${quantifierSource(tree)}`
  }
}

/** JavaScript's own `^` and `$` of many lines stand beside Unicode's other line ends too. */
const placeSources = {
  'text-start': '^',
  'text-end': '$',
  'line-start': '(?<![^\\n])',
  'line-end': '(?![^\\n])',
  'word-edge': '\\b',
} as const

function partSource(part: Tree): string {
  return part.kind === 'choice' ? `(?:${nativeSource(part)})` : nativeSource(part)
}

function repeatedSource(part: Tree): string {
  return part.kind === 'set' ? nativeSource(part) : `(?:${nativeSource(part)})`
}

export function quantifierSource({
  least,
  most,
  greedy,
}: Pick<Extract<Tree, {kind: 'repeat'}>, 'least' | 'most' | 'greedy'>): string {
  return `{${least},${most === Infinity ? '' : most}}${greedy ? '' : '?'}`
}

function setSource(set: CodePoints): string {
  const only = onlyCodePoint(set)
  if (only !== undefined) return escaped(only)
  const rest = complement(set)
  // Nothing, and all, have no shorter form.
  if (set.length === 0 || rest.length === 0) return set.length === 0 ? '[]' : '[^]'
  return isAscii(set) || set.length <= rest.length ? `[${classBody(set)}]` : `[^${classBody(rest)}]`
}

/** What stands between the brackets of a class. */
export function classBody(set: CodePoints): string {
  return rangesOf(set)
    .map(([from, to]) => (from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`))
    .join('')
}

/** Letters, digits and a few marks that never mean anything stand for themselves. */
function escaped(code: number): string {
  const character = String.fromCodePoint(code)
  return /^[\w =:;,"'<>@!#%&`~]$/.test(character) ? character : `\\u{${code.toString(16)}}`
}
