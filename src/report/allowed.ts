// What of an answer goes into a report: the fields that are named here, and nothing else. A field that the CRI gets
// later stays out until somebody has decided that it may go in.

/** `true` for a value that is no message; `figures` for all numbers below; else fields by name, of each entry of a list. */
export type Allowed = true | 'figures' | ((value: unknown) => unknown) | {readonly [field: string]: Allowed}

/** The part of a value that may go in; undefined where nothing of it may. */
export function pick(value: unknown, allowed: Allowed): unknown {
  if (value === null || value === undefined) return undefined
  if (typeof allowed === 'function') return allowed(value)
  if (Array.isArray(value))
    return value.map((entry) => pick(entry, allowed)).filter((entry) => entry !== undefined)
  if (allowed === true) return typeof value === 'object' ? undefined : value
  if (allowed === 'figures') return figuresOf(value)
  if (typeof value !== 'object') return undefined
  const source = value as Record<string, unknown>
  const picked = Object.entries(allowed).flatMap(([name, inner]) => {
    const part = Object.hasOwn(source, name) ? pick(source[name], inner) : undefined
    return part === undefined ? [] : [[name, part] as const]
  })
  return Object.fromEntries(picked)
}

/** Numbers, also those that JSON writes as text. */
function figuresOf(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? value : undefined
  if (typeof value !== 'object' || value === null) return undefined
  const parts = Object.entries(value).flatMap(([name, part]) => {
    const figures = Array.isArray(part) ? part.map(figuresOf) : figuresOf(part)
    return figures === undefined ? [] : [[name, figures] as const]
  })
  return Object.fromEntries(parts)
}

/** What the kubelet writes, but for the commands of hooks, which hold arguments. */
function ofKubernetes(value: unknown): unknown {
  const entries = Object.entries(value as Record<string, unknown>)
  return Object.fromEntries(
    entries.filter(([key]) => key.startsWith('io.kubernetes.') && !/handler/i.test(key)),
  )
}

const metadata = {name: true, namespace: true, uid: true, attempt: true} as const
const image = {image: true} as const
const labelled = {labels: ofKubernetes, annotations: ofKubernetes} as const

export const version: Allowed = {
  version: true,
  runtimeName: true,
  runtimeVersion: true,
  runtimeApiVersion: true,
}

export const runtimeStatus: Allowed = {
  status: {conditions: {type: true, status: true, reason: true, message: true}},
  runtimeHandlers: {name: true, features: 'figures'},
  features: 'figures',
}

export const runtimeConfig: Allowed = {linux: {cgroupDriver: true}}

export const pod: Allowed = {
  id: true,
  metadata,
  state: true,
  createdAt: true,
  runtimeHandler: true,
  ...labelled,
  network: {ip: true, additionalIps: {ip: true}},
  linux: {namespaces: {options: {network: true, pid: true, ipc: true, targetId: true}}},
}

export const container: Allowed = {
  id: true,
  podSandboxId: true,
  metadata,
  image,
  imageRef: true,
  imageId: true,
  state: true,
  createdAt: true,
  startedAt: true,
  finishedAt: true,
  exitCode: true,
  reason: true,
  logPath: true,
  stopSignal: true,
  ...labelled,
  resources: {
    linux: {
      cpuPeriod: true,
      cpuQuota: true,
      cpuShares: true,
      memoryLimitInBytes: true,
      oomScoreAdj: true,
      cpusetCpus: true,
      cpusetMems: true,
      memorySwapLimitInBytes: true,
    },
  },
}

export const images: Allowed = {
  id: true,
  repoTags: true,
  repoDigests: true,
  size: true,
  pinned: true,
}

export const imageFileSystem: Allowed = {
  timestamp: true,
  fsId: {mountpoint: true},
  usedBytes: 'figures',
  inodesUsed: 'figures',
}

export const stats: Allowed = {
  attributes: {id: true, metadata, labels: ofKubernetes},
  cpu: 'figures',
  memory: 'figures',
  swap: 'figures',
  io: 'figures',
  linux: 'figures',
  writableLayer: imageFileSystem,
}

const metric: Allowed = {name: true, timestamp: true, metricType: true, labelValues: true, value: 'figures'}
export const metrics: Allowed = {
  podSandboxId: true,
  metrics: metric,
  containerMetrics: {containerId: true, metrics: metric},
}

export const event: Allowed = {containerId: true, containerEventType: true, createdAt: true}

export const disk: Allowed = {
  images: {id: true, name: true, bytes: true, aloneBytes: true, containers: true, pinned: true},
  containers: {id: true, name: true, state: true, writableBytes: true, logBytes: true},
  pods: {id: true, name: true, state: true, writableBytes: true},
  totals: 'figures',
  frees: 'figures',
}
