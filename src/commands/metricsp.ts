import {setTimeout as sleep} from 'node:timers/promises'
import * as Flags from '@oclif/core/flags'
import {CriCommand} from '../cli/command.js'
import {outputFlags} from '../cli/flags/common.js'
import type {CriClient} from '../client/connect.js'
import {listed} from '../client/lists.js'
import {printableLines} from '../errors/printable.js'
import {furtherText, type Output, parseOutput, rendered} from '../formats/output.js'
import {isRuntimeLost} from '../node/lost.js'
import {podMetricsView, prometheusText} from '../views/metrics.js'

const watchPauseMs = 500

export default class Metricsp extends CriCommand {
  static override summary = "Show pods' metrics, also as Prometheus reads them"
  static override description =
    "As JSON, or with -o prometheus as the text that Prometheus scrapes: names, labels, types and help are the runtime's own."
  static override examples = [
    'crisp metricsp',
    'crisp metricsp -o prometheus',
    'crisp metricsp --watch -o json',
  ]

  static override flags = {
    ...outputFlags('json', ['prometheus']),
    watch: Flags.boolean({char: 'w', description: 'every half second, until Ctrl-C'}),
  }

  #shown = false

  async run(): Promise<void> {
    const {flags} = await this.parse(Metricsp)
    const output = flags.output === 'prometheus' ? undefined : parseOutput(flags.output, flags.template)
    using client = await this.connect(flags)

    for (let lost = false; ; ) {
      try {
        await this.#show(client, output)
        lost = false
        if (!flags.watch) return
      } catch (error) {
        if (!flags.watch || !isRuntimeLost(error)) throw error
        if (!lost) this.note('the runtime does not answer: asking again until it does')
        lost = true
      }
      await sleep(watchPauseMs, undefined, {signal: this.signal})
    }
  }

  async #show(client: CriClient, output: Output | undefined): Promise<void> {
    const metrics = await listed(
      async () => (await client.runtime.listPodSandboxMetrics()).podMetrics,
      () => client.runtime.streamPodSandboxMetrics(),
      (chunk) => chunk.podSandboxMetrics,
    )
    if (output) {
      const text = await rendered(podMetricsView(metrics, this.width), output)
      this.write(this.#shown ? furtherText(text, output.format) : text)
      this.#shown = true
      return
    }
    const {descriptors} = await client.runtime.listMetricDescriptors()
    const text = prometheusText(metrics, descriptors)
    this.write(process.stdout.isTTY ? printableLines(text) : text)
  }
}
