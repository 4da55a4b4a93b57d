import * as Args from '@oclif/core/args'
import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {integerFlag} from '../cli/flags/types.js'
import {unitsFlag} from '../cli/flags/usage.js'
import {LogTail} from '../logs/last-lines.js'
import {concurrently} from '../node/concurrently.js'
import {describeThing} from '../node/describe.js'
import {lookAtNode} from '../node/view.js'
import {type Described, descriptionsView} from '../views/description.js'

export default class Describe extends CriCommand {
  static override summary = 'Show the main facts about a container or pod, and its last log lines'
  static override description =
    'State, exit, earlier attempts, command, limits, mounts and the last log lines. crisp reads the log on this machine, which needs root on most nodes.'
  static override examples = [
    'crisp describe web',
    'crisp describe kube-system/coredns-x --tail 50',
    "crisp describe web -o jsonpath='{.process.pid}'",
  ]

  static override args = {
    container: Args.string({
      multiple: true,
      required: true,
      complete: 'container-or-pod',
      description: 'container or pod: ID, name, pod/name or namespace/pod/name',
    }),
  }

  static override flags = {
    tail: integerFlag({
      char: 'n',
      default: 10,
      description: "the last N lines of a container's log; 0: none",
    }),
    units: unitsFlag,
    ...outputFlags('table'),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Describe)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)

    const view = await lookAtNode(client)
    const outcomes = await concurrently(args.container ?? [], 4, async (reference) => {
      const thing = await describeThing(client, reference, view)
      return thing.kind === 'container' ? {...thing, logLines: await lastLines(thing, flags.tail)} : thing
    })
    const found: Described[] = this.collectValues(outcomes)
    const strong = (await this.tableStyle())?.header
    const context = {
      nowMs: Date.now(),
      width: this.width,
      strong,
      paint: await this.paint(),
      units: flags.units,
    }
    if (found.length > 0) await this.show(descriptionsView(found, context), output)
  }
}

async function lastLines({status}: {status: {logPath: string}}, count: number): Promise<readonly string[]> {
  return count > 0 ? new LogTail().read(status.logPath, count) : []
}
