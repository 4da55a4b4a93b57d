import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import type {CriClient} from '../client/connect.js'
import {concurrently} from '../node/concurrently.js'
import {isEmbedded} from '../node/kubelet.js'
import {podTimeline, type ReadJournal} from '../node/timeline.js'
import {lookAtNode} from '../node/view.js'
import {elsewhere} from '../text/elsewhere.js'
import {timelineView} from '../views/timeline.js'

export default class Timeline extends CriCommand {
  static override summary = 'Show what became of a pod, moment by moment'
  static override description =
    `When the pod and each attempt of its containers were created, started, said their first word and ended, and what
took how long in between: from the runtime's times, from the log files, which tell of attempts that the runtime has
forgotten, and from the journals of kubelet and runtime where they can be read: when the pod was asked for, so what its
network took, pulls, processes out of memory, and failures in their own words.`
  static override examples = [
    'crisp timeline kube-system/coredns-x',
    'crisp timeline web',
    'crisp timeline web-1 -o jsonl',
  ]

  static override args = {
    pod: Args.string({
      multiple: true,
      required: true,
      complete: 'container-or-pod',
      description: 'pod, or a container of it: ID, name, namespace/name',
    }),
  }

  static override flags = {
    ...outputFlags('table'),
    'no-journal': Flags.boolean({
      description: 'do not read what kubelet and runtime wrote to the journal of this node',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Timeline)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)

    const view = await lookAtNode(client)
    const journal = flags['no-journal'] ? undefined : await this.#journal(client)
    const outcomes = await concurrently(args.pod ?? [], 4, (word) => podTimeline(client, word, view, journal))
    const style = await this.tableStyle()
    for (const timeline of this.collectValues(outcomes)) {
      await this.show(timelineView(timeline, {nowMs: Date.now(), width: this.width, style}), output)
      for (const reason of timeline.unread) this.note(reason)
    }
  }

  /** Of the node that the runtime is on; the one inside crisp writes to none. */
  async #journal(client: CriClient): Promise<ReadJournal> {
    if (await isEmbedded(client)) return undefined
    const machine = elsewhere()
    if (machine !== undefined) return async () => ({why: `they are on ${machine}`})
    const {readJournal} = await import('../cli/diagnosis/journal.js')
    return (sinceMs) => readJournal(sinceMs, {env: process.env, signal: this.signal})
  }
}
