import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {chooseContainers} from '../cli/choose-containers.js'
import {CriCommand} from '../cli/command.js'
import type {GlobalFlags} from '../cli/flags/common.js'
import {containerFilterFlags, containerSelection, podSelection} from '../cli/flags/selection.js'
import {chosenByFilters, givenFilter} from '../cli/flags/target.js'
import {choiceFlag, durationFrom} from '../cli/flags/types.js'
import {inOrder} from '../cli/several-targets.js'
import type {CriClient} from '../client/connect.js'
import {signalAfter, timerMs} from '../client/deadlines.js'
import {exitCode, UsageError, UserError} from '../errors/errors.js'
import {watchChanges} from '../node/changes.js'
import {Outage} from '../node/lost-runtime.js'
import {untilRuntimeReady} from '../node/runtime-ready.js'
import {selectPods} from '../node/selection.js'
import {
  type WaitOptions,
  waitUntilExited,
  waitUntilReady,
  waitUntilRemoved,
  waitUntilRunning,
} from '../node/wait.js'
import {durationText} from '../text/duration.js'

type Condition = 'exited' | 'running' | 'ready' | 'removed' | 'runtime'

const conditionFlag = choiceFlag<Condition>({
  exited: 'exited',
  running: 'running',
  ready: 'ready',
  removed: 'removed',
  runtime: 'runtime',
})

export default class Wait extends CriCommand {
  static override summary = 'Wait for containers, pods or the runtime itself'
  static override description =
    'Prints for exited the exit code of each container (and itself ends with 0), for running and ready the ID, for ' +
    'removed the name. A name that is not there yet is waited for, except with exited; for removed that is done already. ' +
    'What has ended is waited for with running and ready if the kubelet made it, which starts it again. ' +
    'Without --timeout it waits as long as it takes; after it the exit code is 124.'
  static override examples = [
    'crisp wait job-1',
    'crisp wait web --for=running --timeout 30s',
    'crisp wait default/web-1 --for=ready --timeout 1m',
    'crisp wait web db --for=removed',
    'crisp wait --for=runtime --timeout 2m && crisp ps',
  ]

  static override args = {
    reference: Args.string({
      multiple: true,
      description: 'ID or name of a container; of a pod for ready, of either for removed',
      complete: 'container',
    }),
  }

  static override flags = {
    for: conditionFlag({
      helpValue: 'CONDITION',
      default: 'exited',
      description: 'exited, running, ready (pods), removed or runtime',
    }),
    timeout: durationFrom(0)({
      char: 't',
      description: 'time limit, such as 30s; 0 checks once',
    }),
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every one that exists now'}),
    ...containerFilterFlags,
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Wait)
    const {for: condition, timeout: timeoutMs} = flags
    const limit = timeoutMs === undefined ? undefined : limitAfter(timeoutMs)
    const signal = limit ? AbortSignal.any([this.signal, limit]) : this.signal
    const late = (waitedFor: string) =>
      new UserError(`${waitedFor} after ${durationText(timeoutMs ?? 0)}`, {exitCode: exitCode.timedOut})
    const onNotice = (text: string) => this.note(text)

    if (condition === 'runtime') {
      const filter = givenFilter(flags)
      const extra = args.reference ? 'the names' : filter && `--${filter}`
      if (extra) throw new UsageError(`--for=runtime waits for the runtime: leave ${extra} out`)
      return this.#runtime(flags, signal, () => late('no runtime is ready'))
    }
    if (condition === 'ready') {
      const filter = (['pod', 'pod-label', 'image', 'state', 'failed'] as const).find(
        (name) => flags[name] !== undefined && flags[name] !== false,
      )
      if (filter)
        throw new UsageError(`--for=ready waits for pods: leave --${filter} out, it chooses containers`)
    }
    const filtered = chosenByFilters(
      condition === 'ready' ? 'pod' : 'container',
      args.reference,
      flags,
      this.line,
    )
    using client = await this.connect(flags)
    using changes = watchChanges(client, signal)
    // Ends the call that is under way, too: it would have the kubelet's two minutes.
    limit?.addEventListener('abort', () => client.close(), {once: true})
    const outage = new Outage(onNotice)
    const references = filtered ? await chooseIds(client, condition, flags, onNotice) : (args.reference ?? [])

    const turns = inOrder((text) => this.write(text))
    await Promise.all(
      references.map(async (reference, index) => {
        try {
          turns(index, `${await waitFor(condition, client, reference, {changes, outage, onNotice})}\n`)
        } catch (error) {
          this.fail(
            limit?.aborted && !this.signal.aborted ? late(`"${reference}" is not ${condition}`) : error,
          )
          turns(index, '')
        }
      }),
    )
  }

  async #runtime(flags: GlobalFlags, signal: AbortSignal, late: () => Error): Promise<void> {
    const connect = () => this.connect({...flags, 'max-retries': 0})
    try {
      const {runtimeName, runtimeVersion} = await untilRuntimeReady(connect, {
        signal,
        onNotice: (text) => this.note(text),
      })
      this.write(`${runtimeName} ${runtimeVersion}\n`)
    } catch (error) {
      throw signal.aborted && !this.signal.aborted ? late() : error
    }
  }
}

/** With 0 it is over before it begins, which leaves the first look its time. */
function limitAfter(timeoutMs: number): AbortSignal | undefined {
  if (timeoutMs === 0) return AbortSignal.abort()
  const limitMs = timerMs(timeoutMs)
  return limitMs === undefined ? undefined : signalAfter(limitMs)
}

async function chooseIds(
  client: CriClient,
  condition: Condition,
  flags: Parameters<typeof containerSelection>[0],
  note: (text: string) => void,
): Promise<string[]> {
  const selected =
    condition === 'ready'
      ? await selectPods(client, podSelection({...flags, state: undefined}))
      : await chooseContainers(client, containerSelection({...flags, all: true}), note)
  return selected.map(({id}) => id)
}

async function waitFor(
  condition: Exclude<Condition, 'runtime'>,
  client: CriClient,
  reference: string,
  options: WaitOptions,
): Promise<string> {
  switch (condition) {
    case 'exited':
      return String((await waitUntilExited(client, reference, options)).exitCode)
    case 'running':
      return (await waitUntilRunning(client, reference, options)).id
    case 'ready':
      return (await waitUntilReady(client, reference, options)).id
    case 'removed':
      await waitUntilRemoved(client, reference, options)
      return reference
  }
}
