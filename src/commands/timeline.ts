import * as Args from '@oclif/core/args'
import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import {concurrently} from '../node/concurrently.js'
import {podTimeline} from '../node/timeline.js'
import {lookAtNode} from '../node/view.js'
import {timelineView} from '../views/timeline.js'

export default class Timeline extends CriCommand {
  static override summary = 'Show what became of a pod, moment by moment'
  static override description =
    `When the pod and each attempt of its containers were created, started, said their first word and ended, and what
took how long in between: from the runtime's times, and from the log files, which tell of attempts that the runtime has
forgotten. What happened before the pod was created, its network for one, no time of the CRI tells.`
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

  static override flags = outputFlags('table')

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Timeline)
    const output = await this.outputForm(flags)
    using client = await this.connect(flags)

    const view = await lookAtNode(client)
    const outcomes = await concurrently(args.pod ?? [], 4, (word) => podTimeline(client, word, view))
    const style = await this.tableStyle()
    for (const timeline of this.collectValues(outcomes)) {
      await this.show(timelineView(timeline, {nowMs: Date.now(), width: this.width, style}), output)
      for (const reason of timeline.unread) this.note(reason)
    }
  }
}
