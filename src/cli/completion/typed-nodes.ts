import {givenText} from '../argv.js'
import {asksForNodes, nodeExpressions, nodePrefix, takesNodeWord} from '../nodes/where.js'
import type {Position} from './position.js'

/** For which nodes a half-typed line is, where its last word is a name on them. */
export interface TypedNodes {
  /** As `--node` takes them. */
  expressions: string[]
  nodesFile: string | undefined
  /** Of the word: `NODE//`, and what is typed of the name. */
  before: string
  part: string
}

/** undefined where a name of this machine is typed. */
export function typedNodes(
  {part, argument, command, line}: Pick<Position, 'part' | 'argument' | 'command' | 'line'>,
  environment: NodeJS.ProcessEnv,
): TypedNodes | undefined {
  const [before = ''] = nodePrefix.exec(part) ?? []
  if (before !== '' && argument !== undefined && takesNodeWord(argument, command))
    return {expressions: [before.slice(0, -2)], nodesFile: undefined, before, part: part.slice(before.length)}
  if (!asksForNodes(line, command, environment)) return undefined
  const expressions = nodeExpressions(line, environment)
  return {expressions, nodesFile: givenText(line, 'nodes-file'), before: '', part}
}
