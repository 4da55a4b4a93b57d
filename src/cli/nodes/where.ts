import {type CommandLine, givenValue} from '../argv.js'
import type {CompletableCommand, Completes} from '../completion/position.js'

/** They say where and how a command runs, and are not passed on to there. */
export const nodeFlagNames: ReadonlySet<string> = new Set([
  'node',
  'nodes-file',
  'sudo',
  'node-crisp',
  'node-file',
  'node-mode',
  'node-timeout',
  'fanout',
  'fold',
  'yes',
  'fail-fast',
  'max-failures',
  'serial',
])

/** They are about this machine, or about crisp. */
const verbsHere: ReadonlySet<string> = new Set([
  'completion',
  'config',
  'demo',
  'explain',
  'init',
  'jsonschema',
  'node',
])

/** Whether the command line, or CRISP_NODE, asks for other nodes. */
export function asksForNodes(
  line: CommandLine,
  command: CompletableCommand | undefined,
  environment: NodeJS.ProcessEnv,
): boolean {
  if (verbsHere.has(line.id)) return false
  if (nodeExpressions(line, environment).length > 0) return true
  if (givenValue(line.given, 'nodes-file') !== undefined) return true
  return line.arguments.some((word, index) => splitNodeWord(word, index, command) !== undefined)
}

/** What `--node` was given, or else CRISP_NODE. */
export function nodeExpressions(line: CommandLine, environment: NodeJS.ProcessEnv): string[] {
  const given = line.given.filter(({flag}) => flag.name === 'node').map(({value}) => String(value))
  if (given.length > 0) return given
  const {CRISP_NODE = ''} = environment
  return line.empty.includes('node') || CRISP_NODE === '' ? [] : [CRISP_NODE]
}

/** `worker-3//shop/web`: the node, and what is meant there. undefined where the argument is of another kind, or names no node. */
export function splitNodeWord(
  word: string,
  index: number,
  command: CompletableCommand | undefined,
): {node: string; rest: string} | undefined {
  // What is pulled is a name that somebody typed: a slash too many must not make a connection to its registry.
  if (!word.includes('//') || command?.id === 'pull') return undefined
  const {complete, multiple} = argumentAt(index, command)
  const isWhich = command?.id === 'which' && multiple
  if (!isWhich && !isObject(complete)) return undefined
  const [, node, rest] = /^(ssh:\/\/[^/]+|[^/:\s]+)\/\/(.+)$/s.exec(word) ?? []
  if (node === undefined || rest === undefined) return undefined
  // Else it is a path of this machine.
  if (complete === 'container-path' && !rest.includes(':')) return undefined
  return node.startsWith('.') ? undefined : {node, rest}
}

function argumentAt(
  index: number,
  command: CompletableCommand | undefined,
): {complete?: Completes | undefined; multiple?: boolean | undefined} {
  const last = command?.arguments.at(-1)
  return command?.arguments[index] ?? (last?.multiple ? last : {})
}

function isObject(complete: Completes | undefined): boolean {
  return (
    typeof complete === 'string' &&
    !['file', 'socket', 'verb', 'namespace', 'node', 'known-node'].includes(complete)
  )
}

/** Whether the runtime's socket is to be had here, in place of a program there. */
export function asksForTunnel({given}: CommandLine): boolean {
  return givenValue(given, 'node-mode') === 'tunnel'
}
