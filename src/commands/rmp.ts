import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {noteUnknown} from '../cli/choose-containers.js'
import {podFilterFlags, podSelection} from '../cli/flags/selection.js'
import {chosenByFilters, targetFlags} from '../cli/flags/target.js'
import {unwatchedFlag} from '../cli/kubelet-notices.js'
import {TargetCommand} from '../cli/several-targets.js'
import {removePod} from '../node/remove.js'
import {selectPods} from '../node/selection.js'
import {asTargets, resolveTargetPods} from '../node/targets.js'

export default class Rmp extends TargetCommand {
  static override summary = 'Remove pods and all their containers'
  static override description =
    'The logs of a pod stay where they are, unless crisp run made it from flags: with those go their logs and their cgroup.'
  static override examples = [
    'crisp rmp sandbox-1',
    'crisp rmp -f default/web-1 default/web-2 --ignore-missing --wait',
    'crisp rmp -a --state notready',
    'crisp rmp -fa --dry-run',
  ]

  static override args = {
    pod: Args.string({multiple: true, description: 'ID, name or namespace/name'}),
  }

  static override flags = {
    force: Flags.boolean({char: 'f', description: 'also ready ones, stopped first'}),
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every pod'}),
    ...podFilterFlags,
    ...targetFlags(),
    ...unwatchedFlag,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Rmp)
    const filtered = chosenByFilters('pod', args.pod, flags, this.line)
    const selection = podSelection(flags)
    using client = await this.connect(flags)

    const targets = filtered
      ? asTargets(await selectPods(client, {...selection, onUnknown: noteUnknown((text) => this.note(text))}))
      : await resolveTargetPods(client, args.pod ?? [])
    await this.sayWhatIsMadeAgain(client, targets, flags)
    await this.onEach(client, targets, flags, {
      verb: 'remove',
      noun: 'pod',
      act: async (target, say) => {
        const {configMadeFromFlags, removeLeftovers} = await import('../run/leftovers.js')
        // What is wrong with the pod, removePod says.
        const config = await configMadeFromFlags(client, target.id).catch(() => undefined)
        await removePod(client, target, {
          force: flags.force,
          wait: flags.wait,
          signal: this.signal,
          onStopped: () => say(`Stopped sandbox ${target.word}`),
        })
        if (config) await removeLeftovers(config)
        say(`Removed sandbox ${target.word}`)
      },
    })
  }
}
