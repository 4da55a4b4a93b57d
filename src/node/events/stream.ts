import type {CriClient} from '../../client/connect.js'
import {retryDelayMs, waitMs} from '../../client/retries.js'
import {RpcError, rpcCode, UserError} from '../../errors/errors.js'
import type {ContainerEventResponse, ContainerEventType} from '../../generated/cri.js'
import {isRuntimeLost, isSlowCall, lost, Outage} from '../lost-runtime.js'
import type {ResumePoint} from '../resume-point.js'
import {sharesEventQueue} from '../runtimes.js'
import {applyEvent, changesBetween, eventsOf, look, type Node} from './compare-lists.js'
import {keepChange, keepNode, nodeBefore} from './kept-lists.js'

export interface EventOptions {
  /** Take the events of containerd 1.7 too, although every one taken is lost to the kubelet. */
  force?: boolean
  /** Never ask for events, compare lists instead. */
  poll?: boolean
  /** Between two lists where the runtime has no events, in milliseconds; 1,000 by default. */
  pollIntervalMs?: number
  signal?: AbortSignal | undefined
  /** Told in one line what a reader of the events should know: that they are polled, that some may be missing. */
  onNotice?: (text: string) => void
  /** Of a user elsewhere who goes on where the connection is lost: each event is released when the next one is asked for. */
  resume?: ResumePoint | undefined
}

/**
 * What happens to containers and pods, from now on and until the signal or the end of the loop. A lost connection
 * is made again, and what the lists show to have happened meanwhile comes as events too. Where the runtime has no
 * events (containerd 1.6, CRI-O without enable_pod_events) lists are compared all the time, so that what is created
 * and removed between two of them is missed. Throws UserError for containerd 1.7 without `force`, since there all
 * clients take from one queue and the kubelet is one of them, and UnreachableError where no runtime answers at first.
 */
export async function* containerEvents(
  client: CriClient,
  options: EventOptions = {},
): AsyncGenerator<ContainerEventResponse> {
  if (!options.poll) {
    await heedSharedQueue(client, options)
    const seen = yield* streamedEvents(client, options)
    options.onNotice?.(
      'the runtime sends no events: lists are compared, what comes and goes between two of them is missed',
    )
    return yield* polledEvents(client, seen, options)
  }
  yield* polledEvents(client, undefined, options)
}

/** A stream that ends sooner, without any event, is that of a runtime without events. */
const quickEndMs = 1_000
/** So many in a row, until a runtime that did send events is taken for one that no longer does. */
const quickEndsInARow = 5
/** A stream that lives so long makes good for the failures before it. */
const steadyMs = 5_000

/**
 * Ends where there are no events, with the lists as they were looked at: the call is unknown, or always ends at once
 * (CRI-O with events off).
 */
async function* streamedEvents(
  client: CriClient,
  options: EventOptions,
): AsyncGenerator<ContainerEventResponse, Node | undefined> {
  const before = options.resume && nodeBefore(options.resume)
  const known: Known = {
    node: before,
    caughtUp: new Set(),
    insist: true,
    lostAtMs: before && performance.now() - (options.resume?.lostMs ?? 0),
  }
  let failures = 0
  let quickEnds = 0
  for (let opened = 0; ; opened++) {
    const openedAtMs = performance.now()
    const ending = yield* oneStream(client, known, options)
    quickEnds = ending === 'at once' ? quickEnds + 1 : 0
    if (ending === 'unimplemented' || (quickEnds > 0 && (opened === 0 || quickEnds === quickEndsInARow)))
      return known.node
    if (performance.now() - openedAtMs > steadyMs) failures = 0
    if (failures === 0) {
      options.onNotice?.(
        ending === 'lost'
          ? 'connection to the runtime lost: listening again as soon as it is back'
          : 'the runtime ended its stream of events: listening again',
      )
    }
    known.lostAtMs ??= performance.now()
    await waitMs(retryDelayMs(failures++), options.signal)
  }
}

/** What the events so far say there is, to tell what was missed while none came. */
interface Known {
  /** undefined where the runtime did not list. */
  node: Node | undefined
  /** Changes that were told from the lists: a runtime that keeps events for later sends them once more. */
  caughtUp: Set<string>
  /** Whether to come back for what a runtime that was lost again did not tell; once, or one container would hide all. */
  insist: boolean
  /** Since when nobody listens. */
  lostAtMs: number | undefined
}

type Ending = 'unimplemented' | 'lost' | 'ended' | 'at once'

/** One call's events. The lists are looked at while it is open already, so that nothing falls in between. */
async function* oneStream(
  client: CriClient,
  known: Known,
  options: EventOptions,
): AsyncGenerator<ContainerEventResponse, Ending> {
  const abort = new AbortController()
  const signal = eitherOf(abort.signal, options.signal)
  const events = client.runtime.getContainerEvents({}, {signal})[Symbol.asyncIterator]()
  try {
    const openedAtMs = performance.now()
    let next = nextEvent(events)
    const sinceOpening = () => performance.now() - openedAtMs
    const firstMs = next.then(sinceOpening, sinceOpening)
    const now = await lookIfPossible(client)
    // The stream alone would hide what happened meanwhile.
    if (now === 'lost') return 'lost'
    if (known.lostAtMs !== undefined && now) {
      const missed = await missedEvents(client, known, now, options)
      if (missed === 'lost') return 'lost'
      yield* missed
    }
    known.node = now ?? known.node
    keepNode(options.resume, now)
    for (let any = false; ; any = true) {
      const event = await next
      if (event === 'ended') return !any && (await firstMs) < quickEndMs ? 'at once' : 'ended'
      if (typeof event === 'string') return event
      if (known.node) applyEvent(known.node, event)
      if (!known.caughtUp.delete(keyOf(event.containerEventType, event.containerId))) yield event
      keepChange(options.resume, known.node, event.containerId)
      next = nextEvent(events)
    }
  } finally {
    abort.abort()
  }
}

function eitherOf(first: AbortSignal, second: AbortSignal | undefined): AbortSignal {
  return second ? AbortSignal.any([first, second]) : first
}

type NextEvent = Promise<ContainerEventResponse | Exclude<Ending, 'at once'>>

async function nextEvent(events: AsyncIterator<ContainerEventResponse>): NextEvent {
  try {
    const {done, value} = await events.next()
    return done ? 'ended' : value
  } catch (error) {
    if (error instanceof RpcError && error.code === rpcCode.unimplemented) return 'unimplemented'
    if (isRuntimeLost(error)) return 'lost'
    throw error
  }
}

/** undefined where the runtime does not list: then the events alone have to do. */
async function lookIfPossible(client: CriClient): Promise<Node | 'lost' | undefined> {
  try {
    return await look(client)
  } catch (error) {
    // Lists that are slow while events come are missing, not lost.
    if (isRuntimeLost(error) && !isSlowCall(error)) return 'lost'
    if (error instanceof RpcError) return undefined
    throw error
  }
}

async function unlessLost<Result>(ask: () => Promise<Result>): Promise<Result | 'lost'> {
  try {
    return await ask()
  } catch (error) {
    if (isRuntimeLost(error)) return 'lost'
    throw error
  }
}

/** The difference between what was known before the loss and the lists of now, and a word about it. */
async function missedEvents(
  client: CriClient,
  known: Known,
  now: Node,
  {onNotice}: EventOptions,
): Promise<ContainerEventResponse[] | 'lost'> {
  const changes = known.node ? changesBetween(known.node, now) : []
  const events = await unlessLost(() => eventsOf(client, changes, {insist: known.insist}))
  known.insist = events !== 'lost'
  if (events === 'lost') return 'lost'
  const seconds = ((performance.now() - (known.lostAtMs ?? 0)) / 1000).toFixed(1)
  known.lostAtMs = undefined
  const count = changes.length === 1 ? '1 change' : `${changes.length || 'no'} changes`
  const told = `the lists show ${count} meanwhile, what was created and removed in between is missing`
  onNotice?.(
    `listening again after ${seconds} s: ${known.node ? told : 'what happened meanwhile is missing'}`,
  )
  for (const {type, id} of changes) known.caughtUp.add(keyOf(type, id))
  return events
}

function keyOf(type: ContainerEventType, id: string): string {
  return `${type} ${id}`
}

async function* polledEvents(
  client: CriClient,
  seen: Node | undefined,
  options: EventOptions,
): AsyncGenerator<ContainerEventResponse> {
  let before = seen ?? (options.resume && nodeBefore(options.resume))
  let isFirst = true
  const outage = new Outage((text) => options.onNotice?.(text), {answered: seen !== undefined})
  const intervalMs = options.pollIntervalMs ?? 1_000
  for (let failures = 0; ; ) {
    const beganMs = performance.now()
    const looked = await outage.ask(async () => {
      const now = await look(client)
      // Once: a single container whose status is never to be had must not hide all others.
      const insist = failures === 0
      return {now, events: before ? await eventsOf(client, changesBetween(before, now), {insist}) : []}
    })
    if (looked === lost) {
      await waitMs(retryDelayMs(failures++), options.signal)
      continue
    }
    failures = 0
    if (isFirst) keepNode(options.resume, looked.now)
    isFirst = false
    for (const event of looked.events) {
      yield event
      keepChange(options.resume, looked.now, event.containerId)
    }
    before = looked.now
    // From look to look, so that whatever runs for two intervals is seen; however slow the lists are, with a pause.
    const leftMs = beganMs + intervalMs - performance.now()
    await waitMs(Math.max(intervalMs / 4, leftMs), options.signal)
  }
}

async function heedSharedQueue(client: CriClient, {force, onNotice}: EventOptions): Promise<void> {
  const version = await client.runtime.version()
  if (!sharesEventQueue(version)) return
  const {runtimeName, runtimeVersion} = version
  const loss = `${runtimeName} ${runtimeVersion} has one queue of events for all clients: each event shown here is lost to the kubelet`
  if (!force) throw new UserError(loss, {facts: {about: 'shared event queue', runtimeVersion}})
  onNotice?.(loss)
}
