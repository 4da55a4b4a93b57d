import type {ContainerFilter, PodSandboxFilter} from '../../generated/cri.js'
import {hasLabels} from '../../text/selectors.js'
import type {Container, Pod, Runtime} from '../state/runtime.js'

export function filteredPods(runtime: Runtime, filter: Partial<PodSandboxFilter> | null): Pod[] {
  const {id = '', state, labelSelector} = filter ?? {}
  return runtime.pods
    .filterById(id)
    .filter(({ready}) => !state || ready === (state.state === 'SANDBOX_READY'))
    .filter(({config}) => hasLabels(config.labels, labelSelector))
}

export function filteredContainers(runtime: Runtime, filter: Partial<ContainerFilter> | null): Container[] {
  const {id = '', state, podSandboxId = '', labelSelector} = filter ?? {}
  const pods = podSandboxId === '' ? undefined : new Set(runtime.pods.filterById(podSandboxId))
  return runtime.containers
    .filterById(id)
    .filter((container) => !state || container.state === state.state)
    .filter(({pod}) => !pods || pods.has(pod))
    .filter(({config}) => hasLabels(config.labels, labelSelector))
}

// As containerd 2.4, small enough for any message limit.
const chunkLength = 5_000

/** A list in pieces; nothing at all for an empty one. */
export function* inChunks<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let index = 0; index < items.length; index += chunkLength)
    yield items.slice(index, index + chunkLength)
}
