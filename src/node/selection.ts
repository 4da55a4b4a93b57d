import type {CriClient} from '../client/connect.js'
import {
  listContainerRows,
  listContainerStatsRows,
  listImageRows,
  listPodSandboxRows,
} from '../client/list-rows.js'
import {
  type ContainerIdentity,
  containerIdentities,
  containerIdOf,
  lookUpImage,
  podIdOf,
} from '../client/names.js'
import {NotFoundError} from '../errors/errors.js'
import type {
  Container,
  ContainerState,
  ContainerStats,
  Image,
  PodSandbox,
  PodSandboxState,
  PodSandboxStats,
} from '../generated/cri.js'
import type {Pattern} from '../text/regexp/pattern.js'
import {hasLabels} from '../text/selectors.js'
import {hexOf} from '../text/short-id.js'
import {keepFailed, keepFailedPods, type OnUnknownEnding} from './endings.js'
import {listPodSandboxStats, type OnPodFailure, sortById} from './usage.js'

/** What a list is narrowed to. What is left out narrows nothing. */
export interface PodSelection {
  /** An ID, its beginning, or a name. */
  id?: string | undefined
  state?: PodSandboxState | undefined
  labels?: Readonly<Record<string, string>>
  /** Found anywhere in the name; with `^` and `$` all of it. */
  name?: Pattern | undefined
  namespace?: Pattern | undefined
  /** Only so many, the newest; 0 and less: all. */
  newest?: number | undefined
  /** What has failed: containers that ended with another code than 0, pods whose containers did at their last attempt. */
  failed?: boolean | undefined
  /** With `failed`, told of each container that is left out because the runtime does not say how it ended. */
  onUnknown?: OnUnknownEnding | undefined
}

export interface ContainerSelection extends Omit<PodSelection, 'state'> {
  state?: ContainerState | undefined
  /** The pod: an ID, its beginning, or a name. */
  pod?: string | undefined
  /** Of the pod; the kubelet gives a user's labels to that alone. */
  podLabels?: Readonly<Record<string, string>> | undefined
  /** The image, by any of its names. */
  image?: string | undefined
}

// Filters go to the runtime and are applied here as well: what is chosen may be stopped or removed, and not every runtime
// heeds them.

/** Newest first. */
export async function selectPods(client: CriClient, selection: PodSelection): Promise<PodSandbox[]> {
  const {id, state, labels = {}, name, namespace} = selection
  const filter = {
    labelSelector: labels,
    ...(id === undefined ? {} : {id: await resolveOrKeep(podIdOf, client, id)}),
    ...(state === undefined ? {} : {state: {state}}),
  }
  const keep = passesAll<PodSandbox>(
    labelTest(labels),
    state !== undefined && ((sandbox) => sandbox.state === state),
    name && (({metadata}) => name.test(metadata?.name ?? '')),
    namespace && (({metadata}) => namespace.test(metadata?.namespace ?? '')),
  )
  const pods = await listPodSandboxRows(client, filter, {keep})
  const kept = selection.failed ? await keepFailedPods(client, pods, selection.onUnknown ?? leaveOut) : pods
  return newestFirst(kept, selection.newest)
}

/** Newest first, as crictl lists them. */
export async function selectContainers(
  client: CriClient,
  selection: ContainerSelection,
): Promise<Container[]> {
  const {id, pod, podLabels, state, labels = {}, name, namespace} = selection
  const podId = pod === undefined ? '' : await resolveOrKeep(podIdOf, client, pod)
  const filter = {
    labelSelector: labels,
    ...(id === undefined ? {} : {id: await resolveOrKeep(containerIdOf, client, id)}),
    ...(pod === undefined ? {} : {podSandboxId: podId}),
    ...(state === undefined ? {} : {state: {state}}),
  }
  const keep = passesAll<Container>(
    labelTest(labels),
    state !== undefined && ((container) => container.state === state),
    podId !== '' && (({podSandboxId}) => podSandboxId.startsWith(podId)),
    name && (({metadata}) => name.test(metadata?.name ?? '')),
  )
  const listed = await listContainerRows(client, filter, {keep})
  const pods = podLabels && (await selectPods(client, {labels: podLabels}))
  const podIds = pods && new Set(pods.map((sandbox) => sandbox.id))
  const containers = podIds ? listed.filter(({podSandboxId}) => podIds.has(podSandboxId)) : listed
  const identityOf = containerIdentities(
    namespace ? (pods ?? (await listPodsOfUnlabelled(client, containers))) : [],
  )
  const usesImage = selection.image === undefined ? () => true : await imageTest(client, selection.image)
  const kept = containers.filter(
    (container) =>
      (namespace?.test(identityOf(container).namespace || 'unknown') ?? true) && usesImage(container),
  )
  const chosen = selection.failed ? await keepFailed(client, kept, selection.onUnknown ?? leaveOut) : kept
  return newestFirst(chosen, selection.newest)
}

function leaveOut(): void {
  // Whoever does not ask why gets the others.
}

type Test<Item> = (item: Item) => boolean

/** What passes each of the tests that there are. */
function passesAll<Item>(...tests: (Test<Item> | false | undefined)[]): Test<Item> {
  const given = tests.filter((test): test is Test<Item> => typeof test === 'function')
  return (item) => given.every((test) => test(item))
}

function labelTest(wanted: Readonly<Record<string, string>>): Test<{labels: Record<string, string>}> | false {
  return Object.keys(wanted).length > 0 && (({labels}) => hasLabels(labels, wanted))
}

/**
 * The pods that say where containers without the kubelet's labels belong; none are asked for where every
 * container has them.
 */
export async function listPodsOfUnlabelled(
  client: CriClient,
  containers: readonly Container[],
): Promise<PodSandbox[]> {
  const isLabelled = ({labels}: Container) =>
    labels['io.kubernetes.pod.name'] !== undefined && labels['io.kubernetes.pod.namespace'] !== undefined
  return containers.every(isLabelled) ? [] : listPodSandboxRows(client)
}

/**
 * Of labels that were looked for in vain, those that no container has and pods do, and the pods that have all of these.
 */
export async function labelsOfPodsAlone(
  client: CriClient,
  labels: Readonly<Record<string, string>>,
): Promise<{labels: Record<string, string>; pods: PodSandbox[]}> {
  const isOfPodsAlone = async (label: Record<string, string>) => {
    const [containers, pods] = await Promise.all([
      listContainerRows(client, {labelSelector: label}),
      selectPods(client, {labels: label}),
    ])
    return pods.length > 0 && !containers.some((container) => hasLabels(container.labels, label))
  }
  const pairs = await Promise.all(
    Object.entries(labels).map(async (pair) =>
      (await isOfPodsAlone(Object.fromEntries([pair]))) ? [pair] : [],
    ),
  )
  const found = Object.fromEntries(pairs.flat())
  return {labels: found, pods: pairs.flat().length > 0 ? await selectPods(client, {labels: found}) : []}
}

/** Which containers run an image, whether they name it by tag, digest or ID. One list of images serves all of them. */
async function imageTest(client: CriClient, reference: string): Promise<(container: Container) => boolean> {
  const [{image}, images] = await Promise.all([lookUpImage(client, reference), listImageRows(client)])
  if (!image) return () => false
  const known = imagesByName(images)
  return (container) =>
    [container.imageId, container.imageRef, container.image?.image ?? ''].some(
      (name) => name !== '' && (known.get(name)?.id ?? name) === image.id,
    )
}

/** The first tag of a container's image, for containers that name it by ID. */
export async function imageNames(client: CriClient): Promise<(container: Container) => string | undefined> {
  const images = imagesByName(await listImageRows(client))
  return ({image, imageId, imageRef}) =>
    [image?.image ?? '', imageId, imageRef].map((name) => images.get(name)?.repoTags[0]).find(Boolean)
}

/** By ID, tags and digests. */
export function imagesByName(images: readonly Image[]): Map<string, Image> {
  return new Map(
    images.flatMap((image) =>
      [image.id, ...image.repoTags, ...image.repoDigests].map((name) => [name, image] as const),
    ),
  )
}

/** The full ID, or the beginning of one as it is where it names nothing: the list is then empty, as crictl's. */
async function resolveOrKeep(idOf: typeof podIdOf, client: CriClient, reference: string): Promise<string> {
  try {
    return await idOf(client, reference)
  } catch (error) {
    if (error instanceof NotFoundError && /^[0-9a-f]+$/.test(reference)) return reference
    throw error
  }
}

function newestFirst<Item extends {createdAt: string}>(items: readonly Item[], count = 0): Item[] {
  // Rounded, they are a hundred times quicker to compare, and only what is rounded to the same has to be looked at.
  const made = Float64Array.from(items, ({createdAt}) => Number(createdAt))
  const exact = (place: number) => BigInt((items[place] as Item).createdAt)
  const places = Uint32Array.from(items.keys()).sort(
    (a, b) => (made[b] as number) - (made[a] as number) || Number(exact(b) - exact(a)),
  )
  return Array.from(count > 0 ? places.subarray(0, count) : places, (place) => items[place] as Item)
}

/**
 * All images, or those a word names: by ID or its beginning, tag, digest, or repository with or without its
 * registry. The filter goes to the runtime and is applied here as well, since containerd ignores it.
 */
export async function selectImages(client: CriClient, reference = ''): Promise<Image[]> {
  // CRI-O takes a filter for one whole name, and would find nothing by a part of it; containerd ignores filters.
  const images = await listImageRows(client, isWholeName(reference) ? reference : '')
  if (reference === '') return images
  const {image} = await lookUpImage(client, reference)
  const hex = hexOf(reference)
  const repository = (name: string) => name.replace(/@.*$/, '').replace(/:[^:/]*$/, '')
  return images.filter(
    ({id, repoTags, repoDigests}) =>
      id === image?.id ||
      (/^[0-9a-f]+$/.test(hex) && hashes(id, repoDigests).some((hash) => hash.startsWith(hex))) ||
      [...repoTags, ...repoDigests].some((name) =>
        [name, repository(name)].some((known) => known === reference || known.endsWith(`/${reference}`)),
      ),
  )
}

/** With its registry, and with a tag or a whole digest. */
function isWholeName(reference: string): boolean {
  return /^(localhost|[^/]*[.:][^/]*)\/.*(:[^/:@]+|@sha256:[0-9a-f]{64})$/.test(reference)
}

/** Hex digits by which an image can be meant: of its ID, and of its digests in repositories. */
function hashes(id: string, repoDigests: readonly string[]): string[] {
  return [id, ...repoDigests.map((digest) => digest.slice(digest.indexOf('@') + 1))].map(hexOf)
}

export type UsageSelection = Pick<ContainerSelection, 'id' | 'pod' | 'labels' | 'podLabels' | 'namespace'>

/**
 * What containers use, of those that are chosen by ID or name, pod, labels of either and namespace.
 */
export async function containerUsage(
  client: CriClient,
  {id, pod, labels = {}, podLabels, namespace}: UsageSelection,
): Promise<ContainerStats[]> {
  const stats = sortById(
    await listContainerStatsRows(client, {
      labelSelector: labels,
      ...(id === undefined ? {} : {id: await resolveOrKeep(containerIdOf, client, id)}),
      ...(pod === undefined ? {} : {podSandboxId: await resolveOrKeep(podIdOf, client, pod)}),
    }),
  )
  // Measured containers do not say which pod they are of.
  const ofPods = podLabels && new Set((await selectContainers(client, {podLabels})).map((one) => one.id))
  const chosen = ({attributes}: ContainerStats) =>
    hasLabels(attributes?.labels ?? {}, labels) && (ofPods?.has(attributes?.id ?? '') ?? true)
  const kept = ofPods || Object.keys(labels).length > 0 ? stats.filter(chosen) : stats
  if (namespace === undefined) return kept
  const identityOf = await usageIdentities(client, kept)
  return kept.filter((item) => namespace.test(identityOf(item).namespace || 'unknown'))
}

/** Where measured containers belong: the kubelet's labels tell, else the lists do. */
export async function usageIdentities(
  client: CriClient,
  stats: readonly ContainerStats[],
): Promise<(stats: ContainerStats) => ContainerIdentity> {
  const labelled = stats.every(({attributes}) => attributes?.labels['io.kubernetes.pod.namespace'])
  const [containers, pods] = labelled
    ? [[], []]
    : await Promise.all([listContainerRows(client), listPodSandboxRows(client)])
  const podOf = new Map(containers.map((container) => [container.id, container.podSandboxId]))
  const identityOf = containerIdentities(pods)
  return ({attributes}) =>
    identityOf({
      metadata: attributes?.metadata ?? null,
      labels: attributes?.labels ?? {},
      podSandboxId: podOf.get(attributes?.id ?? '') ?? '',
    })
}

export async function podUsage(
  client: CriClient,
  {pod, labels = {}, namespace}: Omit<UsageSelection, 'id' | 'podLabels'>,
  onFailure?: OnPodFailure,
): Promise<PodSandboxStats[]> {
  const filter = {
    labelSelector: labels,
    ...(pod === undefined ? {} : {id: await resolveOrKeep(podIdOf, client, pod)}),
  }
  const stats = await listPodSandboxStats(client, filter, onFailure)
  if (namespace === undefined && Object.keys(labels).length === 0) return stats
  return stats.filter(
    ({attributes}) =>
      hasLabels(attributes?.labels ?? {}, labels) &&
      (namespace?.test(attributes?.metadata?.namespace ?? '') ?? true),
  )
}
