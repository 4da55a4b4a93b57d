import {protoJson} from '../client/proto-json.js'
import type {Metric, MetricDescriptor, PodSandboxMetrics} from '../generated/cri.js'
import {table} from '../text/table.js'
import type {View} from './output.js'

export function metricDescriptorsView(
  descriptors: readonly MetricDescriptor[],
  width: number | undefined,
): View {
  return {
    document: () => ({descriptors: descriptors.map((item) => protoJson('MetricDescriptor', item))}),
    items: () => descriptors.map((item) => protoJson('MetricDescriptor', item)),
    table: () =>
      table(
        [
          {title: 'NAME', min: 30},
          {title: 'LABELS', min: 12},
          {title: 'HELP', min: 20},
        ],
        descriptors.map(({name, labelKeys, help}) => [name, labelKeys.join(','), help]),
        {width},
      ),
  }
}

export function podMetricsView(metrics: readonly PodSandboxMetrics[]): View {
  return {
    document: () => ({podMetrics: metrics.map((item) => protoJson('PodSandboxMetrics', item))}),
    items: () => metrics.map((item) => protoJson('PodSandboxMetrics', item)),
  }
}

/**
 * The text that Prometheus scrapes (exposition format 0.0.4): samples grouped by name, HELP from the descriptors,
 * label names from them too, since a metric carries only values in their order. Times are in milliseconds.
 */
export function prometheusText(
  pods: readonly PodSandboxMetrics[],
  descriptors: readonly MetricDescriptor[],
): string {
  const described = new Map(descriptors.map((descriptor) => [descriptor.name, descriptor]))
  const byName = new Map<string, Metric[]>()
  for (const {metrics, containerMetrics} of pods) {
    for (const metric of [...metrics, ...containerMetrics.flatMap((container) => container.metrics)]) {
      const known = byName.get(metric.name)
      if (known) known.push(metric)
      else byName.set(metric.name, [metric])
    }
  }
  return [...byName].map(([name, metrics]) => family(name, metrics, described.get(name))).join('')
}

function family(name: string, metrics: readonly Metric[], descriptor: MetricDescriptor | undefined): string {
  const metricName = name.replace(/[^a-zA-Z0-9_:]/g, '_')
  const help = descriptor?.help ? `# HELP ${metricName} ${escaped(descriptor.help, false)}\n` : ''
  const type = `# TYPE ${metricName} ${metrics[0]?.metricType === 'COUNTER' ? 'counter' : 'gauge'}\n`
  return (
    help + type + metrics.map((metric) => sample(metricName, metric, descriptor?.labelKeys ?? [])).join('')
  )
}

function sample(name: string, {labelValues, value, timestamp}: Metric, labelKeys: readonly string[]): string {
  const labels = labelValues
    .map(
      (text, index) =>
        `${(labelKeys[index] ?? `label_${index}`).replace(/[^a-zA-Z0-9_]/g, '_')}="${escaped(text, true)}"`,
    )
    .join(',')
  const time = timestamp === '0' ? '' : ` ${BigInt(timestamp) / 1_000_000n}`
  return `${name}${labels === '' ? '' : `{${labels}}`} ${value?.value ?? '0'}${time}\n`
}

function escaped(text: string, quoted: boolean): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return quoted ? plain.replaceAll('"', '\\"') : plain
}
