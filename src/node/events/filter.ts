import {UsageError} from '../../errors/errors.js'
import type {ContainerEventResponse, ContainerEventType} from '../../generated/cri.js'
import type {Pattern} from '../../text/regexp/pattern.js'
import {hasLabels} from '../../text/selectors.js'
import type {EventObject} from './objects.js'

export interface EventFilter {
  types?: ReadonlySet<ContainerEventType> | undefined
  pod?: Pattern | undefined
  namespace?: Pattern | undefined
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

/** Whether an event of this object passes. */
export function eventFilter({
  types,
  pod,
  namespace,
  labels = {},
}: EventFilter): (event: ContainerEventResponse, object: EventObject | undefined) => boolean {
  return ({containerEventType}, object) =>
    (types?.has(containerEventType) ?? true) &&
    (pod === undefined || pod.test(object?.pod ?? '') || pod.test(object?.podId ?? '')) &&
    (namespace?.test(object?.namespace ?? '') ?? true) &&
    hasLabels(object?.labels ?? {}, labels)
}

/** A word such as `started`, or the CRI's own name. Throws UsageError. */
export function parseEventType(word: string): ContainerEventType {
  const type = typesByWord[word.toLowerCase()] ?? Object.values(typesByWord).find((name) => name === word)
  if (type === undefined)
    throw new UsageError(`"${word}" should be one of created, started, stopped, deleted`)
  return type
}
