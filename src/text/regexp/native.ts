import {
  beyondAscii,
  type CodePoints,
  complement,
  onlyCodePoint,
  overlap,
  rangesOf,
  unite,
} from './code-points.js'
import {firstOf} from './first.js'
import type {Tree} from './syntax.js'

/** The same as an expression of JavaScript's. It finds what RE2 finds, at the same places. */
export function nativeExpression(tree: Tree): RegExp {
  return new RegExp(sourceOf(tree, 'u'), 'u')
}

/**
 * One that matches the same texts, if perhaps at other places. It looks at UTF-16 units where that makes no difference,
 * which is several times as fast in texts that go beyond Latin-1.
 */
export function nativeTest(tree: Tree): RegExp {
  return takesUnits(tree) ? new RegExp(sourceOf(tree, '')) : nativeExpression(tree)
}

function sourceOf(tree: Tree, flag: Flag): string {
  switch (tree.kind) {
    case 'set':
      return setSource(tree.set, flag)
    case 'at':
      return placeSources[tree.place]
    case 'sequence':
      return tree.parts
        .map((part) => (part.kind === 'choice' ? `(?:${sourceOf(part, flag)})` : sourceOf(part, flag)))
        .join('')
    case 'choice':
      return tree.options.map((option) => sourceOf(option, flag)).join('|')
    case 'repeat': {
      const round = sourceOf(tree.part, flag)
      return `${tree.part.kind === 'set' ? round : `(?:${round})`}${quantifierSource(tree)}`
    }
  }
}

type Flag = 'u' | ''

/** JavaScript's own `^` and `$` of many lines stand beside Unicode's other line ends too. */
const placeSources = {
  'text-start': '^',
  'text-end': '$',
  'line-start': '(?<![^\\n])',
  'line-end': '(?![^\\n])',
  'word-edge': '\\b',
} as const

export function quantifierSource({
  least,
  most,
  greedy,
}: Pick<Extract<Tree, {kind: 'repeat'}>, 'least' | 'most' | 'greedy'>): string {
  return `{${least},${most === Infinity ? '' : most}}${greedy ? '' : '?'}`
}

function setSource(set: CodePoints, flag: Flag): string {
  const only = onlyCodePoint(set)
  if (only !== undefined) return escapeCode(only, flag)
  const rest = complement(set)
  // Nothing, and all, have no shorter form.
  if (set.length === 0 || rest.length === 0) return set.length === 0 ? '[]' : '[^]'
  return isWide(set) ? `[^${classBody(rest, flag)}]` : `[${classBody(set, flag)}]`
}

function classBody(set: CodePoints, flag: Flag): string {
  return rangesOf(set)
    .map(([from, to]) =>
      from === to ? escapeCode(from, flag) : `${escapeCode(from, flag)}-${escapeCode(to, flag)}`,
    )
    .join('')
}

/** Letters, digits and a few marks that never mean anything stand for themselves. */
function escapeCode(code: number, flag: Flag): string {
  const character = String.fromCodePoint(code)
  if (/^[\w =:;,"'<>@!#%&`~]$/.test(character)) return character
  const hex = code.toString(16)
  return flag === 'u' ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`
}

/** What is written in two units, and the units. */
const beyondUnits: CodePoints = [0xd800, 0xdfff, 0x10000, 0x10ffff]

function isWide(set: CodePoints): boolean {
  return !overlap(complement(set), beyondUnits)
}

/** Characters of two units are only taken all alike and any number of them, so that none needs to be told from half of one. */
function takesUnits(tree: Tree): boolean {
  const loops = {most: 0, meet: false}
  return areUnits(tree, [], loops) && (loops.most === 0 || !loops.meet)
}

/** `loops` gets how many characters at least a loop over wide ones takes, and whether two of these can meet. */
function areUnits(tree: Tree, behind: CodePoints, loops: {most: number; meet: boolean}): boolean {
  switch (tree.kind) {
    case 'set':
      return !overlap(tree.set, beyondUnits)
    case 'at':
      return true
    case 'sequence': {
      let first = behind
      return [...tree.parts].reverse().every((part) => {
        const units = areUnits(part, first, loops)
        first = firstOf(part, first)
        return units
      })
    }
    case 'choice':
      return tree.options.every((option) => areUnits(option, behind, loops))
    case 'repeat': {
      const {part, least, most} = tree
      if (part.kind === 'set' && isWide(part.set) && least <= 1 && most === Infinity) {
        loops.most = Math.max(loops.most, least)
        loops.meet ||= overlap(behind, beyondAscii)
        return true
      }
      return areUnits(part, most > 1 ? unite(firstOf(part, []), behind) : behind, loops)
    }
  }
}
