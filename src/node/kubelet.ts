import type {CallOptions} from '../client/call-options.js'
import type {CriClient} from '../client/connect.js'
import {listContainerRows, listPodSandboxRows} from '../client/list-rows.js'
import {
  containerIdentities,
  containerKey,
  containerName,
  newestOfEach,
  podKey,
  podName,
} from '../client/names.js'
import type {PodSandbox} from '../generated/cri.js'

/** Whether the kubelet made a container: it writes this on each of its own, and starts them again. */
export function isContainerOfKubelet({
  annotations,
}: {
  annotations: Readonly<Record<string, string>>
}): boolean {
  return annotations['io.kubernetes.container.restartCount'] !== undefined
}

/** Whether the kubelet made a pod: it writes on each of its own where it has its configuration from. */
export function isPodOfKubelet({annotations}: {annotations: Readonly<Record<string, string>>}): boolean {
  return annotations['kubernetes.io/config.source'] !== undefined
}

/** Whether a kubelet runs pods here, and so removes what it does not know. */
export async function isWatchedByKubelet(client: CriClient, options?: CallOptions): Promise<boolean> {
  const pods = await listPodSandboxRows(client, {state: {state: 'SANDBOX_READY'}}, options)
  return pods.some(isPodOfKubelet) && !(await isEmbedded(client, options))
}

/** The embedded runtime: its kubelet leaves alone what others make, and it makes no namespaces, layers or control groups. */
export async function isEmbedded(client: CriClient, options?: CallOptions): Promise<boolean> {
  const {runtimeName, runtimeVersion} = await client.runtime.version({}, options)
  return `${runtimeName} ${runtimeVersion}`.includes('crisp-demo')
}

/** Whose kubelet it is that makes things again; `none` on an embedded runtime without. */
export type KubeletOf = 'node' | 'demo' | 'none'

export async function kubeletOf(client: CriClient, options?: CallOptions): Promise<KubeletOf> {
  if (!(await isEmbedded(client, options))) return 'node'
  const {info} = await client.runtime.status({verbose: true}, options)
  return JSON.parse(info.config ?? '{}').kubelet === true ? 'demo' : 'none'
}

/** Of containers and pods, by ID, the names of those that a kubelet makes again when they end or are removed. */
export async function madeAgainByKubelet(
  client: CriClient,
  ids: ReadonlySet<string>,
  {runningOnly = false}: {runningOnly?: boolean},
  options?: CallOptions,
): Promise<{names: string[]; kubeletOf: KubeletOf}> {
  const [pods, containers] = await Promise.all([
    listPodSandboxRows(client, {}, options),
    listContainerRows(client, {}, options),
  ])
  const ready = new Map<string, PodSandbox>()
  for (const pod of newestOfEach(pods, podKey))
    if (pod.state === 'SANDBOX_READY' && isPodOfKubelet(pod)) ready.set(pod.id, pod)
  const identityOf = containerIdentities(pods)
  const current = newestOfEach(containers, (container) => containerKey(container, identityOf)).filter(
    (container) =>
      isContainerOfKubelet(container) &&
      ready.has(container.podSandboxId) &&
      (!runningOnly || container.state === 'CONTAINER_RUNNING'),
  )
  const names = [
    ...[...ready.values()].filter(({id}) => ids.has(id)).map(podName),
    ...current
      .filter(({id}) => ids.has(id))
      .map((container) => containerName(container.id, identityOf(container))),
  ]
  return {names, kubeletOf: names.length > 0 ? await kubeletOf(client, options) : 'none'}
}
