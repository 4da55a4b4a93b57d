import {rpcCode} from '../../errors/errors.js'
import {StatusError} from '../../errors/status-error.js'
import type * as cri from '../../generated/cri.js'
import {directoryOf} from '../processes/environment.js'
import type {Handlers} from '../server/rpc.js'
import {nowNs} from '../state/clock.js'
import {type Container, containersOf, type Pod, type Runtime} from '../state/runtime.js'
import {filteredContainers, filteredPods, inChunks} from './filters.js'
import {type DiskUsage, diskUsageOf, type Usage, usageOf} from './usage.js'

export function statsHandlers(runtime: Runtime) {
  const containerStats = (filter: cri.ContainerStatsFilter | null) =>
    statsOf(runtime, filteredContainers(runtime, filter))
  const podStats = (filter: cri.PodSandboxStatsFilter | null) =>
    statsOfPods(
      runtime,
      filteredPods(runtime, filter).filter(({ready}) => ready),
    )
  return {
    async containerStats({containerId}: cri.ContainerStatsRequest) {
      const [stats = {}] = await statsOf(runtime, [runtime.containers.get(containerId)])
      return {stats}
    },

    async listContainerStats({filter}: cri.ListContainerStatsRequest) {
      return {stats: await containerStats(filter)}
    },

    async *streamContainerStats({filter}: cri.StreamContainerStatsRequest) {
      for (const chunk of inChunks(await containerStats(filter))) yield {containerStats: chunk}
    },

    async podSandboxStats({podSandboxId}: cri.PodSandboxStatsRequest) {
      const pod = runtime.pods.get(podSandboxId)
      if (!pod.ready) throw new StatusError(rpcCode.unavailable, `pod sandbox "${pod.id}" is not ready`)
      const [stats = {}] = await statsOfPods(runtime, [pod])
      return {stats}
    },

    async listPodSandboxStats({filter}: cri.ListPodSandboxStatsRequest) {
      return {stats: await podStats(filter)}
    },

    async *streamPodSandboxStats({filter}: cri.StreamPodSandboxStatsRequest) {
      for (const chunk of inChunks(await podStats(filter))) yield {podSandboxStats: chunk}
    },
  } satisfies Partial<Handlers>
}

async function statsOf(
  runtime: Runtime,
  containers: readonly Container[],
): Promise<cri.Input<cri.ContainerStats>[]> {
  const usage = await usageOf(containers)
  return Promise.all(
    containers.map(async (container) =>
      containerStats(runtime, container, usage(container), await diskUsageOf(runtime, container)),
    ),
  )
}

async function statsOfPods(
  runtime: Runtime,
  pods: readonly Pod[],
): Promise<cri.Input<cri.PodSandboxStats>[]> {
  const containers = pods.map((pod) => containersOf(pod).filter(({process: child}) => child))
  const usage = await usageOf(containers.flat())
  return Promise.all(
    pods.map(async (pod, index) => {
      const inPod = containers[index] ?? []
      const usages = inPod.map(usage).filter((measured) => measured !== undefined)
      return {
        attributes: {
          id: pod.id,
          metadata: pod.metadata,
          labels: pod.config.labels,
          annotations: pod.config.annotations,
        },
        linux: {
          ...(runtime.behaviour.podUsage ? usageFields(total(usages)) : {}),
          process: {
            timestamp: nowNs(),
            processCount: value(usages.reduce((sum, {processes}) => sum + processes, 0)),
          },
          containers: await Promise.all(
            inPod.map(async (container) =>
              containerStats(runtime, container, usage(container), await diskUsageOf(runtime, container)),
            ),
          ),
        },
      }
    }),
  )
}

function containerStats(
  runtime: Runtime,
  container: Container,
  usage: Usage | undefined,
  disk: DiskUsage,
): cri.Input<cri.ContainerStats> {
  const {id, config, resources} = container
  return {
    attributes: {
      id,
      metadata: config.metadata ?? {},
      labels: config.labels,
      annotations: config.annotations,
    },
    ...(usage ? usageFields(usage, Number(resources?.memoryLimitInBytes ?? 0)) : {}),
    writableLayer: {
      timestamp: disk.atNs,
      fsId: {mountpoint: directoryOf(runtime, container)},
      usedBytes: value(disk.bytes),
      inodesUsed: value(disk.inodes),
    },
  }
}

function usageFields(
  usage: Usage,
  limitBytes = 0,
): {cpu: cri.Input<cri.CpuUsage>; memory: cri.Input<cri.MemoryUsage>} {
  const {atNs: timestamp, residentBytes} = usage
  return {
    cpu: {
      timestamp,
      usageCoreNanoSeconds: value(usage.cpuNs),
      ...(usage.nanoCores === undefined ? {} : {usageNanoCores: value(usage.nanoCores)}),
    },
    memory: {
      timestamp,
      workingSetBytes: value(residentBytes),
      ...(limitBytes > 0 ? {availableBytes: value(Math.max(0, limitBytes - residentBytes))} : {}),
      usageBytes: value(residentBytes),
      rssBytes: value(residentBytes),
      pageFaults: value(usage.pageFaults),
      majorPageFaults: value(usage.majorPageFaults),
    },
  }
}

function total(usages: readonly Usage[]): Usage {
  const sum = (field: (usage: Usage) => number): number =>
    usages.reduce((all, usage) => all + field(usage), 0)
  const rated = usages.filter(({nanoCores}) => nanoCores !== undefined)
  return {
    atNs: usages[0]?.atNs ?? nowNs(),
    cpuNs: sum(({cpuNs}) => cpuNs),
    nanoCores: rated.length === 0 ? undefined : sum(({nanoCores}) => nanoCores ?? 0),
    residentBytes: sum(({residentBytes}) => residentBytes),
    pageFaults: sum(({pageFaults}) => pageFaults),
    majorPageFaults: sum(({majorPageFaults}) => majorPageFaults),
    processes: sum(({processes}) => processes),
  }
}

function value(number: number): {value: string} {
  return {value: String(Math.round(number))}
}
