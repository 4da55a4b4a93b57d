import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import type * as cri from '../../generated/cri.js'
import {kubeletBackOff} from '../../text/back-off.js'
import type {containerHandlers} from '../calls/container-handlers.js'
import type {imageHandlers} from '../calls/image-handlers.js'
import type {podHandlers} from '../calls/pod-handlers.js'
import type {Container, Pod, Runtime} from '../state/runtime.js'
import type {SeedContainer, SeedPod} from '../state/seed.js'
import {BackOff} from './back-off.js'
import {containerConfig, fillFields, restartCount, sandboxConfig} from './configs.js'

/** The calls it makes. */
type KubeletCalls = ReturnType<typeof podHandlers> &
  ReturnType<typeof containerHandlers> &
  ReturnType<typeof imageHandlers>

/** How fast it is; without a word as the real one. */
export interface KubeletPace {
  /** Between two looks at what there is. */
  lookEveryMs: number
  /** Before the second restart of a container; each later one waits twice as long. */
  firstDelayMs: number
  longestDelayMs: number
}

const realPace: KubeletPace = {
  lookEveryMs: 1_000,
  firstDelayMs: kubeletBackOff.firstMs,
  longestDelayMs: kubeletBackOff.longestMs,
}

/** Ended attempts of one container that stay. */
const keptAttempts = 2

/** A pod that it has made. */
interface OwnPod {
  readonly seed: SeedPod
  readonly config: cri.Input<cri.PodSandboxConfig>
  podSandboxId: string
  readonly containers: readonly OwnContainer[]
  /** While it is being looked after. */
  isBusy: boolean
}

interface OwnContainer {
  readonly seed: SeedContainer
  /** The next one. */
  attempt: number
  /** Of the last one that could be made; empty before. */
  id: string
  readonly backOff: BackOff
}

/**
 * Makes pods as the kubelet does. Once it watches, it makes them again when they are stopped or removed, and their
 * containers when they have ended, by looking what is there, as the real one. What others make it leaves alone.
 */
export class Kubelet {
  readonly #runtime: Runtime
  readonly #cri: KubeletCalls
  readonly #pace: KubeletPace
  readonly #pods: OwnPod[] = []
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(runtime: Runtime, cri: KubeletCalls, pace: Partial<KubeletPace> = {}) {
    this.#runtime = runtime
    this.#cri = cri
    this.#pace = {...realPace, ...pace}
  }

  /** Makes a pod; resolves when every container is as far as it should be. */
  async runPod(seed: SeedPod): Promise<void> {
    const pod: OwnPod = {
      seed,
      config: sandboxConfig(seed, this.#runtime),
      podSandboxId: '',
      containers: (seed.containers ?? []).map((container) => ({
        seed: container,
        attempt: container.attempt ?? 0,
        id: '',
        backOff: new BackOff(this.#pace),
      })),
      isBusy: false,
    }
    await this.#makePod(pod, seed.attempt ?? 0)
    if (seed.ready === false) await this.#cri.stopPodSandbox({podSandboxId: pod.podSandboxId})
    this.#pods.push(pod)
  }

  /** From now on it looks after the pods: every now and then, and whenever a container has ended. */
  watch(): void {
    this.#timer = setInterval(() => {
      for (const pod of this.#pods) this.#lookAfter(pod)
    }, this.#pace.lookEveryMs)
    this.#timer.unref()
    for (const pod of this.#pods) this.#lookAfter(pod)
  }

  /** Nothing is made any more. */
  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #lookAfter(pod: OwnPod): void {
    if (this.#timer === undefined || pod.isBusy || !isKept(pod)) return
    pod.isBusy = true
    this.#runtime.children
      .track(this.#makeWhatIsMissing(pod))
      .catch(() => {
        // Somebody has stopped or removed something at this very moment: the next look will tell.
      })
      .finally(() => {
        pod.isBusy = false
      })
  }

  async #makeWhatIsMissing(pod: OwnPod): Promise<void> {
    const sandbox = this.#runtime.pods.find(pod.podSandboxId)
    if (sandbox?.ready) {
      await Promise.allSettled(pod.containers.map((container) => this.#restartIfDue(pod, container)))
      return
    }
    // Whoever stops it is not done: its containers have their grace period.
    if (sandbox && [...sandbox.containers].some(isRunning)) return
    const attempts = this.#sandboxesOf(pod).map(({metadata}) => metadata.attempt + 1)
    await this.#makePod(pod, Math.max(0, ...attempts))
    await this.#removeOld(pod)
  }

  async #makePod(pod: OwnPod, attempt: number): Promise<void> {
    const {name = '', namespace = '', uid = ''} = pod.config.metadata ?? {}
    const config = {...pod.config, metadata: {name, namespace, uid, attempt}}
    const {podSandboxId} = await this.#cri.runPodSandbox(fillFields('RunPodSandbox', {config}))
    pod.podSandboxId = podSandboxId
    for (const container of pod.containers.filter(({seed}) => seed.init)) {
      await this.#run(pod, container)
      await this.#runtime.containers.find(container.id)?.exited
    }
    await Promise.all(
      pod.containers.filter(({seed}) => !seed.init).map((container) => this.#run(pod, container)),
    )
  }

  async #run(pod: OwnPod, container: OwnContainer): Promise<void> {
    const {podSandboxId, config: sandbox} = pod
    const {seed, attempt} = container
    this.#requireGoing()
    await mkdir(join(sandbox.logDirectory ?? '', seed.name), {recursive: true})
    const config = containerConfig(seed, attempt, sandbox)
    const request = fillFields('CreateContainer', {podSandboxId, config, sandboxConfig: sandbox})
    const {containerId} = await this.#cri.createContainer(request)
    container.id = containerId
    container.attempt++
    if (seed.state === 'created') return
    this.#requireGoing()
    await this.#cri.startContainer({containerId})
    const ended = this.#runtime.containers.find(containerId)?.exited
    void ended?.then(() => this.#lookAfter(pod))
    if (seed.state === 'exited') await ended
  }

  async #restartIfDue(pod: OwnPod, container: OwnContainer): Promise<void> {
    const {seed, backOff} = container
    const last = this.#runtime.containers.find(container.id)
    if (!isRestarted(seed) || (last && isRunning(last))) return
    if (last && !backOff.isOver(endMsOf(last), Date.now())) return
    await this.#removeOld(pod)
    backOff.raise(Date.now())
    if (!this.#runtime.images.find(seed.image))
      this.#cri.pullImage(fillFields('PullImage', {image: {image: seed.image}}))
    await this.#run(pod, container)
  }

  /** But for a few attempts, what has ended; and the sandboxes that are empty then. */
  async #removeOld(pod: OwnPod): Promise<void> {
    for (const {seed} of pod.containers) {
      const ended = this.#sandboxesOf(pod)
        .flatMap(({containers}) => [...containers])
        .filter(({config, state}) => state === 'CONTAINER_EXITED' && isAttemptOf(config, seed))
      for (const {id} of ended.slice(0, Math.max(0, ended.length - keptAttempts)))
        await this.#cri.removeContainer({containerId: id})
    }
    for (const {id, ready, containers} of this.#sandboxesOf(pod))
      if (!ready && containers.size === 0 && id !== pod.podSandboxId)
        await this.#cri.removePodSandbox({podSandboxId: id})
  }

  /** Oldest first. */
  #sandboxesOf({config}: OwnPod): Pod[] {
    return this.#runtime.pods.all().filter(({metadata}) => metadata.uid === config.metadata?.uid)
  }

  #requireGoing(): void {
    if (this.#stopped) throw new Error('the kubelet has ended')
  }
}

/** A pod that is over, or whose containers all run once, stays as it is. */
function isKept({seed}: OwnPod): boolean {
  const containers = seed.containers ?? []
  return seed.ready !== false && (containers.length === 0 || containers.some(isRestarted))
}

function isRestarted({init, state = 'running', restart = state === 'running'}: SeedContainer): boolean {
  return restart && !init
}

/** Not what somebody else has put into the pod under this name. */
function isAttemptOf({metadata, annotations}: cri.ContainerConfig, {name}: SeedContainer): boolean {
  return metadata?.name === name && restartCount in annotations
}

function isRunning({state}: Container): boolean {
  return state === 'CONTAINER_RUNNING'
}

/** Of one that was never started, when it was made. */
function endMsOf({finishedAt, createdAt}: Container): number {
  return Number(BigInt(finishedAt === '0' ? createdAt : finishedAt) / 1_000_000n)
}
