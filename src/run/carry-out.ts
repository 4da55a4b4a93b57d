import {stat} from 'node:fs/promises'
import {setTimeout as sleep} from 'node:timers/promises'
import type {CriClient} from '../client/connect.js'
import {listContainers, listPodSandboxes} from '../client/lists.js'
import {lookUpImage} from '../client/names.js'
import {NotFoundError, UserError} from '../errors/errors.js'
import type {AuthConfig, CreateContainerRequest, Input, PodSandboxConfig} from '../generated/cri.js'
import {missingIfGone} from '../node/missing.js'
import {pullImage} from '../node/pull.js'
import {removeContainer, removePod} from '../node/remove.js'
import {removeLeftovers} from './leftovers.js'
import {newContainer, newPod, type Plan, type Step} from './plan.js'

/** What a plan has brought into being so far; it grows while the plan is carried out. */
export interface Made {
  podSandboxId?: string
  containerIds: string[]
  /** When the runtime was asked for the pod, and for the first container. */
  podAskedAtMs?: number
  containersAskedAtMs?: number
  /** The pod's log directory was there before the pod. */
  logsWereThere?: boolean
}

/** What of it this plan alone has made. */
export interface Found extends Made {
  /** What the runtime answered with and had before: neither the plan's, nor its to take away. */
  olderIds: string[]
}

export interface CarryOutOptions {
  /** Ends the plan between and within its calls; the promise then rejects with the signal's reason. */
  signal: AbortSignal
  /** Instead of the connection's own, as the base of every deadline. */
  timeoutMs?: number | undefined
  pullTimeoutMs?: number | undefined
  credentialsFor?: (image: string) => Promise<Input<AuthConfig> | undefined>
  /** Shows that an image is being pulled, until it is disposed of. */
  showPull?: (image: string) => Promise<Disposable | undefined>
}

/** Sends the plan's requests one after another. At the first failure it throws and leaves `made` as far as it came. */
export async function carryOut(
  client: CriClient,
  plan: Plan,
  made: Made,
  options: CarryOutOptions,
): Promise<void> {
  for (const step of plan) {
    options.signal.throwIfAborted()
    await takeStep(client, step, made, options)
  }
}

async function takeStep(client: CriClient, step: Step, made: Made, options: CarryOutOptions): Promise<void> {
  const {signal, timeoutMs} = options
  switch (step.method) {
    case 'RunPodSandbox': {
      made.logsWereThere = await stat(step.request.config?.logDirectory ?? '').then(Boolean, () => false)
      made.podAskedAtMs = Date.now()
      const {podSandboxId} = await client.runtime.runPodSandbox(step.request, {signal, timeoutMs})
      if (podSandboxId === '') throw noId('RunPodSandbox')
      made.podSandboxId = podSandboxId
      return
    }
    case 'PullImage': {
      const image = step.request.image?.image ?? ''
      if (step.when === 'missing' && (await lookUpImage(client, image, {signal})).image) return
      const {annotations} = step.request.image ?? {}
      const auth = await options.credentialsFor?.(image)
      using _ = await options.showPull?.(image)
      await pullImage(client, image, {
        auth,
        annotations: annotations as Record<string, string> | undefined,
        podConfig: step.request.sandboxConfig ?? undefined,
        timeoutMs: options.pullTimeoutMs,
        signal,
      })
      return
    }
    case 'CreateContainer': {
      const {podSandboxId = newPod} = step.request
      const podId = podSandboxId === newPod ? (made.podSandboxId ?? '') : podSandboxId
      const request = {...step.request, podSandboxId: podId}
      made.containersAskedAtMs ??= Date.now()
      const created = client.runtime.createContainer(request, {signal, timeoutMs})
      const {containerId} = await created.catch(async (error) => {
        const failure = await missingIfGone(client, error, 'pod', {id: podId})
        throw await missingIfGone(client, failure, 'image', {id: request.config?.image?.image ?? ''})
      })
      if (containerId === '') throw noId('CreateContainer')
      made.containerIds.push(containerId)
      return
    }
    case 'StartContainer': {
      const {containerId = ''} = step.request
      const last = made.containerIds.at(-1) ?? ''
      await client.runtime.startContainer(
        {containerId: containerId === newContainer ? last : containerId},
        {signal, timeoutMs},
      )
    }
  }
}

function noId(method: string): UserError {
  return new UserError(`${method}: the runtime answered without an ID`, {
    facts: {about: 'answer without an ID', method},
  })
}

/**
 * What the plan has really brought into being. CRI-O answers with an older pod or container where the name is in use:
 * that is not the plan's. With `unanswered` also what the runtime made although its answer did not arrive.
 */
export async function findMade(
  client: CriClient,
  plan: Plan,
  made: Made,
  {unanswered}: {unanswered: boolean},
): Promise<Found> {
  // A call that was cancelled at its very end may still bring something a moment later.
  for (let attempt = 0; ; attempt++) {
    const found = await findExisting(client, plan, made, unanswered)
    const nothing = found.podSandboxId === undefined && found.containerIds.length === 0
    if (!nothing || !unanswered || attempt === 3) return found
    await sleep(200)
  }
}

async function findExisting(client: CriClient, plan: Plan, made: Made, unanswered: boolean): Promise<Found> {
  const {podAskedAtMs, containersAskedAtMs, logsWereThere} = made
  const olderIds: string[] = []
  const config = plan.find((step) => step.method === 'RunPodSandbox')?.request.config
  if (config && podAskedAtMs !== undefined) {
    const pods = (await listPodSandboxes(client)).filter(
      ({id, metadata}) => id === made.podSandboxId || (unanswered && isSamePod(metadata, config)),
    )
    const ours = pods.find((pod) => isSince(podAskedAtMs, pod))
    // Whatever is in it is the plan's too.
    if (ours)
      return {
        podSandboxId: ours.id,
        containerIds: made.containerIds,
        olderIds,
        logsWereThere: logsWereThere ?? false,
      }
    olderIds.push(...pods.filter(({id}) => id === made.podSandboxId).map(({id}) => id))
  }
  if (containersAskedAtMs === undefined) return {containerIds: [], olderIds}
  const requests = plan.flatMap((step) => (step.method === 'CreateContainer' ? [step.request] : []))
  const containers = (await listContainers(client)).filter(
    (container) =>
      made.containerIds.includes(container.id) ||
      (unanswered && requests.some((request) => isSameContainer(container, request, made))),
  )
  const ours = containers.filter((container) => isSince(containersAskedAtMs, container))
  const older = containers.filter(
    ({id}) => made.containerIds.includes(id) && !ours.some((our) => our.id === id),
  )
  return {containerIds: ours.map(({id}) => id), olderIds: [...older.map(({id}) => id), ...olderIds]}
}

function isSince(timeMs: number, {createdAt}: {createdAt: string}): boolean {
  return BigInt(createdAt) >= BigInt(timeMs) * 1_000_000n
}

/**
 * Takes away what `findMade` found. The pod's own containers go with it. A runtime that still ends what was cancelled
 * refuses at first: containerd 2.1 says of a container that it is starting.
 */
export async function takeBack(client: CriClient, plan: Plan, found: Made): Promise<void> {
  const {podSandboxId, containerIds} = found
  const options = {force: true, wait: true, onStopped: () => undefined}
  if (podSandboxId !== undefined) {
    await orGone(removePod(client, {id: podSandboxId, word: podSandboxId}, options))
    const pod = plan.find((step) => step.method === 'RunPodSandbox')?.request.config
    if (pod) await removeLeftovers(found.logsWereThere ? {...pod, logDirectory: ''} : pod)
    return
  }
  for (const id of containerIds) await orGone(removeContainer(client, {id, word: id}, options))
}

async function orGone(removing: Promise<unknown>): Promise<void> {
  try {
    await removing
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
  }
}

interface Identity {
  name?: string
  namespace?: string
  uid?: string
  attempt?: number
}

function isSamePod(metadata: Identity | null, {metadata: wanted}: Input<PodSandboxConfig>): boolean {
  return (
    metadata?.name === wanted?.name &&
    metadata?.namespace === wanted?.namespace &&
    metadata?.uid === wanted?.uid &&
    (metadata?.attempt ?? 0) === (wanted?.attempt ?? 0)
  )
}

function isSameContainer(
  container: {podSandboxId: string; metadata: Identity | null},
  {podSandboxId = newPod, config}: Input<CreateContainerRequest>,
  made: Made,
): boolean {
  return (
    container.podSandboxId === (podSandboxId === newPod ? made.podSandboxId : podSandboxId) &&
    container.metadata?.name === config?.metadata?.name &&
    (container.metadata?.attempt ?? 0) === (config?.metadata?.attempt ?? 0)
  )
}
