import * as Flags from '@oclif/core/flags'
import {chooseContainers} from '../cli/choose-containers.js'
import {CriCommand} from '../cli/command.js'
import {allFlag, idFlag, listFlags} from '../cli/flags/common.js'
import {containerFilterFlags, containerSelection} from '../cli/flags/selection.js'
import {containerIdentities} from '../client/names.js'
import {linePieces} from '../formats/lines.js'
import {containerStatuses} from '../node/details.js'
import {imageNames, listPodsOfUnlabelled} from '../node/selection.js'
import {mapLazily} from '../text/map-lazily.js'

export default class Ps extends CriCommand {
  static override summary = 'List containers; by default only running ones'
  static override examples = [
    'crisp ps',
    'crisp ps -a --namespace kube-system',
    'crisp ps -a --state exited -o wide',
    'crisp ps -q --name etcd',
    'crisp ps --pod-label app=web',
    'crisp ps --pod kube-system/coredns-x -o json',
  ]

  static override flags = {
    all: allFlag,
    id: idFlag('container'),
    ...containerFilterFlags,
    ...listFlags,
    'resolve-image-path': Flags.boolean({
      char: 'r',
      helpGroup: 'OUTPUT',
      description: "show the image's tag instead of its ID",
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Ps)
    const output = await this.outputForm(flags)
    const selection = containerSelection(flags)
    using client = await this.connect(flags)

    const containers = await chooseContainers(client, selection, (text) => this.note(text))
    const forPeople = output.shows === 'table'
    if (flags.quiet && forPeople)
      return await this.writePieces(linePieces(mapLazily(containers, ({id}) => id)))

    const {containerBlocks, containersView} = await import('../views/containers.js')
    const placed = output.shows !== 'document'
    const context = {
      nowMs: Date.now(),
      width: flags['no-trunc'] ? undefined : this.width,
      style: await this.tableStyle(),
      fullIds: flags['no-trunc'],
      identityOf: containerIdentities(placed ? await listPodsOfUnlabelled(client, containers) : []),
      ...(flags['resolve-image-path'] && forPeople ? {imageName: await imageNames(client)} : {}),
      ...(output.name === 'wide' ? {statuses: await containerStatuses(client, containers)} : {}),
    }
    if (flags.verbose && forPeople) return this.write(containerBlocks(containers, context))
    await this.show(containersView(containers, context), output)
  }
}
