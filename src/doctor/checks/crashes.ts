import type {ContainerStatus} from '../../generated/cri.js'
import {crashLoops} from '../../node/crash-loop.js'
import {exitText} from '../../text/exit.js'
import {programName} from '../../text/program.js'
import {epochMs} from '../../text/time.js'
import type {Check, Finding} from '../check.js'
import type {Subject} from '../subject.js'

export const crashes: Check = {
  name: 'crashes',
  about: 'containers that end with failures again and again',
  sources: ['CRI'],
  severity: 'warning',
  explanation:
    'A container that fails is made again by the kubelet, after pauses that grow to five minutes (CrashLoopBackOff). The runtime only knows attempts: here a loop is at least three of them that ended with failures in the last ten minutes, or one of those with a number that leaves no time for anything else. What it said before it ended is in the log of the attempt before (crisp logs -p).',
  run: async (subject: Subject) => {
    const [pods, containers, asked, names] = await Promise.all([
      subject.pods(),
      subject.containers(),
      subject.containerStatuses(),
      subject.names(),
    ])
    const statuses = new Map<string, ContainerStatus>()
    for (const {answer} of asked) if (answer?.status) statuses.set(answer.status.id, answer.status)
    const loops = crashLoops(containers, statuses, pods, subject.nowMs)
    return [...loops].map(([id, failures]): Finding => {
      const object = names.get(id) ?? id
      const last = lastEnd(id, containers, statuses)
      return {
        severity: 'warning',
        what: `container ${object} has failed ${failures} times`,
        object,
        evidence: last ? [`the last time it ${exitText(last)}`] : [],
        fix: `see what it said: ${programName()} logs -p ${object}`,
      }
    })
  },
}

/** Of the container itself, or of the newest attempt of its pod that has its name. */
function lastEnd(
  id: string,
  containers: readonly {id: string; podSandboxId: string; metadata: {name: string} | null}[],
  statuses: ReadonlyMap<string, ContainerStatus>,
): ContainerStatus | undefined {
  const own = containers.find((container) => container.id === id)
  return containers
    .filter(
      ({podSandboxId, metadata}) =>
        podSandboxId === own?.podSandboxId && metadata?.name === own.metadata?.name,
    )
    .flatMap((container) => statuses.get(container.id) ?? [])
    .filter(({state}) => state === 'CONTAINER_EXITED')
    .reduce<ContainerStatus | undefined>(
      (last, status) => (last && epochMs(last.finishedAt) >= epochMs(status.finishedAt) ? last : status),
      undefined,
    )
}
