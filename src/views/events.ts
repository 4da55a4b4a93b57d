import {protoJson} from '../client/proto-json.js'
import type {ContainerEventResponse} from '../generated/cri.js'
import {printable} from '../text/printable.js'
import {shortId} from '../text/short-id.js'
import {rfc3339} from '../text/time.js'
import type {View} from './output.js'

/** Names of containers and pods by ID: a deletion names nothing, what came before it does. */
export type KnownNames = Map<string, string>

export function eventView(event: ContainerEventResponse, names: KnownNames): View {
  return {
    document: () => protoJson('ContainerEventResponse', event),
    table: () => eventLine(event, names),
    names: () => [names.get(event.containerId) ?? event.containerId],
  }
}

/** Takes down what the event says of names, for itself and for later ones. */
export function learnNames(
  {podSandboxStatus, containersStatuses}: ContainerEventResponse,
  names: KnownNames,
): void {
  if (!podSandboxStatus?.metadata) return
  const pod = `${podSandboxStatus.metadata.namespace}/${podSandboxStatus.metadata.name}`
  names.set(podSandboxStatus.id, pod)
  for (const {id, metadata} of containersStatuses) names.set(id, `${pod}/${metadata?.name ?? ''}`)
}

function eventLine(event: ContainerEventResponse, names: KnownNames): string {
  const time = rfc3339(event.createdAt).replace('T', ' ').slice(0, 19)
  const noun = event.containerId === event.podSandboxStatus?.id ? 'pod' : 'container'
  const name = names.get(event.containerId)
  const id = shortId(event.containerId)
  return `${time}  ${noun.padEnd(9)}  ${whatHappened(event)}  ${printable(name ? `${name} (${id})` : id)}\n`
}

const words: Readonly<Record<string, string>> = {
  CONTAINER_CREATED_EVENT: 'created',
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'stopped',
  CONTAINER_DELETED_EVENT: 'removed',
}

function whatHappened({containerEventType, containerId, containersStatuses}: ContainerEventResponse): string {
  const word = words[containerEventType] ?? String(containerEventType)
  const status = containersStatuses.find(({id}) => id === containerId)
  if (containerEventType !== 'CONTAINER_STOPPED_EVENT' || status?.state !== 'CONTAINER_EXITED')
    return word.padEnd(7)
  const reason =
    status.reason && status.reason !== 'Completed' && status.reason !== 'Error'
      ? `, ${printable(status.reason)}`
      : ''
  return `exited with ${status.exitCode}${reason}`
}
