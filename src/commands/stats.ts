import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {noteLabelsOfPods} from '../cli/choose-containers.js'
import {containerFilterFlags} from '../cli/flags/selection.js'
import {containerOrders, sortFlag, usageChoices, usageFlags} from '../cli/flags/usage.js'
import {UsageCommand} from '../cli/usage-command.js'
import type {ContainerStats} from '../generated/cri.js'
import {containerStatuses} from '../node/details.js'
import {containerUsage, usageIdentities} from '../node/selection.js'
import {hasRates} from '../node/usage.js'
import {containerUsageView} from '../views/usage.js'

export default class Stats extends UsageCommand {
  static override summary = 'Show the CPU, memory and disk use of containers'
  static override description =
    `100 in CPU % is one core. It comes from two samples, or from the rate that the runtime reports.
-o wide adds limits, pressure (PSI), pod and namespace.`
  static override examples = [
    'crisp stats',
    'crisp stats --sort mem --limit 10',
    'crisp stats -o wide --units iec --namespace kube-system',
    'crisp stats --watch --pod kube-system/coredns-x',
    'crisp stats --watch -o json',
  ]

  static override args = {
    container: Args.string({description: 'only this container: ID or name'}),
  }

  static override flags = {
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'also those that use nothing'}),
    pod: containerFilterFlags.pod,
    sort: sortFlag('cpu, mem, disk', containerOrders),
    ...usageFlags('container'),
    'pod-label': containerFilterFlags['pod-label'],
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Stats)
    const output = await this.outputForm(flags)
    const {shape, selection} = usageChoices(flags, await this.units(flags))
    using client = await this.connect(flags)

    const chosen = {
      ...selection,
      id: flags.id ?? args.container,
      pod: flags.pod,
      podLabels: flags['pod-label'],
    }
    let noted = false
    await this.showUsage<ContainerStats>({
      output,
      seconds: flags.seconds,
      watch: flags.watch,
      cut: !flags['no-trunc'],
      sample: async () => {
        const stats = await containerUsage(client, chosen)
        if (stats.length === 0 && !noted) await noteLabelsOfPods(client, chosen, (text) => this.note(text))
        noted = true
        return stats
      },
      sufficient: (stats) => hasRates(stats.map(({cpu}) => cpu)),
      view: async (now, before, terminal) =>
        containerUsageView(now, before, {
          ...terminal,
          ...shape,
          idleToo: flags.all,
          ...(output.name === 'wide'
            ? {
                statuses: await containerStatuses(client, idsOf(now)),
                identityOf: await usageIdentities(client, now),
              }
            : {}),
        }),
    })
  }
}

function idsOf(stats: readonly ContainerStats[]): {id: string}[] {
  return stats.flatMap(({attributes}) => (attributes ? [{id: attributes.id}] : []))
}
