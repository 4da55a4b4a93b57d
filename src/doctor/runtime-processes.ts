import type {Container, ContainerStatus} from '../generated/cri.js'
import type {HostProcess} from '../node/host/processes.js'
import {processInfo} from '../node/process-info.js'
import type {Subject} from './subject.js'

/** A container that the runtime says to run, and the process that it says to be its first. */
export interface RunningContainer {
  container: Container
  status: ContainerStatus
  name: string
  pid: number
  /** Undefined where there is none of this number. */
  process: HostProcess | undefined
}

/** Those whose process the runtime tells. */
export async function runningContainers(subject: Subject): Promise<RunningContainer[]> {
  const [asked, names, processes] = await Promise.all([
    subject.containerStatuses(),
    subject.names(),
    subject.host.processes(),
  ])
  const byPid = new Map(processes.map((process) => [process.pid, process]))
  return asked.flatMap(({thing, answer}) => {
    const status = answer?.status
    const {pid = 0} = processInfo(answer?.info ?? {})
    if (status?.state !== 'CONTAINER_RUNNING' || pid === 0) return []
    return [{container: thing, status, name: names.get(thing.id) ?? thing.id, pid, process: byPid.get(pid)}]
  })
}

/** The containers and pods that the runtime has, by ID. */
export async function knownIds({pods, containers}: Subject): Promise<ReadonlySet<string>> {
  const lists = await Promise.all([pods(), containers()])
  return new Set(lists.flat().map(({id}) => id))
}

/** What is younger may be in the making: it is in no list yet. */
export const youngMs = 60_000
