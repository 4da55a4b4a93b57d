import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {chooseContainers} from '../cli/choose-containers.js'
import {containerFilterFlags, containerSelection} from '../cli/flags/selection.js'
import {chosenByFilters, containerNames, targetFlags} from '../cli/flags/target.js'
import {unwatchedFlag} from '../cli/kubelet-notices.js'
import {TargetCommand} from '../cli/several-targets.js'
import {removeContainer} from '../node/remove.js'
import {asTargets, resolveTargetContainers} from '../node/targets.js'

export default class Rm extends TargetCommand {
  static override summary = 'Remove containers, and their log files on this machine'
  static override examples = [
    'crisp rm web',
    'crisp rm -f web db --ignore-missing',
    'crisp rm -a --state exited --dry-run',
    'crisp rm --pod-label job-name=nightly --wait',
  ]

  static override args = {
    container: Args.string(containerNames),
  }

  static override flags = {
    force: Flags.boolean({char: 'f', description: 'also running ones, killed first'}),
    'keep-logs': Flags.boolean({char: 'k', description: 'keep the log files'}),
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every container'}),
    ...containerFilterFlags,
    ...targetFlags(),
    ...unwatchedFlag,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Rm)
    const filtered = chosenByFilters('container', args.container, flags, this.line)
    const selection = containerSelection({...flags, all: true})
    const note = (text: string) => this.note(text)
    using client = await this.connect(flags)

    const targets = filtered
      ? asTargets(await chooseContainers(client, selection, note))
      : await resolveTargetContainers(client, args.container ?? [])
    await this.sayWhatIsMadeAgain(client, targets, flags)
    await this.onEach(client, targets, flags, {
      verb: 'remove',
      noun: 'container',
      act: async ({id, word}, say) => {
        const {logPath} = await removeContainer(
          client,
          {id, word},
          {force: flags.force, wait: flags.wait, signal: this.signal},
        )
        if (!flags['keep-logs'] && logPath !== '') {
          const {removeLogFiles} = await import('../logs/remove-files.js')
          await removeLogFiles(logPath, (text) => this.note(text))
        }
        say(word)
      },
    })
  }
}
