import type {CriClient} from '../client/connect.js'
import {listContainerRows, listPodSandboxRows} from '../client/list-rows.js'
import {
  type ContainerIdentity,
  containerIdentities,
  containerKey,
  findContainer,
  findPod,
} from '../client/names.js'
import {missingObject, NotFoundError} from '../errors/errors.js'
import type {Container, PodSandbox} from '../generated/cri.js'

/** All containers and pods of a node at one moment. */
export interface NodeView {
  containers: Container[]
  pods: PodSandbox[]
  identityOf: (container: Container) => ContainerIdentity
}

export async function lookAtNode(client: CriClient): Promise<NodeView> {
  const [containers, pods] = await Promise.all([listContainerRows(client), listPodSandboxRows(client)])
  return {containers, pods, identityOf: containerIdentities(pods)}
}

/** Whether a reference names one container, not a pod. */
export function namesContainer(reference: string, view: NodeView): boolean {
  try {
    findContainer(reference, view.containers, view.identityOf)
    return true
  } catch {
    return false
  }
}

export type NamedThing = {container: Container; pod?: never} | {container?: never; pod: PodSandbox}

/** What a reference names, a container before a pod. Throws NotFoundError. */
export function findContainerOrPod(reference: string, view: NodeView): NamedThing {
  try {
    return {container: findContainer(reference, view.containers, view.identityOf)}
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    try {
      return {pod: findPod(reference, view.pods)}
    } catch (podError) {
      throw missingBoth(reference, error, podError)
    }
  }
}

/** What may have been meant is a container or a pod. */
function missingBoth(reference: string, ...errors: readonly [NotFoundError, unknown]): NotFoundError {
  const [error] = errors
  if (error.facts?.about !== 'missing object') return error
  return missingObject('container', reference, () =>
    errors.flatMap((each) =>
      each instanceof NotFoundError && each.facts?.about === 'missing object' ? each.facts.nearest() : [],
    ),
  )
}

/** All attempts of the container that the runtime still knows, the earliest first. */
export function attemptsOf(container: Container, view: NodeView): Container[] {
  const key = containerKey(container, view.identityOf)
  return view.containers
    .filter((other) => containerKey(other, view.identityOf) === key)
    .sort((a, b) => attemptOf(a) - attemptOf(b))
}

/** A comparison for sorting: what was made earlier comes first. */
export function byCreation(a: Pick<Container, 'createdAt'>, b: Pick<Container, 'createdAt'>): number {
  return BigInt(a.createdAt) < BigInt(b.createdAt) ? -1 : 1
}

export function attemptOf({metadata}: Pick<Container, 'metadata'>): number {
  return metadata?.attempt ?? 0
}
