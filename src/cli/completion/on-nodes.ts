import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {UserError} from '../../errors/errors.js'
import {readFileBytes} from '../../node/read-file.js'
import {findBuilds} from '../../nodes/builds.js'
import {namesOf} from '../../nodes/deliver.js'
import type {Orders} from '../../nodes/orders.js'
import {RunOnNode} from '../../nodes/run.js'
import {runScript} from '../../nodes/scripts.js'
import {SshConnection} from '../../nodes/ssh.js'
import {type CommandLine, givenText} from '../argv.js'
import {asksForSudo, asksForTunnel} from '../nodes/where.js'
import {nodesTyped} from '../nodes/which-nodes.js'
import type {NodeSettings} from '../settings/own-file.js'
import {askRuntime, candidatesFrom, type Lookup, listFor, listsOrKept} from './live.js'
import type {NodeLists} from './names.js'
import type {Candidate, CompletableFlag} from './position.js'
import type {TypedNodes} from './typed-nodes.js'

interface Options {
  globalFlags: readonly CompletableFlag[]
  version: string
  signal: AbortSignal
}

/** Of many those that are named first: what one has, others have. */
const mostAsked = 8
/** Of an answer. */
const mostBytes = 8 * 1024 * 1024

/**
 * Names of what runs on the nodes that are typed, over a connection that is there or a new one. Nobody is asked for
 * anything, and nothing goes there: a node to which crisp was not copied yet offers nothing. Rejects for what is no set.
 */
export async function candidatesOnNodes(
  lookup: Lookup,
  {expressions, nodesFile, before, part}: TypedNodes,
  line: CommandLine,
  options: Options,
): Promise<Candidate[]> {
  const {signal} = options
  const nodes = await nodesTyped(expressions, nodesFile, {
    environment: process.env,
    note: () => undefined,
    signal,
  })
  const answers = await Promise.allSettled(
    nodes.slice(0, mostAsked).map(async ({node, settings}) => {
      const asked = {node, settings, line, list: listFor(lookup)}
      const {endpoint, imageEndpoint} = endpointsOf(asked)
      const kept = {node: keyOf(asked), endpoint, imageEndpoint, list: asked.list}
      const lists = await listsOrKept(kept, signal, () => untilAborted(ask(asked, options), signal))
      return candidatesFrom(lookup, part, lists)
    }),
  )
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  // What several have is one word.
  return [...new Map(found.map((one) => [one.word, {...one, word: before + one.word}])).values()]
}

interface Asked {
  node: string
  settings: NodeSettings
  line: CommandLine
  list: string
}

function endpointsOf({line, settings}: Asked): {
  endpoint?: string | undefined
  imageEndpoint?: string | undefined
} {
  return {
    endpoint: givenText(line, 'runtime-endpoint') ?? settings.runtimeEndpoint,
    imageEndpoint: givenText(line, 'image-endpoint'),
  }
}

/** Whose names they are, beside the endpoints. */
function keyOf({node, line, settings}: Asked): string {
  return JSON.stringify([node, asksForSudo(line, settings), givenText(line, 'config') ?? ''])
}

async function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = once(signal, 'abort').then(() => {
    throw signal.reason
  })
  aborted.catch(() => undefined)
  return await Promise.race([work, aborted])
}

async function ask(asked: Asked, options: Options): Promise<NodeLists> {
  return asksForTunnel(asked.line)
    ? await askThroughTunnel(asked, options)
    : await askCrispThere(asked, options)
}

async function askThroughTunnel(
  {node, settings, line, list}: Asked,
  {globalFlags, signal}: Options,
): Promise<NodeLists> {
  const {openForwards} = await import('../nodes/tunnel.js')
  await using tunnel = await openForwards(node, line, globalFlags, settings, {stop: signal, batch: true})
  const [endpoint, imageEndpoint] = ['runtime-endpoint', 'image-endpoint'].map((name) =>
    givenText(tunnel.line, name),
  )
  return await askRuntime({endpoint, imageEndpoint, list}, signal)
}

async function askCrispThere(asked: Asked, {version, signal}: Options): Promise<NodeLists> {
  const {node, settings, line, list} = asked
  const {env: environment} = process
  const uid = process.getuid?.() ?? 0
  const connection = await SshConnection.open(node, {environment, uid, stop: signal, batch: true})
  const program = givenText(line, 'node-crisp')
  const builds =
    program === undefined
      ? await findBuilds({
          version,
          started: process,
          environment,
          uid,
          nodeFile: givenText(line, 'node-file'),
        })
      : {files: [], package: undefined}
  const nonce = randomBytes(16).toString('hex')
  const orders = Buffer.from(JSON.stringify(await ordersFor(asked, list, nonce, signal)))
  const script = runScript({nonce, program, ...namesOf(builds), ordersBytes: orders.length})
  const run = new RunOnNode(connection, script, {nonce, sudo: asksForSudo(line, settings)})
  let text = ''
  const ignore = () => undefined
  const carried = run.carry({
    stdout: (bytes) => {
      text += bytes.toString('latin1')
      if (text.length > mostBytes) throw new UserError(`${node}: its answer has no end`)
    },
    stderr: ignore,
    onMark: ignore,
  })
  const [{kind}] = await Promise.all([carried, run.write(orders)])
  // Where crisp is not there yet it says so.
  if (kind !== 'ended') throw new UserError(`${node}: no answer`)
  return JSON.parse(Buffer.from(text, 'latin1').toString())
}

async function ordersFor(asked: Asked, list: string, nonce: string, signal: AbortSignal): Promise<Orders> {
  const {endpoint, imageEndpoint} = endpointsOf(asked)
  const config = givenText(asked.line, 'config')
  const words = {'runtime-endpoint': endpoint, 'image-endpoint': imageEndpoint, config}
  return {
    nonce,
    words: [
      '__complete',
      'lists',
      list,
      ...Object.entries(words).flatMap(([name, value]) =>
        value === undefined ? [] : [`--${name}=${value}`],
      ),
    ],
    environment: {},
    terminals: {stdin: false},
    files:
      config === undefined
        ? {}
        : {[config]: {content: (await readFileBytes(config, {signal})).toString('base64')}},
  }
}
