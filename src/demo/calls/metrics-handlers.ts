import type * as cri from '../../generated/cri.js'
import type {Handlers} from '../server/rpc.js'
import {type Container, containersOf, type Pod, type Runtime} from '../state/runtime.js'
import {inChunks} from './filters.js'
import {type DiskUsage, diskUsageOf, type Usage, usageOf} from './usage.js'

interface Series {
  name: string
  help: string
  type: cri.MetricType
  value: (container: Container, usage: Usage, disk: DiskUsage) => number
}

// The names are cAdvisor's, which dashboards know.
const containerSeries: readonly Series[] = [
  {
    name: 'container_cpu_usage_seconds_total',
    help: 'Processor time that the container has used, in seconds.',
    type: 'COUNTER',
    value: (_, {cpuNs}) => cpuNs / 1e9,
  },
  {
    name: 'container_memory_working_set_bytes',
    help: 'Memory in use, in bytes.',
    type: 'GAUGE',
    value: (_, {residentBytes}) => residentBytes,
  },
  {
    name: 'container_memory_rss',
    help: 'Resident memory, in bytes.',
    type: 'GAUGE',
    value: (_, {residentBytes}) => residentBytes,
  },
  {
    name: 'container_memory_failures_total',
    help: 'Page faults of the container.',
    type: 'COUNTER',
    value: (_, {pageFaults}) => pageFaults,
  },
  {
    name: 'container_processes',
    help: 'Processes in the container.',
    type: 'GAUGE',
    value: (_, {processes}) => processes,
  },
  {
    name: 'container_fs_usage_bytes',
    help: 'Bytes in files that the container has written.',
    type: 'GAUGE',
    value: (_container, _usage, {bytes}) => bytes,
  },
  {
    name: 'container_start_time_seconds',
    help: 'When the container started, in seconds since 1970.',
    type: 'GAUGE',
    value: ({startedAt}) => Number(startedAt) / 1e9,
  },
]

const podSeries = {
  name: 'pod_containers_running',
  help: 'Containers of the pod that run.',
} as const

const podLabels = ['namespace', 'pod'] as const
const containerLabels = [...podLabels, 'container', 'image', 'id'] as const

export function metricsHandlers(runtime: Runtime) {
  return {
    listMetricDescriptors() {
      if (!runtime.behaviour.metrics) return {}
      return {
        descriptors: [
          {...podSeries, labelKeys: [...podLabels]},
          ...containerSeries.map(({name, help}) => ({name, help, labelKeys: [...containerLabels]})),
        ],
      }
    },

    async listPodSandboxMetrics() {
      return {podMetrics: await metricsOf(runtime)}
    },

    async *streamPodSandboxMetrics() {
      for (const podSandboxMetrics of inChunks(await metricsOf(runtime))) yield {podSandboxMetrics}
    },
  } satisfies Partial<Handlers>
}

async function metricsOf(runtime: Runtime): Promise<cri.Input<cri.PodSandboxMetrics>[]> {
  if (!runtime.behaviour.metrics) return []
  const pods = runtime.pods.all().filter(({ready}) => ready)
  const running = pods.map((pod) => containersOf(pod).filter(({process: child}) => child))
  const usage = await usageOf(running.flat())
  return Promise.all(
    pods.map(async (pod, index) => {
      const containers = running[index] ?? []
      return {
        podSandboxId: pod.id,
        metrics: [podMetric(pod, containers.length)],
        containerMetrics: await Promise.all(
          containers.map(async (container) => {
            const measured = usage(container)
            const disk = await diskUsageOf(runtime, container)
            return {
              containerId: container.id,
              metrics: measured ? containerMetrics(container, measured, disk) : [],
            }
          }),
        ),
      }
    }),
  )
}

function podMetric({metadata}: Pod, running: number): cri.Input<cri.Metric> {
  return {
    name: podSeries.name,
    metricType: 'GAUGE',
    labelValues: [metadata.namespace, metadata.name],
    value: {value: String(running)},
  }
}

function containerMetrics(container: Container, usage: Usage, disk: DiskUsage): cri.Input<cri.Metric>[] {
  const {id, pod, config, image} = container
  const {namespace, name} = pod.metadata
  const labelValues = [namespace, name, config.metadata?.name ?? '', [...image.tags][0] ?? image.id, id]
  return containerSeries.map((series) => ({
    name: series.name,
    timestamp: usage.atNs,
    metricType: series.type,
    labelValues,
    value: {value: String(Math.floor(series.value(container, usage, disk)))},
  }))
}
