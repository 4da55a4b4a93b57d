import {protoJson} from '../client/proto-json.js'
import {printableLines} from '../errors/printable.js'
import {table} from '../formats/table.js'
import {listOf, type View} from '../formats/view.js'
import type {Metric, MetricDescriptor, PodSandboxMetrics} from '../generated/cri.js'
import {shortId} from '../text/short-id.js'

export function metricDescriptorsView(
  descriptors: readonly MetricDescriptor[],
  width: number | undefined,
): View {
  return {
    ...listOf('descriptors', descriptors, (item) => protoJson('MetricDescriptor', item)),
    names: () => descriptors.map(({name}) => name),
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

/** `descriptors` are for -o prometheus alone. */
export function podMetricsView(
  metrics: readonly PodSandboxMetrics[],
  descriptors: readonly MetricDescriptor[],
  width: number | undefined,
): View {
  return {
    own: {prometheus: () => prometheusText(metrics, descriptors)},
    ...listOf('podMetrics', metrics, (item) => protoJson('PodSandboxMetrics', item)),
    names: () => metrics.map(({podSandboxId}) => podSandboxId),
    table: () =>
      table(
        [
          {title: 'POD ID'},
          {title: 'CONTAINER', drop: 1},
          {title: 'METRIC', min: 20},
          {title: 'LABELS', min: 12},
          {title: 'VALUE'},
        ],
        metrics.flatMap((pod) => [
          ...pod.metrics.map((metric) => metricRow(pod.podSandboxId, '-', metric)),
          ...pod.containerMetrics.flatMap(({containerId, metrics: own}) =>
            own.map((metric) => metricRow(pod.podSandboxId, shortId(containerId), metric)),
          ),
        ]),
        {width},
      ),
  }
}

function metricRow(podId: string, container: string, {name, labelValues, value}: Metric): string[] {
  return [shortId(podId), container, name, labelValues.join(','), value?.value ?? '0']
}

/**
 * The text that Prometheus scrapes (exposition format 0.0.4): samples grouped by name, HELP from the descriptors,
 * label names from them too, since a metric carries only values in their order. Times are in milliseconds. A metric
 * without a value has no sample.
 */
export function prometheusText(
  pods: readonly PodSandboxMetrics[],
  descriptors: readonly MetricDescriptor[],
): string {
  const described = new Map(descriptors.map((descriptor) => [metricName(descriptor.name), descriptor]))
  const byName = new Map<string, Metric[]>()
  for (const {metrics, containerMetrics} of pods) {
    for (const metric of [...metrics, ...containerMetrics.flatMap((container) => container.metrics)]) {
      if (!metric.value) continue
      const name = metricName(metric.name)
      const known = byName.get(name)
      if (known) known.push(metric)
      else byName.set(name, [metric])
    }
  }
  return [...byName].map(([name, metrics]) => family(name, metrics, described.get(name))).join('')
}

function family(name: string, metrics: readonly Metric[], descriptor: MetricDescriptor | undefined): string {
  const help = descriptor?.help ? `# HELP ${name} ${escapeHelp(descriptor.help)}\n` : ''
  const type = `# TYPE ${name} ${metrics[0]?.metricType === 'COUNTER' ? 'counter' : 'gauge'}\n`
  const labelNames = (descriptor?.labelKeys ?? []).map(labelName)
  return help + type + metrics.map((metric) => sample(name, metric, labelNames)).join('')
}

function sample(
  name: string,
  {labelValues, value, timestamp}: Metric,
  labelNames: readonly string[],
): string {
  const labels = labelValues
    .map((text, index) => `${labelNames[index] ?? `label_${index}`}="${escapeLabel(text)}"`)
    .join(',')
  const time = timestamp === '0' ? '' : ` ${BigInt(timestamp) / 1_000_000n}`
  return `${name}${labels === '' ? '' : `{${labels}}`} ${value?.value ?? 'NaN'}${time}\n`
}

function metricName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_:]/g, '_').replace(/^(?=\d)/, '_')
}

function labelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_')
}

/** The format knows three escapes; other control characters, which no label has for a reason, come as text. */
function escapeHelp(text: string): string {
  return printableLines(text).replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}
