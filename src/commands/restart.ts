import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {chooseContainers} from '../cli/choose-containers.js'
import {noTruncFlag, outputFlags} from '../cli/flags/common.js'
import {restartGraceFlag} from '../cli/flags/grace.js'
import {containerFilterFlags, containerSelection} from '../cli/flags/selection.js'
import {chosenByFilters, containerNames, targetFlags} from '../cli/flags/target.js'
import {durationFrom} from '../cli/flags/types.js'
import {TargetCommand, type Targets} from '../cli/several-targets.js'
import type {CriClient} from '../client/connect.js'
import {asTargets, resolveTargetContainers} from '../node/targets.js'
import {lookAtNode} from '../node/view.js'
import {carryOutRestart, planRestart, restartText} from '../run/restart.js'
import type {Restarted} from '../views/restart.js'

const {wait: _, ...eachFlags} = targetFlags()

export default class Restart extends TargetCommand {
  static override summary = 'Stop containers, and have each come back as its next attempt'
  static override description =
    'A container of the CRI runs once. The next attempt of one of the kubelet is made by the kubelet: crisp stops the ' +
    'container, waits for it and names it. Any other is made again by crisp, from what the runtime remembers ' +
    '(containerd does, CRI-O does not): the new one first, the old one is removed last. Ctrl-C before the stop signal ' +
    'changes nothing; later the kubelet goes on alone, and crisp goes on until its own is started. A second Ctrl-C ends ' +
    'it at once, and the next restart goes on.'
  static override examples = [
    'crisp restart web',
    'crisp restart shop/web-1/web -t 30s',
    'crisp restart --pod-label app=web --dry-run',
    'crisp restart web -o name',
  ]

  static override args = {
    container: Args.string(containerNames),
  }

  static override flags = {
    timeout: restartGraceFlag,
    'attempt-timeout': durationFrom(0)({
      default: 360_000,
      defaultHelp: async () => '6m',
      description: 'how long to wait for the attempt of a kubelet, which may pause 5 minutes',
    }),
    all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every running container'}),
    ...containerFilterFlags,
    ...eachFlags,
    'no-trunc': noTruncFlag,
    ...outputFlags('table'),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Restart)
    const filtered = chosenByFilters('container', args.container, flags, this.line)
    const {state, ...selection} = containerSelection(flags)
    const output = await this.outputForm(flags)
    const note = (text: string) => this.note(text)
    // Ctrl-C ends no call once anything is done: what has begun to stop has to come back.
    let underWay = 0
    const abort = new AbortController()
    this.signal.addEventListener('abort', () => {
      if (underWay === 0) abort.abort(this.signal.reason)
    })
    using client = await this.connect(flags, abort)

    const targets = filtered
      ? asTargets(await chooseContainers(client, {...selection, state: state ?? 'CONTAINER_RUNNING'}, note))
      : await resolveTargetContainers(client, args.container ?? [])
    const restarted = new Map<string, Restarted>()
    await this.onEach(client, targets, flags, {
      verb: 'restart',
      noun: 'container',
      describe: () => describe(client, targets),
      act: async (target) => {
        this.signal.throwIfAborted()
        const plan = await planRestart(client, target, await lookAtNode(client))
        const options = {
          grace: flags.timeout,
          limitMs: flags['attempt-timeout'],
          signal: this.signal,
          note,
        }
        underWay++
        try {
          restarted.set(target.id, await carryOutRestart(client, plan, options))
        } finally {
          underWay--
        }
      },
    })
    if (restarted.size === 0) return
    const inOrder = targets.flatMap((target) =>
      target.status === 'fulfilled' ? (restarted.get(target.value.id) ?? []) : [],
    )
    const {restartedView} = await import('../views/restart.js')
    const isWhole = flags['no-trunc']
    const context = {width: isWhole ? undefined : this.width, style: await this.tableStyle(), isWhole}
    await this.show(restartedView([...new Set(inOrder)], context), output)
    this.signal.throwIfAborted()
  }
}

/** What would be done to each; one that cannot come back fails as it would. */
async function describe(client: CriClient, targets: Targets): Promise<(target: {id: string}) => string> {
  const view = await lookAtNode(client)
  const texts = new Map<string, () => string>()
  for (const target of targets) {
    if (target.status === 'rejected') continue
    const {id} = target.value
    const [outcome] = await Promise.allSettled([planRestart(client, target.value, view)])
    texts.set(id, () => {
      if (outcome?.status === 'fulfilled') return restartText(outcome.value)
      throw outcome?.reason
    })
  }
  return ({id}) => texts.get(id)?.() ?? ''
}
