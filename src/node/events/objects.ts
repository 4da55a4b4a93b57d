import type {CriClient} from '../../client/connect.js'
import {listContainers, listPodSandboxes} from '../../client/lists.js'
import {RpcError} from '../../errors/errors.js'
import type {Container, ContainerEventResponse, PodSandbox} from '../../generated/cri.js'

/** The container or pod that an event is about. */
export interface EventObject {
  podId: string
  pod: string
  namespace: string
  /** Of the pod. */
  labels: Readonly<Record<string, string>>
  /** Left out for the pod itself. */
  container?: string
}

/** By the ID of container or pod: a deletion says nothing but an ID, what came before it does. */
export type EventObjects = Map<string, EventObject>

export function objectsOf(pods: readonly PodSandbox[], containers: readonly Container[]): EventObjects {
  const objects: EventObjects = new Map(pods.map((pod) => [pod.id, objectOfPod(pod)]))
  for (const {id, podSandboxId, metadata} of containers) {
    const pod = objects.get(podSandboxId)
    if (pod) objects.set(id, {...pod, container: metadata?.name ?? ''})
  }
  return objects
}

/** More than a node has; what was learnt first is forgotten first, and asked for again. */
const mostObjects = 200_000

/** Keeps what the event says, for itself and for later ones. */
export function learnObjects(
  {containerId, podSandboxStatus, containersStatuses}: ContainerEventResponse,
  objects: EventObjects,
): void {
  if (!podSandboxStatus?.metadata) return
  const pod = objectOfPod(podSandboxStatus)
  objects.set(pod.podId, pod)
  for (const {id, metadata} of containersStatuses) objects.set(id, {...pod, container: metadata?.name ?? ''})
  if (!objects.has(containerId)) objects.set(containerId, {...pod, container: ''})
  for (const known of objects.keys()) {
    if (objects.size <= mostObjects) break
    objects.delete(known)
  }
}

/**
 * Asks the runtime about what an event names alone: CRI-O finds the pod of an event by the kubelet's labels, and says
 * nothing of one that has none.
 */
export async function askObject(client: CriClient, id: string, objects: EventObjects): Promise<void> {
  try {
    const [container] = await listContainers(client, {id})
    const [pod] = await listPodSandboxes(client, {id: container?.podSandboxId ?? id})
    const found = objectsOf(pod ? [pod] : [], container ? [container] : [])
    for (const [known, object] of found) objects.set(known, object)
  } catch (error) {
    // The event is worth showing without a name too.
    if (!(error instanceof RpcError)) throw error
  }
}

function objectOfPod({id, metadata, labels}: Pick<PodSandbox, 'id' | 'metadata' | 'labels'>): EventObject {
  return {podId: id, pod: metadata?.name ?? '', namespace: metadata?.namespace ?? '', labels}
}
