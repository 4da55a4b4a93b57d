import * as Flags from '@oclif/core/flags'
import {chooseContainers} from '../cli/choose-containers.js'
import {CriCommand} from '../cli/command.js'
import {allFlag, idFlag, treeFlags, treeForms} from '../cli/flags/common.js'
import {containerFilterFlags, containerSelection} from '../cli/flags/selection.js'
import type {CriClient} from '../client/connect.js'
import {showPlaced} from '../client/names.js'
import type {OutputForm} from '../formats/output.js'
import type {Container} from '../generated/cri.js'
import {containerStatuses} from '../node/details.js'
import {countFailed, type Endings, endingsOf} from '../node/endings.js'
import {type ContainerSelection, imageNames, selectContainers} from '../node/selection.js'
import {isCrictlMode, programName} from '../text/program.js'
import {newestFirst} from '../views/order.js'

/** What the runtime may take to tell how containers have ended, before a table goes without. */
const endingsWithinMs = 2_000
/** What columns of the user's own may show of it. */
const endingFields = ['exitCode', 'reason', 'message', 'finishedAt', 'startedAt']

export default class Ps extends CriCommand {
  static override summary = 'List containers; by default only running ones'
  static override examples = [
    'crisp ps',
    'crisp ps -a --namespace kube-system',
    'crisp ps -a --failed',
    'crisp ps -a --state exited -o wide',
    'sudo crisp ps -o tree -v',
    'crisp ps -a -o custom-columns=ID:.id,EXIT:.exitCode,REASON:.reason',
    'crisp ps -q --name etcd',
    'crisp ps --pod-label app=web',
    'crisp ps --pod kube-system/coredns-x -o json',
  ]

  static override flags = {
    all: allFlag,
    id: idFlag('container'),
    ...containerFilterFlags,
    ...treeFlags,
    'resolve-image-path': Flags.boolean({
      char: 'r',
      helpGroup: 'OUTPUT',
      description: "show the image's tag instead of its ID",
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Ps)
    const output = await this.outputForm(flags, treeForms)
    const selection = containerSelection(flags)
    using client = await this.connect(flags)

    const hidden = this.#countHidden(client, selection, flags, output)
    const containers = await chooseContainers(client, selection, (text) => this.note(text))
    const forPeople = output.shows === 'table'
    if (flags.quiet && forPeople) return await this.showIds(containers, () => containers.map(newestFirst))

    if (output.name === 'tree') return await this.#showTree(client, containers, flags)
    const {containerBlocks, containersView} = await import('../views/containers.js')
    const context = {
      nowMs: Date.now(),
      width: flags['no-trunc'] ? undefined : this.width,
      style: await this.tableStyle(),
      fullIds: flags['no-trunc'],
      ...(flags['resolve-image-path'] && forPeople ? {imageName: await imageNames(client)} : {}),
      ...(output.name === 'wide' || endingFields.some(output.mayShow)
        ? {statuses: await containerStatuses(client, containers)}
        : {}),
      ...(this.#isForEyes(output) ? {endings: await this.#endings(client, containers)} : {}),
    }
    await showPlaced(client, async (identityOf) => {
      if (flags.verbose && forPeople) this.write(containerBlocks(containers, {...context, identityOf}))
      else await this.show(containersView(containers, {...context, identityOf}), output)
    })
    const failed = await hidden
    if (failed) this.note(failed)
  }

  async #showTree(
    client: CriClient,
    containers: readonly Container[],
    {verbose, 'no-trunc': whole}: {verbose: boolean; 'no-trunc': boolean},
  ): Promise<void> {
    const [{lookAtTree}, {lookAtNode}] = await Promise.all([
      import('../cli/tree.js'),
      import('../node/view.js'),
    ])
    const view = await lookAtNode(client)
    const ids = new Set(containers.map(({podSandboxId}) => podSandboxId))
    const pods = view.pods.filter(({id}) => ids.has(id))
    const text = await lookAtTree(client, pods, containers, view, {
      processes: verbose,
      width: whole ? undefined : this.width,
      endingsWithinMs: this.width === undefined ? undefined : endingsWithinMs,
    })
    await this.writePieces([text])
  }

  /** A table on a terminal, not in crictl's mode: what it shows is nobody's input. */
  #isForEyes({shows}: OutputForm): boolean {
    return shows === 'table' && this.width !== undefined && !isCrictlMode()
  }

  async #endings(client: CriClient, containers: readonly Container[]): Promise<Endings> {
    return endingsOf(client, containers, {withinMs: endingsWithinMs, nowMs: Date.now()})
  }

  /** Says how many have failed that are not shown, where only what runs was asked for. */
  async #countHidden(
    client: CriClient,
    selection: ContainerSelection,
    {state, quiet, verbose}: {state?: unknown; quiet: boolean; verbose: boolean},
    output: OutputForm,
  ): Promise<string | undefined> {
    const hidesSome = selection.state === 'CONTAINER_RUNNING' && state === undefined
    if (!hidesSome || quiet || verbose || !this.#isForEyes(output) || !process.stderr.isTTY) return undefined
    try {
      const exited = await selectContainers(client, {...selection, state: 'CONTAINER_EXITED'})
      const {failed, all} = await countFailed(client, exited, endingsWithinMs)
      if (failed === 0) return undefined
      const again = `${programName()} ps -a --failed`
      const {id, name, namespace, pod, image, labels = {}, podLabels} = selection
      const isNarrowed =
        [id, name, namespace, pod, image, podLabels].some((each) => each !== undefined) ||
        Object.keys(labels).length > 0
      return `${all ? '' : 'at least '}${failed} exited with errors: ${again}${isNarrowed ? ' and the same filters' : ''}`
    } catch {
      // The answer is there, and stays what it is if more cannot be said.
      return undefined
    }
  }
}
