import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {type GlobalFlags, outputFlags, unitsFlag} from '../cli/flags/common.js'
import {integerFlag} from '../cli/flags/types.js'
import {HostCommand} from '../cli/host-command.js'
import {containerName, newestOfEach} from '../client/names.js'
import type {OutputForm} from '../formats/output.js'
import {LogTail} from '../logs/last-lines.js'
import {concurrently} from '../node/concurrently.js'
import {type ContainerDescription, describeThing, type PodDescription} from '../node/describe.js'
import {lookAtNode} from '../node/view.js'
import type {Units} from '../text/units.js'
import {type Described, descriptionsView, type FailedLog} from '../views/description.js'

export default class Describe extends HostCommand {
  static override summary = 'Show the main facts about a container or pod, and its last log lines'
  static override description =
    'State, exit, earlier attempts, command, limits, mounts and the last log lines, also of what has failed; of a pod why it is not ready. crisp reads the log on this machine, which needs root on most nodes.'
  static override examples = [
    'crisp describe web',
    'crisp describe kube-system/coredns-x --tail 50',
    'sudo crisp describe --limits web',
    "crisp describe web -o jsonpath='{.process.pid}'",
  ]

  static override args = {
    container: Args.string({
      multiple: true,
      required: true,
      complete: 'container-or-pod',
      description: 'container or pod: ID, name, pod/name or namespace/pod/name',
    }),
  }

  static override flags = {
    tail: integerFlag({
      char: 'n',
      default: 10,
      description: "the last N lines of a container's log; 0: none",
    }),
    limits: Flags.boolean({
      description: 'CPU, memory and PIDs: as asked for, as the kubelet gave them, as the kernel has them',
    }),
    'kubelet-dir': Flags.string({
      helpValue: 'DIR',
      description: "with --limits: the kubelet's folder, /var/lib/kubelet by default",
    }),
    units: unitsFlag,
    ...outputFlags('table'),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Describe)
    const output = await this.outputForm(flags)
    if (flags.limits) return await this.#showLimits(args.container ?? [], flags, output)
    using client = await this.connect(flags)

    const view = await lookAtNode(client)
    const outcomes = await concurrently(args.container ?? [], 4, async (reference): Promise<Described> => {
      const thing = await describeThing(client, reference, view)
      const failedLogs = await logsOfFailed(thing, flags.tail)
      return thing.kind === 'container'
        ? {...thing, failedLogs, logLines: await lastLines(thing.status, flags.tail)}
        : {...thing, failedLogs}
    })
    const found = this.collectValues(outcomes)
    const strong = (await this.tableStyle())?.header
    const context = {
      nowMs: Date.now(),
      width: this.width,
      strong,
      paint: await this.paint(),
      units: await this.units(flags),
    }
    if (found.length > 0) await this.show(descriptionsView(found, context), output)
  }

  async #showLimits(
    words: readonly string[],
    flags: GlobalFlags & {units: Units | undefined; 'kubelet-dir': string | undefined},
    output: OutputForm,
  ): Promise<void> {
    const {proc} = this
    using client = await this.connect(flags)
    const [{lookAtLimits}, {limitsView}, {ownersNamed}] = await Promise.all([
      import('../node/limits.js'),
      import('../views/limits.js'),
      import('../node/container-processes.js'),
    ])
    const view = await lookAtNode(client)
    const named = await concurrently(words, 1, async (word) => ownersNamed(word, view))
    const containers = this.collectValues(named)
      .flat()
      .flatMap(({container}) => container ?? [])
    const asked = await concurrently(containers, 4, async (container) => {
      const {status, info} = await client.runtime.containerStatus({containerId: container.id, verbose: true})
      return status ? [{container, status, info}] : []
    })
    const known = this.collectValues(asked).flat()
    if (known.length === 0) return
    const found = await lookAtLimits(client, known, view, {
      ...proc,
      signal: this.signal,
      kubeletFolder: flags['kubelet-dir'],
    })
    this.signal.throwIfAborted()
    const shown = known.map(({container}) => ({
      id: container.id,
      name: containerName(container.id, view.identityOf(container)),
    }))
    const style = await this.tableStyle()
    const context = {units: await this.units(flags), width: this.width, style, strong: style?.header}
    await this.show(limitsView(shown, found, context), output)
    for (const reason of found.kubelet.unread) this.note(reason)
    const without = known.filter(({container}) => found.limits.get(container.id)?.cgroup === undefined)
    for (const {container} of without.filter(({container: {state}}) => state === 'CONTAINER_RUNNING'))
      this.note(
        `container ${containerName(container.id, view.identityOf(container))} has no control group here: it is on another machine, or its runtime makes none`,
      )
    this.noteSources(output, ['CRI', 'host (/sys/fs/cgroup)', ...found.kubelet.files].join(', '))
  }
}

async function lastLines({logPath}: {logPath: string}, count: number): Promise<readonly string[]> {
  return count > 0 ? new LogTail().read(logPath, count) : []
}

/** Of so many at most: where a pod has many, the first say enough. */
const mostFailed = 3

/** Of a pod's containers whose last attempt has failed, and of the attempt before one that runs. */
async function logsOfFailed(
  thing: ContainerDescription | PodDescription,
  count: number,
): Promise<FailedLog[]> {
  if (count <= 0) return []
  const last =
    thing.kind === 'pod'
      ? newestOfEach(thing.containers, ({metadata}) => metadata?.name ?? '')
      : thing.status.state === 'CONTAINER_RUNNING'
        ? thing.earlier.slice(0, 1)
        : []
  const failed = last.filter(
    ({state, exitCode, logPath}) => state === 'CONTAINER_EXITED' && exitCode !== 0 && logPath,
  )
  return Promise.all(
    failed.slice(0, mostFailed).map(async (status) => {
      const {name = '', attempt = 0} = status.metadata ?? {}
      const called = attempt > 0 ? `${name} (attempt ${attempt})` : name
      return {id: status.id, name: called, lines: await lastLines(status, count)}
    }),
  )
}
