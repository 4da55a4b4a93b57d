import {randomUUID} from 'node:crypto'
import {defaultValidation, documentsOf, judgeOf, nameSource} from '../config-files/file.js'
import {checkKey, type Judge, messageFrom} from '../config-files/message.js'
import type {SourceText} from '../config-files/source.js'
import {type MappingNode, type Node, TreeError} from '../config-files/tree.js'
import type {Input, PodSandboxConfig} from '../generated/cri.js'
import {nearest} from '../text/nearest.js'
import {programName} from '../text/program.js'
import {newContainer, newPod, type Plan, type Step} from './plan.js'

const methods = ['RunPodSandbox', 'PullImage', 'CreateContainer', 'StartContainer'] as const

/**
 * A plan from a file: one document for each request, or one list of them. A container without a pod goes into the
 * pod made before it, a start without a container is of the one made before it, and a pod without `uid` gets one.
 * Throws UserError.
 */
export function parsePlan(source: SourceText, validation = defaultValidation): Plan {
  const documents = documentsOf(source)
  const [only] = documents
  const parts = documents.length === 1 && only?.kind === 'sequence' ? only.items : documents
  const judge = judgeOf(source, validation)
  return nameSource(source, () => {
    const before: Before = {pod: undefined, container: false}
    return parts.map((part) => stepFrom(part, judge)).map((part) => completeStep(part, before))
  })
}

const partNames = ['method', 'when', 'request']

interface PlacedStep {
  step: Step
  line: number
}

function stepFrom(node: Node, judge: Judge): PlacedStep {
  if (node.kind !== 'mapping') throw new TreeError('a part should hold method and request', node.line)
  if (partOf(node, 'method') === undefined && node.entries.some(({key}) => !partNames.includes(key))) {
    throw new TreeError(
      `this is no plan: each part should hold method and request, as ${programName()} run --dry-run prints them; for a pod and a container file: ${programName()} run CONTAINER-CONFIG POD-CONFIG`,
      node.line,
    )
  }
  checkNames(node, judge)
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
  const request = requestNode ? messageFrom(`${method}Request`, requestNode, {path: ['request'], judge}) : {}
  const step = method === 'PullImage' ? {method, when: when ?? 'always', request} : {method, request}
  return {step: step as Step, line: node.line}
}

function checkNames({entries}: MappingNode, judge: Judge): void {
  const known = new Map<string, number>()
  for (const {key, line} of entries) {
    if (partNames.includes(key)) checkKey(key, {known, path: [key], line, judge})
    else {
      const guess = nearest(key, partNames)
      const error = new TreeError(`${key}: no such field${guess ? `, did you mean ${guess}?` : ''}`, line)
      judge({error, otherwise: 'left out', outdated: false})
    }
  }
}

function partOf(node: MappingNode, name: string): Node | undefined {
  return node.entries.findLast(({key}) => key === name)?.value
}

function textOf(node: MappingNode, name: string): string | undefined {
  const value = partOf(node, name)
  if (value === undefined) return undefined
  if (value.kind !== 'scalar') throw new TreeError(`${name}: should be one word`, value.line)
  return value.text
}

/** What the steps before one have made. */
interface Before {
  pod: Input<PodSandboxConfig> | undefined
  container: boolean
}

function completeStep({step, line}: PlacedStep, before: Before): Step {
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
