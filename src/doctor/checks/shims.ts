import {socketPathOf} from '../../client/endpoints.js'
import type {HostProcess} from '../../node/host/processes.js'
import {programName} from '../../text/program.js'
import type {Check, Finding} from '../check.js'
import {NotChecked} from '../not-checked.js'
import {type Monitor, monitorsAmong} from '../processes.js'
import {knownIds, type RunningContainer, runningContainers, youngMs} from '../runtime-processes.js'
import type {Subject} from '../subject.js'

/** Within this a runtime has learnt of an end. */
const settlingMs = 1_000

export const shims: Check = {
  name: 'shims',
  about: 'shims that are stopped or have no pod, and containers and pods without their process or shim',
  sources: ['CRI', 'host'],
  severity: 'broken',
  explanation:
    "Every pod of containerd has a shim, every container of CRI-O a conmon: it holds the container's streams and its exit code, and lives on when the runtime is restarted. A shim whose pod the runtime has forgotten keeps processes, mounts and addresses that nobody will ever remove. A container that runs by the word of the runtime, but has no process, is one whose shim was killed: the kubelet takes it for healthy until a probe fails. Without its conmon a container of CRI-O runs on, but its output goes nowhere and its exit code is lost. Only shims of the runtime that is asked are looked at, and none that is younger than a minute.",
  run: async (subject: Subject) => {
    const [known, running, processes, {runtimeName}, names] = await Promise.all([
      knownIds(subject),
      runningContainers(subject),
      subject.host.processes(),
      subject.version(),
      subject.names(),
    ])
    const monitors = await ownMonitors(subject, monitorsAmong(processes), runtimeName)
    const forgotten = await Promise.all(
      monitors
        .filter(({id}) => !known.has(id))
        .map(async (monitor) => ((await ageMs(subject, monitor)) > youngMs ? [monitor] : [])),
    )
    const lost = await stillLost(
      subject,
      running.filter(({process}) => process === undefined),
    )
    if (lost.length > 0 && lost.length === running.length && monitors.length === 0)
      throw new NotChecked("the processes of the runtime's containers are not to be seen from here")
    return [
      ...forgotten.flat().map(
        ({process: {pid, name}, id}): Finding => ({
          severity: 'warning',
          what: `${name} ${pid} is the shim of something that the runtime does not know`,
          object: id,
          evidence: [
            `process ${pid} has ID ${id} in its arguments`,
            'no pod or container of this ID is in the lists',
          ],
          fix: `see what it holds (pstree -p ${pid}), then end it: kill ${pid}`,
        }),
      ),
      ...lost.map(
        ({name, pid}): Finding => ({
          severity: 'broken',
          what: `container ${name} runs by the word of the runtime, and has no process`,
          object: name,
          evidence: [`its process is ${pid}, and there is none`],
          fix: `remove it by force, and the kubelet makes it again: ${programName()} rm -f ${name}`,
        }),
      ),
      ...monitors
        .filter(({process}) => process.state === 'T')
        .map(
          ({process: {pid, name}, id}): Finding => ({
            severity: 'broken',
            what: `the shim of ${names.get(id) ?? id} is stopped`,
            object: names.get(id) ?? id,
            evidence: [`process ${pid} (${name}) is in state T`],
            fix: `let it go on (kill -CONT ${pid}): until then every exec, stop and start there waits`,
          }),
        ),
      ...(runtimeName === 'containerd' ? await podsWithoutShim(subject, monitors) : []),
      ...(runtimeName === 'cri-o' ? containersWithoutConmon(running, monitors, processes) : []),
    ]
  },
}

/** A process that ends between the question and the look is soon known to have ended. */
async function stillLost(
  {client, limitMs}: Subject,
  lost: readonly RunningContainer[],
): Promise<RunningContainer[]> {
  if (lost.length === 0) return []
  await new Promise((resolve) => setTimeout(resolve, settlingMs))
  const still = await Promise.all(
    lost.map(async (one) => {
      const {status} = await client.runtime
        .containerStatus({containerId: one.container.id}, {timeoutMs: limitMs})
        // It is gone, or `responses` says what is wrong with it.
        .catch(() => ({status: null}))
      return status?.state === 'CONTAINER_RUNNING' ? [one] : []
    }),
  )
  return still.flat()
}

/** Those that this runtime started: others have runtimes of their own. */
async function ownMonitors(
  {client, settings}: Subject,
  monitors: readonly Monitor[],
  runtimeName: string,
): Promise<Monitor[]> {
  const {containerdEndpoint, crio} = await settings()
  const isCrio = runtimeName === 'cri-o'
  const own = isCrio ? [crio?.ContainerExitsDir] : [socketPathOf(await client.endpoint()), containerdEndpoint]
  // A CRI-O that does not tell is taken for the only one.
  const tells = own.some((place) => typeof place === 'string')
  return monitors.filter(
    ({process, startedBy}) =>
      (process.name === 'conmon') === isCrio && (own.includes(startedBy) || (isCrio && !tells)),
  )
}

/** A process of a container has its conmon as its parent; one that is lost leaves it to the first of the node. */
function containersWithoutConmon(
  running: readonly RunningContainer[],
  monitors: readonly Monitor[],
  processes: readonly HostProcess[],
): Finding[] {
  // One conmonrs is for all containers of a pod, and a conmon in state D tells no arguments.
  const isSure = processes.every(
    ({name, command, state}) =>
      name !== 'conmonrs' && (name !== 'conmon' || command.length > 0 || state === 'Z'),
  )
  if (!isSure) return []
  const own = new Set(monitors.map(({id}) => id))
  return running
    .filter(
      // A virtual machine has a shim, and no conmon.
      ({container, process}) =>
        process?.parent === 1 && !process.name.startsWith('containerd-shim') && !own.has(container.id),
    )
    .map(
      ({container, name, pid}): Finding => ({
        severity: 'broken',
        what: `container ${name} runs, and its conmon is gone`,
        object: name,
        evidence: [`no conmon has -c ${container.id}`, `its process ${pid} is a child of process 1`],
        fix: `stop it, and the kubelet makes it again: ${programName()} stop ${name}`,
      }),
    )
}

async function podsWithoutShim(subject: Subject, monitors: readonly Monitor[]): Promise<Finding[]> {
  // Where none is seen, they are not to be seen from here.
  if (monitors.length === 0) return []
  const [pods, names] = await Promise.all([subject.pods(), subject.names()])
  const own = new Set(monitors.map(({id}) => id))
  // A shim in state D tells no arguments.
  const isSure = (await subject.host.processes()).every(
    ({name, command}) => !name.startsWith('containerd-shim') || command.length > 0,
  )
  if (!isSure) return []
  return pods
    .filter(({id, state}) => state === 'SANDBOX_READY' && !own.has(id))
    .map(
      ({id}): Finding => ({
        severity: 'broken',
        what: `pod ${names.get(id) ?? id} is ready by the word of the runtime, and has no shim`,
        object: names.get(id) ?? id,
        evidence: [`no containerd-shim has -id ${id}`],
        fix: `remove it by force, and the kubelet makes it again: ${programName()} rmp -f ${names.get(id) ?? id}`,
      }),
    )
}

/** Infinite where the node does not tell. */
async function ageMs({host, nowMs}: Subject, {process}: Monitor): Promise<number> {
  const startedMs = await host.startedMs(process)
  return startedMs === undefined ? Number.POSITIVE_INFINITY : nowMs - startedMs
}
