import {containerIdentities, containerKey, newestOfEach} from '../client/names.js'
import type {Container, ContainerStatus, PodSandbox} from '../generated/cri.js'
import {kubeletBackOff} from '../text/back-off.js'
import {epochMs, isTime} from '../text/time.js'

/** What is asked of an attempt that has ended. */
export type EndedAttempt = Pick<
  ContainerStatus,
  'exitCode' | 'createdAt' | 'startedAt' | 'finishedAt' | 'metadata'
>

const minuteMs = 60_000
const windowMs = 10 * minuteMs
const fewest = 3
const slackMs = 10_000

/**
 * How often a container has failed, if it does so again and again: at least three of its attempts ended with failures
 * in the last ten minutes. Undefined where it does not.
 *
 * The kubelet removes attempts soon after they have ended, and grows the pauses between them up to five minutes: of a
 * loop that has lasted hours one attempt is left. That counts where its number, since the pod was made, leaves no more
 * time for each than a run as short as its own and the longest pause.
 */
export function failuresInLoop(
  ended: readonly EndedAttempt[],
  pod: Pick<PodSandbox, 'createdAt' | 'metadata'> | undefined,
  nowMs: number,
): number | undefined {
  const [newest, ...earlier] = ended
    .filter(({finishedAt}) => isTime(finishedAt))
    .sort((a, b) => epochMs(b.finishedAt) - epochMs(a.finishedAt))
  if (!newest || newest.exitCode === 0) return undefined
  const isRecent = ({finishedAt}: EndedAttempt) => epochMs(finishedAt) >= nowMs - windowMs
  if (!isRecent(newest)) return undefined
  const known = 1 + earlier.filter((attempt) => attempt.exitCode !== 0 && isRecent(attempt)).length
  const all = attemptsSincePod(newest, pod)
  if (all !== undefined && all >= fewest) return Math.max(known, all)
  return known >= fewest ? known : undefined
}

/** How many attempts have ended one soon after the other since the pod was made; undefined where that is not to be seen. */
function attemptsSincePod(
  newest: EndedAttempt,
  pod: Pick<PodSandbox, 'createdAt' | 'metadata'> | undefined,
): number | undefined {
  // Numbers go on from one sandbox of a pod to the next.
  if (!pod || !isTime(pod.createdAt) || (pod.metadata?.attempt ?? 0) > 0) return undefined
  const began = isTime(newest.startedAt) ? newest.startedAt : newest.createdAt
  const ranMs = epochMs(newest.finishedAt) - epochMs(began)
  if (ranMs >= kubeletBackOff.forgottenAfterMs) return undefined
  const count = (newest.metadata?.attempt ?? 0) + 1
  const lastedMs = epochMs(newest.finishedAt) - epochMs(pod.createdAt)
  return lastedMs <= count * (kubeletBackOff.longestMs + ranMs + slackMs) ? count : undefined
}

/**
 * Which containers fail again and again, and how often: by the ID of the newest attempt, whether that runs or not.
 * `statuses` are those of attempts that have ended, by their IDs, as far as they are known.
 */
export function crashLoops(
  containers: readonly Container[],
  statuses: ReadonlyMap<string, EndedAttempt>,
  pods: readonly PodSandbox[],
  nowMs: number,
): Map<string, number> {
  const identityOf = containerIdentities(pods)
  const keyOf = (container: Container) => containerKey(container, identityOf)
  const podsById = new Map(pods.map((pod) => [pod.id, pod]))
  const endedByKey = new Map<string, EndedAttempt[]>()
  for (const container of containers) {
    const status = container.state === 'CONTAINER_EXITED' ? statuses.get(container.id) : undefined
    if (!status) continue
    const key = keyOf(container)
    const ended = endedByKey.get(key)
    if (ended) ended.push(status)
    else endedByKey.set(key, [status])
  }
  const loops = new Map<string, number>()
  for (const newest of newestOfEach(containers, keyOf)) {
    const ended = endedByKey.get(keyOf(newest))
    const failures = ended && failuresInLoop(ended, podsById.get(newest.podSandboxId), nowMs)
    if (failures !== undefined) loops.set(newest.id, failures)
  }
  return loops
}
