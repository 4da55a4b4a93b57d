import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {chooseContainers} from '../cli/choose-containers.js'
import {containerSelection, livingFilterFlags} from '../cli/flags/selection.js'
import {chosenByFilters, containerNames, targetFlags} from '../cli/flags/target.js'
import {TargetCommand} from '../cli/several-targets.js'
import type {CriClient} from '../client/connect.js'
import {UserError} from '../errors/errors.js'
import {watchChanges} from '../node/changes.js'
import {containerStatus} from '../node/details.js'
import {asTargets, resolveTargetContainers, type Target} from '../node/targets.js'
import {lookUntil} from '../node/wait.js'

export default class Start extends TargetCommand {
  static override summary = 'Start created containers'
  static override description =
    'A container runs once: one that has exited cannot be started again. Filters choose among created ones.'
  static override examples = [
    'crisp start web',
    'crisp start web db --parallel 2',
    'crisp start --pod sandbox-1 --dry-run',
  ]

  static override args = {
    container: Args.string({...containerNames, complete: 'created-container'}),
  }

  static override flags = {
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every container that was created'}),
    ...livingFilterFlags,
    ...targetFlags(),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Start)
    const filtered = chosenByFilters('container', args.container, flags, this.line)
    const {state, ...selection} = containerSelection({...flags, all: true})
    const note = (text: string) => this.note(text)
    using client = await this.connect(flags)

    const targets = filtered
      ? asTargets(await chooseContainers(client, {...selection, state: state ?? 'CONTAINER_CREATED'}, note))
      : await resolveTargetContainers(client, args.container ?? [])
    using changes = watchChanges(client, this.signal)
    await this.onEach(client, targets, flags, {
      verb: 'start',
      noun: 'container',
      act: async ({id, word}, say) => {
        await client.runtime.startContainer({containerId: id}).catch(async (error) => {
          throw await explainNotStarted(client, {id, word}, error)
        })
        const started = async () => (await containerStatus(client, id))?.state !== 'CONTAINER_CREATED'
        if (flags.wait) await lookUntil({changes}, started)
        say(word)
      },
    })
  }
}

/** Runtimes give no cause a code of its own: the command's is in their words, the container's in its status. */
async function explainNotStarted(client: CriClient, {id, word}: Target, error: unknown): Promise<unknown> {
  const {plainStartFailure} = await import('../sessions/failure.js')
  const failure = plainStartFailure(error, word)
  if (failure !== error) return failure
  // If they cannot say either, the first error says it all.
  const status = await containerStatus(client, id).catch(() => undefined)
  if (status?.state !== 'CONTAINER_EXITED') return error
  return new UserError(
    `container "${word}" has exited with ${status.exitCode} and cannot be started again: create a new one`,
    {cause: error},
  )
}
