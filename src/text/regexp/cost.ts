import {type CodePoints, overlap, unite} from './code-points.js'
import {firstOf} from './first.js'
import type {Tree} from './syntax.js'

/** Steps of the native engine in one go: some hundredths of a second. */
const mostSteps = 10_000_000

/** At most about `factor` times the text's length to the power of `degree` steps, in any text. */
interface Cost {
  factor: number
  degree: number
}

/**
 * How long a text may be, in UTF-16 units, so that an engine that tries one way after the other never takes more than
 * a moment, whatever the text: 0 for an expression that may take twice as long with each further character.
 */
export function longestQuickText(tree: Tree): number {
  const once = costOf(tree, {first: nothing, cost: one, repeated: false})
  if (!once) return 0
  const degree = startsAtTextStart(tree) ? once.degree : once.degree + 1
  if (degree <= 1 && once.factor <= 64) return Infinity
  // What is tried n times within each other begins at places that are in order: n! fewer.
  let orders = 1
  for (let factor = 2; factor <= degree; factor++) orders *= factor
  return Math.floor(((mostSteps * orders) / once.factor) ** (1 / Math.max(1, degree)))
}

/** What comes behind: which characters it can begin with, and what one try of it costs. */
interface Rest {
  first: CodePoints
  cost: Cost
  /** It is tried again and again, so a second way to take the same text doubles all that follows. */
  repeated: boolean
}

const nothing: CodePoints = []
const one: Cost = {factor: 1, degree: 0}

/** Of this and what comes behind it, from one place in the text. Undefined where no power says it. */
function costOf(tree: Tree, rest: Rest): Cost | undefined {
  switch (tree.kind) {
    case 'set':
    case 'at':
      return rest.cost
    case 'sequence': {
      let behind: Rest | undefined = rest
      for (const part of [...tree.parts].reverse()) {
        const cost: Cost | undefined = costOf(part, behind)
        if (!cost) return undefined
        behind = {...behind, cost, first: firstOf(part, behind.first)}
      }
      return behind.cost
    }
    case 'choice':
      return costOfChoice(tree.options, rest)
    case 'repeat':
      return costOfRepeat(tree, rest)
  }
}

function costOfChoice(options: readonly Tree[], rest: Rest): Cost | undefined {
  const firsts = options.map((option) => firstOf(option, rest.first))
  const isClear = firsts.every((first, index) =>
    firsts.slice(index + 1).every((other) => !overlap(first, other)),
  )
  if (rest.repeated && !isClear) return undefined
  let total: Cost | undefined
  for (const option of options) {
    const cost = costOf(option, rest)
    if (!cost) return undefined
    total = total ? (isClear ? larger(total, cost) : sum(total, cost)) : cost
  }
  return total
}

function costOfRepeat({part, least, most}: Extract<Tree, {kind: 'repeat'}>, rest: Rest): Cost | undefined {
  if (most === 0) return rest.cost
  const first = firstOf(part, nothing)
  const isClear = least === most || !overlap(first, rest.first)
  if (rest.repeated && !isClear) return undefined
  if (most === 1) {
    const cost = costOf(part, rest)
    return cost && (isClear ? larger(cost, rest.cost) : sum(cost, rest.cost))
  }
  const round = costOf(part, {first: unite(first, rest.first), cost: one, repeated: true})
  if (!round) return undefined
  const rounds: Cost = most === Infinity ? {factor: 1, degree: 1} : {factor: most, degree: 0}
  // No text can be taken in two ways, so without end all rounds together walk over the text once.
  const walk = most === Infinity ? larger(rounds, round) : product(rounds, round)
  // The rest is tried behind the last round, or behind each.
  return larger(walk, isClear ? rest.cost : product(rounds, rest.cost))
}

function larger(a: Cost, b: Cost): Cost {
  return {factor: Math.max(a.factor, b.factor), degree: Math.max(a.degree, b.degree)}
}

function sum(a: Cost, b: Cost): Cost {
  return {factor: a.factor + b.factor, degree: Math.max(a.degree, b.degree)}
}

function product(a: Cost, b: Cost): Cost {
  return {factor: a.factor * b.factor, degree: a.degree + b.degree}
}

/** It matches nowhere else, so it is tried nowhere else. */
function startsAtTextStart(tree: Tree): boolean {
  switch (tree.kind) {
    case 'set':
      return false
    case 'at':
      return tree.place === 'text-start'
    case 'sequence':
      return tree.parts[0] !== undefined && startsAtTextStart(tree.parts[0])
    case 'choice':
      return tree.options.every(startsAtTextStart)
    case 'repeat':
      return tree.least > 0 && startsAtTextStart(tree.part)
  }
}
