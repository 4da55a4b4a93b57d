import {setTimeout as sleep} from 'node:timers/promises'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../base-command.js'
import {listed} from '../client/lists.js'
import {outputFlags} from '../flags.js'
import {podMetricsView, prometheusText} from '../views/metrics.js'
import {parseOutput, rendered} from '../views/output.js'

const watchPauseMs = 500

export default class Metricsp extends CriCommand {
  static override summary = "Show pods' metrics, also as Prometheus reads them"
  static override examples = [
    'crisp metricsp',
    'crisp metricsp -o prometheus',
    'crisp metricsp --watch -o json',
  ]

  static override flags = {
    ...outputFlags('json', 'json, yaml, jsonl, prometheus, go-template, jsonpath=EXPRESSION'),
    watch: Flags.boolean({char: 'w', description: 'every half second, until Ctrl-C'}),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(Metricsp)
    const prometheus = flags.output === 'prometheus'
    const output = parseOutput(prometheus ? 'json' : flags.output, flags.template)
    using client = await this.connect(flags)

    do {
      const metrics = await listed(
        async () => (await client.runtime.listPodSandboxMetrics()).podMetrics,
        () => client.runtime.streamPodSandboxMetrics(),
        (chunk) => chunk.podSandboxMetrics,
      )
      if (prometheus) {
        const {descriptors} = await client.runtime.listMetricDescriptors()
        this.write(prometheusText(metrics, descriptors))
      } else {
        this.write(await rendered(podMetricsView(metrics), output))
      }
      if (flags.watch) await sleep(watchPauseMs, undefined, {signal: this.signal})
    } while (flags.watch)
  }
}
