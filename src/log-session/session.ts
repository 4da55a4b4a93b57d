import type {CriClient} from '../client/connect.js'
import {listContainers} from '../client/lists.js'
import {containerKey} from '../client/names.js'
import type {Container} from '../generated/cri.js'
import {despiteRotation, listAttempts, listLogFiles} from '../logs/files.js'
import {planReading, type ReadingPlan} from '../logs/plan.js'
import type {Segment} from '../logs/reader.js'
import {firstTime} from '../logs/seek.js'
import {compareTimes, stampText, timeFromMs, timeToMs} from '../logs/time.js'
import {LogWatch} from '../logs/watch.js'
import {containerStatus} from '../node/details.js'
import {isContainerOfKubelet} from '../node/kubelet.js'
import {type AttemptLog, logOf} from '../node/log-targets.js'
import {isRuntimeLost, Outage} from '../node/lost-runtime.js'
import {attemptOf, attemptsOf, lookAtNode, type NodeView} from '../node/view.js'
import type {LogFeed} from './feed.js'
import {attemptMarker, type ChosenLog, endText, findLog} from './find.js'
import {nameOf, type Prefixes} from './names.js'
import type {LogPlaces} from './places.js'
import {findWantedContainers, type LogRequest} from './request.js'

/** Who is asked, who is told, and what ends it. */
export interface LogContext {
  client: CriClient
  signal: AbortSignal
  note: (text: string) => void
  fail: (error: unknown) => void
  /** Where somebody goes on, or may. */
  places?: LogPlaces | undefined
}

export interface SessionOptions extends LogContext {
  feed: LogFeed
  plan: ReadingPlan
}

export interface FollowOptions {
  /** Ends with the container instead of waiting for its next attempt. */
  once: boolean
  /** Goes on when all have ended, since others may join. */
  endless: boolean
  /** What containers that are made later are followed too; left out where none are. */
  joining: {request: LogRequest; prefixes: Prefixes | undefined} | undefined
}

interface Followed {
  chosen: ChosenLog
  attempt: number
  containerId: string
  path: string
  state: 'running' | 'ended' | 'waiting'
  /** How often in a row there was nothing to read since the container was seen to have ended. */
  idle: number
}

const lookEveryMs = 1_000
/** A reader that has come to the end of a renamed file pauses once before it goes on in the next one. */
const idleToEnd = 2
/** After its container has ended a log is read once more, this much later. */
const settleMs = 100
/** A first line this much later than the container's start means that earlier ones are gone. */
const lateMs = 10_000

/** Reads logs to their end, and follows them where that is wanted. */
export class LogSession {
  readonly #options: SessionOptions

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Shows what there is. A log that can't be read is said, the others go on; gives those that can. */
  async show(logs: readonly ChosenLog[]): Promise<ChosenLog[]> {
    const {feed} = this.#options
    const added: ChosenLog[] = []
    for (const log of logs) {
      try {
        feed.add(log.fed, await despiteRotation(() => this.#segmentsOf(log)))
        added.push(log)
      } catch (error) {
        this.#options.fail(error)
      }
    }
    await feed.drain()
    return added
  }

  /** Goes on with what is added, until all containers have ended, or for ever. */
  async follow(logs: readonly ChosenLog[], options: FollowOptions): Promise<void> {
    await new Following(this.#options, options).run(logs)
  }

  async #segmentsOf({fed, status, attempts}: ChosenLog): Promise<Segment[]> {
    const {note, places} = this.#options
    const plan = places?.resumes ? {since: places.startOf(fed.origin)} : this.#options.plan
    const files = attempts.flatMap(({attempt, path}) =>
      listLogFiles(path).map((file) => ({...file, attempt})),
    )
    const segments = await planReading(files, plan)
    const [first] = segments
    const [oldest] = files
    const rotated = oldest !== undefined && oldest.rotation !== ''
    if (!rotated || first?.file !== oldest || first.start > 0) return segments
    const time = await firstTime(oldest)
    const startedAtMs = Number(status.startedAt) / 1e6
    const wantedMs = plan.since ? Math.max(timeToMs(plan.since), startedAtMs) : startedAtMs
    if (time && wantedMs > 0 && compareTimes(time, timeFromMs(wantedMs + lateMs)) > 0)
      note(
        `${nameOf(fed.origin)}: the oldest line kept is from ${stampText(time, 0)}, earlier ones were rotated away`,
      )
    return segments
  }
}

class Following {
  readonly #session: SessionOptions
  readonly #options: FollowOptions
  readonly #followed = new Map<string, Followed>()
  /** Containers that are, or were, followed. */
  readonly #known = new Set<string>()
  /** The first look, which may find that all has ended already, comes at once. */
  #nextLookMs = 0
  readonly #outage: Outage

  constructor(session: SessionOptions, options: FollowOptions) {
    this.#session = session
    this.#options = options
    // It has told which logs there are.
    this.#outage = new Outage(session.note, {
      meanwhile: 'its logs are followed all the same',
      answered: true,
    })
  }

  async run(logs: readonly ChosenLog[]): Promise<void> {
    const {feed, signal} = this.#session
    using watch = new LogWatch()
    for (const log of logs) this.#track(log)
    while (await this.#round(watch)) await watch.change(signal)
    if (!feed.full) await feed.drain()
  }

  /** False when there is nothing left to wait for. */
  async #round(watch: LogWatch): Promise<boolean> {
    const {feed} = this.#session
    watch.setPaths([...this.#followed.values()].map(({path}) => path))
    const any = await feed.drain()
    if (any) watch.active()
    if (feed.full) return false
    const ending = () => [...this.#followed.values()].filter(({state}) => state === 'ended')
    for (const followed of ending()) followed.idle = any ? 0 : followed.idle + 1
    if (performance.now() < this.#nextLookMs) return true
    await this.#outage.ask(() => this.#look())
    if (ending().length > 0) watch.active()
    this.#nextLookMs = performance.now() + (ending().length > 0 ? settleMs : lookEveryMs)
    return this.#followed.size > 0 || this.#options.endless
  }

  #track(chosen: ChosenLog): void {
    const {status, attempts} = chosen
    const last = attempts.at(-1)
    this.#known.add(status.id)
    this.#followed.set(status.id, {
      chosen,
      attempt: last?.attempt ?? 0,
      containerId: status.id,
      path: last?.path ?? '',
      state: 'running',
      idle: 0,
    })
  }

  /** At the containers: which have ended, which have a next attempt, which have joined. */
  async #look(): Promise<void> {
    if (await this.#runsOn()) return
    const view = await lookAtNode(this.#session.client)
    for (const followed of [...this.#followed.values()]) await this.#checkFollowed(followed, view)
    const {joining} = this.#options
    if (!joining) return
    // A reference to what is gone meanwhile is no failure: its logs end by themselves.
    for (const container of findWantedContainers(joining.request, view, () => undefined))
      await this.#join(container, view, joining.prefixes)
  }

  /** Whether all there is to follow is one container, and it has not ended: asked for alone, since it is every second. */
  async #runsOn(): Promise<boolean> {
    const [only, ...others] = this.#followed.values()
    if (only?.state !== 'running' || others.length > 0 || this.#options.joining) return false
    const id = only.containerId
    const containers = await listContainers(this.#session.client, {id})
    return !hasEnded(containers.find((container) => container.id === id))
  }

  async #checkFollowed(followed: Followed, view: NodeView): Promise<void> {
    const container = view.containers.find(({id}) => id === followed.containerId)
    if (!hasEnded(container)) return
    if (followed.state === 'running') {
      followed.state = 'ended'
      followed.idle = 0
      return
    }
    if (followed.state === 'ended' && followed.idle < idleToEnd) return
    const next = this.#nextAttempt(followed, container, view)
    if (next && !this.#options.once) return this.#goOn(followed, next)
    if (followed.state === 'ended') await this.#session.feed.finish(followed.chosen.fed)
    if (!this.#options.once && this.#mayRestart(followed, view)) {
      if (followed.state === 'ended') {
        const how = await this.#describeEnd(followed)
        this.#session.note(`${how}; waiting for the next attempt (Ctrl-C ends this, --once does not wait)`)
      }
      followed.state = 'waiting'
      return
    }
    this.#session.feed.remove(followed.chosen.fed)
    this.#followed.delete(followed.containerId)
  }

  #nextAttempt(followed: Followed, container: Container | undefined, view: NodeView): Container | undefined {
    const {origin} = followed.chosen.fed
    const known =
      container ??
      view.containers.find((other) => {
        const identity = view.identityOf(other)
        return (
          identity.container === origin.container &&
          identity.pod === origin.pod &&
          identity.namespace === origin.namespace
        )
      })
    return known && attemptsOf(known, view).findLast((other) => attemptOf(other) > followed.attempt)
  }

  /** The kubelet restarts its containers as long as their pod is there; others end for good. */
  #mayRestart(followed: Followed, view: NodeView): boolean {
    const {status} = followed.chosen
    if (!isContainerOfKubelet(status)) return false
    const uid = status.labels['io.kubernetes.pod.uid']
    return view.pods.some(({metadata, state}) => metadata?.uid === uid && state === 'SANDBOX_READY')
  }

  async #goOn(followed: Followed, next: Container): Promise<void> {
    const status = await containerStatus(this.#session.client, next.id)
    if (!status) return
    const log = logOf(status)
    const files = [...listAttempts(log.path)].filter(
      ([attempt]) => attempt > followed.attempt && attempt < log.attempt,
    )
    const attempts = [...files.map(([attempt, path]) => ({attempt, path, status: undefined})), log]
    const chosen = {...followed.chosen, status, attempts}
    let segments: Segment[]
    try {
      segments = wholeLog(attempts)
    } catch (error) {
      // The runtime makes the file only a moment after the container.
      if (next.state !== 'CONTAINER_EXITED') return
      throw error
    }
    const {feed, note} = this.#session
    await feed.finish(followed.chosen.fed)
    const first = attempts[0]?.attempt ?? log.attempt
    note(`${await this.#describeEnd(followed)}; attempt ${first} follows`)
    followed.chosen.fed.onAttemptEnd = attemptMarker(nameOf(followed.chosen.fed.origin), attempts, note)
    await feed.continueWith(followed.chosen.fed, segments)
    this.#followed.delete(followed.containerId)
    this.#track({...chosen, fed: followed.chosen.fed})
  }

  async #describeEnd({chosen, attempt, containerId}: Followed): Promise<string> {
    const name = nameOf(chosen.fed.origin)
    // The log goes on without it, too.
    const status = await containerStatus(this.#session.client, containerId).catch((error: unknown) => {
      if (!isRuntimeLost(error)) throw error
      return undefined
    })
    return endText(name, attempt, status)
  }

  async #join(container: Container, view: NodeView, prefixes: Prefixes | undefined): Promise<void> {
    if (this.#known.has(container.id)) return
    const key = containerKey(container, view.identityOf)
    const inHand = view.containers.some(
      (other) => this.#followed.has(other.id) && containerKey(other, view.identityOf) === key,
    )
    if (inHand) return
    try {
      const chosen = await findLog(container, view, 'newest', this.#session)
      chosen.fed.prefix = prefixes?.next(chosen.fed.origin) ?? ''
      this.#session.feed.add(chosen.fed, wholeLog(chosen.attempts))
      this.#track(chosen)
    } catch (error) {
      if (isRuntimeLost(error)) throw error
      // Not yet there, or never to be read: said once it has started.
      if (container.state === 'CONTAINER_CREATED') return
      this.#known.add(container.id)
      this.#session.fail(error)
    }
  }
}

/** One that is no longer there has. */
function hasEnded(container: Container | undefined): boolean {
  return !container || container.state === 'CONTAINER_EXITED'
}

function wholeLog(attempts: readonly AttemptLog[]): Segment[] {
  return attempts.flatMap(({attempt, path}) =>
    listLogFiles(path).map((file) => ({file: {...file, attempt}, start: 0})),
  )
}
