import type {CriClient} from '../../client/connect.js'
import {listContainers, listPodSandboxes} from '../../client/lists.js'
import {RpcError} from '../../errors/errors.js'
import type {Container, ContainerEventResponse, PodSandbox} from '../../generated/cri.js'

/** Where a container or pod of an event belongs. */
export interface EventPlace {
  podId: string
  pod: string
  namespace: string
  /** Of the pod. */
  labels: Readonly<Record<string, string>>
  /** Left out for the pod itself. */
  container?: string
}

/** By the ID of container or pod: a deletion says nothing but an ID, what came before it does. */
export type EventPlaces = Map<string, EventPlace>

export function placesOf(pods: readonly PodSandbox[], containers: readonly Container[]): EventPlaces {
  const places: EventPlaces = new Map(pods.map((pod) => [pod.id, placeOfPod(pod)]))
  for (const {id, podSandboxId, metadata} of containers) {
    const pod = places.get(podSandboxId)
    if (pod) places.set(id, {...pod, container: metadata?.name ?? ''})
  }
  return places
}

/** Takes down what the event says, for itself and for later ones. */
export function learnPlaces(
  {containerId, podSandboxStatus, containersStatuses}: ContainerEventResponse,
  places: EventPlaces,
): void {
  if (!podSandboxStatus?.metadata) return
  const pod = placeOfPod(podSandboxStatus)
  places.set(pod.podId, pod)
  for (const {id, metadata} of containersStatuses) places.set(id, {...pod, container: metadata?.name ?? ''})
  if (!places.has(containerId)) places.set(containerId, {...pod, container: ''})
}

/**
 * Asks the runtime about what an event names alone: CRI-O finds the pod of an event by the kubelet's labels, and says
 * nothing of one that has none.
 */
export async function askPlace(client: CriClient, id: string, places: EventPlaces): Promise<void> {
  try {
    const [container] = await listContainers(client, {id})
    const [pod] = await listPodSandboxes(client, {id: container?.podSandboxId ?? id})
    const found = placesOf(pod ? [pod] : [], container ? [container] : [])
    for (const [known, place] of found) places.set(known, place)
  } catch (error) {
    // The event is worth showing without a name too.
    if (!(error instanceof RpcError)) throw error
  }
}

function placeOfPod({id, metadata, labels}: Pick<PodSandbox, 'id' | 'metadata' | 'labels'>): EventPlace {
  return {podId: id, pod: metadata?.name ?? '', namespace: metadata?.namespace ?? '', labels}
}
