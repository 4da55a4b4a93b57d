import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {labelOfPodFlag, outputFlags} from '../cli/flags/common.js'
import {durationFrom, listFlag, regexpFlag} from '../cli/flags/types.js'
import {namespaceFlag} from '../cli/flags/usage.js'
import {countText, sumUpAtEnd} from '../cli/sum-up.js'
import type {CriClient} from '../client/connect.js'
import {listContainers, listPodSandboxes} from '../client/lists.js'
import {eventFilter, parseEventType} from '../node/events/filter.js'
import {askObject, type EventObjects, learnObjects, objectsOf} from '../node/events/objects.js'
import {containerEvents} from '../node/events/stream.js'
import {resumePoint} from '../node/resume-point.js'
import {splitWords} from '../text/selectors.js'
import {EventLines} from '../views/events.js'

export default class Events extends CriCommand {
  static override summary = 'Show events of containers and pods as they happen'
  static override description =
    `In words on a terminal, as JSON elsewhere. Where the runtime has no events (containerd 1.6, CRI-O without
enable_pod_events) its lists are compared instead. A runtime that is restarted is listened to again.`
  static override aliases = ['event']
  static override examples = [
    'crisp events',
    'crisp events --type stopped --namespace kube-system',
    'crisp events -o jsonl | jq .containerId',
  ]

  static override flags = {
    type: listFlag(
      (text) => splitWords(text).map(parseEventType),
      (lists) => new Set(lists.flat()),
      {
        helpGroup: 'FILTER',
        helpValue: 'TYPE',
        description: 'only created, started, stopped or deleted',
        complete: ['created', 'started', 'stopped', 'deleted'],
      },
    ),
    pod: regexpFlag({
      char: 'p',
      helpGroup: 'FILTER',
      description: 'only pods whose name matches, or one pod ID',
    }),
    namespace: namespaceFlag,
    label: labelOfPodFlag,
    poll: Flags.boolean({description: 'compare lists, even where the runtime has events'}),
    'poll-interval': durationFrom(10)({
      default: 1_000,
      defaultHelp: async () => '1s',
      description: 'how often lists are compared',
    }),
    force: Flags.boolean({
      description: 'take events from containerd 1.7 although the kubelet then loses them',
    }),
    ...outputFlags(''),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Events)
    const output = await this.outputForm(flags)
    const wanted = eventFilter({
      types: flags.type,
      pod: flags.pod,
      namespace: flags.namespace,
      labels: flags.label ?? {},
    })
    using client = await this.connect(flags)

    const named = output.shows !== 'document' || flags.pod || flags.namespace || flags.label
    const objects = named ? await listObjects(client) : new Map()
    const events = containerEvents(client, {
      force: flags.force,
      poll: flags.poll,
      pollIntervalMs: flags['poll-interval'],
      signal: this.signal,
      onNotice: (text) => this.note(text),
      resume: resumePoint(),
    })
    const lines = new EventLines({width: this.width, paint: await this.paint()})
    let shown = 0
    using _ = sumUpAtEnd(() => countText(shown, 'event'), this.signal)
    for await (const event of events) {
      if (named) learnObjects(event, objects)
      const isGone = event.containerEventType === 'CONTAINER_DELETED_EVENT'
      if (named && !isGone && !objects.has(event.containerId))
        await askObject(client, event.containerId, objects)
      const object = objects.get(event.containerId)
      if (wanted(event, object)) {
        await this.show(lines.view(event, object), output)
        shown++
      }
      if (isGone) objects.delete(event.containerId)
    }
  }
}

async function listObjects(client: CriClient): Promise<EventObjects> {
  const [containers, pods] = await Promise.all([listContainers(client), listPodSandboxes(client)])
  return objectsOf(pods, containers)
}
