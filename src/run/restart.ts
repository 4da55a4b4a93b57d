import type {CriClient} from '../client/connect.js'
import {signalAfter} from '../client/deadlines.js'
import {containerKey, containerName, lookUpImage} from '../client/names.js'
import {waitMs} from '../client/retries.js'
import {exitCode, missingObject, NotFoundError, UserError} from '../errors/errors.js'
import type {Container, ContainerConfig, ContainerStatus, Input, PodSandboxConfig} from '../generated/cri.js'
import {watchChanges} from '../node/changes.js'
import {containerStatus} from '../node/details.js'
import {isContainerOfKubelet} from '../node/kubelet.js'
import {removeContainer} from '../node/remove.js'
import type {Target} from '../node/targets.js'
import {attemptOf, attemptsOf, lookAtNode, type NodeView} from '../node/view.js'
import {lookUntil} from '../node/wait.js'
import {durationText} from '../text/duration.js'
import {shortId} from '../text/short-id.js'
import type {Restarted} from '../views/restart.js'
import {keptConfig, podConfigOf} from './pod-config-of.js'

// A container of the CRI runs once. Another attempt is made by the kubelet, where the container is one of its, and else
// by us from what the runtime remembers: first the new one, then the old one is stopped, the new one started and the old
// one removed, so that whatever ends this half-way leaves one of them, and the next restart goes on from there.

/** On each that we have made: the ID of the one in whose place it is. */
const replaces = 'crisp.restart/replaces'

interface Subject {
  name: string
  /** What is there; it may have ended. */
  old: Container
  attempt: number
}

/** How a container comes to run again. */
export type Restart =
  | ({by: 'kubelet'} & Subject)
  | ({
      by: 'crisp'
      config: Input<ContainerConfig>
      pod: Input<PodSandboxConfig>
      /** Made by a restart that did not come to its end. */
      begun: Container | undefined
      /** Left by such ones. */
      left: Container[]
    } & Subject)

export interface RestartOptions {
  /** Of the old one, in seconds as the CRI writes them. */
  grace: string
  /** How long the kubelet has for its next attempt. */
  limitMs: number
  /** Once the old one has been told to stop, the signal only makes it quicker. */
  signal: AbortSignal
  note: (text: string) => void
}

/** Asks only. Throws UserError for a container that cannot come back. */
export async function planRestart(client: CriClient, {id, word}: Target, view: NodeView): Promise<Restart> {
  const target = view.containers.find((container) => container.id === id)
  if (!target) throw missingObject('container', word)
  const name = containerName(id, view.identityOf(target))
  const attempts = attemptsOf(target, view)
  const attempt = 1 + Math.max(...attempts.map(attemptOf))
  const inPod = attempts.filter(({podSandboxId}) => podSandboxId === target.podSandboxId)
  const old = inPod.find((one) => isBegun(target, one)) ?? target
  const begun = inPod.find((one) => isBegun(one, old))
  if (view.pods.find((pod) => pod.id === target.podSandboxId)?.state !== 'SANDBOX_READY')
    throw new UserError(`container "${word}": its pod is not ready, and nothing can be made in it any more`)
  const later = attempts.find(({createdAt}) => BigInt(createdAt) > BigInt(old.createdAt))
  if (later && later !== begun && old.state !== 'CONTAINER_RUNNING')
    throw new UserError(
      `${shortId(id)} is an earlier attempt of ${name}: the latest is ${shortId(attempts.at(-1)?.id ?? '')}`,
    )
  if (isContainerOfKubelet(target)) return {by: 'kubelet', name, old, attempt}
  if (old.state === 'CONTAINER_CREATED')
    throw new UserError(`container "${word}" was never started: crisp start ${shortId(id)}`)
  const config = await configOf(client, old, word)
  const pod = await podConfigOf(client, old.podSandboxId)
  return {by: 'crisp', name, old, attempt, config, pod, begun, left: predecessors(old, inPod)}
}

/** Whether the one was made for the other's place and has not been started. */
function isBegun(one: Container, old: Container): boolean {
  return one.state === 'CONTAINER_CREATED' && one.annotations[replaces] === old.id
}

function predecessors(container: Container, attempts: readonly Container[]): Container[] {
  const before = attempts.find(({id}) => id === container.annotations[replaces])
  return before && before.state !== 'CONTAINER_RUNNING' ? [before, ...predecessors(before, attempts)] : []
}

/** What it was made with, with the image that it has: its name may mean another one by now. */
async function configOf(client: CriClient, {id}: Container, word: string): Promise<Input<ContainerConfig>> {
  const {status, info} = await client.runtime.containerStatus({containerId: id, verbose: true})
  if (!status) throw missingObject('container', word)
  const config = keptConfig('ContainerConfig', info.info)
  if (!config?.metadata)
    throw new UserError(
      `container "${word}": this runtime does not tell what it was made with (containerd does): make another with crisp run or crisp create, then remove this one`,
    )
  const {image} = config
  return {...config, image: {...image, image: await sameImage(client, image?.image ?? '', status)}}
}

async function sameImage(client: CriClient, name: string, status: ContainerStatus): Promise<string> {
  const [named, used] = await Promise.all(
    [name, status.imageRef].map(async (reference) =>
      reference === '' ? undefined : (await lookUpImage(client, reference)).image?.id,
    ),
  )
  return used === undefined || used === named ? name : used
}

/** What will be done, for somebody who asked. */
export function restartText(restart: Restart): string {
  const {by, name, old, attempt} = restart
  const how = by === 'kubelet' ? 'the kubelet makes' : restart.begun ? 'begun before,' : 'crisp makes'
  const number = by === 'crisp' && restart.begun ? attemptOf(restart.begun) : attempt
  return `${shortId(old.id)}  ${name}  ${how} attempt ${number}`
}

export async function carryOutRestart(
  client: CriClient,
  restart: Restart,
  options: RestartOptions,
): Promise<Restarted> {
  const next =
    restart.by === 'kubelet'
      ? await awaitNext(client, restart, options)
      : await replace(client, restart, options)
  const {by, name, old} = restart
  return {...next, previousId: old.id, name, by}
}

interface Next {
  id: string
  attempt: number
}

async function awaitNext(
  client: CriClient,
  {name, old, attempt}: Subject,
  {grace, limitMs, signal, note}: RestartOptions,
): Promise<Next> {
  const limit = signalAfter(limitMs)
  if (old.state === 'CONTAINER_RUNNING')
    await client.runtime.stopContainer({containerId: old.id, timeout: grace}, {signal})
  note(
    `${name} is stopped: waiting up to ${durationText(limitMs)} for the kubelet to make attempt ${attempt}`,
  )
  using changes = watchChanges(client, AbortSignal.any([signal, limit]))
  try {
    const next = await lookUntil({changes}, async () => {
      const view = await lookAtNode(client)
      return view.containers.find((other) => isLater(other, old, view) && other.state !== 'CONTAINER_CREATED')
    })
    if (next.state !== 'CONTAINER_RUNNING') throw await endedAtOnce(client, next, name)
    return {id: next.id, attempt: attemptOf(next)}
  } catch (error) {
    if (!limit.aborted || signal.aborted) throw error
    throw new UserError(
      `the kubelet has made no next attempt of ${name} in ${durationText(limitMs)}: it is stopped, and comes back only where a kubelet runs and the pod is in its configuration`,
      {exitCode: exitCode.timedOut},
    )
  }
}

function isLater(other: Container, old: Container, view: NodeView): boolean {
  return (
    BigInt(other.createdAt) > BigInt(old.createdAt) &&
    containerKey(other, view.identityOf) === containerKey(old, view.identityOf)
  )
}

async function endedAtOnce(client: CriClient, next: Container, name: string): Promise<UserError> {
  const status = await containerStatus(client, next.id)
  return new UserError(
    `attempt ${attemptOf(next)} of ${name} has exited with ${status?.exitCode ?? '?'} already`,
  )
}

async function replace(
  client: CriClient,
  restart: Restart & {by: 'crisp'},
  {grace, signal}: RestartOptions,
): Promise<Next> {
  const {name, old, left, begun} = restart
  const next = begun ? {id: begun.id, attempt: attemptOf(begun)} : await make(client, restart)
  if (signal.aborted) {
    await takeAway(client, next.id)
    throw signal.reason
  }
  try {
    await stopForGood(client, old.id, {grace, signal})
  } catch (error) {
    // What has ended in spite of the failure has to come back.
    if ((await containerStatus(client, old.id))?.state === 'CONTAINER_RUNNING') {
      await takeAway(client, next.id)
      throw error
    }
  }
  const failure = await startForGood(client, next.id)
  if (failure) {
    await takeAway(client, next.id)
    throw new UserError(
      `${name} is stopped, and another attempt cannot be started: ${failure.message}; what was stopped (${shortId(old.id)}) stays`,
      {cause: failure},
    )
  }
  for (const {id} of [old, ...left])
    await removeContainer(client, {id, word: id}, {force: false, wait: true}).catch(unlessGone)
  return next
}

async function make(client: CriClient, {old, attempt, config, pod}: Restart & {by: 'crisp'}): Promise<Next> {
  const {containerId} = await client.runtime.createContainer({
    podSandboxId: old.podSandboxId,
    config: {
      ...config,
      metadata: {...config.metadata, attempt},
      annotations: {...config.annotations, [replaces]: old.id},
    },
    sandboxConfig: pod,
  })
  return {id: containerId, attempt}
}

/** A Ctrl-C while it has its grace period ends that. What has been told to end may do so at any time: no way back. */
async function stopForGood(
  client: CriClient,
  containerId: string,
  {grace, signal}: {grace: string; signal: AbortSignal},
): Promise<void> {
  try {
    await client.runtime.stopContainer({containerId, timeout: grace}, {signal})
  } catch (error) {
    if (!signal.aborted) throw error
    await client.runtime.stopContainer({containerId, timeout: '0'})
  }
}

const pausesMs = [50, 100, 200, 400, 800, 1_600, 3_200]

/**
 * What keeps it from running; undefined for nothing. A start whose client was killed may go on, or be given up a moment
 * later, and containerd refuses another one until then. Throws where the runtime does not tell.
 */
async function startForGood(client: CriClient, containerId: string): Promise<Error | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      await client.runtime.startContainer({containerId})
      return undefined
    } catch (error) {
      const state = (await containerStatus(client, containerId))?.state
      if (state === 'CONTAINER_RUNNING') return undefined
      if (state !== 'CONTAINER_CREATED' || attempt >= pausesMs.length) return error as Error
      await waitMs(pausesMs[attempt] ?? 0)
    }
  }
}

/** What could not be had leaves a container that the next restart goes on with. */
async function takeAway(client: CriClient, id: string): Promise<void> {
  await removeContainer(client, {id, word: id}, {force: true, wait: true}).catch(() => undefined)
}

function unlessGone(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error
}
