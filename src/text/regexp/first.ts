import {beyondAscii, type CodePoints, isAscii, unite} from './code-points.js'
import type {Tree} from './syntax.js'

/** What it can begin with, or what comes behind where it can be nothing. Beyond ASCII all is one. */
export function firstOf(tree: Tree, behind: CodePoints): CodePoints {
  switch (tree.kind) {
    case 'set':
      return isAscii(tree.set) ? tree.set : unite(tree.set, beyondAscii)
    case 'at':
      return behind
    case 'sequence':
      return tree.parts.reduceRight((first, part) => firstOf(part, first), behind)
    case 'choice':
      return unite(...tree.options.map((option) => firstOf(option, behind)))
    case 'repeat':
      return tree.most === 0 ? behind : unite(firstOf(tree.part, behind), tree.least === 0 ? behind : [])
  }
}
