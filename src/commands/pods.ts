import {noteUnknown} from '../cli/choose-containers.js'
import {CriCommand} from '../cli/command.js'
import {idFlag, treeFlags, treeForms} from '../cli/flags/common.js'
import {podFilterFlags, podSelection} from '../cli/flags/selection.js'
import type {CriClient} from '../client/connect.js'
import type {PodSandbox} from '../generated/cri.js'
import {podDetails} from '../node/details.js'
import {podEndings} from '../node/endings.js'
import {selectPods} from '../node/selection.js'
import {isCrictlMode} from '../text/program.js'
import {newestFirst} from '../views/order.js'

export default class Pods extends CriCommand {
  static override summary = 'List pods (their sandboxes), ready or not'
  static override examples = [
    'crisp pods',
    'crisp pods --state notready',
    'crisp pods --failed',
    'crisp pods --namespace kube-system -o wide',
    'crisp pods -o tree',
    'crisp pods -q --label app=web',
  ]

  static override flags = {
    id: idFlag('pod'),
    ...podFilterFlags,
    ...treeFlags,
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Pods)
    const output = await this.outputForm(flags, treeForms)
    const selection = podSelection(flags)
    using client = await this.connect(flags)

    const pods = await selectPods(client, {...selection, onUnknown: noteUnknown((text) => this.note(text))})
    const forPeople = output.shows === 'table'
    if (flags.quiet && forPeople) return await this.showIds(pods, () => pods.map(newestFirst))

    if (output.name === 'tree') return await this.#showTree(client, pods, flags)
    // What a table on a terminal shows is nobody's input.
    const isForEyes = forPeople && this.width !== undefined && !isCrictlMode()
    const {podBlocks, podsView} = await import('../views/pods.js')
    if (flags.verbose && forPeople) return this.write(podBlocks(pods))
    const context = {
      nowMs: Date.now(),
      width: flags['no-trunc'] ? undefined : this.width,
      style: await this.tableStyle(),
      fullIds: flags['no-trunc'],
      ...(isForEyes ? {endings: await podEndings(client, pods, {withinMs: 2_000, nowMs: Date.now()})} : {}),
      ...(output.name === 'wide' ? {details: await podDetails(client, pods)} : {}),
    }
    await this.show(podsView(pods, context), output)
  }

  async #showTree(
    client: CriClient,
    pods: readonly PodSandbox[],
    {verbose, 'no-trunc': whole}: {verbose: boolean; 'no-trunc': boolean},
  ): Promise<void> {
    const [{lookAtTree}, {lookAtNode}] = await Promise.all([
      import('../cli/tree.js'),
      import('../node/view.js'),
    ])
    const view = await lookAtNode(client)
    const ids = new Set(pods.map(({id}) => id))
    const containers = view.containers.filter(({podSandboxId}) => ids.has(podSandboxId))
    const text = await lookAtTree(client, pods, containers, view, {
      processes: verbose,
      width: whole ? undefined : this.width,
      endingsWithinMs: this.width === undefined ? undefined : 2_000,
    })
    await this.writePieces([text])
  }
}
