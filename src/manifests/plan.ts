import {randomUUID} from 'node:crypto'
import {UsageError, UserError} from '../errors.js'
import type {
  ContainerConfig,
  CreateContainerRequest,
  Input,
  PodSandboxConfig,
  PullImageRequest,
  RunPodSandboxRequest,
  StartContainerRequest,
} from '../generated/cri.js'
import {nearest} from '../text/nearest.js'
import {documentsOf, naming, type SourceText} from './file.js'
import {messageFrom} from './message.js'
import {type MappingNode, type Node, TreeError} from './tree.js'
import {documentsText, plainMessage, requireText} from './write.js'

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
export async function planText(plan: Plan, format: string): Promise<string> {
  if (format !== 'yaml' && format !== 'json') {
    throw new UsageError(`-o ${format} is not to be had here: --dry-run prints yaml or json`)
  }
  const parts = plan.map((step) => ({
    method: step.method,
    ...(step.method === 'PullImage' ? {when: step.when} : {}),
    request: plainMessage(`${step.method}Request`, step.request),
  }))
  if (format === 'json') requireText(parts)
  return documentsText(parts, format)
}

const methods = ['RunPodSandbox', 'PullImage', 'CreateContainer', 'StartContainer'] as const

/**
 * A plan from a file: one document for each request, or one list of them. A container without a pod goes into the
 * pod made before it, a start without a container is of the one made before it, and a pod without `uid` gets one.
 * Throws UserError.
 */
export function parsePlan(source: SourceText): Plan {
  const documents = documentsOf(source)
  const [only] = documents
  const parts = documents.length === 1 && only?.kind === 'sequence' ? only.items : documents
  return naming(source, () => completed(parts.map(stepFrom)))
}

interface PlacedStep {
  step: Step
  line: number
}

function stepFrom(node: Node): PlacedStep {
  if (node.kind !== 'mapping') throw new TreeError('a part should hold method and request', node.line)
  const known = ['method', 'when', 'request']
  const stranger = node.entries.find(({key}) => !known.includes(key))
  if (stranger && partOf(node, 'method') === undefined) {
    throw new TreeError(
      'this is no plan: each part should hold method and request, as crisp run --dry-run prints them; for a pod and a container file: crisp run CONTAINER-CONFIG POD-CONFIG',
      node.line,
    )
  }
  if (stranger) {
    const guess = nearest(stranger.key, known)
    throw new TreeError(
      `${stranger.key}: no such field${guess ? `, did you mean ${guess}?` : ''}`,
      stranger.line,
    )
  }
  const word = textOf(node, 'method') ?? ''
  const method = methods.find((name) => name === word)
  if (!method) {
    const guess = nearest(word, methods)
    throw new TreeError(
      `method: "${word}" should be one of ${methods.join(', ')}${guess ? `; did you mean ${guess}?` : ''}`,
      node.line,
    )
  }
  const when = textOf(node, 'when')
  if (when !== undefined && (method !== 'PullImage' || (when !== 'always' && when !== 'missing'))) {
    throw new TreeError('when: only a PullImage has one, and it is always or missing', node.line)
  }
  const requestNode = partOf(node, 'request')
  const request = requestNode ? messageFrom(`${method}Request`, requestNode, ['request']) : {}
  const step = method === 'PullImage' ? {method, when: when ?? 'always', request} : {method, request}
  return {step: step as Step, line: node.line}
}

function partOf(node: MappingNode, name: string): Node | undefined {
  return node.entries.find(({key}) => key === name)?.value
}

function textOf(node: MappingNode, name: string): string | undefined {
  const value = partOf(node, name)
  if (value === undefined) return undefined
  if (value.kind !== 'scalar') throw new TreeError(`${name}: should be one word`, value.line)
  return value.text
}

function completed(parts: readonly PlacedStep[]): Plan {
  const before: Before = {pod: undefined, container: false}
  return parts.map((part) => completedStep(part, before))
}

/** What the steps before one have made. */
interface Before {
  pod: Input<PodSandboxConfig> | undefined
  container: boolean
}

function completedStep({step, line}: PlacedStep, before: Before): Step {
  switch (step.method) {
    case 'RunPodSandbox': {
      const {config} = step.request
      if (before.pod) throw new TreeError('RunPodSandbox: one pod for each plan', line)
      requireFields(line, {
        'request.config.metadata.name': config?.metadata?.name,
        'request.config.metadata.namespace': config?.metadata?.namespace,
      })
      before.pod = {...config, metadata: {...config?.metadata, uid: config?.metadata?.uid || randomUUID()}}
      return {...step, request: {...step.request, config: before.pod}}
    }
    case 'PullImage':
      requireFields(line, {'request.image.image': step.request.image?.image})
      return step
    case 'CreateContainer': {
      const {config, sandboxConfig, podSandboxId = newPod} = step.request
      requireFields(line, {
        'request.config.metadata.name': config?.metadata?.name,
        'request.config.image.image': config?.image?.image,
      })
      if (podSandboxId === newPod && !before.pod) {
        throw new TreeError('request.pod_sandbox_id: no RunPodSandbox before this makes the pod', line)
      }
      before.container = true
      const pod = sandboxConfig ?? before.pod
      return {...step, request: {...step.request, podSandboxId, ...(pod ? {sandboxConfig: pod} : {})}}
    }
    case 'StartContainer': {
      const {containerId = newContainer} = step.request
      if (containerId === newContainer && !before.container) {
        throw new TreeError('request.container_id: no CreateContainer before this makes the container', line)
      }
      return {...step, request: {containerId}}
    }
  }
}

function requireFields(line: number, fields: Readonly<Record<string, string | undefined>>): void {
  for (const [path, value] of Object.entries(fields))
    if (!value) throw new TreeError(`${path} is missing, and no runtime does without it`, line)
}

/** The pod that the plan makes or adds to, for messages. */
export function podNameOf(plan: Plan): string {
  const configs = plan.map((step) =>
    step.method === 'RunPodSandbox'
      ? step.request.config
      : step.method === 'CreateContainer'
        ? step.request.sandboxConfig
        : undefined,
  )
  const metadata = configs.find((config) => config?.metadata)?.metadata
  if (!metadata) throw new UserError('the plan has no pod')
  return `${metadata.namespace}/${metadata.name}`
}
