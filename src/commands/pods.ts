import {CriCommand} from '../cli/command.js'
import {idFlag, listFlags} from '../cli/flags/common.js'
import {podFilterFlags, podSelection} from '../cli/flags/selection.js'
import {linePieces} from '../formats/lines.js'
import {podDetails} from '../node/details.js'
import {selectPods} from '../node/selection.js'
import {mapLazily} from '../text/map-lazily.js'

export default class Pods extends CriCommand {
  static override summary = 'List pods (their sandboxes), ready or not'
  static override examples = [
    'crisp pods',
    'crisp pods --state notready',
    'crisp pods --namespace kube-system -o wide',
    'crisp pods -q --label app=web',
  ]

  static override flags = {
    id: idFlag('pod'),
    ...podFilterFlags,
    ...listFlags,
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Pods)
    const output = await this.outputForm(flags)
    const selection = podSelection(flags)
    using client = await this.connect(flags)

    const pods = await selectPods(client, selection)
    const forPeople = output.shows === 'table'
    if (flags.quiet && forPeople) return await this.writePieces(linePieces(mapLazily(pods, ({id}) => id)))

    const {podBlocks, podsView} = await import('../views/pods.js')
    if (flags.verbose && forPeople) return this.write(podBlocks(pods))
    const context = {
      nowMs: Date.now(),
      width: flags['no-trunc'] ? undefined : this.width,
      style: await this.tableStyle(),
      fullIds: flags['no-trunc'],
      ...(output.name === 'wide' ? {details: await podDetails(client, pods)} : {}),
    }
    await this.show(podsView(pods, context), output)
  }
}
