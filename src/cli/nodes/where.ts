import {UsageError} from '../../errors/errors.js'
import {type CommandLine, givenValue} from '../argv.js'
import type {CompletableCommand, Completes} from '../completion/position.js'
import type {NodeSettings} from '../settings/own-file.js'

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
  'tour',
])

/**
 * What says how to run on another node must not be lost where none is named: `--node "$NODE" --sudo` with an empty
 * variable. Throws UsageError.
 */
export function checkNodeFlags(
  line: CommandLine,
  command: CompletableCommand | undefined,
  environment: NodeJS.ProcessEnv,
): void {
  const isNode = line.id === 'node'
  if (!isNode && (namesNodes(line, environment) || asksForNodes(line, command, environment))) return
  const taken = new Set([
    'node',
    ...(isNode ? ['sudo'] : []),
    ...(command?.flags ?? []).map(({name}) => name),
  ])
  const lost = line.given.find(({flag: {name}}) => nodeFlagNames.has(name) && !taken.has(name))
  if (lost)
    throw new UsageError(
      isNode
        ? `--${lost.flag.name} is not for node: it takes DEST... and --sudo`
        : `--${lost.flag.name} is for a command on other nodes, and none is named (--node)`,
    )
}

function namesNodes(line: CommandLine, environment: NodeJS.ProcessEnv): boolean {
  return nodeExpressions(line, environment).length > 0 || givenValue(line.given, 'nodes-file') !== undefined
}

/** Whether the command line, or CRISP_NODE, asks for other nodes. */
export function asksForNodes(
  line: CommandLine,
  command: CompletableCommand | undefined,
  environment: NodeJS.ProcessEnv,
): boolean {
  if (verbsHere.has(line.id)) return false
  if (namesNodes(line, environment)) return true
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
  if (!word.includes('//') || !takesNodeWord(index, command)) return undefined
  const [before] = nodePrefix.exec(word) ?? []
  const rest = word.slice(before?.length)
  if (before === undefined || rest === '') return undefined
  // Else it is a path of this machine.
  if (argumentAt(index, command).complete === 'container-path' && !rest.includes(':')) return undefined
  return {node: before.slice(0, -2), rest}
}

/** Whether the argument is something that is on a node: no command, port or file. */
export function takesNodeWord(index: number, command: CompletableCommand | undefined): boolean {
  // What is pulled is a name that somebody typed: a slash too many must not make a connection to its registry.
  if (command?.id === 'pull' || command?.id === 'run') return false
  const {complete, multiple} = argumentAt(index, command)
  return isObject(complete) || (command?.id === 'which' && multiple === true)
}

/** `NODE//`. What begins with a dot is a path of this machine. */
export const nodePrefix = /^(?!\.)(?:ssh:\/\/[^/]+|[^/:\s]+)\/\//

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

/** What the line says goes before what the settings say of the node. */
export function asksForSudo({given}: CommandLine, {sudo}: NodeSettings): boolean {
  return (givenValue(given, 'sudo') ?? sudo) === true
}
