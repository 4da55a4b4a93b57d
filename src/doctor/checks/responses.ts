import {RpcError, rpcCode} from '../../errors/errors.js'
import {durationText} from '../../text/duration.js'
import {programName} from '../../text/program.js'
import {shortId} from '../../text/short-id.js'
import type {Check, Finding} from '../check.js'
import {processLines} from '../processes.js'
import {type Asked, NoAnswer, type Subject} from '../subject.js'

export const responses: Check = {
  name: 'responses',
  about: 'every question that a kubelet asks: the lists, and the status of each pod and container',
  sources: ['CRI', 'host'],
  severity: 'broken',
  explanation:
    'Every second the kubelet lists pods and containers and asks for the status of what has changed. One call that never comes back is enough: "PLEG is not healthy" after three minutes, and the node is NotReady, although everything else on it works. Here all lists and all statuses are asked at the same time, each with a deadline, and the one object that does not answer is named, with its shim and with those of its processes that wait for a disk or a network file system (state D), which no signal ends.',
  run: async (subject: Subject) => {
    const lists = await Promise.all([
      listFinding('ListPodSandbox', subject.pods, subject),
      listFinding('ListContainers', subject.containers, subject),
      listFinding('ListImages', subject.images, subject),
      listFinding('ImageFsInfo', subject.imageFileSystems, subject),
    ])
    // What cannot be listed cannot be asked for.
    const failed = lists.filter((finding) => finding !== undefined)
    if (lists[0] || lists[1]) return failed
    const [pods, containers, names] = await Promise.all([
      subject.podStatuses(),
      subject.containerStatuses(),
      subject.names(),
    ])
    const nameOf = ({id}: {id: string}) => names.get(id) ?? shortId(id)
    return [
      ...failed,
      ...(await statusFindings('pod', pods, ({id}) => id, nameOf, subject)),
      ...(await statusFindings('container', containers, ({podSandboxId}) => podSandboxId, nameOf, subject)),
    ]
  },
}

async function listFinding(
  method: string,
  ask: () => Promise<unknown>,
  {limitMs}: Subject,
): Promise<Finding | undefined> {
  try {
    await ask()
    return undefined
  } catch (error) {
    if (!(error instanceof RpcError) || error.code === rpcCode.unimplemented) throw error
    const hangs = isHung(error)
    return {
      severity: 'broken',
      what: hangs ? `${method} has no answer within ${durationText(limitMs)}` : `${method} fails`,
      evidence: [error.details],
      fix: hangs
        ? 'look at the log of the runtime (journalctl -u containerd -u crio) and at its disk before it is restarted'
        : 'journalctl -u containerd -u crio',
    }
  }
}

async function statusFindings<Thing extends {id: string}>(
  kind: 'pod' | 'container',
  asked: readonly Asked<Thing, unknown>[],
  podIdOf: (thing: Thing) => string,
  nameOf: (thing: Thing) => string,
  subject: Subject,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const {thing, error} of asked) {
    // Gone since the list was made.
    if (error === undefined || (error instanceof RpcError && error.code === rpcCode.notFound)) continue
    if (isHung(error))
      findings.push({
        severity: 'broken',
        what: `the status of ${kind} ${nameOf(thing)} has no answer within ${durationText(subject.limitMs)}`,
        object: nameOf(thing),
        evidence: [`${kind} ${thing.id}`, ...(await processLines(subject.host, thing.id, podIdOf(thing)))],
        fix: 'end what holds it: the disk or server that a process in state D waits for, else its shim (kill -QUIT prints where it stands, kill -KILL ends it)',
      })
    else if (error instanceof RpcError)
      findings.push({
        severity: 'broken',
        what: `the status of ${kind} ${nameOf(thing)} fails`,
        object: nameOf(thing),
        evidence: [`${kind} ${thing.id}`, error.details],
        fix: `remove it by force, and the kubelet makes what it needs again: ${programName()} ${kind === 'pod' ? 'rmp' : 'rm'} -f ${nameOf(thing)}`,
      })
    else throw error
  }
  const left = asked.filter(({isLeft}) => isLeft)
  if (left.length > 0) {
    const hasHung = asked.some(({error}) => isHung(error))
    findings.push({
      severity: hasHung ? 'broken' : 'warning',
      what: `${left.length} of ${asked.length} ${kind}s were not asked for within ${durationText(subject.limitMs)}`,
      evidence: [hasHung ? 'those that do not answer took all the time' : 'each answers, and there are many'],
      fix: hasHung ? 'see to those first, then look again' : 'allow more time: --request-timeout 1m',
    })
  }
  return findings
}

function isHung(error: unknown): boolean {
  return error instanceof NoAnswer || (error instanceof RpcError && error.code === rpcCode.deadlineExceeded)
}
