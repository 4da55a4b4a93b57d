import {UsageError} from '../../errors/errors.js'
import type {CommandLine} from '../argv.js'
import {describeError} from '../failures/describe.js'
import {Interruption} from '../interruption.js'
import {reportFailure, writeMessage} from '../messages.js'
import type {Program} from './near.js'
import {asksForTunnel} from './where.js'
import {type AskedNodes, findNodes} from './which-nodes.js'

interface Surroundings {
  watchStreams: () => void
  runHere: (line: CommandLine) => Promise<void>
}

/** Runs a command line on the nodes that it names. */
export async function runElsewhere(
  line: CommandLine,
  manifest: Program,
  {watchStreams, runHere}: Surroundings,
): Promise<void> {
  const asked = await find(line, manifest)
  if (!asked) return watchStreams()
  const [first] = asked.tasks
  if (asked.isOne && first && asksForTunnel(line)) {
    const {openTunnel} = await import('./tunnel.js')
    await using tunnel = await openTunnel(first.node, first.line, manifest.globals, first.settings)
    if (tunnel) await runHere(tunnel.line)
    return
  }
  watchStreams()
  if (asked.isOne && first) {
    const {runOnNode} = await import('./near.js')
    return await runOnNode(first.node, first.line, manifest, first.settings)
  }
  const {runOnNodes} = await import('./several.js')
  await runOnNodes(asked.tasks, line, manifest)
}

/** undefined where that failed, which is said. */
async function find(line: CommandLine, manifest: Program): Promise<AskedNodes | undefined> {
  const interruption = new Interruption()
  try {
    const command = manifest.commands.find(({id}) => id === line.id)
    const {signal} = interruption
    const asked = await findNodes(line, command, {environment: process.env, note: writeMessage, signal})
    if (!asked.isOne && asksForTunnel(line)) throw new UsageError('--node-mode tunnel is for one node')
    return asked
  } catch (error) {
    reportFailure(describeError(error))
    return undefined
  } finally {
    interruption[Symbol.dispose]()
  }
}
