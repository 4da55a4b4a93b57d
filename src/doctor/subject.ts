import type {CriClient} from '../client/connect.js'
import {listContainers, listImages, listPodSandboxes} from '../client/lists.js'
import {containerIdentities, containerName, podName} from '../client/names.js'
import type {
  Container,
  ContainerStatusResponse,
  Image,
  ImageStatusResponse,
  PodSandbox,
  PodSandboxStatusResponse,
  StatusResponse,
  VersionResponse,
} from '../generated/cri.js'
import {concurrently} from '../node/concurrently.js'
import {listContainerStats} from '../node/usage.js'
import {bytesText, type Units} from '../text/units.js'
import type {Host} from './host.js'
import {once} from './once.js'

export interface SubjectOptions {
  client: CriClient
  host: Host
  /** Ends all of it. */
  signal?: AbortSignal | undefined
  /** How long the runtime may take for a call; ten seconds by default. */
  limitMs?: number | undefined
  nowMs: number
  /** What happened before is left aside; an hour before `nowMs` by default. */
  sinceMs?: number | undefined
  /** The next release of Kubernetes, as `1.38`. */
  upgradeTo?: string | undefined
  /** In which sizes are told; crictl's by default. */
  units?: Units
}

/** What came of asking about one thing. */
export interface Asked<Thing, Answer> {
  thing: Thing
  /** Undefined where there was none in time. */
  answer?: Answer
  error?: unknown
  /** It was never asked: others before it had taken all the time. */
  isLeft: boolean
}

/** Above what the kubelet has in flight. One that never answers holds up no others. */
const inFlight = 16

/** Long for a runtime that is well, and short for one who waits. */
const usualLimitMs = 10_000
const hourMs = 3_600_000

/** The node that is looked at. Whatever several checks want to know is asked once. */
export class Subject {
  readonly client: CriClient
  readonly host: Host
  readonly signal: AbortSignal | undefined
  readonly limitMs: number
  readonly nowMs: number
  readonly sinceMs: number
  readonly upgradeTo: string | undefined
  readonly #units: Units

  readonly version = once((): Promise<VersionResponse> => this.client.runtime.version({}, this.#patience))
  readonly status = once(
    (): Promise<StatusResponse> => this.client.runtime.status({verbose: true}, this.#patience),
  )
  readonly pods = once((): Promise<PodSandbox[]> => listPodSandboxes(this.client, {}, this.#patience))
  readonly containers = once((): Promise<Container[]> => listContainers(this.client, {}, this.#patience))
  readonly images = once((): Promise<Image[]> => listImages(this.client, '', this.#patience))
  readonly imageFileSystems = once(() => this.client.image.imageFsInfo({}, this.#patience))
  readonly containerStats = once(() => listContainerStats(this.client, {}, this.#patience))
  readonly runtimeConfig = once(() => this.client.runtime.runtimeConfig({}, this.#patience))
  /** The verbose status of every pod. */
  readonly podStatuses = once(async () =>
    this.#askEach<PodSandbox, PodSandboxStatusResponse>(await this.pods(), (pod, signal) =>
      this.client.runtime.podSandboxStatus(
        {podSandboxId: pod.id, verbose: true},
        {...this.#patience, signal},
      ),
    ),
  )
  /** The verbose status of every container. */
  readonly containerStatuses = once(async () =>
    this.#askEach<Container, ContainerStatusResponse>(await this.containers(), (container, signal) =>
      this.client.runtime.containerStatus(
        {containerId: container.id, verbose: true},
        {...this.#patience, signal},
      ),
    ),
  )
  readonly imageStatuses = once(async () =>
    this.#askEach<Image, ImageStatusResponse>(await this.images(), ({id, repoTags, repoDigests}, signal) =>
      this.client.image.imageStatus(
        {image: {image: id || (repoTags[0] ?? repoDigests[0] ?? '')}},
        {...this.#patience, signal},
      ),
    ),
  )
  /** How each container and pod is called, by ID. */
  readonly names = once(async (): Promise<ReadonlyMap<string, string>> => {
    const [pods, containers] = await Promise.all([this.pods(), this.containers()])
    const identityOf = containerIdentities(pods)
    return new Map([
      ...pods.map((pod) => [pod.id, podName(pod)] as const),
      ...containers.map(
        (container) => [container.id, containerName(container.id, identityOf(container))] as const,
      ),
    ])
  })
  /** The runtime's own settings, as containerd and CRI-O show them; empty for one that does not. */
  readonly settings = once(async (): Promise<RuntimeSettings> => {
    const {info} = await this.status()
    return settingsIn(info.config)
  })

  constructor({
    client,
    host,
    signal,
    limitMs = usualLimitMs,
    nowMs,
    sinceMs = nowMs - hourMs,
    upgradeTo,
    units = 'si',
  }: SubjectOptions) {
    this.client = client
    this.host = host
    this.signal = signal
    this.limitMs = limitMs
    this.nowMs = nowMs
    this.sinceMs = sinceMs
    this.upgradeTo = upgradeTo
    this.#units = units
  }

  sizeText(sizeBytes: number): string {
    return bytesText(sizeBytes, this.#units, 3)
  }

  get #patience(): {timeoutMs: number} {
    return {timeoutMs: this.limitMs}
  }

  /** All of them at once, as far as that helps, and no longer than one call may take: a wedged runtime has many that hang. */
  async #askEach<Thing, Answer>(
    things: readonly Thing[],
    ask: (thing: Thing, signal: AbortSignal) => Promise<Answer>,
  ): Promise<Asked<Thing, Answer>[]> {
    const over = new AbortController()
    const timer = setTimeout(() => over.abort(new NoAnswer()), this.limitMs)
    try {
      const outcomes = await concurrently(things, inFlight, async (thing): Promise<Asked<Thing, Answer>> => {
        if (over.signal.aborted) return {thing, isLeft: true}
        const beganMs = performance.now()
        try {
          return {thing, answer: await ask(thing, over.signal), isLeft: false}
        } catch (error) {
          // It may only have been late in its turn.
          const isCut = error instanceof NoAnswer && performance.now() - beganMs < this.limitMs / 2
          return isCut ? {thing, isLeft: true} : {thing, error, isLeft: false}
        }
      })
      return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    } finally {
      clearTimeout(timer)
    }
  }
}

/** In place of an answer, where there was none in the time that there is for all. */
export class NoAnswer extends Error {}

/** What both runtimes, or one of them, tell of their configuration. Any of it may be of another kind than it should. */
export interface RuntimeSettings {
  cni?: {binDir?: unknown; binDirs?: unknown; confDir?: unknown}
  /** containerd's: of its CRI plugin, below its own folder. */
  stateDir?: unknown
  rootDir?: unknown
  containerdEndpoint?: unknown
  sandboxImage?: unknown
  /** CRI-O's, of its runtime. */
  crio?: {ContainerExitsDir?: unknown} | null
}

function settingsIn(text = '{}'): RuntimeSettings {
  try {
    return (JSON.parse(text) ?? {}) as RuntimeSettings
  } catch {
    // What cannot be read tells nothing.
    return {}
  }
}
