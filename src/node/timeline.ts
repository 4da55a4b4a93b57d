import {statSync} from 'node:fs'
import type {CriClient} from '../client/connect.js'
import {podKey, podName} from '../client/names.js'
import type {Container, ContainerStatus, PodSandbox} from '../generated/cri.js'
import {type LogFile, listAttempts, listLogFiles} from '../logs/files.js'
import {firstTime} from '../logs/seek.js'
import {timeToNs} from '../logs/time.js'
import {kubeletBackOff} from '../text/back-off.js'
import {elsewhere} from '../text/elsewhere.js'
import {epochMs, isTime} from '../text/time.js'
import {containerStatuses} from './details.js'
import type {Journal} from './journal.js'
import {journalMoments} from './journal-moments.js'
import {isContainerOfKubelet} from './kubelet.js'
import {findContainerOrPod, type NodeView} from './view.js'

// What became of a pod, put together from the times in the statuses of its sandboxes and containers and from the log
// files, which tell of attempts that the runtime has forgotten.

/** In the order in which they come at one and the same time. */
const kinds = [
  'asked',
  'sandbox',
  'pulling',
  'pulled',
  'created',
  'started',
  'first line',
  'last line',
  'out of memory',
  'ended',
  'said',
] as const

export interface Moment {
  /** Nanoseconds since 1970. */
  timeNs: bigint
  kind: (typeof kinds)[number]
  /** Left out of the pod's own. */
  container?: string
  attempt: number
  source: 'CRI' | 'log' | 'journal'
  /** Of what the journal says: the image, or the failure. */
  text?: string
  /** How it ended. */
  status?: ContainerStatus
  /** Since when it took until now, where that says something: since the pod was made, it was created, it ended. */
  since?: {kind: (typeof kinds)[number]; timeNs: bigint}
}

export interface Timeline {
  pod: string
  moments: readonly Moment[]
  /** Containers of it that run now, by name. */
  running: readonly {container: string; attempt: number; startedAtNs: bigint}[]
  /** Those that the kubelet will start again, if it waits as long as it does for others. */
  next: readonly {container: string; attempt: number; atNs: bigint}[]
  /** Why a log or the journal told nothing, a sentence each. */
  unread: readonly string[]
}

/** How the node's journal is read, since a time; undefined where nobody wants to see it. */
export type ReadJournal = ((sinceMs: number) => Promise<Journal>) | undefined

/** Of the pod that the reference means, itself or by a container of it. Throws NotFoundError. */
export async function podTimeline(
  client: CriClient,
  reference: string,
  view: NodeView,
  journal?: ReadJournal,
): Promise<Timeline> {
  const found = findContainerOrPod(reference, view)
  const podId = found.container?.podSandboxId ?? found.pod?.id
  const pod = view.pods.find(({id}) => id === podId)
  const sandboxes = pod ? view.pods.filter((other) => podKey(other) === podKey(pod)) : []
  const ids = new Set([podId, ...sandboxes.map(({id}) => id)])
  const own = view.containers.filter(({podSandboxId}) => ids.has(podSandboxId))
  const statuses = [...(await containerStatuses(client, own)).values()]
  const logs = new LogTimes()
  const unread = logs.unread
  const moments = startedBeforeEnd([
    ...(await momentsOfJournal(journal, {pod, sandboxes, own, statuses}, unread)),
    ...sandboxes.flatMap(({createdAt, metadata}) =>
      momentAt(createdAt, {kind: 'sandbox', attempt: metadata?.attempt ?? 0, source: 'CRI'}),
    ),
    ...statuses.flatMap(momentsOfStatus),
    ...(await logs.moments(statuses)),
  ]).sort(byTime)
  return {
    pod: pod ? podName(pod) : String(podId),
    moments: moments.map((moment, index) => withSince(moment, moments.slice(0, index))),
    running: statuses
      .filter(({state}) => state === 'CONTAINER_RUNNING')
      .map((status) => ({...named(status), startedAtNs: BigInt(status.startedAt)})),
    next: statuses.flatMap((status) => nextAttempt(status, own, sandboxes)),
    unread,
  }
}

/** RunPodSandbox may take the kubelet's four minutes before there is a pod, of which the time is known. */
const beforePodMs = 5 * 60_000

async function momentsOfJournal(
  read: ReadJournal,
  {pod, sandboxes, own, statuses}: PodParts,
  unread: string[],
): Promise<Moment[]> {
  const created = [...sandboxes, ...own].map(({createdAt}) => createdAt).filter(isTime)
  if (!read || !pod?.metadata || created.length === 0) return []
  const {lines, why} = await read(Math.min(...created.map(epochMs)) - beforePodMs)
  if (!lines) {
    unread.push(`the journals of kubelet and runtime were not read: ${why}`)
    return []
  }
  const {namespace, name, uid} = pod.metadata
  const containers = statuses.map((status) => ({
    id: status.id,
    name: status.metadata?.name ?? '',
    attempt: status.metadata?.attempt ?? 0,
    images: [status.image?.image, status.image?.userSpecifiedImage, status.imageRef].filter(
      (image) => image !== undefined && image !== '',
    ) as string[],
  }))
  const ids = sandboxes.map(({id, metadata}) => ({id, attempt: metadata?.attempt ?? 0}))
  return journalMoments(lines, {namespace, name, uid, sandboxes: ids, containers}).map((moment) => ({
    ...moment,
    source: 'journal' as const,
  }))
}

interface PodParts {
  pod: PodSandbox | undefined
  sandboxes: readonly PodSandbox[]
  own: readonly Container[]
  statuses: readonly ContainerStatus[]
}

/** Of an attempt after which there is none yet, in a pod that is still there. */
function nextAttempt(
  {id, state, exitCode, metadata, startedAt, finishedAt}: ContainerStatus,
  own: readonly Container[],
  sandboxes: readonly PodSandbox[],
): Timeline['next'][number][] {
  const container = own.find((each) => each.id === id)
  const attempt = metadata?.attempt ?? 0
  const isLast = own.every(
    (other) => other.metadata?.name !== metadata?.name || (other.metadata?.attempt ?? 0) <= attempt,
  )
  const sandbox = sandboxes.find((each) => each.id === container?.podSandboxId)
  // Whether one that ended once is started again its pod says, which the CRI does not have: one that was already is.
  const isDue = state === 'CONTAINER_EXITED' && exitCode !== 0 && attempt > 0 && isLast
  if (!isDue || !container || !isContainerOfKubelet(container) || sandbox?.state !== 'SANDBOX_READY')
    return []
  if (!isTime(finishedAt)) return []
  const {firstMs, longestMs, forgottenAfterMs} = kubeletBackOff
  const ranMs = isTime(startedAt) ? epochMs(finishedAt) - epochMs(startedAt) : 0
  const pauseMs = ranMs >= forgottenAfterMs ? 0 : Math.min(firstMs * 2 ** (attempt - 1), longestMs)
  return [
    {
      ...named({metadata} as ContainerStatus),
      attempt: attempt + 1,
      atNs: BigInt(finishedAt) + BigInt(pauseMs) * 1_000_000n,
    },
  ]
}

/** Runtimes note the start when the OCI runtime has come back: what ends at once has spoken, and has ended, before that. */
function startedBeforeEnd(moments: readonly Moment[]): Moment[] {
  return moments.map((moment) => {
    if (moment.kind !== 'started') return moment
    const later = moments.filter(
      ({kind, container, attempt}) =>
        (kind === 'first line' || kind === 'ended') &&
        container === moment.container &&
        attempt === moment.attempt,
    )
    const earliest = [moment, ...later].toSorted(byTime)[0] ?? moment
    return {...moment, timeNs: earliest.timeNs}
  })
}

function byTime(a: Moment, b: Moment): number {
  if (a.timeNs !== b.timeNs) return a.timeNs < b.timeNs ? -1 : 1
  return kinds.indexOf(a.kind) - kinds.indexOf(b.kind)
}

function named({metadata}: ContainerStatus): {container: string; attempt: number} {
  return {container: metadata?.name ?? '', attempt: metadata?.attempt ?? 0}
}

function momentAt(time: string, moment: Omit<Moment, 'timeNs'>): Moment[] {
  return isTime(time) ? [{timeNs: BigInt(time), ...moment}] : []
}

function momentsOfStatus(status: ContainerStatus): Moment[] {
  const {createdAt, startedAt, finishedAt, state} = status
  const of = {...named(status), source: 'CRI' as const}
  return [
    ...momentAt(createdAt, {kind: 'created', ...of}),
    ...momentAt(startedAt, {kind: 'started', ...of}),
    ...(state === 'CONTAINER_EXITED' ? momentAt(finishedAt, {kind: 'ended', status, ...of}) : []),
  ]
}

/** The moment that this one waited for, as far as it is known. */
function withSince(moment: Moment, before: readonly Moment[]): Moment {
  const {kind, container, attempt} = moment
  const last = (test: (other: Moment) => boolean) => before.findLast(test)
  const ofSame = (wanted: Moment['kind']) => (other: Moment) =>
    other.kind === wanted && other.container === container && other.attempt === attempt
  const since = {
    asked: undefined,
    sandbox: last((other) => other.kind === 'asked' && other.attempt === attempt),
    pulling: undefined,
    pulled: last((other) => other.kind === 'pulling' && other.text === moment.text),
    created:
      attempt > 0
        ? last((other) => isEnd(other) && other.container === container && other.attempt < attempt)
        : (last((other) => other.kind === 'pulled' && other.container === container) ??
          last(({kind: other}) => other === 'sandbox')),
    'out of memory': undefined,
    said: undefined,
    started: last(ofSame('created')),
    'first line': last(ofSame('started')),
    'last line': undefined,
    ended: last(ofSame('started')),
  }[kind]
  return since ? {...moment, since: {kind: since.kind, timeNs: since.timeNs}} : moment
}

/** Of an attempt that the runtime has forgotten the end of its log says when it was over. */
function isEnd({kind}: Moment): boolean {
  return kind === 'ended' || kind === 'last line'
}

/** Attempts before the oldest one that the runtime knows of which logs are read: more than that say nothing new. */
const mostForgotten = 20

class LogTimes {
  readonly unread: string[] = []

  /** The first line of each attempt; of those that only their logs tell of also the last. */
  async moments(statuses: readonly ContainerStatus[]): Promise<Moment[]> {
    const machine = elsewhere()
    if (machine !== undefined) {
      this.unread.push(`logs are on ${machine} and were not read`)
      return []
    }
    const logged = statuses.filter(({logPath, startedAt}) => logPath !== '' && isTime(startedAt))
    const known = new Set(logged.map(({logPath}) => logPath))
    const forgotten = new Map<string, {container: string; attempt: number}>()
    for (const status of logged) {
      const earlier = [...this.#try(() => listAttempts(status.logPath), new Map<number, string>())]
      for (const [attempt, path] of earlier.slice(-mostForgotten))
        if (!known.has(path)) forgotten.set(path, {...named(status), attempt})
    }
    return [
      ...(await Promise.all(logged.map((status) => this.#firstLine(status.logPath, named(status))))).flat(),
      ...(await Promise.all([...forgotten].map(([path, of]) => this.#whole(path, of)))).flat(),
    ]
  }

  async #firstLine(path: string, of: {container: string; attempt: number}): Promise<Moment[]> {
    const [file] = this.#try(() => listLogFiles(path), [])
    // Rotated: the oldest file that is left need not begin with the first line.
    if (file?.rotation !== '') return []
    return this.#first(file, of)
  }

  async #whole(path: string, of: {container: string; attempt: number}): Promise<Moment[]> {
    const files = this.#try(() => listLogFiles(path), [])
    const [file] = files
    const last = files.at(-1)
    if (!file || !last) return []
    const writtenMs = this.#try(() => statSync(last.path).mtimeMs, 0)
    return [
      ...(await this.#first(file, of)),
      ...(writtenMs > 0
        ? [
            {
              timeNs: BigInt(Math.round(writtenMs)) * 1_000_000n,
              kind: 'last line',
              source: 'log',
              ...of,
            } as const,
          ]
        : []),
    ]
  }

  async #first(file: LogFile, of: {container: string; attempt: number}): Promise<Moment[]> {
    try {
      const time = await firstTime(file)
      return time ? [{timeNs: timeToNs(time), kind: 'first line', source: 'log', ...of}] : []
    } catch (error) {
      this.#cannot(error)
      return []
    }
  }

  #try<Value>(read: () => Value, otherwise: Value): Value {
    try {
      return read()
    } catch (error) {
      this.#cannot(error)
      return otherwise
    }
  }

  #cannot(error: unknown): void {
    const {message} = error as Error
    if (!this.unread.includes(message)) this.unread.push(message)
  }
}
