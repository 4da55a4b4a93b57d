import {UsageError, UserError} from '../../errors/errors.js'
import {readFileBytes} from '../../node/read-file.js'
import {parseDestination} from '../../nodes/destination.js'
import {failedNodes} from '../../nodes/failed-nodes.js'
import {isPlainNode, parseNodeSet, parseNodesFile} from '../../nodes/node-set.js'
import {type CommandLine, givenValue} from '../argv.js'
import type {CompletableCommand} from '../completion/position.js'
import {configReader} from '../settings/file.js'
import {
  allNodes,
  type NodeSettings,
  type OwnSettings,
  readOwnSettings,
  settingsFor,
  unknownGroup,
} from '../settings/own-file.js'
import {nodeExpressions, splitNodeWord, takesNodeWord} from './where.js'

/** A command line on a node. */
export interface NodeTask {
  node: string
  line: CommandLine
  settings: NodeSettings
}

export interface AskedNodes {
  /** What comes is of one node, and looks as if it were here. */
  isOne: boolean
  tasks: NodeTask[]
}

interface Options {
  environment: NodeJS.ProcessEnv
  note: (text: string) => void
  signal: AbortSignal
}

/** Which nodes a command line is for, each with its own part of the arguments. Throws UsageError and UserError. */
export async function findNodes(
  line: CommandLine,
  command: CompletableCommand | undefined,
  {environment, note, signal}: Options,
): Promise<AskedNodes> {
  const settings = await readOwnSettings(environment, configReader(signal), note)
  const read = (text: string) => parseNodeSet(text, (name) => groupOf(name, settings, environment))
  const expressions = nodeExpressions(line, environment)
  const file = givenValue(line.given, 'nodes-file')
  if (typeof file === 'string' && file !== '') expressions.push(...(await linesOfFile(file, signal)))

  const words = line.arguments.map((word, index) => {
    const found = splitNodeWord(word, index, command)
    return found ? {nodes: read(found.node), rest: found.rest, plain: isPlainNode(found.node)} : word
  })
  const named = words.filter((word) => typeof word !== 'string')
  // Of `cp` the other side is here.
  const target = words.find(
    (word, index) => typeof word === 'string' && line.id !== 'cp' && takesNodeWord(index, command),
  )
  const everywhere = named.length === 0 || target !== undefined
  const general = everywhere || expressions.length > 0 ? read(expressions.join(',')) : []
  if (everywhere && named.length > 0 && expressions.length === 0)
    throw new UsageError(`${target}: on which node? NODE//NAME, or --node`)
  const nodes = new Set([...(everywhere ? general : []), ...named.flatMap((word) => word.nodes)])
  if (nodes.size === 0) throw new UsageError(`no node is left of ${expressions.join(',') || 'the list'}`)
  const isPlain = nodes.size === 1 && file === undefined && named.every(({plain}) => plain)
  return {
    isOne: isPlain && (!everywhere || (expressions.length === 1 && isPlainNode(expressions[0] ?? ''))),
    tasks: [...nodes].map((node) => ({
      node: parseDestination(node),
      line: {
        ...line,
        arguments: words.flatMap((word) => {
          if (typeof word === 'string') return [word]
          return word.nodes.includes(node) ? [word.rest] : []
        }),
      },
      settings: settingsFor(settings, node),
    })),
  }
}

/** The same of what is typed so far, with what the settings say of each. Throws UsageError and UserError. */
export async function nodesTyped(
  expressions: readonly string[],
  file: string | undefined,
  {environment, note, signal}: Options,
): Promise<{node: string; settings: NodeSettings}[]> {
  const settings = await readOwnSettings(environment, configReader(signal), note)
  // stdin is not there yet.
  const lines = file === undefined || file === '-' ? [] : await linesOfFile(file, signal)
  const set = [...expressions, ...lines].join(',')
  return parseNodeSet(set, (name) => groupOf(name, settings, environment)).map((node) => ({
    node: parseDestination(node),
    settings: settingsFor(settings, node),
  }))
}

/** The nodes that the words name, as `--node` takes them. Throws UsageError and UserError. */
export async function nodesNamed(
  words: readonly string[],
  {environment, note, signal}: Options,
): Promise<string[]> {
  const settings = await readOwnSettings(environment, configReader(signal), note)
  return parseNodeSet(words.join(','), (name) => groupOf(name, settings, environment)).map(parseDestination)
}

/** What `@NAME` stands for. Throws UsageError. */
function groupOf(name: string, settings: OwnSettings, environment: NodeJS.ProcessEnv): readonly string[] {
  if (name === 'all') {
    const all = allNodes(settings)
    if (all.length === 0) throw new UsageError('@all: the settings name no nodes (docs/nodes.md)')
    return all
  }
  if (name === 'failed') {
    const failed = failedNodes(environment)
    if (failed.length === 0) throw new UsageError('@failed: no node failed when several were asked last')
    return failed
  }
  const group = settings.groups.get(name)
  if (!group) throw new UsageError(unknownGroup(name, [...settings.groups.keys()]))
  return group.nodes
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function linesOfFile(path: string, signal: AbortSignal): Promise<string[]> {
  try {
    const bytes = path === '-' ? await readStdin() : await readFileBytes(path, {signal})
    return parseNodesFile(bytes.toString())
  } catch (error) {
    signal.throwIfAborted()
    throw new UserError(`--nodes-file ${path}: ${(error as Error).message}`, {cause: error})
  }
}
