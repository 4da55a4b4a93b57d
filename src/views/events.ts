import {protoJson} from '../client/proto-json.js'
import {printable} from '../errors/printable.js'
import type {View} from '../formats/view.js'
import type {ContainerEventResponse, ContainerStatus} from '../generated/cri.js'
import type {EventObject} from '../node/events/objects.js'
import {exitText} from '../text/exit.js'
import {endingMeaning, type Meaning, type Paint, unpainted} from '../text/meaning.js'
import {shortId} from '../text/short-id.js'
import {isTime, rfc3339} from '../text/time.js'

export function eventView(
  event: ContainerEventResponse,
  object: EventObject | undefined,
  paint: Paint = unpainted,
): View {
  const name = nameOf(object)
  return {
    document: () => protoJson('ContainerEventResponse', event),
    table: () => eventLine(event, name, object, paint),
    names: () => [name ?? event.containerId],
  }
}

function nameOf(object: EventObject | undefined): string | undefined {
  if (!object) return undefined
  const parts = [object.namespace, object.pod, ...(object.container === undefined ? [] : [object.container])]
  return parts.includes('') ? undefined : parts.join('/')
}

function eventLine(
  event: ContainerEventResponse,
  name: string | undefined,
  object: EventObject | undefined,
  paint: Paint,
): string {
  const time = isTime(event.createdAt)
    ? rfc3339(event.createdAt).replace('T', ' ').slice(0, 19)
    : 'time not told'.padEnd(19)
  const podId = object?.podId ?? event.podSandboxStatus?.id
  const noun = event.containerId === podId ? 'pod' : 'container'
  const id = shortId(event.containerId)
  return `${time}  ${noun.padEnd(9)}  ${paint(eventMeaning(event), printable(eventText(event)))}  ${printable(name ? `${name} (${id})` : id)}\n`
}

const words: Readonly<Record<string, string>> = {
  CONTAINER_CREATED_EVENT: 'created',
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'stopped',
  CONTAINER_DELETED_EVENT: 'removed',
}

function eventText({containerEventType, containerId, containersStatuses}: ContainerEventResponse): string {
  const word = (words[containerEventType] ?? String(containerEventType)).padEnd(7)
  const status = statusIn({containerId, containersStatuses})
  switch (containerEventType) {
    case 'CONTAINER_STOPPED_EVENT':
      return status?.state === 'CONTAINER_EXITED' ? exitText(status) : word
    case 'CONTAINER_STARTED_EVENT':
      return attemptText(word, status)
    default:
      return word
  }
}

function statusIn({
  containerId,
  containersStatuses,
}: Pick<ContainerEventResponse, 'containerId' | 'containersStatuses'>): ContainerStatus | undefined {
  return containersStatuses.find(({id}) => id === containerId)
}

function eventMeaning(event: ContainerEventResponse): Meaning | undefined {
  const status = statusIn(event)
  switch (event.containerEventType) {
    case 'CONTAINER_STARTED_EVENT':
      return (status?.metadata?.attempt ?? 0) > 0 ? 'warning' : 'running'
    case 'CONTAINER_STOPPED_EVENT':
      return status?.state === 'CONTAINER_EXITED' ? endingMeaning(status) : 'ended'
    case 'CONTAINER_DELETED_EVENT':
      return 'ended'
    default:
      return undefined
  }
}

/** The first start is nothing special, a later one is a restart. */
function attemptText(word: string, status: ContainerStatus | undefined): string {
  const attempt = status?.metadata?.attempt ?? 0
  return attempt > 0 ? `${word} (restart ${attempt})` : word
}
