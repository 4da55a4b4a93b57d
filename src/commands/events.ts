import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {labelFlag, outputFlags} from '../cli/flags/common.js'
import {durationFrom, listFlag, regexpFlag} from '../cli/flags/types.js'
import {namespaceFlag} from '../cli/flags/usage.js'
import type {CriClient} from '../client/connect.js'
import {listContainers, listPodSandboxes} from '../client/lists.js'
import {eventFilter, parseEventType} from '../node/events/filter.js'
import {askPlace, type EventPlaces, learnPlaces, placesOf} from '../node/events/places.js'
import {containerEvents} from '../node/events/stream.js'
import {eventView} from '../views/events.js'

export default class Events extends CriCommand {
  static override summary = 'Show what happens to containers and pods, as it happens'
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
      (text) => text.split(',').map(parseEventType),
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
    label: labelFlag,
    poll: Flags.boolean({description: 'compare lists, even where the runtime has events'}),
    'poll-interval': durationFrom(10)({
      default: 1_000,
      defaultHelp: async () => '1s',
      description: 'how often lists are compared',
    }),
    force: Flags.boolean({description: 'on containerd 1.7: take events although the kubelet loses them'}),
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

    const placed = output.shows !== 'document' || flags.pod || flags.namespace || flags.label
    const places = placed ? await knownPlaces(client) : new Map()
    const events = containerEvents(client, {
      force: flags.force,
      poll: flags.poll,
      pollIntervalMs: flags['poll-interval'],
      signal: this.signal,
      onNotice: (text) => this.note(text),
    })
    for await (const event of events) {
      if (placed) learnPlaces(event, places)
      const isGone = event.containerEventType === 'CONTAINER_DELETED_EVENT'
      if (placed && !isGone && !places.has(event.containerId))
        await askPlace(client, event.containerId, places)
      const place = places.get(event.containerId)
      if (wanted(event, place)) this.show(eventView(event, place), output)
      if (isGone) places.delete(event.containerId)
    }
  }
}

async function knownPlaces(client: CriClient): Promise<EventPlaces> {
  const [containers, pods] = await Promise.all([listContainers(client), listPodSandboxes(client)])
  return placesOf(pods, containers)
}
