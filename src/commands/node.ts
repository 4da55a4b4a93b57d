import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {givenValue} from '../cli/argv.js'
import {CriCommand} from '../cli/command.js'
import {outputFlags, unitsFlag} from '../cli/flags/common.js'
import {MissingArgumentError, UsageError} from '../errors/errors.js'
import {linesOf} from '../formats/lines.js'

const tasks = ['ls', 'forget'] as const

export default class NodeCommand extends CriCommand {
  static override summary = 'Show and remove what --node has left on other nodes'
  static override description =
    'ls asks each node to which crisp was copied, or to which a connection is kept, what lies there. forget removes the copies there, those of root too where --sudo brought one, ends the connection, and forgets the node. Nobody is asked for a password: log in once with --node where it is.'
  static override usage = 'node ls [DEST...] | forget DEST... | forget --all'
  static override examples = [
    'crisp node ls',
    'crisp node ls -o json',
    'crisp node forget worker-3',
    'crisp node forget --all',
  ]

  static override args = {
    task: Args.string({required: true, description: 'ls or forget', complete: tasks}),
    node: Args.string({
      multiple: true,
      description: 'only these nodes, as --node takes them',
      complete: 'known-node',
    }),
  }

  static override flags = {
    all: Flags.boolean({char: 'a', description: 'forget: every node that is known'}),
    force: Flags.boolean({description: 'forget: also a node that is not reached, where the copies stay'}),
    units: unitsFlag,
    ...outputFlags('table'),
    quiet: Flags.boolean({char: 'q', helpGroup: 'OUTPUT', description: 'names of the nodes only'}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(NodeCommand)
    const {task, node = []} = args
    if (task !== 'ls' && task !== 'forget') throw new UsageError(`node "${task}": there are ls and forget`)
    const output = await this.outputForm(flags)
    const {KnownNodes} = await import('../cli/nodes/known.js')
    const known = new KnownNodes(this.signal, givenValue(this.line.given, 'sudo') === true)
    const flagged = this.line.given.filter(({flag}) => flag.name === 'node').map(({value}) => String(value))
    const named = await this.#named([...node, ...flagged])
    if (task === 'forget') {
      if ((named === 'all') !== (flags.all === true))
        throw new MissingArgumentError('forget which node? node forget DEST..., or --all')
      const outcomes = await known.forget(named, flags.force === true)
      return this.write(linesOf(this.collectValues(outcomes)))
    }
    if (flags.all || flags.force) throw new UsageError('--all and --force are for node forget')
    if (flags.quiet && output.shows === 'table') return this.write(linesOf(known.names(named)))
    const nodes = this.collectValues(await known.ask(named))
    const {nodesView} = await import('../views/nodes.js')
    await this.show(
      nodesView(nodes, {
        width: this.width,
        style: await this.tableStyle(),
        units: await this.units(flags),
      }),
      output,
    )
  }
  async #named(words: readonly string[]): Promise<readonly string[] | 'all'> {
    if (words.length === 0) return 'all'
    const {nodesNamed} = await import('../cli/nodes/which-nodes.js')
    const note = (text: string) => this.note(text)
    return await nodesNamed(words, {environment: process.env, note, signal: this.signal})
  }
}
