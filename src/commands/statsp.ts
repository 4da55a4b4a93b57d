import * as Args from '@oclif/core/args'
import {podUsage} from '../client/selection.js'
import {hasRates} from '../client/usage.js'
import type {PodSandboxStats} from '../generated/cri.js'
import {parseLabels} from '../text/selectors.js'
import {UsageCommand} from '../usage-command.js'
import {usageChoices, usageFlags} from '../usage-flags.js'
import {parseOutput} from '../views/output.js'
import {podUsageView} from '../views/usage.js'

export default class Statsp extends UsageCommand {
  static override summary = 'Show what pods use: CPU, memory, network'
  static override description =
    'CPU % is of one core. It is made from two samples, or from the rate that the runtime gives.'
  static override examples = [
    'crisp statsp',
    'crisp statsp --sort cpu',
    'crisp statsp -o wide',
    'crisp statsp --watch',
  ]

  static override args = {
    pod: Args.string({description: 'only this pod: ID, name or namespace/name', ignoreStdin: true}),
  }

  static override flags = usageFlags

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Statsp)
    const output = parseOutput(flags.output, flags.template)
    const choices = usageChoices(flags)
    const labels = parseLabels(flags.label)
    using client = await this.connect(flags)

    await this.showUsage<PodSandboxStats>({
      output,
      seconds: flags.seconds,
      watch: flags.watch,
      sample: () => podUsage(client, {id: flags.id ?? args.pod, labels}),
      sufficient: (stats) => hasRates(stats.map(({linux}) => linux?.cpu)),
      view: async (now, before, terminal) =>
        podUsageView(now, before, {...terminal, ...choices, limit: flags.limit}),
    })
  }
}
