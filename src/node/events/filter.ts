import {UsageError} from '../../errors/errors.js'
import type {ContainerEventResponse, ContainerEventType} from '../../generated/cri.js'
import type {EventPlace} from './places.js'

export interface EventFilter {
  /** None: all. */
  types?: readonly ContainerEventType[]
  pod?: RegExp | undefined
  namespace?: RegExp | undefined
  /** Of the pod. */
  labels?: Readonly<Record<string, string>>
}

const typesByWord: Readonly<Record<string, ContainerEventType>> = {
  created: 'CONTAINER_CREATED_EVENT',
  started: 'CONTAINER_STARTED_EVENT',
  stopped: 'CONTAINER_STOPPED_EVENT',
  deleted: 'CONTAINER_DELETED_EVENT',
  removed: 'CONTAINER_DELETED_EVENT',
}

/** Whether an event, of what stands at this place, passes. */
export function eventFilter({
  types = [],
  pod,
  namespace,
  labels = {},
}: EventFilter): (event: ContainerEventResponse, place: EventPlace | undefined) => boolean {
  const wanted = new Set(types)
  return ({containerEventType}, place) =>
    (wanted.size === 0 || wanted.has(containerEventType)) &&
    (pod === undefined || pod.test(place?.pod ?? '') || pod.test(place?.podId ?? '')) &&
    (namespace?.test(place?.namespace ?? '') ?? true) &&
    Object.entries(labels).every(([key, value]) => place?.labels[key] === value)
}

/** Words such as `started`, or the CRI's own names, also several with commas between. `flag` is where they were given. */
export function parseEventTypes(flag: string, words: readonly string[] = []): ContainerEventType[] {
  return words
    .flatMap((list) => list.split(','))
    .map((word) => {
      const type = typesByWord[word.toLowerCase()] ?? Object.values(typesByWord).find((name) => name === word)
      if (type === undefined)
        throw new UsageError(`${flag} "${word}" should be one of created, started, stopped, deleted`)
      return type
    })
}
