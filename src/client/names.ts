import {AmbiguousError, missingObject, type ObjectKind, RpcError, rpcCode} from '../errors/errors.js'
import {printable} from '../errors/printable.js'
import type {Container, Image, ImageStatusResponse, PodSandbox} from '../generated/cri.js'
import {nearest} from '../text/nearest.js'
import {hexOf} from '../text/short-id.js'
import type {CallOptions} from './call-options.js'
import type {CriClient} from './connect.js'
import {listContainerRows, listImageRows, listPodSandboxRows} from './list-rows.js'

// The words a user may name things by. A container: an ID or its beginning, `name`, `pod/name`,
// `namespace/pod/name`. A pod: an ID or its beginning, `name`, `namespace/name`. An image: an ID or its beginning,
// a tag, a digest. A whole name goes before the beginning of an ID; of the attempts of one container or pod the
// newest is meant; anything else that is ambiguous is an error.

/** Where a container belongs, from the kubelet's labels, or from its sandbox where it has none. */
export interface ContainerIdentity {
  container: string
  pod: string
  namespace: string
  uid: string
}

export interface NamingOptions extends CallOptions {
  /** false: a name that is also the beginning of another thing's ID is ambiguous. For verbs that change something. */
  namesHideIds?: boolean
}

const fullId = /^[0-9a-f]{64}$/

/**
 * The full IDs of the containers that the references name, in their order. Full IDs are taken as they are; any
 * other costs one list of containers and one of pods for all together. Throws NotFoundError for the first
 * reference that names nothing, or several containers.
 */
export async function resolveContainers(
  client: CriClient,
  references: readonly string[],
  {namesHideIds, ...options}: NamingOptions = {},
): Promise<PromiseSettledResult<string>[]> {
  if (references.every((reference) => fullId.test(reference))) return references.map(fulfilled)
  const [containers, pods] = await Promise.all([
    listContainerRows(client, {}, options),
    listPodSandboxRows(client, {}, options),
  ])
  const identityOf = containerIdentities(pods)
  return references.map((reference) =>
    settle(() => findContainer(reference, containers, identityOf, namesHideIds).id),
  )
}

/** The same for pods. */
export async function resolvePods(
  client: CriClient,
  references: readonly string[],
  {namesHideIds, ...options}: NamingOptions = {},
): Promise<PromiseSettledResult<string>[]> {
  if (references.every((reference) => fullId.test(reference))) return references.map(fulfilled)
  const pods = await listPodSandboxRows(client, {}, options)
  return references.map((reference) => settle(() => findPod(reference, pods, namesHideIds).id))
}

/** The full ID of the container that the one reference names. Throws NotFoundError. */
export async function containerIdOf(
  client: CriClient,
  reference: string,
  options?: CallOptions,
): Promise<string> {
  return idFrom(await resolveContainers(client, [reference], options))
}

/** The same for a pod. */
export async function podIdOf(client: CriClient, reference: string, options?: CallOptions): Promise<string> {
  return idFrom(await resolvePods(client, [reference], options))
}

function idFrom([outcome]: readonly PromiseSettledResult<string>[]): string {
  if (outcome?.status === 'fulfilled') return outcome.value
  throw outcome?.reason
}

/** What tells the identity of a container whose pod is among these. */
export function containerIdentities(
  pods: readonly PodSandbox[],
): (container: Pick<Container, 'metadata' | 'labels' | 'podSandboxId'>) => ContainerIdentity {
  const byId = new Map(pods.map((pod) => [pod.id, pod.metadata]))
  return ({metadata, labels, podSandboxId}) => {
    const sandbox = byId.get(podSandboxId)
    return {
      container: metadata?.name ?? '',
      pod: labels['io.kubernetes.pod.name'] ?? sandbox?.name ?? '',
      namespace: labels['io.kubernetes.pod.namespace'] ?? sandbox?.namespace ?? '',
      uid: labels['io.kubernetes.pod.uid'] ?? sandbox?.uid ?? '',
    }
  }
}

/** A container whose labels do not say which pod it is of. */
class Unlabelled extends Error {}

/**
 * Has containers shown with where they belong. Where the labels of one do not say it, the pods are asked and it is shown
 * once more: so `show` has asked where each belongs before it writes. Containers with the kubelet's labels cost no call,
 * and no look at their labels before.
 */
export async function showPlaced(
  client: CriClient,
  show: (identityOf: (container: Container) => ContainerIdentity) => Promise<void>,
): Promise<void> {
  const byLabels = containerIdentities([])
  try {
    return await show((container) => {
      const identity = byLabels(container)
      if (identity.pod === '' || identity.namespace === '') throw new Unlabelled(container.id)
      return identity
    })
  } catch (error) {
    if (!(error instanceof Unlabelled)) throw error
  }
  await show(containerIdentities(await listPodSandboxRows(client)))
}

export function findContainer(
  reference: string,
  containers: readonly Container[],
  identityOf: (container: Container) => ContainerIdentity,
  namesHideIds = true,
): Container {
  const parts = reference.split('/')
  const named = containers.filter((container) => {
    const identity = identityOf(container)
    return endsWith([identity.namespace, identity.pod, identity.container], parts)
  })
  const newest = newestOfEach(named, (container) => containerKey(container, identityOf))
  const found = withIds(reference, newest, named, containers, namesHideIds)
  const nameOf = (container: Container) => containerName(container.id, identityOf(container))
  return only('container', reference, found, nameOf, () => {
    const ofPod = containers.filter((container) => {
      const {namespace, pod} = identityOf(container)
      return endsWith([namespace, pod], parts)
    })
    return ofPod.length > 0
      ? [...new Set(ofPod.map(nameOf))]
      : nearestNames(reference, containers.map(nameOf))
  })
}

/** What a pod is called: `namespace/name`, or its ID where the runtime tells no name. */
export function podName({id, metadata}: Pick<PodSandbox, 'id' | 'metadata'>): string {
  return [metadata?.namespace ?? '', metadata?.name || id].filter((part) => part !== '').join('/')
}

/** What a container is called: `namespace/pod/name`, as far as the runtime tells it. */
export function containerName(id: string, {namespace, pod, container}: ContainerIdentity): string {
  return [namespace, pod, container || id].filter((part) => part !== '').join('/')
}

/** For each container a word that leads back to it: `namespace/pod/name`, or its ID where that means another one. */
export function containerReferences(
  containers: readonly Container[],
  identityOf: (container: Container) => ContainerIdentity,
): string[] {
  return referencesBack(containers, (container) => {
    const {namespace, pod, container: name, uid} = identityOf(container)
    return {name: [namespace, pod, name], uid}
  })
}

/** For each pod `namespace/name`, or its ID where that means another one. */
export function podReferences(pods: readonly PodSandbox[]): string[] {
  return referencesBack(pods, ({metadata}) => ({
    name: [metadata?.namespace ?? '', metadata?.name ?? ''],
    uid: metadata?.uid ?? '',
  }))
}

function referencesBack<Item extends {id: string; createdAt: string}>(
  items: readonly Item[],
  identity: (item: Item) => {name: readonly string[]; uid: string},
): string[] {
  const owners = new Map<string, {uid: string; newest: Item; shared: boolean}>()
  for (const item of items) {
    const {name, uid} = identity(item)
    const key = name.join('/')
    const known = owners.get(key)
    if (!known) owners.set(key, {uid, newest: item, shared: false})
    else if (known.uid !== uid) known.shared = true
    else if (BigInt(item.createdAt) > BigInt(known.newest.createdAt)) known.newest = item
  }
  return items.map((item) => {
    const {name} = identity(item)
    const owner = owners.get(name.join('/'))
    const sayable = name.every((part) => part !== '' && part === printable(part))
    return sayable && !owner?.shared && owner?.newest === item ? name.join('/') : item.id
  })
}

export function findPod(reference: string, pods: readonly PodSandbox[], namesHideIds = true): PodSandbox {
  const parts = reference.split('/')
  const named = pods.filter(({metadata}) =>
    endsWith([metadata?.namespace ?? '', metadata?.name ?? ''], parts),
  )
  const newest = newestOfEach(named, podKey)
  const found = withIds(reference, newest, named, pods, namesHideIds)
  return only('pod', reference, found, podName, () => nearestNames(reference, pods.map(podName)))
}

/**
 * The status of the image that the runtime, or else its list, knows by the reference. The runtime goes first: it
 * knows how short names are completed (`busybox` is `docker.io/library/busybox:latest`). Throws NotFoundError.
 */
export async function imageStatus(
  client: CriClient,
  reference: string,
  verbose: boolean,
  options?: CallOptions,
): Promise<ImageStatusResponse> {
  const response = await lookUpImage(client, reference, {...options, verbose})
  if (response.image) return response
  const {id} = findImage(reference, await listImageRows(client, '', options))
  return client.image.imageStatus({image: {image: id}, verbose}, options)
}

/**
 * What the runtime itself knows by the reference, without an image where that is nothing. CRI-O knows IDs by their
 * digits alone, and fails for names without a registry that it cannot complete, where others answer with nothing.
 */
export async function lookUpImage(
  client: CriClient,
  reference: string,
  {verbose = false, ...options}: CallOptions & {verbose?: boolean} = {},
): Promise<ImageStatusResponse> {
  const hex = hexOf(reference)
  const image = /^[0-9a-f]+$/.test(hex) ? hex : reference
  try {
    return await client.image.imageStatus({image: {image}, verbose}, options)
  } catch (error) {
    const isShortName = !/^(localhost|[^/]*[.:][^/]*)\//.test(image)
    if (error instanceof RpcError && error.code === rpcCode.unknown && isShortName)
      return {image: null, info: {}}
    throw error
  }
}

export function findImage(reference: string, images: readonly Image[]): Image {
  const named = images.filter(({repoTags, repoDigests}) =>
    [...repoTags, ...repoDigests].some((name) => name === reference || name.endsWith(`/${reference}`)),
  )
  const hex = hexOf(reference)
  const found = named.length > 0 || hex === '' ? named : images.filter(({id}) => hexOf(id).startsWith(hex))
  return only(
    'image',
    reference,
    found,
    ({repoTags, repoDigests}) => repoTags[0] ?? repoDigests[0] ?? '<none>',
    () =>
      nearestNames(
        reference,
        images.flatMap(({repoTags}) => repoTags),
      ),
  )
}

/** More names than this are not compared with one that is not among them: it would take longer than looking it up. */
const mostCompared = 5_000

/** What nobody types: an image's tag, what a deployment's pod has behind its name. */
const generated = /(:[^:/]*|(-[a-z0-9]{6,10})?-[a-z0-9]{5})$/

/** Whole names whose end, of as many parts as the reference has, is nearest to it. */
function nearestNames(reference: string, names: readonly string[]): string[] {
  const parts = reference.split('/').length
  const owners = new Map<string, Set<string>>()
  for (const name of names) {
    const end = name.split('/').slice(-parts).join('/')
    for (const form of [end, end.replace(generated, '')])
      owners.set(form, (owners.get(form) ?? new Set()).add(name))
    if (owners.size > mostCompared) return []
  }
  const isForm = owners.has(reference)
  // Of short words half of all are near.
  const form = isForm || reference.length < 4 ? reference : nearest(reference, [...owners.keys()])
  return [...(owners.get(form ?? '') ?? [])]
}

/** The newest of what has the name, or what has the ID; both where a name hides no ID of something else. */
function withIds<Item extends {id: string}>(
  reference: string,
  newest: readonly Item[],
  named: readonly Item[],
  items: readonly Item[],
  namesHideIds: boolean,
): Item[] {
  if (newest.length > 0 && namesHideIds) return [...newest]
  return [...newest, ...filterByIdPrefix(reference, items).filter((item) => !named.includes(item))]
}

function filterByIdPrefix<Item extends {id: string}>(reference: string, items: readonly Item[]): Item[] {
  return reference === '' ? [] : items.filter(({id}) => id.startsWith(reference))
}

function endsWith(name: readonly string[], parts: readonly string[]): boolean {
  if (parts.length > name.length) return false
  const tail = name.slice(name.length - parts.length)
  return tail.every((part, index) => part === parts[index] && part !== '')
}

/** What is the same for all attempts of one container. */
export function containerKey(
  container: Container,
  identityOf: (container: Container) => ContainerIdentity,
): string {
  const {namespace, pod, uid, container: name} = identityOf(container)
  return JSON.stringify([namespace, pod, uid, name])
}

/** What is the same for all attempts of one pod. */
export function podKey({metadata}: PodSandbox): string {
  return JSON.stringify([metadata?.namespace, metadata?.name, metadata?.uid])
}

/** Of all attempts of one thing the one that was made last. */
export function newestOfEach<Item extends {createdAt: string}>(
  items: readonly Item[],
  key: (item: Item) => string,
): Item[] {
  const newest = new Map<string, Item>()
  for (const item of items) {
    const known = newest.get(key(item))
    if (!known || BigInt(item.createdAt) > BigInt(known.createdAt)) newest.set(key(item), item)
  }
  return [...newest.values()]
}

function only<Item extends {id: string}>(
  object: ObjectKind,
  reference: string,
  found: readonly Item[],
  nameOf: (item: Item) => string,
  near: () => readonly string[],
): Item {
  const [item] = found
  if (!item) throw missingObject(object, reference, near)
  if (found.length === 1) return item
  const candidates = found.map((candidate) => ({id: candidate.id, name: nameOf(candidate)}))
  throw new AmbiguousError(`"${reference}" matches ${found.length} ${object}s`, {
    facts: {about: 'ambiguous reference', object, reference, candidates},
  })
}

function settle<Value>(value: () => Value): PromiseSettledResult<Value> {
  try {
    return fulfilled(value())
  } catch (reason) {
    return {status: 'rejected', reason}
  }
}

function fulfilled<Value>(value: Value): PromiseFulfilledResult<Value> {
  return {status: 'fulfilled', value}
}
