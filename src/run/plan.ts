import {documentsText, plainMessage, requireText} from '../config-files/write.js'
import type {
  ContainerConfig,
  CreateContainerRequest,
  Input,
  PodSandboxConfig,
  PullImageRequest,
  RunPodSandboxRequest,
  StartContainerRequest,
} from '../generated/cri.js'

// What `runp`, `create` and `run` do, as the requests they send in their order. A plan is made from flags or files,
// carried out, or printed; what is printed is a plan again.

export type Step =
  | {method: 'RunPodSandbox'; request: Input<RunPodSandboxRequest>}
  | {method: 'PullImage'; when: PullWhen; request: Input<PullImageRequest>}
  | {method: 'CreateContainer'; request: Input<CreateContainerRequest>}
  | {method: 'StartContainer'; request: Input<StartContainerRequest>}

/** `missing`: only if ImageStatus says that the runtime does not have the image. */
export type PullWhen = 'always' | 'missing'

export type Plan = readonly Step[]

/** Stand in a request for the ID that the runtime's answer to an earlier one brings. */
export const newPod = '$(RunPodSandbox.pod_sandbox_id)'
export const newContainer = '$(CreateContainer.container_id)'

/** A pull of the container's image and of each image that it mounts; nothing for `never`. */
export function pullSteps(
  when: PullWhen | 'never',
  container: Input<ContainerConfig>,
  sandboxConfig: Input<PodSandboxConfig>,
): Step[] {
  if (when === 'never') return []
  const mounted = (container.mounts ?? []).flatMap(({image}) => (image?.image ? [image.image] : []))
  const annotations = container.image?.annotations
  return [container.image?.image ?? '', ...mounted].map((image) => ({
    method: 'PullImage',
    when,
    request: {image: {image, ...(annotations ? {annotations} : {})}, sandboxConfig},
  }))
}

/** The request of crictl, which names the image as the user did where the file does not. */
export function createStep(
  podSandboxId: string,
  config: Input<ContainerConfig>,
  sandboxConfig: Input<PodSandboxConfig>,
): Step {
  const image = {
    ...config.image,
    userSpecifiedImage: config.image?.userSpecifiedImage || config.image?.image || '',
  }
  return {method: 'CreateContainer', request: {podSandboxId, config: {...config, image}, sandboxConfig}}
}

/** The plan as text that `parsePlan` reads back; credentials are not part of it. */
export async function planText(plan: Plan, format: 'yaml' | 'json'): Promise<string> {
  const parts = plan.map((step) => ({
    method: step.method,
    ...(step.method === 'PullImage' ? {when: step.when} : {}),
    request: plainMessage(`${step.method}Request`, step.request),
  }))
  if (format === 'json') {
    requireText(parts)
    return documentsText(parts, format)
  }
  const {whyCalled} = await import('../explain/verbs.js')
  return documentsText(
    parts,
    format,
    parts.map(({method}) => whyCalled('run', method)),
  )
}
