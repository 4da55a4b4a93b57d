import {podKey} from '../../client/names.js'
import type {Container, PodSandbox} from '../../generated/cri.js'
import {isPodOfKubelet} from '../../node/kubelet.js'
import {type NotReadyPod, whyNotReady} from '../../node/not-ready.js'
import {ageText} from '../../text/age.js'
import {programName} from '../../text/program.js'
import {epochMs} from '../../text/time.js'
import type {Check, Finding} from '../check.js'
import type {Subject} from '../subject.js'

/** Longer than an image takes that nobody waits for. */
const slowStartMs = 5 * 60_000

export const pods: Check = {
  name: 'pods',
  about: 'pods that are not ready and why, and containers that never started',
  sources: ['CRI'],
  severity: 'broken',
  explanation:
    'A pod is NotReady for the runtime when its sandbox has ended: its pause process was killed, its network could not be kept, or somebody stopped it. Where the kubelet made it, it makes a next attempt; a pod that has none for a while, or whose containers run on without it, is stuck. A container that is Created for minutes was never started: its command or a mount is wrong, or the runtime hangs in the start. Jobs that are over are NotReady too, and well.',
  run: async (subject: Subject) => {
    const [list, containers, statuses, podStatuses, names] = await Promise.all([
      subject.pods(),
      subject.containers(),
      subject.containerStatuses(),
      subject.podStatuses(),
      subject.names(),
    ])
    const statusOf = new Map(statuses.map(({thing, answer}) => [thing.id, answer?.status ?? undefined]))
    const podAnswers = new Map(podStatuses.map(({thing, answer}) => [thing.id, answer]))
    const own = ({id}: PodSandbox) => containers.filter(({podSandboxId}) => podSandboxId === id)
    const newest = new Map<string, string>()
    for (const pod of [...list].sort((a, b) => (BigInt(a.createdAt) < BigInt(b.createdAt) ? -1 : 1)))
      newest.set(podKey(pod), pod.id)
    const nameOf = (id: string) => names.get(id) ?? id
    return [
      ...list
        // The kubelet removes earlier attempts in its own time.
        .filter((pod) => pod.state === 'SANDBOX_NOTREADY' && newest.get(podKey(pod)) === pod.id)
        .flatMap((pod) => {
          const {status, info = {}} = podAnswers.get(pod.id) ?? {}
          return notReady(
            {
              pod,
              pods: list,
              containers: own(pod).flatMap(({id}) => statusOf.get(id) ?? []),
              info,
              ownNetwork: status?.linux?.namespaces?.options?.network === 'POD',
            },
            nameOf(pod.id),
          )
        }),
      ...list
        .filter((pod) => pod.state === 'SANDBOX_READY' && isPodOfKubelet(pod) && own(pod).length === 0)
        .filter(({createdAt}) => subject.nowMs - epochMs(createdAt) > slowStartMs)
        .map((pod): Finding => emptyPod(nameOf(pod.id), subject.nowMs - epochMs(pod.createdAt))),
      ...containers.flatMap((container) => notStarted(container, nameOf(container.id), subject.nowMs)),
    ]
  },
}

function notReady(known: NotReadyPod, object: string): Finding[] {
  const {containers} = known
  const isRunning = containers.some(({state}) => state === 'CONTAINER_RUNNING')
  const hasFailed = containers.some(({state, exitCode}) => state === 'CONTAINER_EXITED' && exitCode !== 0)
  if (!isRunning && !hasFailed) return []
  return [
    {
      severity: isRunning ? 'warning' : 'info',
      what: `pod ${object} is NotReady, and ${isRunning ? 'containers of it still run' : 'ended with failures'}`,
      object,
      evidence: whyNotReady(known),
      fix: isRunning
        ? `its sandbox is gone, and with it their network: stop the pod, and the kubelet makes it again: ${programName()} stopp ${object}`
        : `see its logs: ${programName()} logs ${object}; where it is no job, the kubelet should have made it again`,
    },
  ]
}

function emptyPod(object: string, ageMs: number): Finding {
  return {
    severity: 'warning',
    what: `pod ${object} has no containers`,
    object,
    evidence: [`its sandbox has been ready for ${ageText(ageMs)}`],
    fix: 'journalctl -u kubelet: an image, a volume or a secret that it waits for',
  }
}

function notStarted(container: Container, object: string, nowMs: number): Finding[] {
  const ageMs = nowMs - epochMs(container.createdAt)
  if (container.state === 'CONTAINER_UNKNOWN')
    return [
      {
        severity: 'broken',
        what: `the runtime does not know how container ${object} is`,
        object,
        evidence: ['its state is Unknown: the runtime could not load it again after a restart'],
        fix: `remove it by force, and the kubelet makes it again: ${programName()} rm -f ${object}`,
      },
    ]
  if (container.state !== 'CONTAINER_CREATED' || ageMs <= slowStartMs) return []
  return [
    {
      severity: 'warning',
      what: `container ${object} was made and never started`,
      object,
      evidence: [`Created for ${ageText(ageMs)}`],
      fix: `start it to see what fails: ${programName()} start ${object}; the kubelet starts its own again by itself`,
    },
  ]
}
