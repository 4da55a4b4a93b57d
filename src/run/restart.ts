import type {CriClient} from '../client/connect.js'
import {signalAfter} from '../client/deadlines.js'
import {containerKey, containerName, lookUpImage} from '../client/names.js'
import {waitMs} from '../client/retries.js'
import {exitCode, missingObject, NotFoundError, RpcError, rpcCode, UserError} from '../errors/errors.js'
import type {Container, ContainerConfig, ContainerStatus, Input, PodSandboxConfig} from '../generated/cri.js'
import {watchChanges} from '../node/changes.js'
import {containerStatus} from '../node/details.js'
import {kubeletRunsHere} from '../node/host/kubelet.js'
import {isContainerOfKubelet, kubeletOf} from '../node/kubelet.js'
import {removeContainer} from '../node/remove.js'
import type {Target} from '../node/targets.js'
import {attemptOf, attemptsOf, lookAtNode, type NodeView} from '../node/view.js'
import {lookUntil} from '../node/wait.js'
import {durationText} from '../text/duration.js'
import {programName} from '../text/program.js'
import {shortId} from '../text/short-id.js'
import {epochMs, isTime} from '../text/time.js'
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
  /**
   * Before the old one has been told to stop it ends everything, and nothing has changed. Later it ends only the wait for
   * a kubelet: what has been told to stop gets its grace period and its successor. Each is said.
   */
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
  if (isContainerOfKubelet(target)) {
    await requireKubelet(client, name, view)
    if (old.state === 'CONTAINER_EXITED') await requireRestart(client, old, name, view)
    return {by: 'kubelet', name, old, attempt}
  }
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

/** Throws UserError where it is known that there is none. */
async function requireKubelet(client: CriClient, name: string, {containers}: NodeView): Promise<void> {
  const whose = await kubeletOf(client)
  const stops = `${programName()} stop only stops it`
  if (whose === 'none')
    throw new UserError(
      `${name} is for a kubelet to start again, and this demo has none: start it without --no-kubelet; ${stops}`,
    )
  if (whose === 'node' && (await kubeletRunsHere(containers)) === false)
    throw new UserError(
      `${name} is for a kubelet to start again, and none runs on this node: systemctl start kubelet; ${stops}`,
    )
}

/** The kubelet's longest pause before an attempt, and what it takes to make one. */
const nextWithinMs = 330_000

/** Throws UserError for one that has ended and is to stay so, as far as the CRI tells: not its pod's restartPolicy. */
async function requireRestart(
  client: CriClient,
  old: Container,
  name: string,
  {containers}: NodeView,
): Promise<void> {
  const status = await containerStatus(client, old.id)
  if (!status || !isTime(status.finishedAt)) return
  const others = containers.filter(
    ({podSandboxId, metadata}) => podSandboxId === old.podSandboxId && metadata?.name !== old.metadata?.name,
  )
  const isFollowed = others.some(
    (other) => attemptOf(other) === 0 && BigInt(other.createdAt) >= BigInt(status.finishedAt),
  )
  const code = status.exitCode
  if (code === 0 && isFollowed)
    throw new UserError(
      `${name} has done its work (exit code 0) and others of its pod came after it, as after an init container: the kubelet starts it again only with the whole pod (${programName()} stopp)`,
    )
  const agoMs = Date.now() - epochMs(status.finishedAt)
  if (agoMs > nextWithinMs)
    throw new UserError(
      `${name} has exited with ${code} ${durationText(Math.floor(agoMs / 1000) * 1000)} ago, and the kubelet has made no other: it leaves it so, by its pod's restartPolicy`,
    )
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
  return {...config, image: {...image, image: await sameImage(client, image?.image ?? '', status, word)}}
}

async function sameImage(
  client: CriClient,
  name: string,
  status: ContainerStatus,
  word: string,
): Promise<string> {
  const [named, used] = await Promise.all(
    [name, status.imageRef].map(async (reference) =>
      reference === '' ? undefined : (await lookUpImage(client, reference)).image?.id,
    ),
  )
  if (named === undefined && used === undefined)
    throw new UserError(
      `container "${word}": its image ${status.image?.image || name} is not on the node any more: ${programName()} pull it, or load it, first`,
      {exitCode: exitCode.notFound},
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

/** Throws UserError where the container does not run at the end, and the signal's reason where that came first. */
export async function carryOutRestart(
  client: CriClient,
  restart: Restart,
  options: RestartOptions,
): Promise<Restarted> {
  options.signal.throwIfAborted()
  using progress = new Progress(options)
  const next =
    restart.by === 'kubelet'
      ? await awaitNext(client, restart, options, progress)
      : await replace(client, restart, options, progress)
  const {by, name, old} = restart
  await requireRunning(client, restart, next, options.signal)
  if (restart.by === 'crisp')
    for (const {id} of [old, ...restart.left])
      await removeContainer(client, {id, word: id}, {force: false, wait: true}).catch(unlessGone)
  return {...next, previousId: old.id, name, by}
}

/** What a signal finds under way, which is said once. */
class Progress implements Disposable {
  readonly #signal: AbortSignal
  readonly #say: () => void
  /** What there is to say of it. */
  step = ''

  constructor({signal, note}: RestartOptions) {
    this.#signal = signal
    this.#say = () => {
      if (this.step !== '') note(this.step)
    }
    signal.addEventListener('abort', this.#say)
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#say)
  }
}

interface Next {
  id: string
  attempt: number
}

async function awaitNext(
  client: CriClient,
  {name, old, attempt}: Subject,
  {grace, limitMs, signal, note}: RestartOptions,
  progress: Progress,
): Promise<Next> {
  const limit = signalAfter(limitMs)
  if (old.state === 'CONTAINER_RUNNING') {
    progress.step = `${name} has got its stop signal; when it has ended its kubelet makes attempt ${attempt}`
    await client.runtime.stopContainer({containerId: old.id, timeout: grace}, {signal})
  }
  const is = old.state === 'CONTAINER_RUNNING' ? 'is stopped' : 'has ended'
  progress.step = `${name} ${is}, and its kubelet makes attempt ${attempt}: ${programName()} wait ${name} --for=running waits for it`
  note(`${name} ${is}: waiting up to ${durationText(limitMs)} for the kubelet to make attempt ${attempt}`)
  using changes = watchChanges(client, AbortSignal.any([signal, limit]))
  try {
    const next = await lookUntil({changes}, async () => {
      const view = await lookAtNode(client)
      return view.containers.find((other) => isLater(other, old, view) && other.state !== 'CONTAINER_CREATED')
    })
    progress.step = ''
    return {id: next.id, attempt: attemptOf(next)}
  } catch (error) {
    if (!limit.aborted || signal.aborted) throw error
    throw new UserError(
      `the kubelet has made no next attempt of ${name} in ${durationText(limitMs)}: it ${is}, and comes back only where a kubelet runs, the pod is in its configuration and its restartPolicy allows it`,
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

/** How long a new attempt is watched: what cannot work has mostly ended by then. */
const momentMs = 1_000

/** Throws UserError where the attempt ends in its first moment. */
async function requireRunning(
  client: CriClient,
  {by, name, old}: Restart,
  {id, attempt}: Next,
  signal: AbortSignal,
): Promise<void> {
  const moment = AbortSignal.any([signal, signalAfter(momentMs)])
  using changes = watchChanges(client, moment)
  const end = await lookUntil({changes}, async () => {
    const status = await containerStatus(client, id)
    return status?.state === 'CONTAINER_RUNNING' ? undefined : {status}
  }).catch((error) => {
    if (moment.aborted) return undefined
    throw error
  })
  if (!end) return
  const {exitCode: code, reason} = end.status ?? {}
  const how = code === undefined ? 'is gone' : `has exited with ${code}${reason ? ` (${reason})` : ''}`
  const rest = by === 'crisp' ? `, and ${shortId(old.id)}, which it replaces, is still there` : ''
  throw new UserError(
    `attempt ${attempt} of ${name} ${how} already${rest}: ${programName()} logs ${name} may show why`,
  )
}

async function replace(
  client: CriClient,
  restart: Restart & {by: 'crisp'},
  {grace, signal, note}: RestartOptions,
  progress: Progress,
): Promise<Next> {
  const {name, old, begun} = restart
  const next = begun ? {id: begun.id, attempt: attemptOf(begun)} : await make(client, restart)
  // One that was made before may be another restart's, which is to have it.
  const takeBack = async () => {
    if (!begun) await takeAway(client, next.id)
  }
  if (signal.aborted) {
    await takeBack()
    note(`${name} is left as it was`)
    throw signal.reason
  }
  if (old.state === 'CONTAINER_RUNNING')
    progress.step = `${name} has got its stop signal; when it has ended, in ${durationText(Number(grace) * 1000)} at most, attempt ${next.attempt} is started (a second signal ends ${programName()} at once, and ${programName()} restart ${name} goes on)`
  try {
    // A signal does not end it: what has been told to end may do so at any time, and has to be followed.
    await client.runtime.stopContainer({containerId: old.id, timeout: grace})
  } catch (error) {
    // What has ended in spite of the failure has to come back. containerd tells of the end a moment after the failure
    // where another client's stop ended it.
    if (!(await endsSoon(client, old.id))) {
      await takeBack()
      throw error
    }
  }
  progress.step = `${name} is stopped, and attempt ${next.attempt} is being started`
  const failure = await startForGood(client, next.id)
  progress.step = ''
  if (failure) {
    await takeBack()
    throw new UserError(
      `${name} is stopped, and another attempt cannot be started: ${failure.message}; what was stopped (${shortId(old.id)}) stays`,
      {cause: failure},
    )
  }
  return next
}

async function make(
  client: CriClient,
  {name, old, attempt, config, pod}: Restart & {by: 'crisp'},
): Promise<Next> {
  try {
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
  } catch (error) {
    const other = mayBeTaken(error) ? await madeByOther(client, old) : undefined
    if (!other) throw error
    throw new UserError(
      `another restart of ${name} is under way, and has made ${shortId(other.id)} for it: nothing is left to do here`,
      {cause: error},
    )
  }
}

/** What runtimes answer where the name of an attempt is another container's, which may still be in the making. */
function mayBeTaken(error: unknown): boolean {
  const codes: readonly number[] = [rpcCode.failedPrecondition, rpcCode.unknown, rpcCode.alreadyExists]
  return error instanceof RpcError && codes.includes(error.code)
}

const pausesMs = [50, 100, 200, 400, 800, 1_600, 3_200]

/** What is found now or within a moment: runtimes tell of what another client has done a little later. */
async function findSoon<Found>(look: () => Promise<Found | undefined>): Promise<Found | undefined> {
  for (const pauseMs of [0, ...pausesMs.slice(0, 5)]) {
    await waitMs(pauseMs)
    const found = await look()
    if (found !== undefined) return found
  }
  return undefined
}

function madeByOther(client: CriClient, old: Container): Promise<Container | undefined> {
  return findSoon(async () => {
    const {containers} = await lookAtNode(client)
    return containers.find(({annotations}) => annotations[replaces] === old.id)
  })
}

/** Whether it does not run any more. */
async function endsSoon(client: CriClient, containerId: string): Promise<boolean> {
  const ended = await findSoon(async () => {
    const isRunning = (await containerStatus(client, containerId))?.state === 'CONTAINER_RUNNING'
    return isRunning ? undefined : true
  })
  return ended ?? false
}

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
