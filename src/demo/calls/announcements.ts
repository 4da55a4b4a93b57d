import type {ContainerEventType} from '../../generated/cri.js'
import {nowNs} from '../state/clock.js'
import {type Container, containersOf, type Pod, type Runtime} from '../state/runtime.js'
import {containerStatus, podStatus} from './records.js'

/** Tells the readers of events what has happened to a container, or to a sandbox under its own ID. */
export function announce(runtime: Runtime, pod: Pod, about: Container | Pod, type: ContainerEventType): void {
  const {behaviour} = runtime
  const labelled = about.config.labels['io.kubernetes.pod.uid'] === pod.metadata.uid
  const tellsPod = behaviour.eventStatuses === 'always' || labelled
  runtime.events.emit({
    containerId: about.id,
    containerEventType: type,
    createdAt: nowNs(),
    podSandboxStatus: tellsPod ? podStatus(pod, behaviour) : null,
    containersStatuses: tellsPod
      ? containersOf(pod).map((container) => containerStatus(container, behaviour))
      : [],
  })
}
