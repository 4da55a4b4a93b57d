import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {podOrders, sortFlag, usageChoices, usageFlags} from '../cli/flags/usage.js'
import {UsageCommand} from '../cli/usage-command.js'
import {podName} from '../client/names.js'
import type {PodSandboxStats} from '../generated/cri.js'
import {podUsage} from '../node/selection.js'
import {hasRates, type OnPodFailure} from '../node/usage.js'
import {sayEachOnce} from '../text/once.js'
import {podUsageView} from '../views/usage.js'

export default class Statsp extends UsageCommand {
  static override summary = 'Show the CPU, memory and network use of pods'
  static override description =
    `100 in CPU % is one core. It comes from two samples, or from the rate that the runtime reports.
-o wide adds network, disk, pressure (PSI) and processes.`
  static override examples = [
    'crisp statsp',
    'crisp statsp --sort cpu --limit 10',
    'crisp statsp -o wide --sort net',
    'crisp statsp --watch --namespace kube-system',
  ]

  static override args = {
    pod: Args.string({description: 'only this pod: ID, name or namespace/name'}),
  }

  static override flags = {
    pod: Flags.string({
      char: 'p',
      helpGroup: 'FILTER',
      helpValue: 'POD',
      description: 'only this pod: ID, name or namespace/name',
    }),
    sort: sortFlag('cpu, mem, disk, net', podOrders),
    ...usageFlags('pod'),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Statsp)
    const output = await this.outputForm(flags)
    const {shape, selection} = usageChoices(flags, await this.units(flags))
    using client = await this.connect(flags)

    const onFailure: OnPodFailure = sayEachOnce(
      (pod, error) => this.fail(error, podName(pod)),
      ({id}) => id,
    )
    await this.showUsage<PodSandboxStats>({
      output,
      seconds: flags.seconds,
      watch: flags.watch,
      cut: !flags['no-trunc'],
      sample: () => podUsage(client, {...selection, pod: flags.id ?? flags.pod ?? args.pod}, onFailure),
      // Traffic a second takes two samples, whatever the runtime says of CPU.
      sufficient: (stats) =>
        output.name !== 'wide' &&
        shape.order !== 'net' &&
        hasRates(stats.map(({linux, windows}) => linux?.cpu ?? windows?.cpu)),
      view: async (now, before, terminal) => podUsageView(now, before, {...terminal, ...shape}),
    })
  }
}
