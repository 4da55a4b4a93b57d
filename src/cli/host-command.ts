import * as Flags from '@oclif/core/flags'
import type {CriClient} from '../client/connect.js'
import {NotFoundError, UserError} from '../errors/errors.js'
import type {OutputForm} from '../formats/output.js'
import {concurrently} from '../node/concurrently.js'
import {ownersNamed} from '../node/container-processes.js'
import type {Owner} from '../node/host/owned.js'
import type {NodeView} from '../node/view.js'
import {programName} from '../text/program.js'
import {chooseContainers} from './choose-containers.js'
import {CriCommand} from './command.js'
import {containerFilterFlags, containerSelection} from './flags/selection.js'
import {chosenByFilters} from './flags/target.js'

const {state, failed, latest, last, ...filters} = containerFilterFlags

/** The filters of verbs that look at what runs. */
export const runningFilterFlags = {
  all: Flags.boolean({char: 'a', helpGroup: 'FILTER', description: 'every running container'}),
  ...filters,
}

/** Something to look at, and what belongs to it: itself, and to a pod its containers. */
export interface Wanted {
  owner: Owner
  members: readonly Owner[]
}

type Filters = Parameters<typeof containerSelection>[0] & Parameters<typeof chosenByFilters>[2]

/** Verbs that look at the node itself, besides asking the runtime. */
export abstract class HostCommand extends CriCommand {
  #denied = false

  /** Throws UserError where the node has no /proc. */
  protected get proc(): {onDenied: () => void} {
    if (process.platform !== 'linux')
      throw new UserError("it is looked up in Linux's /proc: run this on the node itself")
    return {
      onDenied: () => {
        this.#denied = true
      },
    }
  }

  /** What the words or the filters mean, in that order; a word that means nothing is said. */
  protected async chooseOwners(
    client: CriClient,
    words: readonly string[] | undefined,
    flags: Filters,
    view: NodeView,
  ): Promise<Wanted[]> {
    if (!chosenByFilters('container', words, flags, this.line)) {
      const outcomes = await concurrently(words ?? [], 1, async (word) => ownersNamed(word, view))
      return this.collectValues(outcomes).flatMap(([owner, ...others]) =>
        owner ? [{owner, members: [owner, ...others]}] : [],
      )
    }
    const running = containerSelection({...flags, all: false})
    const containers = await chooseContainers(client, running, (text) => this.note(text))
    if (containers.length === 0)
      throw new NotFoundError(`no running container matches the filters: ${programName()} ps lists all`)
    return containers.map((container) => ({owner: {container}, members: [{container}]}))
  }

  /** Says below a table on a terminal where it comes from, and in any case what was not to be had. */
  protected noteSources({shows}: OutputForm, text: string): void {
    if (shows === 'table' && this.width !== undefined) this.note(`sources: ${text}`)
    if (this.#denied) this.note("some of the node's /proc may not be read: try sudo")
  }

  /** Says of what runs and has no process here why that is. */
  protected failWithoutProcesses({container, pod}: Owner, name: string): void {
    const runs = container ? container.state === 'CONTAINER_RUNNING' : pod.state === 'SANDBOX_READY'
    const what = container ? 'container' : 'pod'
    this.fail(
      new UserError(
        runs
          ? `${what} ${name} has no process on this machine: ${container ? 'run this on its node' : 'nothing of it runs, or it runs elsewhere'}`
          : `${what} ${name} does not run`,
      ),
    )
  }
}
