import * as Args from '@oclif/core/args'
import {chooseContainers} from '../cli/choose-containers.js'
import {noTruncFlag, outputFlags, unitsFlag} from '../cli/flags/common.js'
import {containerFilterFlags, containerSelection} from '../cli/flags/selection.js'
import {givenFilter} from '../cli/flags/target.js'
import {HostCommand} from '../cli/host-command.js'
import {UsageError} from '../errors/errors.js'
import type {Container} from '../generated/cri.js'
import {concurrently} from '../node/concurrently.js'
import {findContainerOrPod, lookAtNode, type NodeView} from '../node/view.js'

export default class Df extends HostCommand {
  static override summary = 'Show what images, containers and logs take on the disk, and what removing frees'
  static override description =
    "Layers that images share count once; rotated logs count too. Sources: CRI, host (the runtime's own files and the logs, on the node itself, as root). Names and filters choose containers; images are always all."
  static override examples = [
    'sudo crisp df',
    'sudo crisp df web-1 -o wide',
    'sudo crisp df --namespace shop',
    "sudo crisp df -o jsonpath='{.frees}'",
  ]

  static override args = {
    container: Args.string({
      multiple: true,
      complete: 'container-or-pod',
      description: 'only these containers and pods: ID, name, pod/name or namespace/pod/name',
    }),
  }

  static override flags = {
    ...containerFilterFlags,
    units: unitsFlag,
    'no-trunc': noTruncFlag,
    ...outputFlags('table'),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Df)
    const output = await this.outputForm(flags)
    const filter = givenFilter(flags)
    if (args.container && filter !== undefined)
      throw new UsageError(`--${filter} chooses containers by itself: leave it out, or the names`)
    using client = await this.connect(flags)

    const [{lookAtDisk}, {diskView}] = await Promise.all([
      import('../node/disk/usage.js'),
      import('../views/disk.js'),
    ])
    const view = await lookAtNode(client)
    const note = (text: string) => this.note(text)
    const chosen =
      filter === undefined
        ? await this.#named(args.container, view)
        : await chooseContainers(client, containerSelection({...flags, all: true}), note)
    if (args.container && chosen?.length === 0) return
    const usage = await lookAtDisk(client, view, {
      signal: this.signal,
      host: process.platform === 'linux',
      chosen,
    })
    const context = {
      units: await this.units(flags),
      fullIds: flags['no-trunc'],
      width: flags['no-trunc'] ? undefined : this.width,
      style: await this.tableStyle(),
    }
    await this.show(diskView(usage, context), output)
    if (usage.withoutStore) this.note(usage.withoutStore)
    for (const reason of usage.left) this.note(`not counted: ${reason}`)
    this.noteSources(
      output,
      ['CRI', ...(usage.store ? [`host (${usage.store.folders.join(', ')})`] : [])].join(', '),
    )
  }

  /** Of a pod all of its containers; a word that means nothing is said. */
  async #named(words: readonly string[] | undefined, view: NodeView): Promise<Container[] | undefined> {
    if (!words) return undefined
    const outcomes = await concurrently(words, 1, async (word) => {
      const {container, pod} = findContainerOrPod(word, view)
      return container ? [container] : view.containers.filter(({podSandboxId}) => podSandboxId === pod.id)
    })
    return [...new Set(this.collectValues(outcomes).flat())]
  }
}
