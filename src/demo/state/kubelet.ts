import {createHash, randomUUID} from 'node:crypto'
import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {MethodDefinition} from '@grpc/proto-loader'
import type * as cri from '../../generated/cri.js'
import type {containerHandlers} from '../calls/container-handlers.js'
import type {podHandlers} from '../calls/pod-handlers.js'
import {serviceDefinition} from '../server/definitions.js'
import type {Runtime} from './runtime.js'
import type {SeedContainer, SeedPod} from './seed.js'

/** The calls it makes. */
type KubeletCalls = ReturnType<typeof podHandlers> & ReturnType<typeof containerHandlers>

const firstDelayMs = 10_000
const longestDelayMs = 300_000
/** Ended attempts of one container that stay. */
const keptAttempts = 2

/** Just enough of a kubelet to make pods as it does, and to restart what crashes. */
export class Kubelet {
  readonly #runtime: Runtime
  readonly #cri: KubeletCalls
  readonly #timers = new Set<NodeJS.Timeout>()
  #stopped = false

  constructor(runtime: Runtime, cri: KubeletCalls) {
    this.#runtime = runtime
    this.#cri = cri
  }

  /** Nothing is restarted any more. */
  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** Resolves when every container of the pod is as far as it should be. */
  async runPod(seed: SeedPod): Promise<void> {
    const config = sandboxConfig(seed, this.#runtime)
    const {podSandboxId} = await this.#cri.runPodSandbox(fillFields('RunPodSandbox', {config}))
    const containers = seed.containers ?? []
    for (const container of containers.filter(({init}) => init)) {
      const id = await this.#run(podSandboxId, config, container)
      await this.#runtime.containers.find(id)?.exited
    }
    await Promise.all(
      containers.filter(({init}) => !init).map((container) => this.#run(podSandboxId, config, container)),
    )
    if (seed.ready === false) await this.#cri.stopPodSandbox({podSandboxId})
  }

  async #run(
    podSandboxId: string,
    sandbox: cri.Input<cri.PodSandboxConfig>,
    seed: SeedContainer,
  ): Promise<string> {
    const config = containerConfig(seed, sandbox)
    await mkdir(join(sandbox.logDirectory ?? '', seed.name), {recursive: true})
    const request = fillFields('CreateContainer', {podSandboxId, config, sandboxConfig: sandbox})
    const {containerId} = await this.#cri.createContainer(request)
    if (seed.state === 'created') return containerId
    await this.#cri.startContainer({containerId})
    const ended = this.#runtime.containers.find(containerId)?.exited
    if (seed.state === 'exited') await ended
    if (seed.restart) void ended?.then(() => this.#restartLater(podSandboxId, sandbox, seed))
    return containerId
  }

  #restartLater(podSandboxId: string, sandbox: cri.Input<cri.PodSandboxConfig>, seed: SeedContainer): void {
    const attempt = (seed.attempt ?? 0) + 1
    const delayMs = attempt === 1 ? 0 : Math.min(firstDelayMs * 2 ** (attempt - 2), longestDelayMs)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#stopped || !this.#runtime.pods.find(podSandboxId)?.ready) return
      this.#restart(podSandboxId, sandbox, {...seed, attempt}).catch(() => {
        // The pod was stopped or removed at this very moment: nothing is left to restart.
      })
    }, delayMs)
    this.#timers.add(timer)
    timer.unref()
  }

  async #restart(
    podSandboxId: string,
    sandbox: cri.Input<cri.PodSandboxConfig>,
    seed: SeedContainer,
  ): Promise<void> {
    const ended = this.#runtime.containers
      .all()
      .filter(({pod, config}) => pod.id === podSandboxId && config.metadata?.name === seed.name)
      .filter(({state}) => state === 'CONTAINER_EXITED')
    for (const {id} of ended.slice(0, Math.max(0, ended.length - keptAttempts)))
      await this.#cri.removeContainer({containerId: id})
    await this.#run(podSandboxId, sandbox, seed)
  }
}

function sandboxConfig(seed: SeedPod, {directory, behaviour}: Runtime): cri.Input<cri.PodSandboxConfig> {
  const {name, namespace = 'default', uid = randomUUID(), attempt = 0} = seed
  return {
    metadata: {name, namespace, uid, attempt},
    hostname: seed.hostNetwork ? '' : name,
    logDirectory: join(directory, 'logs', 'pods', `${namespace}_${name}_${uid}`),
    labels: {
      ...seed.labels,
      'io.kubernetes.pod.name': name,
      'io.kubernetes.pod.namespace': namespace,
      'io.kubernetes.pod.uid': uid,
    },
    annotations: {
      'kubernetes.io/config.seen': new Date().toISOString(),
      'kubernetes.io/config.source': seed.hostNetwork ? 'file' : 'api',
      ...seed.annotations,
    },
    linux: {
      cgroupParent:
        behaviour.cgroupDriver === 'SYSTEMD'
          ? `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`
          : `/kubepods/burstable/pod${uid}`,
      securityContext: {namespaceOptions: {network: seed.hostNetwork ? 'NODE' : 'POD'}},
    },
  }
}

function containerConfig(
  seed: SeedContainer,
  {metadata}: cri.Input<cri.PodSandboxConfig>,
): cri.Input<cri.ContainerConfig> {
  const {name, image, command = [], args = [], env = {}, attempt = 0} = seed
  return {
    metadata: {name, attempt},
    image: {image, userSpecifiedImage: image},
    command,
    args,
    envs: Object.entries(env).map(([key, value]) => ({key, value: Buffer.from(value)})),
    labels: {
      ...seed.labels,
      'io.kubernetes.container.name': name,
      'io.kubernetes.pod.name': metadata?.name ?? '',
      'io.kubernetes.pod.namespace': metadata?.namespace ?? '',
      'io.kubernetes.pod.uid': metadata?.uid ?? '',
    },
    annotations: {
      'io.kubernetes.container.hash': createHash('sha256')
        .update(JSON.stringify(command))
        .digest('hex')
        .slice(0, 8),
      'io.kubernetes.container.restartCount': String(attempt),
      'io.kubernetes.container.terminationMessagePath': '/dev/termination-log',
      'io.kubernetes.container.terminationMessagePolicy': 'File',
      'io.kubernetes.pod.terminationGracePeriod': '30',
      ...seed.annotations,
    },
    logPath: join(name, `${attempt}.log`),
    tty: seed.tty ?? false,
    stdin: seed.stdin ?? false,
    linux: {resources: {cpuPeriod: '100000', cpuShares: '102', oomScoreAdj: '999'}},
  }
}

/** The request as it looks after it has come over the wire, with every field set. */
function fillFields(
  method: 'RunPodSandbox',
  request: cri.Input<cri.RunPodSandboxRequest>,
): cri.RunPodSandboxRequest
function fillFields(
  method: 'CreateContainer',
  request: cri.Input<cri.CreateContainerRequest>,
): cri.CreateContainerRequest
function fillFields(method: 'RunPodSandbox' | 'CreateContainer', request: object): object {
  const {requestSerialize, requestDeserialize} = serviceDefinition('RuntimeService')[
    method
  ] as MethodDefinition<object, object>
  return requestDeserialize(requestSerialize(request))
}
