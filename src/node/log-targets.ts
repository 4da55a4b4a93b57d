import type {CriClient} from '../client/connect.js'
import {containerKey, findPod, newestOfEach, podName} from '../client/names.js'
import {NotFoundError, UserError} from '../errors/errors.js'
import type {Container, ContainerStatus, PodSandbox} from '../generated/cri.js'
import {listAttempts, pathOfAttempt} from '../logs/files.js'
import type {Pattern} from '../text/regexp/pattern.js'
import {hasLabels} from '../text/selectors.js'
import {containerStatus} from './details.js'
import {byCreation, findContainerOrPod, type NodeView} from './view.js'

/**
 * The containers that a reference names: one, or all of a pod in the order in which they were made. Throws
 * NotFoundError.
 */
export function findLogContainers(reference: string, view: NodeView): Container[] {
  const {container, pod} = findContainerOrPod(reference, view)
  return container ? [container] : containersOfPod(pod, view)
}

function containersOfPod(pod: PodSandbox, view: NodeView): Container[] {
  const found = newestAttempts(view).filter(({podSandboxId}) => podSandboxId === pod.id)
  if (found.length > 0) return found
  throw new NotFoundError(`pod ${podName(pod)} has no containers, so no logs`)
}

export interface LogSelector {
  pod?: string | undefined
  /** Of the container or of its pod, which has the labels that users set. */
  labels?: Readonly<Record<string, string>> | undefined
  podLabels?: Readonly<Record<string, string>> | undefined
  namespace?: Pattern | undefined
  name?: Pattern | undefined
}

/** The newest attempts of the containers that all of the selector matches, in the order in which they were made. */
export function selectLogContainers(
  {pod, labels = {}, podLabels = {}, namespace, name}: LogSelector,
  view: NodeView,
): Container[] {
  const sandbox = pod === undefined ? undefined : findPod(pod, view.pods)
  const labelsOfPods = new Map(view.pods.map(({id, labels: own}) => [id, own]))
  return newestAttempts(view).filter((container) => {
    const ofPod = labelsOfPods.get(container.podSandboxId) ?? {}
    return (
      (sandbox === undefined || container.podSandboxId === sandbox.id) &&
      hasLabels({...ofPod, ...container.labels}, labels) &&
      hasLabels(ofPod, podLabels) &&
      (namespace?.test(view.identityOf(container).namespace) ?? true) &&
      (name?.test(container.metadata?.name ?? '') ?? true)
    )
  })
}

function newestAttempts(view: NodeView): Container[] {
  return newestOfEach(view.containers, (container) => containerKey(container, view.identityOf)).sort(
    byCreation,
  )
}

/** Where the log of one attempt is. */
export interface AttemptLog {
  attempt: number
  path: string
  /** Of the container, where the runtime still knows it. */
  status: ContainerStatus | undefined
}

export type WantedAttempt = number | 'newest' | 'previous' | 'all'

/**
 * The logs of the attempts that are wanted, the earliest first: those of containers that the runtime knows, and
 * those whose files lie beside them. Throws NotFoundError where there is none, UserError where the container has
 * no log.
 */
export async function logsOfAttempts(
  client: CriClient,
  newest: ContainerStatus,
  siblings: readonly Container[],
  wanted: WantedAttempt,
): Promise<AttemptLog[]> {
  const last = logOf(newest)
  if (wanted === 'newest' || wanted === last.attempt) return [last]
  const known = await statusesBefore(client, newest, siblings)
  const logs = new Map<number, AttemptLog>()
  for (const [attempt, path] of listAttempts(last.path)) logs.set(attempt, {attempt, path, status: undefined})
  for (const status of known)
    if (status.logPath !== '') logs.set(status.metadata?.attempt ?? 0, logOf(status))
  logs.set(last.attempt, last)
  const all = [...logs.values()].sort((a, b) => a.attempt - b.attempt)
  if (wanted === 'all') return all

  const attempt = wanted === 'previous' ? last.attempt - 1 : wanted
  const found = all.find((log) => log.attempt === attempt)
  if (found) return [found]
  const name = newest.metadata?.name ?? newest.id
  if (wanted === 'previous' && attempt < 0)
    throw new NotFoundError(`${name} has not been restarted: there is no previous attempt`)
  const missing = pathOfAttempt(last.path, attempt)
  throw new NotFoundError(
    `${name} has no log of attempt ${attempt}${missing ? ` (${missing})` : ''}: there is ${all.map((log) => log.attempt).join(', ')}`,
  )
}

export function logOf(status: ContainerStatus): AttemptLog {
  const name = status.metadata?.name ?? status.id
  if (status.logPath === '')
    throw new UserError(
      `container ${name} has no log: it was made without a log path, or its pod without a log directory`,
    )
  return {attempt: status.metadata?.attempt ?? 0, path: status.logPath, status}
}

async function statusesBefore(
  client: CriClient,
  newest: ContainerStatus,
  siblings: readonly Container[],
): Promise<ContainerStatus[]> {
  const others = siblings.filter(({id}) => id !== newest.id)
  const statuses = await Promise.all(others.map(({id}) => containerStatus(client, id)))
  return statuses.filter((status) => status !== undefined)
}
