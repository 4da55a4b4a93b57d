import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {noteUnknown} from '../cli/choose-containers.js'
import {podFilterFlags, podSelection} from '../cli/flags/selection.js'
import {chosenByFilters, targetFlags} from '../cli/flags/target.js'
import {unwatchedFlag} from '../cli/kubelet-notices.js'
import {TargetCommand} from '../cli/several-targets.js'
import {watchChanges} from '../node/changes.js'
import {podStatus} from '../node/details.js'
import {stopPod} from '../node/remove.js'
import {selectPods} from '../node/selection.js'
import {asTargets, leaveIdsToRuntime, resolveTargetPods} from '../node/targets.js'
import {lookUntil} from '../node/wait.js'

export default class Stopp extends TargetCommand {
  static override summary = 'Stop pods: kill their containers and remove their network'
  static override description =
    'A pod that has stopped stays listed until rmp removes it, and cannot be started again.'
  static override examples = [
    'crisp stopp sandbox-1',
    'crisp stopp default/web-1 default/web-2 --ignore-missing',
    'crisp stopp --namespace ^test- --dry-run',
  ]

  static override args = {
    pod: Args.string({complete: 'ready-pod', multiple: true, description: 'ID, name or namespace/name'}),
  }

  static override flags = {
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every ready pod'}),
    ...podFilterFlags,
    ...targetFlags(),
    ...unwatchedFlag,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Stopp)
    const words = args.pod ?? []
    const filtered = chosenByFilters('pod', args.pod, flags, this.line)
    const {state, ...selection} = podSelection(flags)
    using client = await this.connect(flags)

    const targets = filtered
      ? asTargets(
          await selectPods(client, {
            ...selection,
            onUnknown: noteUnknown((text) => this.note(text)),
            state: state ?? 'SANDBOX_READY',
          }),
        )
      : leaveIdsToRuntime(words, await resolveTargetPods(client, words))
    await this.sayWhatIsMadeAgain(client, targets, flags)
    using changes = watchChanges(client, this.signal)
    await this.onEach(client, targets, flags, {
      verb: 'stop',
      noun: 'pod',
      act: async ({id, word}, say) => {
        await stopPod(client, id)
        const stopped = async () => (await podStatus(client, id))?.state !== 'SANDBOX_READY'
        if (flags.wait) await lookUntil({changes}, stopped)
        say(`Stopped sandbox ${word}`)
      },
    })
  }
}
