import {containerIdentities, newestOfEach} from '../client/names.js'
import type {Container, ContainerState, CpuUsage, PodSandboxState} from '../generated/cri.js'
import type {Endings} from '../node/endings.js'
import type {NodeSample} from '../node/sample.js'
import {coresUsed} from '../node/usage.js'
import {isOutOfMemory, loopState} from '../text/exit.js'
import {epochMs} from '../text/time.js'

export interface TopContainer {
  id: string
  name: string
  pod: string
  namespace: string
  podId: string
  state: ContainerState
  attempt: number
  /** `CrashLoop 6×`, `OOMKilled`, `Exited (1)`: of one that should run. */
  failure?: string | undefined
  createdAtMs: number
  /** undefined where it is not known yet, or does not run. */
  cores: number | undefined
  memoryBytes: number
  diskBytes: number
  /** Cores, the newest last. */
  history: readonly number[]
}

export interface TopPod {
  id: string
  name: string
  namespace: string
  state: PodSandboxState
  createdAtMs: number
  labels: Readonly<Record<string, string>>
  containers: TopContainer[]
}

/** So many samples are remembered of each container. */
export const historyLength = 60

/** Sample after sample, what the pods of a node use and have used. */
export class NodeHistory {
  /** Of the sample before, by container ID; the rest of it is let go. */
  #before = new Map<string, CpuUsage>()
  #histories = new Map<string, number[]>()

  take(sample: NodeSample, endings?: Endings): TopPod[] {
    const before = this.#before
    this.#before = new Map()
    const identityOf = containerIdentities(sample.pods)
    const histories = new Map<string, number[]>()
    const pods = new Map<string, TopPod>()
    for (const {id, metadata, state, createdAt, labels} of sample.pods) {
      const {name = '', namespace = ''} = metadata ?? {}
      pods.set(id, {id, name, namespace, state, createdAtMs: epochMs(createdAt), labels, containers: []})
    }
    // The attempts before the newest are what a container was, not what it is.
    for (const container of newestOfEach(sample.containers, keyInPod)) {
      const {id} = container
      const stats = sample.stats.get(id)
      const cores = coresUsed(stats?.cpu, before.get(id))
      if (stats?.cpu) this.#before.set(id, stats.cpu)
      const history = this.#histories.get(id) ?? []
      if (cores !== undefined) history.push(cores)
      if (history.length > historyLength) history.shift()
      histories.set(id, history)
      const {pod, namespace} = identityOf(container)
      pods.get(container.podSandboxId)?.containers.push({
        id,
        name: container.metadata?.name ?? '',
        pod,
        namespace,
        podId: container.podSandboxId,
        state: container.state,
        attempt: container.metadata?.attempt ?? 0,
        failure:
          pods.get(container.podSandboxId)?.state === 'SANDBOX_READY' ? failureOf(id, endings) : undefined,
        createdAtMs: epochMs(container.createdAt),
        cores,
        memoryBytes: Number(stats?.memory?.workingSetBytes?.value ?? 0),
        diskBytes: Number(stats?.writableLayer?.usedBytes?.value ?? 0),
        history,
      })
    }
    this.#histories = histories
    return [...pods.values()]
  }
}

function keyInPod({podSandboxId, metadata}: Container): string {
  return `${podSandboxId}/${metadata?.name}`
}

function failureOf(id: string, endings: Endings | undefined): string | undefined {
  const failures = endings?.loops.get(id)
  if (failures !== undefined) return loopState(failures)
  const status = endings?.statuses.get(id)
  if (!status || status.exitCode === 0) return undefined
  return isOutOfMemory(status) ? status.reason : `Exited (${status.exitCode})`
}
