import type {Interfaces} from '@oclif/core'
import * as Flags from '@oclif/core/flags'
import type {CriClient} from '../client/connect.js'
import {Interrupted, UsageError} from '../errors/errors.js'
import {isRuntimeLost} from '../node/lost-runtime.js'
import {carryOut, type Found, findMade, type Made, takeBack} from '../run/carry-out.js'
import type {Plan, PullWhen} from '../run/plan.js'
import {programName} from '../text/program.js'
import {shortId} from '../text/short-id.js'
import {CriCommand} from './command.js'
import {describeError} from './failures/describe.js'
import type {GlobalFlags} from './flags/common.js'
import {type PullFlags, pullCredentials, pullProgress, pullTimeoutMs} from './flags/pull.js'
import {choiceFlag, durationFrom} from './flags/types.js'
import {validateFlag} from './flags/validate.js'
import {makingNotice, unwatchedFlag} from './kubelet-notices.js'

/** Flags of every verb that makes pods or containers. */
export const makeFlags = {
  'cancel-timeout': durationFrom(0)({
    char: 'T',
    description: 'time limit of each call; twice that for the pod',
  }),
  validate: validateFlag,
  keep: Flags.boolean({description: 'when a step fails, keep what was created so far, and name it'}),
  ...unwatchedFlag,
  'dry-run': Flags.boolean({
    helpGroup: 'OUTPUT',
    description: 'print the requests that would be sent; crisp run -f takes them',
  }),
  output: choiceFlag<'yaml' | 'json'>({yaml: 'yaml', json: 'json'})({
    char: 'o',
    helpGroup: 'OUTPUT',
    helpValue: 'FORMAT',
    description: 'format of --dry-run: yaml or json [default: yaml]',
  }),
}

/** Flags of those that may pull before. */
export const pullFirstFlags = {
  'with-pull': Flags.boolean({description: 'pull the image, even if the node has it'}),
  'no-pull': Flags.boolean({description: 'do not pull the image'}),
}

export type MakeFlags = GlobalFlags & Interfaces.InferredFlags<typeof makeFlags>

/** A verb that makes things in several calls, and leaves nothing half-made. */
export abstract class PlanCommand extends CriCommand {
  /** Prints the plan for `--dry-run`, else carries it out. undefined for the former. */
  protected async printOrCarryOut(
    client: CriClient,
    flags: MakeFlags & PullFlags,
    plan: Plan,
  ): Promise<Made | undefined> {
    if (flags['dry-run']) {
      const {planText} = await import('../run/plan.js')
      this.writeRaw(await planText(plan, flags.output ?? 'yaml'))
      return undefined
    }
    if (flags.output !== undefined) throw new UsageError('-o is for --dry-run')
    return this.#carryOut(client, flags, plan)
  }

  async #carryOut(client: CriClient, flags: MakeFlags & PullFlags, plan: Plan): Promise<Made> {
    const options = {
      signal: this.signal,
      timeoutMs: flags['cancel-timeout'] || undefined,
      pullTimeoutMs: pullTimeoutMs(flags),
      ...(plan.some(({method}) => method === 'PullImage')
        ? {
            credentialsFor: await pullCredentials(flags, {
              note: (text) => this.note(text),
              signal: this.signal,
            }),
            showPull: (image: string) =>
              pullProgress(client, [image], {debug: flags.debug, units: () => this.units(flags)}),
          }
        : {}),
    }
    const made: Made = {containerIds: []}
    try {
      await carryOut(client, plan, made, options)
      const said = await makingNotice(client, flags.quiet)
      if (said !== undefined) this.note(said)
      return made
    } catch (error) {
      const cause = this.signal.aborted ? this.signal.reason : error
      await this.#afterFailure(flags, plan, made, cause)
      throw cause
    }
  }

  /** Over a connection of its own: Ctrl-C has ended the first one. A second Ctrl-C ends the process. */
  async #afterFailure(flags: MakeFlags, plan: Plan, made: Made, cause: unknown): Promise<void> {
    const nothing = made.podSandboxId === undefined && made.containerIds.length === 0
    const asked = made.podAskedAtMs ?? made.containersAskedAtMs
    if (asked === undefined || (nothing && !isUnanswered(cause))) return
    try {
      using client = await this.connect(flags, {})
      const found = await findMade(client, plan, made, {unanswered: isUnanswered(cause)})
      this.#nameOlder(found)
      const ids = [found.podSandboxId, ...found.containerIds].filter((id) => id !== undefined)
      if (ids.length === 0) return
      if (flags.keep) return this.note(`kept what was created: ${madeText(found)}`)
      await takeBack(client, plan, found)
    } catch (error) {
      this.note(`could not remove what was created (${madeText(made)}): ${describeError(error).text}`)
    }
  }

  /** Takes away what a plan has made, although it went well. A failure is said and changes nothing else. */
  protected async removeMade(flags: MakeFlags, plan: Plan, made: Made): Promise<Found | undefined> {
    try {
      using client = await this.connect(flags, {})
      const found = await findMade(client, plan, made, {unanswered: false})
      this.#nameOlder(found)
      await takeBack(client, plan, found)
      return found
    } catch (error) {
      this.note(`could not remove what was created (${madeText(made)}): ${describeError(error).text}`)
      return undefined
    }
  }

  #nameOlder({olderIds}: Found): void {
    if (olderIds.length === 0) return
    const words = olderIds.map(shortId).join(', ')
    this.note(`${words}: there before, under the name in use, so it stays; choose another name, or remove it`)
  }

  /** crictl's rules for its file forms. Throws UsageError for flags that contradict each other. */
  protected async pullWhen(
    flags: GlobalFlags & {'with-pull'?: boolean; 'no-pull'?: boolean},
    usual: (settings: {pullImageOnCreate: boolean; disablePullOnRun: boolean}) => PullWhen | 'never',
  ): Promise<PullWhen | 'never'> {
    if (flags['with-pull'] && flags['no-pull'])
      throw new UsageError('--with-pull and --no-pull contradict each other')
    if (flags['with-pull']) return 'always'
    if (flags['no-pull']) return 'never'
    return usual(await this.settings(flags))
  }
}

/** Throws UsageError where two things would read stdin. */
export function checkStdin(files: readonly (string | undefined)[], flags: PullFlags): void {
  const readers = files.filter((file) => file === '-').length
  if (readers > 1) throw new UsageError('only one of the files can be stdin')
  if (readers === 1 && (flags['creds-stdin'] || flags['password-stdin']))
    throw new UsageError('stdin holds either a file or the credentials')
}

/** Whether the runtime may have done what was asked last, although it did not say so. */
function isUnanswered(cause: unknown): boolean {
  return cause instanceof Interrupted || isRuntimeLost(cause)
}

function madeText({podSandboxId, containerIds}: Made): string {
  const pod =
    podSandboxId === undefined
      ? []
      : [`pod ${podSandboxId} (${programName()} rmp -f ${shortId(podSandboxId)})`]
  const containers = containerIds.map((id) => `container ${id} (${programName()} rm -f ${shortId(id)})`)
  return [...pod, ...(pod.length > 0 ? containerIds.map((id) => `container ${id}`) : containers)].join(', ')
}
