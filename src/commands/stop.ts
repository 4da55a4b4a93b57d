import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {chooseContainers} from '../cli/choose-containers.js'
import {graceFlag} from '../cli/flags/grace.js'
import {containerSelection, livingFilterFlags} from '../cli/flags/selection.js'
import {chosenByFilters, containerNames, parallelFlag, targetFlags} from '../cli/flags/target.js'
import {unwatchedFlag} from '../cli/kubelet-notices.js'
import {TargetCommand} from '../cli/several-targets.js'
import {watchChanges} from '../node/changes.js'
import {containerStatus} from '../node/details.js'
import {asTargets, leaveIdsToRuntime, resolveTargetContainers} from '../node/targets.js'
import {lookUntil} from '../node/wait.js'

/** Killing is work for the runtime: containerd 1.6 has 50 killed sooner 8 at a time than 16. */
const killedAtOnce = 8
/**
 * A grace period is mostly waiting, and those of many containers should overlap. With two dozen at once in one pod the
 * shim of containerd 1.6 hangs for a minute, 16 it bears.
 */
const stoppedAtOnce = 16

export default class Stop extends TargetCommand {
  static override summary = 'Stop running containers'
  static override description =
    'Each gets its stop signal (SIGTERM unless its image says otherwise) and, when the grace period is over, SIGKILL. ' +
    'Without --timeout it is killed at once, as crictl does. The kubelet starts its own containers again.'
  static override examples = [
    'crisp stop web -t 10',
    'crisp stop --pod kube-system/coredns-x --timeout 30s',
    'crisp stop -a --dry-run',
    'crisp stop job-1 job-2 --ignore-missing',
  ]

  static override args = {
    container: Args.string({...containerNames, complete: 'running-container'}),
  }

  static override flags = {
    timeout: graceFlag,
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every running container'}),
    ...livingFilterFlags,
    ...targetFlags(),
    ...unwatchedFlag,
    parallel: parallelFlag({
      helpGroup: 'TARGETS',
      default: undefined,
      description: `how many at once [default: ${killedAtOnce}, with a grace period ${stoppedAtOnce}]`,
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Stop)
    const words = args.container ?? []
    const filtered = chosenByFilters('container', args.container, flags, this.line)
    const {state, ...selection} = containerSelection(flags)
    const {timeout} = flags
    const note = (text: string) => this.note(text)
    using client = await this.connect(flags)

    const targets = filtered
      ? asTargets(await chooseContainers(client, {...selection, state: state ?? 'CONTAINER_RUNNING'}, note))
      : leaveIdsToRuntime(words, await resolveTargetContainers(client, words))
    await this.sayWhatIsMadeAgain(client, targets, flags, {runningOnly: true})
    using changes = watchChanges(client, this.signal)
    const parallel = flags.parallel ?? (timeout === '0' ? killedAtOnce : stoppedAtOnce)
    await this.onEach(
      client,
      targets,
      {...flags, parallel},
      {
        verb: 'stop',
        noun: 'container',
        act: async ({id, word}, say) => {
          await client.runtime.stopContainer({containerId: id, timeout})
          const stopped = async () => (await containerStatus(client, id))?.state !== 'CONTAINER_RUNNING'
          if (flags.wait) await lookUntil({changes}, stopped)
          say(word)
        },
      },
    )
  }
}
