import {join} from 'node:path'
import {elsewhere} from '../text/elsewhere.js'
import {parseKubernetesQuantity} from '../text/quantity.js'
import {readFileBytes, UnreadableFile} from './read-file.js'

// What the kubelet writes down of what it gives containers, by the UID of the pod and the name of the container. Which
// files there are depends on its release and its policies.

export const usualKubeletFolder = '/var/lib/kubelet'

export interface Allocation {
  limits: Readonly<Record<string, number>>
  requests: Readonly<Record<string, number>>
  /** CPUs that the CPU manager has given to the container alone, or that it shares with all others. */
  cpus?: string
  /** NUMA nodes that the memory manager has given it. */
  memoryNodes?: string
}

export interface KubeletAllocations {
  /** The files that were there. */
  files: readonly string[]
  /** What could not be read, with the reason. */
  unread: readonly string[]
  of(podUid: string, container: string): Allocation | undefined
}

type Json = {[key: string]: Json} | Json[] | string | number | boolean | null | undefined

/** Throws nothing: what is absent or not of the form that it should have is left out. */
export async function readKubeletAllocations(
  signal: AbortSignal,
  folder = usualKubeletFolder,
): Promise<KubeletAllocations> {
  const files: string[] = []
  const unread: string[] = []
  const read = async (name: string): Promise<Json> => {
    const path = join(folder, name)
    if (elsewhere() !== undefined) return undefined
    try {
      const value: Json = JSON.parse((await readFileBytes(path, {signal, maxBytes: 16_777_216})).toString())
      files.push(path)
      return value
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof UnreadableFile && error.code === 'ENOENT'))
        unread.push(
          `${path} ${error instanceof UnreadableFile ? error.message : 'is not the JSON it should be'}`,
        )
      return undefined
    }
  }
  const [cpu, memory, allocated, earlier] = await Promise.all(
    // The last one is Kubernetes 1.32's name of the one before it.
    ['cpu_manager_state', 'memory_manager_state', 'allocated_pods_state', 'pod_status_manager_state'].map(
      read,
    ),
  )
  return {
    files,
    unread,
    of: (podUid, container) => {
      const resources = resourcesIn(allocated, podUid, container) ?? resourcesIn(earlier, podUid, container)
      const cpus = textAt(cpu, 'entries', podUid, container) || textAt(cpu, 'defaultCpuSet')
      const memoryNodes = nodesIn(at(memory, 'entries', podUid, container))
      if (!resources && !cpus && !memoryNodes) return undefined
      return {
        limits: quantitiesIn(at(resources, 'limits')),
        requests: quantitiesIn(at(resources, 'requests')),
        ...(cpus ? {cpus} : {}),
        ...(memoryNodes ? {memoryNodes} : {}),
      }
    },
  }
}

/** A checkpoint holds its data as a text, so that it has a checksum. */
function resourcesIn(checkpoint: Json, podUid: string, container: string): Json {
  const text = textAt(checkpoint, 'data')
  let data: Json = checkpoint
  try {
    if (text !== '') data = JSON.parse(text)
  } catch {
    return undefined
  }
  return (
    at(data, 'entries', podUid, 'ContainerResources', container) ??
    at(data, 'entries', podUid, container) ??
    at(data, 'allocationEntries', podUid, container)
  )
}

function nodesIn(blocks: Json): string {
  if (!Array.isArray(blocks)) return ''
  const nodes = blocks.flatMap((block) => {
    const affinity = at(block, 'numaAffinity')
    return Array.isArray(affinity) ? affinity.filter((node) => typeof node === 'number') : []
  })
  return [...new Set(nodes)].sort((a, b) => a - b).join(',')
}

function quantitiesIn(value: Json): Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) => {
      const quantity = typeof text === 'string' ? parseKubernetesQuantity(text) : undefined
      return quantity === undefined ? [] : [[name, quantity]]
    }),
  )
}

function textAt(value: Json, ...path: string[]): string {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : ''
}

function at(value: Json, ...path: string[]): Json {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null || Array.isArray(here) || !Object.hasOwn(here, key))
      return undefined
    here = here[key]
  }
  return here
}
