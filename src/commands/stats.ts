import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {containerStatuses} from '../client/details.js'
import {containerUsage} from '../client/selection.js'
import {hasRates} from '../client/usage.js'
import type {ContainerStats} from '../generated/cri.js'
import {parseLabels} from '../text/selectors.js'
import {UsageCommand} from '../usage-command.js'
import {usageChoices, usageFlags} from '../usage-flags.js'
import {parseOutput} from '../views/output.js'
import {containerUsageView} from '../views/usage.js'

export default class Stats extends UsageCommand {
  static override summary = 'Show what containers use: CPU, memory, disk'
  static override description =
    'CPU % is of one core. It is made from two samples, or from the rate that the runtime gives.'
  static override examples = [
    'crisp stats',
    'crisp stats --sort mem --limit 10',
    'crisp stats -o wide --units iec',
    'crisp stats --watch --pod kube-system/coredns-x',
  ]

  static override args = {
    container: Args.string({description: 'only this container: ID or name', ignoreStdin: true}),
  }

  static override flags = {
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'those that use nothing too'}),
    pod: Flags.string({
      char: 'p',
      helpGroup: 'FILTER',
      helpValue: 'POD',
      description: 'only containers of this pod: ID, name or namespace/name',
    }),
    ...usageFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Stats)
    const output = parseOutput(flags.output, flags.template)
    const choices = usageChoices(flags)
    const labels = parseLabels(flags.label)
    using client = await this.connect(flags)

    const selection = {id: flags.id ?? args.container, pod: flags.pod, labels}
    await this.showUsage<ContainerStats>({
      output,
      seconds: flags.seconds,
      watch: flags.watch,
      sample: () => containerUsage(client, selection),
      sufficient: (stats) => hasRates(stats.map(({cpu}) => cpu)),
      view: async (now, before, terminal) =>
        containerUsageView(now, before, {
          ...terminal,
          ...choices,
          limit: flags.limit,
          idleToo: flags.all,
          ...(output.format === 'wide' ? {statuses: await containerStatuses(client, idsOf(now))} : {}),
        }),
    })
  }
}

function idsOf(stats: readonly ContainerStats[]): {id: string}[] {
  return stats.flatMap(({attributes}) => (attributes ? [{id: attributes.id}] : []))
}
